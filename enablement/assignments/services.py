"""Asking people to finish a course by a day; moving and withdrawing that; what the clock and events do."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from enablement.assignments import notifications, policies, selectors
from enablement.assignments.models import Assignment
from enablement.audience import is_for, learner_at
from enablement.courses.models import Course, Enrolment
from enablement.courses.selectors import as_the_vendor
from partners.models import Partner, Seat
from portal.events.log import record
from portal.events.models import PortalEvent
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor

#: Days before the end of the due day at which a reminder goes out; 0 says that it is over.
REMINDERS: Final = (7, 1, 0)
_LONGEST: Final = timedelta(days=730)
#: Handled in one transaction; the next run takes the next.
_BATCH: Final = 200


@transaction.atomic
def course_assign(
    *, actor: Actor, partner: Partner, course: Course, user_ids: Collection[int], due_on: date, note: str = ""
) -> list[Assignment]:
    """Ask people of a partner to finish a course by the end of a day; returns what is new.

    Whoever is asked to already keeps the date they have. ValidationError for a day that cannot be, a course
    that is not offered or not for one of them, and for people who do not sit there.
    """
    if not policies.may_assign(actor, partner.pk):
        raise PermissionDenied("Only the partner's admin and its channel managers assign courses.")
    _check_day(actor, due_on)
    if not course.is_offered:
        raise ValidationError({"course": "This course is not offered at the moment."})
    with as_the_vendor(actor):
        seats = _seats(partner, user_ids)
        _check_audience(partner, course, seats)
        Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
        known = set(
            selectors.open_ones().filter(course=course, user__in=user_ids).values_list("user", flat=True)
        )
        return [
            _assigned(actor, partner, course, seat, due_on, note.strip())
            for seat in seats
            if seat.user_id not in known
        ]


def _check_day(actor: Actor, due_on: date) -> None:
    today = selectors.today(actor.vendor)
    if due_on < today:
        raise ValidationError({"due_on": "Choose today or a later day."})
    if due_on > today + _LONGEST:
        raise ValidationError({"due_on": "Choose a day within the next two years."})


def _seats(partner: Partner, user_ids: Collection[int]) -> list[Seat]:
    seats = list(selectors.people_at(partner.pk).filter(user__in=user_ids))
    if not seats or len(seats) < len(set(user_ids)):
        raise ValidationError({"people": "Choose people who work there."})
    return seats


def _check_audience(partner: Partner, course: Course, seats: Sequence[Seat]) -> None:
    outside = [seat.user for seat in seats if not is_for(course, learner_at(seat.membership.role, partner))]
    if outside:
        names = ", ".join(map(str, outside))
        raise ValidationError({"people": f"This course is not for {names}."})


def _assigned(
    actor: Actor, partner: Partner, course: Course, seat: Seat, due_on: date, note: str
) -> Assignment:
    begun = Enrolment.objects.filter(
        user=seat.user_id, course=course, completed_at=None, left_at=None
    ).first()
    due_at = selectors.due_moment(actor.vendor, due_on)
    stage = _stage(due_at, timezone.now())
    assignment: Assignment = Assignment.objects.create(
        user=seat.user, partner=partner, course=course, enrolment=begun, due_on=due_on, due_at=due_at,
        note=note, by_vendor=actor.is_staff, assigned_by=actor.user, reminded_days=stage,
    )  # fmt: skip
    event = _record("enablement.assigned", actor, assignment, due=due_on.isoformat())
    notifications.assigned(actor, assignment, event)
    return assignment


@transaction.atomic
def assignment_withdraw(*, actor: Actor, assignment: Assignment) -> Assignment:
    """No longer ask for it; what was learned stays. Withdrawn twice is once."""
    assignment = _changeable(actor, assignment)
    if assignment.is_open:
        with as_the_vendor(actor):
            assignment.withdrawn_at = timezone.now()
            assignment.save(update_fields=["withdrawn_at"])
            _record("enablement.assignment_withdrawn", actor, assignment)
    return assignment


@transaction.atomic
def assignment_move(*, actor: Actor, assignment: Assignment, due_on: date) -> Assignment:
    """Give it another due day; the clock and its reminders start anew."""
    _check_day(actor, due_on)
    assignment = _changeable(actor, assignment)
    if not assignment.is_open:
        raise ValidationError("It is finished or withdrawn already.", code="illegal")
    if assignment.due_on != due_on:
        with as_the_vendor(actor):
            before = assignment.due_on
            assignment.due_on, assignment.due_at = due_on, selectors.due_moment(actor.vendor, due_on)
            assignment.reminded_days = _stage(assignment.due_at, timezone.now())
            assignment.save(update_fields=["due_on", "due_at", "reminded_days"])
            moved = {"from": before.isoformat(), "to": due_on.isoformat()}
            _record("enablement.assignment_moved", actor, assignment, **moved)
    return assignment


def _changeable(actor: Actor, assignment: Assignment) -> Assignment:
    if not policies.may_change(actor, assignment):
        raise PermissionDenied("This was not yours to ask for.")
    with as_the_vendor(actor):
        return _locked(assignment.pk)


def _locked(pk: int) -> Assignment:
    rows = Assignment.objects.select_for_update(of=("self",)).select_related("course", "user", "partner")
    found: Assignment = rows.get(pk=pk)
    return found


# What happens by itself -----------------------------------------------------------------------------------


def follow_learning(event: PortalEvent) -> None:
    """Whoever finishes a course has done what was asked, however they came to it. Listens to events."""
    if event.type == "enablement.course_completed":
        _close([event])
    elif event.type == "enablement.enrolled":
        rows = Assignment.objects.filter(completed_at=None, withdrawn_at=None, enrolment=None)
        rows.filter(user=event.data["user"], course=event.data["course"]).update(enrolment=event.subject_id)


def follow_many(events: Sequence[PortalEvent]) -> None:
    """The same for what an import brings."""
    finished = [event for event in events if event.type == "enablement.course_completed"]
    if finished:
        _close(finished)


def _close(finished: Sequence[PortalEvent]) -> None:
    by_place = {(event.data["user"], event.data["course"]): event for event in finished}
    rows = Assignment.objects.filter(completed_at=None, withdrawn_at=None)
    rows = rows.filter(user__in={user for user, _ in by_place}, course__in={course for _, course in by_place})
    rows = rows.select_related("course", "user", "partner", "assigned_by", "vendor")
    for assignment in rows.select_for_update(of=("self",)).order_by("pk"):
        event = by_place.get((assignment.user_id, assignment.course_id))
        if event is None or event.occurred_at < assignment.assigned_at:
            continue
        assignment.completed_at, assignment.enrolment_id = event.occurred_at, event.subject_id
        assignment.save(update_fields=["completed_at", "enrolment"])
        done = _record("enablement.assignment_done", None, assignment)
        notifications.done(assignment.vendor, assignment, done)


@transaction.atomic
def assignments_mind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Remind of what is due in a week and in a day, and say what is overdue, each once; returns how many.

    Runs under the vendor's system scope. Who no longer sits where it was assigned is told nothing.
    """
    now = now or timezone.now()
    near = selectors.open_ones().filter(due_at__lte=now + timedelta(days=REMINDERS[0]))
    near = near.exclude(reminded_days=0).select_related("course", "user", "partner", "assigned_by")
    rows = list(near.select_for_update(of=("self",), skip_locked=True)[:_BATCH])
    there = _still_there(rows)
    due = [row for row in rows if _reminds(row, now)]
    for row in due:
        row.reminded_days = _stage(row.due_at, now)
        if (row.partner_id, row.user_id) in there:
            _remind(vendor, row)
    Assignment.objects.bulk_update(due, ["reminded_days"])
    return len(due)


def _stage(due_at: datetime, now: datetime) -> int | None:
    """The reminder that fits how much time is left; None while it is too early for any."""
    left = due_at - now
    return next((days for days in reversed(REMINDERS) if left <= timedelta(days=days)), None)


def _reminds(row: Assignment, now: datetime) -> bool:
    stage = _stage(row.due_at, now)
    return stage is not None and (row.reminded_days is None or stage < row.reminded_days)


def _still_there(rows: Collection[Assignment]) -> set[tuple[int, int]]:
    seats = Seat.objects.filter(
        user__in={row.user_id for row in rows}, left_at=None, membership__is_active=True
    )
    return set(seats.values_list("partner", "user"))


def _remind(vendor: Vendor, row: Assignment) -> None:
    if row.reminded_days:
        notifications.due(vendor, row)
        return
    event = _record("enablement.assignment_overdue", None, row)
    notifications.overdue(vendor, row, event)


def _record(key: str, actor: Actor | None, assignment: Assignment, **more: Any) -> PortalEvent:
    data = {
        "title": assignment.course.title,
        "person": str(assignment.user),
        "user": assignment.user_id,
        "course": assignment.course_id,
        **more,
    }
    return record(key, actor=actor, partner_id=assignment.partner_id, subject=assignment, data=data)
