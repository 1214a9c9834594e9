"""The business calendar of a vendor, from its rows."""

from collections import defaultdict
from datetime import date, datetime, time
from typing import Any

from django.db.models import DateField, Value

from portal.calendar.business_time import BusinessCalendar, Opening, standard_week
from portal.calendar.models import Holiday, WorkingHours
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_vendor_id

_KEPT = "_business_calendar"


def calendar_of(vendor: Vendor) -> BusinessCalendar:
    """When the vendor's people work: one query, kept on this very object, which lives for a request or task.

    A vendor without opening hours works the standard week. RuntimeError outside the vendor's scope, where
    its rows cannot be read.
    """
    kept: BusinessCalendar | None = vendor.__dict__.get(_KEPT)
    if kept is None:
        kept = _read(vendor)
        vendor.__dict__[_KEPT] = kept
    return kept


def decision_due(vendor: Vendor, since: datetime) -> datetime:
    """By when the vendor has promised to decide what came in at `since`."""
    return calendar_of(vendor).add_hours(since, vendor.decision_hours)


def forget_calendar(vendor: Vendor) -> None:
    """Read the rows again on the next question."""
    vendor.__dict__.pop(_KEPT, None)


def _read(vendor: Vendor) -> BusinessCalendar:
    if current_vendor_id() != vendor.pk:
        raise RuntimeError(f"the calendar of {vendor} can only be read within its scope")
    hours: dict[int, list[Opening]] = defaultdict(list)
    holidays: dict[date, time | None] = {}
    for weekday, opens, closes, day in _rows():
        if day is None:
            hours[weekday].append((opens, closes))
        else:
            holidays[day] = closes
    return BusinessCalendar(vendor.zone, hours or standard_week(), holidays)


def _rows() -> Any:
    """Opening hours and holidays in one statement: (weekday, opens, closes, None), (.., .., closes, day)."""
    nowhen = Value(None, output_field=DateField())
    openings = WorkingHours.objects.order_by().values_list("weekday", "opens", "closes", nowhen)
    fillers = (Value(0), Value(time(0)))
    return openings.union(Holiday.objects.order_by().values_list(*fillers, "closes", "day"), all=True)
