"""What statements of other tools come to: tries and finished modules, through meanings an admin edits."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from enablement.courses.models import Course, Enrolment, Module, ModuleProgress, Source
from enablement.quizzes.models import Attempt
from enablement.records import results
from enablement.records.models import (
    ActivityLink,
    Learner,
    LearningResult,
    ResultState,
    Statement,
    StoreKey,
    VerbMeaning,
)
from enablement.records.tasks import count_learning_results
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.records import COURSE, VERBS, Tool, about, agent, statement
from tests.support.worlds import PortalClient, VendorWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def tool(world: VendorWorld) -> Tool:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        results.meanings_begin(world.vendor)
    return Tool(world)


@pytest.fixture
def course(world: VendorWorld) -> Course:
    """Two texts; COURSE stands for the first."""
    course = school.course(world, texts=2, questions=0)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        first = Module.objects.get(version=course.published_id, position=1)
        ActivityLink.objects.create(activity=COURSE, course=course, module_key=first.key)
    return course


def count(world: VendorWorld) -> int:
    return count_learning_results(world.vendor.pk)


def states(world: VendorWorld) -> list[str]:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return list(LearningResult.objects.order_by("pk").values_list("state", flat=True))


class TestCounting:
    def test_completed_finishes_the_module_at_its_own_time(
        self, world: VendorWorld, tool: Tool, course: Course
    ) -> None:
        tool.post(statement(timestamp="2026-03-01T10:00:00Z"))
        assert count(world) == 1
        with entered(system_scope(world.vendor.pk)):
            enrolment, progress = Enrolment.objects.get(), ModuleProgress.objects.get()
            told = PortalEvent.objects.get(type="enablement.module_done")
        assert (enrolment.source, enrolment.partner_id) == (Source.XAPI, world.partners["beta"].pk)
        assert progress.done_at.isoformat() == told.occurred_at.isoformat() == "2026-03-01T10:00:00+00:00"

    @pytest.mark.parametrize(
        ("verb", "score", "expected"),
        [
            ("passed", {"scaled": 0.8}, (True, 8_000)),
            ("failed", {"raw": 30, "max": 60}, (False, 5_000)),
            ("scored", {"raw": 3, "min": 1, "max": 5}, (None, 5_000)),
            ("passed", {}, (True, None)),
        ],
    )
    def test_results_become_tries(
        self, world: VendorWorld, tool: Tool, course: Course, verb: str, score: dict[str, Any], expected: Any
    ) -> None:
        tool.post(statement(verb, result={"score": score}))
        assert count(world) == 1
        with entered(system_scope(world.vendor.pk)):
            attempt = Attempt.objects.get()
            assert (attempt.passed, attempt.score, attempt.source) == (*expected, Source.XAPI)
            assert ModuleProgress.objects.filter(done_at__isnull=False).exists() == (verb == "passed")

    def test_counting_twice_is_once(self, world: VendorWorld, tool: Tool, course: Course) -> None:
        sent = statement("passed", result={"score": {"scaled": 1}})
        tool.post(sent)
        tool.post(sent)
        assert [count(world), count(world)] == [1, 0]
        with entered(system_scope(world.vendor.pk)):
            assert Attempt.objects.count() == 1

    def test_the_course_as_a_whole(self, world: VendorWorld, tool: Tool, course: Course) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            ActivityLink.objects.update(module_key=None)
        tool.post(statement())
        count(world)
        with entered(system_scope(world.vendor.pk)):
            assert Enrolment.objects.get().completed_at is not None

    def test_who_finished_long_ago_stays_finished(
        self, world: VendorWorld, tool: Tool, course: Course
    ) -> None:
        rep = world.people["partner_rep"]
        enrolment = school.enrol(rep, course)
        school.finish_texts(rep, enrolment, course, world)
        tool.post(statement())
        count(world)
        with entered(system_scope(world.vendor.pk)):
            assert Enrolment.objects.count() == 1

    def test_a_verb_without_a_meaning_changes_nothing(
        self, world: VendorWorld, tool: Tool, course: Course
    ) -> None:
        tool.post(statement("experienced"))
        assert states(world) == []

    def test_an_admin_may_give_a_verb_another_meaning(
        self, world: VendorWorld, tool: Tool, course: Course
    ) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            VerbMeaning.objects.create(verb=f"{VERBS}experienced", outcome="completed")
        tool.post(statement("experienced"))
        assert count(world) == 1

    def test_what_was_voided_before_it_counted_never_counts(
        self, world: VendorWorld, tool: Tool, course: Course
    ) -> None:
        sent = statement()
        tool.post(sent)
        tool.post(about(sent["id"], "voided"))
        assert count(world) == 0
        assert states(world) == [ResultState.VOIDED]

    def test_a_course_that_is_not_for_the_learner_is_told(self, world: VendorWorld, tool: Tool) -> None:
        course = school.course(world, texts=1, questions=0, role="partner_admin")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            ActivityLink.objects.create(activity=COURSE, course=course)
        tool.post(statement())
        count(world)
        assert states(world) == [ResultState.NOT_OFFERED]


class TestAdministration:
    @pytest.fixture
    def client(self, world: VendorWorld, client_as: Callable[..., PortalClient]) -> PortalClient:
        return client_as(world.people["program_admin"])

    def test_unknown_people_are_listed_and_what_they_did_counts_once_they_are_known(
        self, world: VendorWorld, tool: Tool, course: Course, client: PortalClient
    ) -> None:
        account = {"account": {"homePage": "https://lms.example/", "name": "7"}, "name": "Sara"}
        tool.post(statement(actor=account))
        count(world)
        assert states(world) == [ResultState.UNKNOWN_PERSON]
        page = client.get(reverse("admin:enablement_learner_changelist"))
        assert "Sara (https://lms.example/ 7)" in page.text
        with entered(system_scope(world.vendor.pk)):
            learner = Learner.objects.get()
        address = reverse("admin:enablement_learner_change", args=[learner.pk])
        wrong = client.post(address, {"email": "nobody@else.example"})
        assert wrong.status_code == 422
        assert "Nobody with this address belongs to the vendor" in wrong.text
        client.post(address, {"email": "Partner_Rep@acme.example"})
        assert count(world) == 1
        with entered(system_scope(world.vendor.pk)):
            assert Statement.objects.get().partner == world.partners["beta"]
            assert PortalEvent.objects.filter(type="enablement.learner_identified").count() == 1

    def test_somebody_who_joins_later_is_recognised_by_address(
        self, world: VendorWorld, tool: Tool, course: Course
    ) -> None:
        tool.post(statement(actor=agent("NEW@acme.example")))
        count(world)
        from portal.tenancy.roles import Role
        from tests.support.worlds import add_person

        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            add_person(world.vendor, "new", Role.PARTNER_REP, world.partners["beta"])
        tool.post(statement("experienced", actor=agent("new@acme.example")))
        assert count(world) == 1
        with entered(system_scope(world.vendor.pk)):
            assert not Statement.objects.filter(user=None).exists()

    def test_an_activity_named_later_lets_earlier_records_count(
        self, world: VendorWorld, tool: Tool, client: PortalClient
    ) -> None:
        course = school.course(world, texts=1, questions=0)
        tool.post(statement())
        count(world)
        assert states(world) == [ResultState.UNKNOWN_ACTIVITY]
        address = reverse("admin:enablement_activitylink_add")
        bad = client.post(address, {"activity": "course 1", "stands_for": str(course.pk)})
        assert bad.status_code == 422
        assert client.post(address, {"activity": COURSE, "stands_for": str(course.pk)}).status_code == 302
        assert count(world) == 1

    def test_a_key_is_made_shown_once_and_revoked(self, world: VendorWorld, client: PortalClient) -> None:
        address = reverse("admin:enablement_storekey_changelist")
        sent = {"name": "Our LMS", "scope": "statements/write"}
        page = client.post(reverse("admin:enablement_storekey_add"), sent, follow=True)
        with entered(system_scope(world.vendor.pk)):
            key = StoreKey.objects.get()
        shown = page.text.partition("Password ")[2].partition(" ")[0]
        assert len(shown) == 40
        assert shown not in client.get(address).text
        assert key.secret_hash not in page.text
        tool = Tool.__new__(Tool)
        tool.client, tool.version, tool.key = PortalClient(world.vendor), "2.0.0", key
        bearer = {"Authorization": f"Bearer {key.key}.{shown}"}
        assert tool.send("GET", "statements", **bearer).status_code == 200
        client.post(address, {"action": "revoke", "_selected_action": [key.pk]})
        assert tool.send("GET", "statements", **bearer).status_code == 401
