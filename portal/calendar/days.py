"""Days on the wall of a vendor: what is promised "until a day" holds until that day is over there."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta, tzinfo

from django.utils import timezone


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The last moment of this day in that zone, however many hours the clocks make of it."""
    return datetime.combine(day, time.max, tzinfo=zone)


def end_of_day_after(moment: datetime, days: int, zone: tzinfo) -> datetime:
    """The last moment of the day `days` days after the one `moment` falls on in that zone."""
    return end_of_day(timezone.localdate(moment, zone) + timedelta(days=days), zone)


def local_day(moment: datetime, zone: tzinfo) -> date:
    """The day `moment` falls on in that zone."""
    return timezone.localdate(moment, zone)


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later; the month's last where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1]))
