"""Taking a course: enrolling, stopping anywhere, finishing it, and what a new version leaves alone."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from enablement.courses import selectors, services
from enablement.courses.models import CourseVersion, Enrolment, Module, ModuleProgress
from partners.models import Seat
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.school import do
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db


def told(world: VendorWorld, key: str) -> int:
    with entered(system_scope(world.vendor.pk)):
        return PortalEvent.objects.filter(type=f"enablement.{key}").count()


def test_enrolling_twice_is_once(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world)
    assert school.enrol(rep, course).pk == school.enrol(rep, course).pk
    assert told(world, "enrolled") == 1


def test_the_database_allows_one_open_enrolment(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world)
    first = school.enrol(rep, course)
    with entered(system_scope(world.vendor.pk)), pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.create(user=rep.user, partner=first.partner, course=course, version=first.version)


def test_only_partner_people_enrol_and_only_in_what_is_for_them(world: VendorWorld) -> None:
    gold = school.course(world, "gold", least_tier=world.tiers[1])
    with pytest.raises(PermissionDenied):
        school.enrol(world.people["program_admin"], gold)
    with pytest.raises(ValidationError, match="not offered"):
        school.enrol(world.people["partner_rep"], gold)
    assert school.enrol(world.people["distributor_rep"], gold).is_open


def test_stopping_and_coming_back_loses_nothing(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world)
    enrolment, (first, second, _) = school.enrol(rep, course), school.modules(world, course)
    do(services.module_open, rep, enrolment=enrolment, module=first, place="2", device="phone")
    do(services.module_open, rep, enrolment=enrolment, module=second, device="computer")
    do(services.module_open, rep, enrolment=enrolment, module=first)
    with acting_as(rep):
        found = selectors.enrolment_in(rep.user.pk, course.slug).first()
        steps = selectors.outline(found.version, found)
    assert (found.module, found.saved_on) == (first, "")
    assert [step.state for step in steps] == ["open", "open", "new"]
    assert steps[0].progress.place == "2"


def test_the_course_is_finished_with_its_last_required_module(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world, optional=1)
    enrolment, quiz = school.enrol(rep, course), school.quiz(world, course)
    school.finish_texts(rep, enrolment, course, world)
    with acting_as(rep):
        assert Enrolment.objects.get().is_open
    school.try_it(rep, enrolment, quiz, right=4)
    with acting_as(rep):
        finished = Enrolment.objects.get()
        states = {row.module.title: bool(row.skipped_at) for row in ModuleProgress.objects.all()}
    assert finished.completed_at is not None
    assert states == {"Part 1": False, "Part 2": False, "Part 3": True, "Final test": False}
    assert (told(world, "course_completed"), told(world, "module_done")) == (1, 3)


def test_a_module_is_done_once(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world)
    enrolment, (first, *_) = school.enrol(rep, course), school.modules(world, course)
    for _ in range(2):
        do(services.module_done, rep, enrolment=enrolment, module=first)
    assert told(world, "module_done") == 1


def test_nobody_says_that_a_test_is_passed_or_skips_what_is_required(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world)
    enrolment, (first, _, test) = school.enrol(rep, course), school.modules(world, course)
    with pytest.raises(ValidationError, match="its own test"):
        do(services.module_done, rep, enrolment=enrolment, module=test)
    with pytest.raises(ValidationError, match="cannot be skipped"):
        do(services.module_skip, rep, enrolment=enrolment, module=first)


def test_nobody_learns_for_somebody_else(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world)
    enrolment, (first, *_) = school.enrol(rep, course), school.modules(world, course)
    for name in ("partner_admin", "program_admin", "manager"):
        with pytest.raises(PermissionDenied):
            do(services.module_done, world.people[name], enrolment=enrolment, module=first)


def test_a_new_version_leaves_alone_what_people_began_and_finished(world: VendorWorld) -> None:
    rep, other, course = world.people["partner_rep"], world.people["partner_admin"], school.course(world)
    enrolment = school.enrol(rep, course)
    school.finish_texts(rep, enrolment, course, world)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        second = CourseVersion.objects.create(course=course, number=2, published_at=enrolment.enrolled_at)
        Module.objects.create(version=second, position=1, title="Anew", kind="text", body="x")
        course.published = second
        course.save()
    with acting_as(rep):
        mine = selectors.enrolment_in(rep.user.pk, course.slug).first()
        assert [step.state for step in selectors.outline(mine.version, mine)] == ["done", "done", "new"]
    assert school.enrol(rep, course).version_id == enrolment.version_id
    assert school.enrol(other, course).version_id == second.pk


def test_who_moves_to_another_partner_goes_on_where_they_were(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world)
    enrolment, (first, *_) = school.enrol(rep, course), school.modules(world, course)
    with entered(system_scope(world.vendor.pk)):
        Seat.objects.filter(user=rep.user).update(partner=world.partners["delta"])
    finished = do(services.module_done, rep, enrolment=enrolment, module=first)
    with acting_as(rep):
        assert selectors.enrolments_of(rep.user.pk).get() == finished
    assert finished.partner_id == world.partners["beta"].pk


def test_finishing_again_is_another_enrolment(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world, questions=0)
    enrolment = school.enrol(rep, course)
    school.finish_texts(rep, enrolment, course, world)
    again = school.enrol(rep, course)
    assert again.pk != enrolment.pk
    with acting_as(rep):
        assert Enrolment.objects.get(pk=enrolment.pk).completed_at
