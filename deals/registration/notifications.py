"""Whom to tell of a registration that comes in or is withdrawn, and what they are told."""

from typing import Any

from deals.deal.models import Deal
from deals.deal.notifications import by, notify_about, worth
from deals.deal.people import deciders, decision_owners
from portal.events.models import PortalEvent
from portal.notifications.moments import moment
from portal.tenancy.access import Actor


def submitted(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    """To whoever is asked to approve it; where that is a role, to the program admins."""
    told: dict[str, Any] = {"again": event.data["again"], **worth(deal)}
    if deal.decision_due_at:
        told["due"] = moment(deal.decision_due_at)
    notify_about("submitted", actor.vendor, deal, f"{event.pk}", decision_owners(deal), by(actor) | told)


def withdrawn(actor: Actor, deal: Deal, event: PortalEvent) -> None:
    """To whoever would have decided, or granted the protection that ends."""
    told = by(actor) | {"reason": deal.withdrawal_reason, "was": event.data["was"], **worth(deal)}
    notify_about("withdrawn", actor.vendor, deal, f"{event.pk}", deciders(deal), told)
