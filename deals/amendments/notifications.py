"""Whom to tell of changes after approval."""

from collections.abc import Iterable
from typing import Any, Final

from deals.amendments.models import Amendment
from deals.deal.models import Deal
from deals.deal.people import deciders, program_admins, registrants
from portal.events.models import PortalEvent
from portal.notifications.models import Mail
from portal.notifications.services import Kind, declare_kinds, notify
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_when

KINDS: Final = (
    Kind("deals.amendment_requested", "A partner asks to change an approved deal", for_staff=True),
    Kind("deals.amended", "A partner changed an approved deal", for_staff=True, mail=Mail.DIGEST),
    Kind("deals.amendment_overdue", "A change is overdue (program admins)", for_staff=True),
    Kind("deals.amendment_answered", "My change was approved or rejected", for_partners=True),
)
declare_kinds(*KINDS, place=20)


def requested(actor: Actor, deal: Deal, amendment: Amendment, changes: list[Any]) -> None:
    told: dict[str, Any] = {"by": str(actor.user), "changes": changes, "why": amendment.why}
    if amendment.due_at:
        told["due"] = format_when(amendment.due_at)
    _tell("amendment_requested", actor.vendor, deal, f"{amendment.pk}", deciders(deal), told)


def applied(actor: Actor, deal: Deal, amendment: Amendment, changes: list[Any]) -> None:
    told = {"by": str(actor.user), "changes": changes}
    _tell("amended", actor.vendor, deal, f"{amendment.pk}", deciders(deal), told)


def overdue(vendor: Vendor, deal: Deal, amendment: Amendment) -> None:
    told: dict[str, Any] = {"waits_for": str(deal.assigned_to or "a program admin")}
    if amendment.due_at:
        told["due"] = format_when(amendment.due_at)
    _tell("amendment_overdue", vendor, deal, f"{amendment.pk}", program_admins(), told)


def answered(actor: Actor, deal: Deal, amendment: Amendment, changes: list[Any], event: PortalEvent) -> None:
    told = {
        "by": str(actor.user),
        "changes": changes,
        "approved": amendment.status == "approved",
        "reason": amendment.decision_reason,
    }
    _tell("amendment_answered", actor.vendor, deal, f"{event.pk}", registrants(deal), told)


def _tell(
    what: str, vendor: Vendor, deal: Deal, once: str, people: Iterable[User], told: dict[str, Any]
) -> None:
    names = {"reference": deal.reference, "customer": deal.customer_name, "partner": deal.partner.name}
    notify(
        f"deals.{what}",
        vendor=vendor,
        key=f"{what}:{once}",
        to=people,
        page="deals:amend",
        target=deal.reference,
        template=f"deal_{what}",
        context=names | told,
    )
