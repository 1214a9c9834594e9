"""Whom to tell of a special price, and what they are told."""

from typing import Any, Final

from deals.deal.models import Deal
from deals.deal.people import program_admins, registrants
from deals.special_prices.models import PriceRequest, PriceStatus
from portal.events.models import PortalEvent
from portal.notifications.services import Kind, declare_kinds, notify
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_money, format_percent, format_when

KINDS: Final = (
    Kind("deals.price_requested", "A partner asks me for a special price", for_staff=True),
    Kind("deals.price_overdue", "A special price is overdue (program admins)", for_staff=True),
    Kind("deals.price_answered", "My special price was granted or refused", for_partners=True),
    Kind("deals.price_ending", "My special price ends soon", for_partners=True),
)
declare_kinds(*KINDS, place=40)


def requested(actor: Actor, deal: Deal, request: PriceRequest, event: PortalEvent) -> None:
    """To whoever decides; where that is a role, to the program admins."""
    told = {"by": str(actor.user), "justification": request.justification, **_ask(request)}
    people = [request.owner] if request.owner else program_admins()
    _tell("requested", actor.vendor, deal, f"{event.pk}", people, told)


def answered(actor: Actor, deal: Deal, request: PriceRequest, event: PortalEvent) -> None:
    """To the partner."""
    granted = request.status == PriceStatus.GRANTED
    told: dict[str, Any] = {"by": str(actor.user), "granted": granted, "reason": request.reason}
    if granted:
        told |= {"reduced": request.is_reduced, "until": event.data["until"], **_price(request)}
    _tell("answered", actor.vendor, deal, f"{event.pk}", registrants(deal), told)


def ending(vendor: Vendor, request: PriceRequest) -> None:
    told = {"last": format_when(request.expires_at), **_price(request)} if request.expires_at else {}
    _tell("ending", vendor, request.deal, f"{request.pk}", registrants(request.deal), told)


def overdue(vendor: Vendor, request: PriceRequest) -> None:
    told = {"waits_for": request.who, **_ask(request)}
    _tell("overdue", vendor, request.deal, f"{request.pk}", program_admins(), told)


def _ask(request: PriceRequest) -> dict[str, Any]:
    return {"due": format_when(request.due_at), **_price(request)}


def _price(request: PriceRequest) -> dict[str, Any]:
    total = request.requested_total if request.granted_total is None else request.granted_total
    return {
        "price": format_money(total, request.currency),
        "list_price": format_money(request.list_total, request.currency),
        "discount": format_percent(request.discount),
    }


def _tell(what: str, vendor: Vendor, deal: Deal, once: str, people: list[User], told: dict[str, Any]) -> None:
    """`once` with the kind is what makes it happen once."""
    names = {"reference": deal.reference, "customer": deal.customer_name, "partner": deal.partner.name}
    notify(
        f"deals.price_{what}",
        vendor=vendor,
        key=f"price_{what}:{once}",
        to=people,
        page="deals:price",
        target=deal.reference,
        template=f"price_{what}",
        context=names | told,
    )
