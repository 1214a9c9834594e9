"""Whom to tell that a win needs a proof of sale."""

from typing import Final

from deals.deal.models import Deal
from deals.deal.people import registrants
from portal.events.models import PortalEvent
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_money

KINDS: Final = (NotificationKind("deals.proof_missing", "My win needs a proof of sale", for_partners=True),)
declare_notifications(*KINDS, place=50)


def missing(vendor: Vendor, deal: Deal, event: PortalEvent) -> None:
    """To the partner, at the win."""
    notify(
        "deals.proof_missing",
        vendor=vendor,
        key=f"proof_missing:{event.pk}",
        to=registrants(deal),
        page="deals:proof",
        target=deal.reference,
        template="proof_missing",
        context={
            "reference": deal.reference,
            "customer": deal.customer_name,
            "amount": format_money(deal.won_amount or 0, deal.currency),
        },
    )
