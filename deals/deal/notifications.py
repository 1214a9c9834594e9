"""Whom to tell of what happens to a registration, and what they are told."""

from datetime import datetime
from typing import Any, Final

from deals.approvals.models import ApprovalStep
from deals.deal.models import Deal
from deals.deal.people import deciders, decision_owners, program_admins, registrants
from deals.notes.models import Note
from portal.events.models import PortalEvent
from portal.notifications.email_declarations import Email, declare_emails
from portal.notifications.models import Mail
from portal.notifications.moments import moment
from portal.notifications.services import Kind, declare_kinds, notify
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date, format_money

KINDS: Final = (
    Kind("deals.submitted", "A registration waits for my decision", for_staff=True),
    Kind("deals.your_turn", "A registration waits for my approval after somebody else's", for_staff=True),
    Kind("deals.reminder", "One of my decisions is due soon", for_staff=True),
    Kind("deals.escalated", "A decision is overdue (program admins)", for_staff=True),
    Kind("deals.noted_by_partner", "A partner wrote a note on a registration", for_staff=True),
    Kind("deals.withdrawn", "A partner withdrew a registration I decide", for_staff=True),
    Kind(
        "deals.deadline_moved",
        "A decision is due at another time, because the working calendar changed",
        for_staff=True,
        for_partners=True,
        mail=Mail.DIGEST,
    ),
    Kind("deals.handed_over", "What a colleague looked after is mine now", for_staff=True),
    Kind("deals.noted_by_vendor", "The vendor wrote a note on my registration", for_partners=True),
    Kind("deals.approved", "My registration was approved", for_partners=True),
    Kind("deals.returned", "My registration came back with a question", for_partners=True),
    Kind("deals.rejected", "My registration was rejected", for_partners=True),
)
declare_kinds(*KINDS)
declare_emails(
    deal_deadline_moved=Email(
        subject="Now due {{ due }}: the decision on {{ customer }}",
        text=(
            "The decision on {{ customer }} ({{ reference }}) is now due {{ due }}.",
            "It was due {{ was_due }}.",
            "The working hours or holidays of {{ vendor.name }} were changed.",
        ),
        action="Open {{ reference }}",
    )
)


def submitted(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    """To whoever is asked to approve it; where that is a role, to the program admins."""
    told: dict[str, Any] = {"again": event.data["again"], **_worth(deal)}
    if deal.decision_due_at:
        told["due"] = moment(deal.decision_due_at)
    _tell("submitted", actor.vendor, deal, f"{event.pk}", decision_owners(deal), _by(actor) | told)


def your_turn(actor: Actor, deal: Deal, step: ApprovalStep, event: PortalEvent) -> None:
    """To whoever approves next."""
    told = {"due": moment(step.due_at), "reason": step.reason, **_worth(deal)}
    _tell("your_turn", actor.vendor, deal, f"{event.pk}", decision_owners(deal), _by(actor) | told)


def reminder(vendor: Vendor, step: ApprovalStep, when: str) -> None:
    """To whoever is asked: at half time ("half"), and an hour before due ("due")."""
    told = {"due": moment(step.due_at), **_worth(step.deal)}
    owners = [step.owner] if step.owner else program_admins()
    _tell("reminder", vendor, step.deal, f"{step.pk}:{when}", owners, told)


def deadline_moved(vendor: Vendor, deal: Deal, due: datetime, was_due: datetime, event: PortalEvent) -> None:
    """To both sides."""
    told = {"due": moment(due), "was_due": moment(was_due)}
    people = [*decision_owners(deal), *registrants(deal)]
    _tell("deadline_moved", vendor, deal, f"{event.pk}", people, told)


def escalated(vendor: Vendor, step: ApprovalStep, event: PortalEvent) -> None:
    """To every program admin: somebody is late."""
    told = {"due": moment(step.due_at), "waits_for": step.who, **_worth(step.deal)}
    _tell("escalated", vendor, step.deal, f"{step.pk}", program_admins(), told)


def returned(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    told = _by(actor) | {"reason": deal.decision_reason}
    _tell("returned", actor.vendor, deal, f"{event.pk}", registrants(deal), told)


def rejected(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    told = _by(actor) | {"reason": deal.decision_reason}
    _tell("rejected", actor.vendor, deal, f"{event.pk}", registrants(deal), told)


def approved(vendor: Vendor, actor: Actor | None, deal: Deal, event: PortalEvent) -> None:
    """`actor` None: a rule of the vendor approved it."""
    told: dict[str, Any] = {"days": event.data["days"]}
    if deal.expires_at:
        told["until"] = format_date(deal.expires_at, "year")
    by = _by(actor) if actor else {"by": vendor.name}
    _tell("approved", vendor, deal, f"{event.pk}", registrants(deal), by | told)


def noted(actor: Actor, deal: Deal, note: Note) -> None:
    """To the other side: the registrant, or whoever decides for the partner."""
    side = "vendor" if actor.is_staff else "partner"
    people = registrants(deal) if actor.is_staff else deciders(deal)
    told = _by(actor) | {"text": note.text, "side": side}
    _tell(f"noted_by_{side}", actor.vendor, deal, f"{note.pk}", people, told)


def withdrawn(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    """To whoever would have decided, or granted the protection that ends."""
    told = _by(actor) | {"reason": deal.withdrawal_reason, "was": event.data["was"], **_worth(deal)}
    _tell("withdrawn", actor.vendor, deal, f"{event.pk}", deciders(deal), told)


def handed_over(
    vendor: Vendor, deal: Deal, now: User | None, former: User | None, what: str, event: PortalEvent
) -> None:
    """To whoever looks after it now."""
    told = {"former": str(former), "what": what, **_worth(deal)}
    _tell("handed_over", vendor, deal, f"{event.pk}", [now] if now else program_admins(), told)


def lead_handed_over(vendor: Vendor, lead: Any, former: User | None, event: PortalEvent) -> None:
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


def _by(actor: Actor) -> dict[str, Any]:
    return {"by": str(actor.user)}


def _worth(deal: Deal) -> dict[str, Any]:
    return {"amount": format_money(deal.amount or 0, deal.currency)}


def _tell(what: str, vendor: Vendor, deal: Deal, once: str, people: list[User], told: dict[str, Any]) -> None:
    """`once` with the kind is what makes it happen once."""
    context = {
        "reference": deal.reference,
        "customer": deal.customer_name,
        "partner": deal.partner.name,
        **told,
    }
    notify(
        f"deals.{what}",
        vendor=vendor,
        key=f"deal_{what}:{once}",
        to=people,
        page="deals:detail",
        target=deal.reference,
        template=f"deal_{what}",
        context=context,
    )
