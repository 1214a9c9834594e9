"""Whom to tell of approvals, and what they are told."""

from typing import Any

from deals.approvals.models import ApprovalStep
from deals.deal.models import Deal
from deals.deal.notifications import by, notify_about, worth
from deals.deal.people import decision_owners, program_admins, registrants
from portal.events.models import PortalEvent
from portal.notifications.moments import moment
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date


def your_turn(actor: Actor, deal: Deal, step: ApprovalStep, event: PortalEvent) -> None:
    """To whoever approves next."""
    told = {"due": moment(step.due_at), "reason": step.reason, **worth(deal)}
    notify_about("your_turn", actor.vendor, deal, f"{event.pk}", decision_owners(deal), by(actor) | told)


def reminder(vendor: Vendor, step: ApprovalStep, when: str) -> None:
    """To whoever is asked: at half time ("half"), and an hour before due ("due")."""
    told = {"due": moment(step.due_at), **worth(step.deal)}
    owners = [step.owner] if step.owner else program_admins()
    notify_about("reminder", vendor, step.deal, f"{step.pk}:{when}", owners, told)


def escalated(vendor: Vendor, step: ApprovalStep, event: PortalEvent) -> None:
    """To every program admin: somebody is late."""
    told = {"due": moment(step.due_at), "waits_for": step.who, **worth(step.deal)}
    notify_about("escalated", vendor, step.deal, f"{step.pk}", program_admins(), told)


def approved(vendor: Vendor, actor: Actor | None, deal: Deal, event: PortalEvent) -> None:
    """`actor` None: a rule of the vendor approved it."""
    told: dict[str, Any] = {"days": event.data["days"]}
    if deal.expires_at:
        told["until"] = format_date(deal.expires_at, "year")
    who = by(actor) if actor else {"by": vendor.name}
    notify_about("approved", vendor, deal, f"{event.pk}", registrants(deal), who | told)


def returned(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    told = by(actor) | {"reason": deal.decision_reason}
    notify_about("returned", actor.vendor, deal, f"{event.pk}", registrants(deal), told)


def rejected(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    told = by(actor) | {"reason": deal.decision_reason}
    notify_about("rejected", actor.vendor, deal, f"{event.pk}", registrants(deal), told)
