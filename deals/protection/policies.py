"""How often and for how long a deal may be extended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet

from deals.deal.models import Deal
from deals.protection.models import MOST_DAYS, MOST_EXTENSIONS, Extension, ExtensionTerms
from portal.ui.formatting import format_date, format_days, format_times


@dataclass(frozen=True, slots=True)
class Terms:
    """Extensions per deal, and days of each at most."""

    most_extensions: int = MOST_EXTENSIONS
    most_days: int = MOST_DAYS


def terms_of_tier(tier: Any) -> QuerySet[Any]:
    """Those that apply to a tier (its id, or an expression), the one that counts first."""
    rows = ExtensionTerms.objects.filter(Q(tier=tier) | Q(tier=None))
    ordered: QuerySet[Any] = rows.order_by(F("tier").asc(nulls_last=True))
    return ordered


def terms_for(deal: Deal) -> Terms:
    """Those of the partner's tier, else the vendor's for everybody, else the portal's."""
    found = terms_of_tier(deal.partner.tier_id).first()
    return Terms(found.most_extensions, found.most_days) if found else Terms()


@dataclass(frozen=True, slots=True)
class Room:
    """What may still be asked for: so many extensions of so many days; `why_not` says why none."""

    left: int
    most_days: int
    why_not: str = ""


def days_asked_for(days: int) -> str:
    """Such as "1 more day was asked for"."""
    return "1 more day was asked for" if days == 1 else f"{days} more days were asked for"


def days_allowed(most: int) -> str:
    return "Ask for 1 day." if most == 1 else f"Ask for 1 to {format_days(most)}."


def room_for(deal: Deal, terms: Terms, now: datetime, *, waiting: Extension | None, granted: int) -> Room:
    """Pure: everything is read before."""
    left = max(terms.most_extensions - granted, 0)
    why_not = ""
    if waiting:
        why_not = (
            f"{days_asked_for(waiting.days)} on {format_date(waiting.requested_at)}. "
            "Wait for the answer before you ask again."
        )
    elif deal.expires_at is None:
        why_not = "This deal was never protected here, so there is nothing to extend."
    elif deal.expires_at <= now:
        why_not = "The protection has run out. Register the customer again."
    elif not left:
        why_not = (
            f"This deal was extended {format_times(granted)} already, "
            "which is as often as the programme allows."
            if granted
            else "The programme gives no extensions."
        )
    return Room(left, terms.most_days, why_not)
