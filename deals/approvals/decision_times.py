"""How fast the vendor decides, for its partners to read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from deals.approvals.models import DecisionTime
from deals.deal.models import Deal
from portal.calendar.selectors import calendar_of
from portal.tenancy.models import Vendor

WINDOW: Final = timedelta(days=90)
#: Fewer decisions say nothing about the next one.
LEAST: Final = 5


@transaction.atomic
def decision_time_publish(*, vendor: Vendor, now: datetime | None = None) -> DecisionTime:
    """Median and 90th percentile of the decisions of the trailing 90 days, in working hours.

    From the last submission to the answer: approved, rejected or returned. What was imported was decided
    elsewhere and does not count. Runs under the vendor's system scope; twice is once.
    """
    now = now or timezone.now()
    calendar = calendar_of(vendor)
    hours = sorted(calendar.hours_between(since, answered) for since, answered in _decisions(now))
    enough = len(hours) >= LEAST
    kept: DecisionTime = DecisionTime.objects.update_or_create(
        defaults={
            "median_hours": median(hours) if enough else None,
            "p90_hours": percentile(hours, 0.9) if enough else None,
            "decisions": len(hours),
            "computed_at": now,
        }
    )[0]
    return kept


def _decisions(now: datetime) -> Sequence[tuple[datetime, datetime]]:
    """(submitted, answered) of each decision in the window."""
    answered = Coalesce("approved_at", "rejected_at", "returned_at")
    since = Coalesce("pending_since", "submitted_at")
    deals = Deal.objects.filter(external_key=None).annotate(since=since, answered=answered).order_by()
    deals = deals.filter(answered__gte=now - WINDOW, answered__lte=now, since__lte=F("answered"))
    return list(deals.values_list("since", "answered"))


def percentile(ordered: Sequence[float], share: float) -> float:
    """Linear between the two nearest, as PostgreSQL's percentile_cont; `ordered` is sorted and not empty."""
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def decision_time_is_due(*, vendor: Vendor, now: datetime | None = None) -> bool:
    """Once per day of the vendor."""
    midnight = timezone.localtime(now, vendor.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return not DecisionTime.objects.filter(computed_at__gte=midnight).exists()
