"""The hours a new vendor works until it says otherwise."""

from portal.calendar.business_time import standard_week
from portal.calendar.models import WorkingHours
from portal.tenancy.models import Vendor


def standard_hours(vendor: Vendor) -> None:
    """Monday to Friday, 9 to 17, where the vendor has no hours yet. Runs under its system scope."""
    if WorkingHours.objects.exists():
        return
    WorkingHours.objects.bulk_create(
        WorkingHours(weekday=weekday, opens=opens, closes=closes)
        for weekday, openings in standard_week().items()
        for opens, closes in openings
    )
