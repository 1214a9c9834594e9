"""Whom to tell of what happens to a lead, and what they are told."""

from collections.abc import Iterable
from typing import Any, Final

from deals.deal.people import program_admins
from deals.leads import selectors
from deals.leads.models import Lead, LeadOffer
from partners.models import Seat
from portal.events.models import PortalEvent
from portal.notifications.moments import moment
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.people.models import Membership, User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.ui.formatting import format_money

KINDS: Final = (
    NotificationKind("leads.offered", "A lead is offered to us", for_partners=True),
    NotificationKind(
        "leads.gone", "A lead offered to us is gone: not answered, or taken back", for_partners=True
    ),
    NotificationKind("leads.contact_due", "Our first contact with a lead is overdue", for_partners=True),
    NotificationKind("leads.accepted", "A partner accepted a lead of mine", for_staff=True),
    NotificationKind("leads.declined", "A partner declined a lead of mine", for_staff=True),
    NotificationKind("leads.timed_out", "A partner did not answer a lead of mine in time", for_staff=True),
    NotificationKind("leads.contact_overdue", "A partner is late to contact a lead of mine", for_staff=True),
    NotificationKind("leads.disqualified", "A partner disqualified a lead of mine", for_staff=True),
    NotificationKind("leads.nobody_left", "Nobody is left to offer a lead of mine to", for_staff=True),
)
declare_notifications(*KINDS, place=80)


def offered(vendor: Vendor, offer: LeadOffer, event: PortalEvent) -> None:
    """To everybody at the partner."""
    told = {"reason": offer.reason, "due": moment(offer.answer_due_at), **_worth(offer)}
    _notify("offered", "lead_offered", vendor, offer, event, selectors.people_of(offer.partner_id), told)


def withdrawn(vendor: Vendor, offer: LeadOffer, event: PortalEvent) -> None:
    """To who had accepted it, else to everybody at the partner."""
    _notify("gone", "lead_withdrawn", vendor, offer, event, _workers(offer), {})


def accepted(actor: Actor, lead: Lead, offer: LeadOffer, event: PortalEvent) -> None:
    due = moment(offer.contact_due_at) if offer.contact_due_at else ""
    told = {"by": str(actor.user), "due": due, **_who(offer)}
    _notify("accepted", "lead_accepted", actor.vendor, offer, event, _owners(lead), told)


def declined(actor: Actor, lead: Lead, offer: LeadOffer, event: PortalEvent) -> None:
    told = {"by": str(actor.user), "reason": offer.decline_reason, **_who(offer)}
    _notify("declined", "lead_declined", actor.vendor, offer, event, _owners(lead), told)


def timed_out(vendor: Vendor, lead: Lead, offer: LeadOffer, event: PortalEvent) -> None:
    """Both sides, each in its own words."""
    _notify("timed_out", "lead_timed_out", vendor, offer, event, _owners(lead), _who(offer))
    _notify("gone", "lead_expired", vendor, offer, event, selectors.people_of(offer.partner_id), {})


def contact_overdue(vendor: Vendor, offer: LeadOffer, event: PortalEvent) -> None:
    """Both sides."""
    told = {"due": moment(offer.contact_due_at)} if offer.contact_due_at else {}
    _notify("contact_due", "lead_contact_due", vendor, offer, event, _workers(offer), told)
    owners = _owners(offer.lead)
    _notify("contact_overdue", "lead_contact_overdue", vendor, offer, event, owners, told | _who(offer))


def disqualified(actor: Actor, lead: Lead, offer: LeadOffer, event: PortalEvent) -> None:
    told = {"by": str(actor.user), "reason": offer.disqualify_reason, **_who(offer)}
    _notify("disqualified", "lead_disqualified", actor.vendor, offer, event, _owners(lead), told)


def nobody_left(vendor: Vendor, lead: Lead, event: PortalEvent) -> None:
    _notify("nobody_left", "lead_nobody_left", vendor, lead, event, _owners(lead), {})


def _owners(lead: Lead) -> list[User]:
    """Whoever distributes the lead; the program admins where nobody does, or who did has left."""
    working = Membership.objects.filter(user=lead.owner_id, is_active=True)
    return [lead.owner] if lead.owner and working.exists() else program_admins()


def _workers(offer: LeadOffer) -> list[User]:
    """Who accepted it while still there, and the partner's admins; before an acceptance everybody."""
    if offer.answered_by_id is None:
        return selectors.people_of(offer.partner_id)
    seats = Seat.objects.filter(partner=offer.partner_id, left_at=None, membership__is_active=True)
    seats = seats.select_related("user", "membership").order_by("pk")
    return [
        seat.user
        for seat in seats
        if seat.user_id == offer.answered_by_id or seat.membership.role == Role.PARTNER_ADMIN
    ]


def _who(offer: LeadOffer) -> dict[str, Any]:
    return {"partner": offer.partner.name}


def _worth(offer: LeadOffer) -> dict[str, Any]:
    return {"amount": "" if offer.amount is None else format_money(offer.amount, offer.currency)}


def _notify(
    kind: str,
    template: str,
    vendor: Vendor,
    about: Lead | LeadOffer,
    event: PortalEvent,
    people: Iterable[User],
    told: dict[str, Any],
) -> None:
    """The event makes it happen once. Only what stands in `told` is said: partners read some of these."""
    context = {"reference": about.reference, "customer": about.customer_name, **told}
    notify(
        f"leads.{kind}",
        vendor=vendor,
        key=f"{template}:{event.pk}",
        to=people,
        page="leads:detail",
        target=about.reference,
        template=template,
        context=context,
    )
