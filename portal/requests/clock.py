"""How a clock is set, rings once before it is due and once after, and moves with the vendor's calendar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db.models import Q, QuerySet

from portal.calendar.business_time import BusinessCalendar
from portal.calendar.selectors import calendar_of
from portal.requests.models import Clock
from portal.tenancy.models import Vendor

C = TypeVar("C", bound=Clock)

#: Rows looked at in one transaction; the next run takes the next.
BATCH: Final = 200
#: Hours are kept as fractions: a difference below this is no other time.
_A_SECOND: Final = timedelta(seconds=1)


def clock_start(
    clock: Clock, vendor: Vendor, now: datetime, *, hours: float | None = None, latest: datetime | None = None
) -> None:
    """Let it run from `now`: for so many working hours (else the vendor's promise), never past `latest`."""
    clock.began_at, clock.latest_at = now, latest
    clock.hours = vendor.decision_hours if hours is None else hours
    clock.reminded_at = clock.escalated_at = None
    clock.due_at, clock.remind_at = _times(clock, calendar_of(vendor))


def _times(clock: Clock, calendar: BusinessCalendar) -> tuple[datetime, datetime]:
    """When it is due, and a working hour before that."""
    assert clock.began_at is not None  # noqa: S101  (it runs)
    assert clock.hours is not None  # noqa: S101
    due = calendar.add_hours(clock.began_at, clock.hours)
    due = min(due, clock.latest_at) if clock.latest_at else due
    return due, max(calendar.add_hours(due, -1), clock.began_at)


@dataclass(frozen=True, slots=True)
class Rung:
    """Rows whose clock rang in one run, each for the first time."""

    reminded: Sequence[Any]
    overdue: Sequence[Any]


def clocks_ring(rows: QuerySet[Any], now: datetime) -> Rung:
    """Take the rows whose reminder or due time has come, mark and return them; two runs share the work.

    After an outage only the more urgent of the two rings. Must run in the transaction that tells of them.
    """
    soon = Q(reminded_at=None, remind_at__lte=now, escalated_at=None)
    late = Q(escalated_at=None, due_at__lte=now)
    due = rows.filter(soon | late, is_silent=False).order_by("pk")
    taken = list(due.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    overdue = [row for row in taken if row.due_at <= now]
    reminded = [row for row in taken if row.due_at > now]
    for row in overdue:
        row.escalated_at = now
    for row in reminded:
        row.reminded_at = now
    rows.model._default_manager.bulk_update(taken, ["reminded_at", "escalated_at"])
    return Rung(reminded, overdue)


# A calendar that changes ---------------------------------------------------------------------------------

#: Told of a row whose due time moved, with the one it had.
Moved = Callable[[Vendor, Any, datetime], None]
_movable: dict[type[Clock], Moved] = {}


def moves_with_calendar(model: type[C], moved: Moved) -> None:
    """Let rows of `model` follow the calendar; `moved(vendor, row, was_due)` tells of each that did."""
    _movable[model] = moved


def clocks_move(vendor: Vendor, now: datetime) -> int:
    """Count again what is not yet due, as the calendar is now; returns how many moved.

    A holiday may have been entered, or other hours. What is due already stays: it was missed.
    """
    return sum(_moved(vendor, model, told, now) for model, told in _movable.items())


def _moved(vendor: Vendor, model: type[Clock], told: Moved, now: datetime) -> int:
    calendar, moved = calendar_of(vendor), 0
    waiting = model.running().filter(due_at__gt=now, began_at__isnull=False, hours__isnull=False)
    for row in waiting.select_for_update(of=("self",), skip_locked=True).order_by("pk"):
        before = row.due_at
        due, remind = _times(row, calendar)
        if abs(due - before) < _A_SECOND:
            continue
        row.due_at, row.remind_at = due, remind if row.remind_at else None
        row.save(update_fields=["due_at", "remind_at"])
        told(vendor, row, before)
        moved += 1
    return moved
