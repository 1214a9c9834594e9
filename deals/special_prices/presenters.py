"""How a special price is told. Pure functions over a request already read."""

from datetime import datetime, timedelta

from django.utils import timezone

from deals.special_prices.models import PriceRequest
from portal.requests.models import RequestStatus
from portal.ui.formatting import format_date, format_money, format_percent
from portal.ui.widgets import Look


def finding(request: PriceRequest | None, now: datetime | None = None) -> str:
    """What the page's heading and the deal's page say."""
    now = now or timezone.now()
    if request is None:
        return "no special price yet"
    off = f"{format_percent(request.discount)} off the list"
    match request.status:
        case RequestStatus.OPEN:
            return f"a special price is asked for, {off}"
        case RequestStatus.REFUSED:
            return "the special price was refused"
        case RequestStatus.WITHDRAWN:
            return "the request was taken back"
        case RequestStatus.LAPSED:
            return "the request lapsed with the deal"
    price = format_money(request.granted_total or 0, request.currency)
    if request.used_at:
        return f"won at the special price of {price}"
    if request.expires_at and request.expires_at <= now:
        return "the special price has ended"
    return f"{price} until {last_day(request)}, {off}"


def last_day(request: PriceRequest) -> str:
    """The last day the price holds, as people say it."""
    return format_date(request.expires_at - timedelta(seconds=1), "year") if request.expires_at else ""


def look(request: PriceRequest, now: datetime | None = None) -> Look:
    now = now or timezone.now()
    match request.status:
        case RequestStatus.OPEN:
            return "neutral", "Asked for", "hourglass"
        case RequestStatus.REFUSED:
            return "bad", "Refused", "ban"
        case RequestStatus.WITHDRAWN:
            return "neutral", "Taken back", "arrow-back"
        case RequestStatus.LAPSED:
            return "neutral", "Lapsed", "clock-off"
    if request.used_at:
        return "ok", "Used", "trophy"
    if request.expires_at and request.expires_at <= now:
        return "watch", "Ended", "clock-off"
    return "ok", "Granted in part" if request.is_reduced else "Granted", "rosette-discount-check"
