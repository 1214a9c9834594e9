"""Whom to tell of what somebody who left looked after."""

from deals.deal.models import Deal
from deals.deal.notifications import notify_about, worth
from deals.deal.people import program_admins
from deals.leads.models import Lead
from portal.events.models import PortalEvent
from portal.notifications.services import notify
from portal.people.models import User
from portal.tenancy.models import Vendor


def handed_over(
    vendor: Vendor, deal: Deal, now: User | None, former: User | None, what: str, event: PortalEvent
) -> None:
    """To whoever looks after it now."""
    told = {"former": str(former), "what": what, **worth(deal)}
    notify_about("handed_over", vendor, deal, f"{event.pk}", [now] if now else program_admins(), told)


def lead_handed_over(vendor: Vendor, lead: Lead, former: User | None, event: PortalEvent) -> None:
    notify(
        "deals.handed_over",
        vendor=vendor,
        key=f"deal_handed_over:{event.pk}",
        to=[lead.owner] if lead.owner else program_admins(),
        page="leads:detail",
        target=lead.reference,
        template="deal_handed_over",
        context={
            "reference": lead.reference,
            "customer": lead.customer_name,
            "former": str(former),
            "what": "lead",
        },
    )
