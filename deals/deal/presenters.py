"""How a state of a deal looks everywhere."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from deals.deal.models import Deal, DealStatus, Verdict
from portal.ui.formatting import format_date
from portal.ui.widgets import Look

NEAR: Final = timedelta(days=14)  # protection that ends soon is marked

LOOKS: Final[dict[str, Look]] = {
    DealStatus.DRAFT: ("neutral", "Draft", "pencil"),
    DealStatus.SUBMITTED: ("neutral", "Submitted", "send"),
    DealStatus.UNDER_REVIEW: ("neutral", "Under review", "eye"),
    DealStatus.RETURNED: ("watch", "Returned", "arrow-back-up"),
    DealStatus.REJECTED: ("bad", "Rejected", "ban"),
    DealStatus.APPROVED: ("ok", "Approved", "shield-check"),
    DealStatus.WON: ("ok", "Won", "trophy"),
    DealStatus.LOST: ("neutral", "Lost", "circle-x"),
    DealStatus.EXPIRED: ("watch", "Expired", "hourglass"),
    DealStatus.WITHDRAWN: ("neutral", "Withdrawn", "ban"),
}
#: What the conflict check said.
VERDICTS: Final[dict[str, Look]] = {
    Verdict.CLEAR: ("ok", "Clear"),
    Verdict.OWN: ("neutral", "Your own", "user-check"),
    Verdict.POSSIBLE: ("watch", "Possibly claimed"),
    Verdict.CLAIMED: ("bad", "Claimed"),
}


def look(deal: Deal, now: datetime | None = None) -> Look:
    """The pill beside the heading; an approved deal says how its protection stands."""
    now = now or timezone.now()
    if deal.status != DealStatus.APPROVED or deal.expires_at is None:
        return LOOKS[deal.status]
    if deal.expires_at <= now:
        return "watch", "Protection has run out", "clock-off"
    tone = "watch" if deal.expires_at - now <= NEAR else "ok"
    return tone, f"Protection ends {format_date(deal.expires_at, 'weekday')}", "shield-check"
