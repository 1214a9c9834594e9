"""A granted price is used at the win, or brought to mind before it is gone."""

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from deals.deal import policies
from deals.deal.models import Deal
from deals.special_prices import notifications
from deals.special_prices.models import PriceRequest
from deals.special_prices.presenters import last_day
from portal.requests.models import RequestStatus
from portal.tenancy.models import Vendor

#: A granted price that was not used is brought to mind this long before it is gone.
ENDING: Final = timedelta(days=7)
#: Requests looked at in one transaction; the next run takes the next.
BATCH: Final = 200


def price_use(deal: Deal, now: datetime) -> None:
    """Mark the price granted last as used by the win of the locked deal; ValidationError when it is over."""
    granted = PriceRequest.objects.filter(deal=deal, status=RequestStatus.GRANTED, used_at=None)
    request = granted.order_by("-decided_at", "-pk").first()
    if request is None:
        raise ValidationError({"special_price": "No special price was granted for this deal."})
    assert request.expires_at  # noqa: S101  (granted)
    if request.expires_at <= now:
        ended = f"The special price ended on {last_day(request)}."
        raise ValidationError({"special_price": f"{ended} Ask for a new one, or win without it."})
    request.used_at = now
    request.save(update_fields=["used_at"])


@transaction.atomic
def prices_remind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Remind of prices that are soon gone, each once, however often this runs; returns how many.

    Runs under the vendor's system scope.
    """
    now = now or timezone.now()
    unused = PriceRequest.objects.filter(status=RequestStatus.GRANTED, used_at=None, ending_told_at=None)
    ending = unused.filter(expires_at__gt=now, expires_at__lte=now + ENDING).select_related("deal__partner")
    ending = ending.filter(deal__status__in=policies.STARTS_FROM["price"]).order_by("pk")
    requests = list(ending.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for request in requests:
        request.ending_told_at = now
        # A later price has taken its place; nothing is lost with this one.
        if request.expires_at == request.deal.special_price_until:
            notifications.ending(vendor, request)
    PriceRequest.objects.bulk_update(requests, ["ending_told_at"])
    return len(requests)
