"""Asking people to finish a course: who may, the clock on the vendor's wall, reminders, done by itself."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from enablement.assignments import selectors, services
from enablement.assignments.models import Assignment
from enablement.courses.models import Course
from portal.events.models import PortalEvent
from portal.notifications.models import Notification
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.school import do
from tests.support.clocks import stopped_at
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db


def assign(
    world: VendorWorld, course: Course, by: str = "partner_admin", to: str = "partner_rep", **more: Any
) -> list[Assignment]:
    person = world.people[to]
    fields = {"due_on": timezone.localdate() + timedelta(days=30), "user_ids": [person.user.pk], **more}
    partner = fields.pop("partner", person.partner)
    return do(services.course_assign, world.people[by], partner=partner, course=course, **fields)


def told(world: VendorWorld, user: str, key: str) -> int:
    with entered(system_scope(world.vendor.pk)):
        rows = Notification.objects.filter(user=world.people[user].user, kind=f"enablement.{key}")
        return rows.count()


def mind(world: VendorWorld) -> int:
    with entered(system_scope(world.vendor.pk)), timezone.override(world.vendor.zone):
        return services.assignments_mind(vendor=world.vendor)


@pytest.mark.parametrize("by", ["partner_admin", "manager", "program_admin"])
def test_who_looks_after_people_assigns(world: VendorWorld, by: str) -> None:
    course = school.course(world)
    (made,) = assign(world, course, by, note="Before the fair.")
    assert made.by_vendor is (by != "partner_admin")
    assert told(world, "partner_rep", "assigned") == 1
    assert assign(world, course, by) == []


@pytest.mark.parametrize("by", ["partner_rep", "distributor_admin", "other_manager", "executive", "sub_rep"])
def test_nobody_else_does(world: VendorWorld, by: str) -> None:
    with pytest.raises(PermissionDenied):
        assign(world, school.course(world), by)


def test_people_who_sit_elsewhere_are_refused(world: VendorWorld) -> None:
    stranger = world.people["sub_rep"].user.pk
    with pytest.raises(ValidationError, match="work there"):
        assign(world, school.course(world), user_ids=[world.people["partner_rep"].user.pk, stranger])
    with acting_as(world.people["program_admin"]):
        assert not Assignment.objects.exists()


def test_a_course_that_is_not_for_somebody_is_refused_by_name(world: VendorWorld) -> None:
    gold = school.course(world, "gold", least_tier=world.tiers[1])
    with pytest.raises(ValidationError, match="not for Partner_Rep"):
        assign(world, gold)


@pytest.mark.parametrize("days", [-1, 731])
def test_days_that_cannot_be(world: VendorWorld, days: int) -> None:
    with pytest.raises(ValidationError, match="Choose"):
        assign(world, school.course(world), due_on=timezone.localdate() + timedelta(days=days))


def test_the_due_day_ends_on_the_vendors_clock(world: VendorWorld) -> None:
    # The clocks go back in Vienna on 25 October 2026: that day has 25 hours.
    for day in (date(2026, 10, 25), date(2028, 2, 29)):
        end = datetime(day.year, day.month, day.day, 22, 59, 59, tzinfo=UTC)
        assert selectors.due_moment(world.vendor, day) == end


def test_finishing_the_course_does_it_however_one_came_to_it(world: VendorWorld) -> None:
    rep, course = world.people["partner_rep"], school.course(world, questions=0)
    (made,) = assign(world, course)
    enrolment = school.enrol(rep, course)
    school.finish_texts(rep, enrolment, course, world)
    with acting_as(rep):
        made.refresh_from_db()
    assert (made.completed_at is not None, made.enrolment_id) == (True, enrolment.pk)
    assert told(world, "partner_admin", "assignment_done") == 1


def test_reminders_go_out_once_each(world: VendorWorld) -> None:
    start = timezone.now()
    with stopped_at(start) as clock:
        assign(world, school.course(world), due_on=timezone.localdate() + timedelta(days=20))
        sent = []
        for day in range(25):
            clock.move_to(start + timedelta(days=day))
            sent += [day] * mind(world)
            assert mind(world) == 0
    assert sent[1:] == [sent[0] + 6, sent[0] + 7]
    assert told(world, "partner_rep", "assignment_due") == 3
    assert told(world, "partner_admin", "assignment_done") == 1


def test_what_is_due_at_once_is_not_called_to_mind_the_same_day(world: VendorWorld) -> None:
    assign(world, school.course(world), due_on=timezone.localdate())
    assert mind(world) == 0


def test_who_left_is_told_nothing(world: VendorWorld) -> None:
    assign(world, school.course(world), due_on=timezone.localdate() + timedelta(days=8))
    rep = world.people["partner_rep"]
    with entered(system_scope(world.vendor.pk)):
        type(rep.membership).objects.filter(pk=rep.membership.pk).update(is_active=False)
    with stopped_at(timezone.now() + timedelta(days=3)):
        assert mind(world) == 1
    assert told(world, "partner_rep", "assignment_due") == 0


def test_a_partner_admin_does_not_take_back_what_the_vendor_asks(world: VendorWorld) -> None:
    (made,) = assign(world, school.course(world), "manager")
    with pytest.raises(PermissionDenied):
        do(services.assignment_withdraw, world.people["partner_admin"], assignment=made)
    for _ in range(2):
        do(services.assignment_withdraw, world.people["manager"], assignment=made)
    with entered(system_scope(world.vendor.pk)):
        assert PortalEvent.objects.filter(type="enablement.assignment_withdrawn").count() == 1


def test_moving_the_day_starts_the_clock_anew(world: VendorWorld) -> None:
    (made,) = assign(world, school.course(world), due_on=timezone.localdate() + timedelta(days=1))
    later = timezone.localdate() + timedelta(days=60)
    moved = do(services.assignment_move, world.people["partner_admin"], assignment=made, due_on=later)
    assert (moved.due_on, moved.reminded_days) == (later, None)
