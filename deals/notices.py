"""E-mails about a registration, sent through the outbox after commit: to whom, and what they tell."""

from typing import Any

from deals.models import Deal
from deals.selectors import decision_owners, registrants
from portal.access import Actor
from portal.formatting import format_date, format_money, format_when
from portal.links import absolute
from portal.models import PortalEvent, User
from portal.notices import send_email


def submitted(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    """To the channel manager who owns the decision; without one, to the program admins."""
    told = {"amount": format_money(deal.amount or 0, deal.currency), "again": event.data["again"]}
    if deal.decision_due_at:
        told["due"] = format_when(deal.decision_due_at)
    _send("deal_submitted", actor, deal, event, decision_owners(deal), told)


def returned(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    _send("deal_returned", actor, deal, event, registrants(deal), {"reason": deal.decision_reason})


def rejected(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    _send("deal_rejected", actor, deal, event, registrants(deal), {"reason": deal.decision_reason})


def approved(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    told = {"days": event.data["days"]}
    if deal.expires_at:
        told["until"] = format_date(deal.expires_at, "year")
    _send("deal_approved", actor, deal, event, registrants(deal), told)


def _send(
    template: str, actor: Actor, deal: Deal, event: PortalEvent, people: list[User], told: dict[str, Any]
) -> None:
    context = {
        "reference": deal.reference,
        "customer": deal.customer_name,
        "partner": deal.partner.name,
        "by": str(actor.user),
        "link": absolute(actor.vendor, "deals:detail", deal.reference),
        **told,
    }
    for person in people:
        key = f"{template}:{event.pk}:{person.pk}"
        greeting = {"name": person.first_name or str(person)}
        send_email(template, key=key, to=person.email, context={**context, **greeting})
