"""Sixteen requests at once, on sixteen connections; and the same without what prevents it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction

from enablement.courses.models import Enrolment
from enablement.quizzes import services
from enablement.quizzes.models import Attempt
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.school import do
from tests.support.worlds import Person, VendorWorld
from tests.test_deals_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 16


def stage(world: VendorWorld, **rules: Any) -> tuple[Person, Enrolment, Any]:
    rep, course = world.people["partner_rep"], school.course(world, quiz=rules)
    return rep, school.enrol(rep, course), school.quiz(world, course)


def attempts(world: VendorWorld) -> list[int]:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return list(Attempt.objects.order_by("number").values_list("number", flat=True))


def told(world: VendorWorld, key: str) -> int:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return PortalEvent.objects.filter(type=f"enablement.{key}").count()


def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody looks before anybody writes."""
    looked = threading.Barrier(THREADS, timeout=5)

    def wait(found: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            looked.wait()
        return found

    monkeypatch.setattr(services, "locked_enrolment", lambda one: one)
    monkeypatch.setattr(services, "_drawn", lambda quiz, drawn=services._drawn: wait(drawn(quiz)))
    monkeypatch.setattr(
        services,
        "locked_attempt",
        lambda one: wait(Attempt.objects.select_related("enrolment").get(pk=one.pk)),
    )


@contextmanager
def without_keys() -> Iterator[None]:
    """As the owner of the tables; the keys are back when the block ends, and the tries gone."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = 'enablement_attempt_number'"
        )
        number = cursor.fetchone()[0]
        cursor.execute("select indexdef from pg_indexes where indexname = 'enablement_attempt_one_open'")
        one_open = cursor.fetchone()[0]
        cursor.execute("alter table enablement_attempt drop constraint enablement_attempt_number")
        cursor.execute("drop index enablement_attempt_one_open")
    try:
        yield
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("delete from enablement_attemptquestion")
            cursor.execute("delete from enablement_attempt")
            cursor.execute(
                f"alter table enablement_attempt add constraint enablement_attempt_number {number}"
            )
            cursor.execute(one_open)


def begin_all(stage: tuple[Person, Enrolment, Any]) -> list[Any]:
    return at_once(*(lambda: school.begin(*stage) for _ in range(THREADS)))


def test_sixteen_beginnings_are_one_try(world: VendorWorld) -> None:
    results = begin_all(stage(world, attempt_limit=3))
    assert all(isinstance(result, Attempt) for result in results), results
    assert attempts(world) == [1]
    assert told(world, "attempt_begun") == 1


def test_without_the_lock_the_keys_still_allow_one(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = stage(world, attempt_limit=3)
    unlocked(monkeypatch)
    results = begin_all(there)
    assert sum(isinstance(result, IntegrityError) for result in results) == THREADS - 1, results
    assert attempts(world) == [1]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_without_lock_and_keys_sixteen_tries_would_be_had(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = stage(world, attempt_limit=3)
    unlocked(monkeypatch)
    with without_keys():
        begin_all(there)
        assert attempts(world) == [1] * THREADS


def test_the_last_try_is_had_once(world: VendorWorld) -> None:
    rep, enrolment, quiz = stage(world, attempt_limit=2)
    school.try_it(rep, enrolment, quiz, right=0)

    def one() -> Any:
        return school.try_it(rep, enrolment, quiz, right=0)

    results = at_once(*(one for _ in range(THREADS)))
    assert attempts(world) == [1, 2]
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, ValidationError) for error in refused), refused


def test_sixteen_hand_in_one_try_once(world: VendorWorld) -> None:
    rep, enrolment, quiz = stage(world)
    attempt = school.begin(rep, enrolment, quiz)
    school.answer(rep, attempt, right=4)
    results = at_once(*(lambda: do(services.attempt_submit, rep, attempt=attempt) for _ in range(THREADS)))
    assert len({result.submitted_at for result in results}) == 1, results
    assert (told(world, "attempt_passed"), told(world, "module_done")) == (1, 1)


def test_without_the_lock_it_would_be_handed_in_sixteen_times(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, enrolment, quiz = stage(world)
    attempt = school.begin(rep, enrolment, quiz)
    unlocked(monkeypatch)
    at_once(*(lambda: do(services.attempt_submit, rep, attempt=attempt) for _ in range(THREADS)))
    assert told(world, "attempt_failed") == THREADS


def test_sixteen_grants_are_one_more_try(world: VendorWorld) -> None:
    rep, enrolment, quiz = stage(world, attempt_limit=1)
    school.try_it(rep, enrolment, quiz, right=0)
    admin = world.people["partner_admin"]

    def grant() -> Any:
        return do(services.attempt_grant, admin, enrolment=enrolment, quiz=quiz)

    assert len({given.pk for given in at_once(*(grant for _ in range(THREADS)))}) == 1
    assert school.begin(rep, enrolment, quiz).allowed == 2


def test_sixteen_enrolments_are_one(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world)
    results = at_once(*(lambda: school.enrol(rep, course) for _ in range(THREADS)))
    assert len({result.pk for result in results}) == 1, results
    assert told(world, "enrolled") == 1
