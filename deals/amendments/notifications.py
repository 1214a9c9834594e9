"""Whom to tell of changes that needed no approval."""

from typing import Final

from deals.amendments.models import Amendment
from deals.amendments.selectors import changes_of
from deals.deal.people import deciders
from portal.notifications.models import Mail
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.tenancy.access import Actor

KINDS: Final = (
    NotificationKind("deals.amended", "A partner changed an approved deal", for_staff=True, mail=Mail.DIGEST),
)
declare_notifications(*KINDS, place=20)


def applied(actor: Actor, amendment: Amendment) -> None:
    """To whoever looks after the deal."""
    deal = amendment.deal
    notify(
        "deals.amended",
        vendor=actor.vendor,
        key=f"amended:{amendment.pk}",
        to=deciders(deal),
        page="deals:amend",
        target=deal.reference,
        template="deal_amended",
        context={
            "reference": deal.reference,
            "customer": deal.customer_name,
            "partner": deal.partner.name,
            "by": str(actor.user),
            "facts": [[one["what"], f"{one['from']} → {one['to']}"] for one in changes_of(amendment)],
        },
    )
