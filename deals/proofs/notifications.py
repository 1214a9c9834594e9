"""Whom to tell of a proof of sale, and what they are told."""

from typing import Any, Final

from deals.deal.models import Deal
from deals.deal.people import program_admins, registrants
from deals.proofs.models import Proof, ProofStatus
from portal.events.models import PortalEvent
from portal.notifications.services import Kind, declare_kinds, notify
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_money, format_when

KINDS: Final = (
    Kind("deals.proof_sent", "A proof of sale waits for my answer", for_staff=True),
    Kind("deals.proof_overdue", "A proof of sale is overdue (program admins)", for_staff=True),
    Kind("deals.proof_missing", "My win needs a proof of sale", for_partners=True),
    Kind("deals.proof_answered", "My proof of sale was accepted or refused", for_partners=True),
)
declare_kinds(*KINDS, place=50)


def missing(vendor: Vendor, deal: Deal, event: PortalEvent) -> None:
    """To the partner, at the win."""
    _tell("missing", vendor, deal, f"{event.pk}", registrants(deal), {})


def sent(actor: Actor, deal: Deal, proof: Proof, event: PortalEvent) -> None:
    """To whoever decides."""
    told = {"by": str(actor.user), **_what(proof)}
    people = [proof.owner] if proof.owner else program_admins()
    _tell("sent", actor.vendor, deal, f"{event.pk}", people, told)


def answered(actor: Actor, deal: Deal, proof: Proof, event: PortalEvent) -> None:
    """To the partner."""
    accepted = proof.status == ProofStatus.ACCEPTED
    told = {"by": str(actor.user), "accepted": accepted, "reason": proof.reason}
    _tell("answered", actor.vendor, deal, f"{event.pk}", registrants(deal), told)


def overdue(vendor: Vendor, proof: Proof) -> None:
    told = {"waits_for": proof.who, **_what(proof)}
    _tell("overdue", vendor, proof.deal, f"{proof.pk}", program_admins(), told)


def _what(proof: Proof) -> dict[str, Any]:
    return {"proof": proof.get_kind_display().lower(), "due": format_when(proof.due_at)}


def _tell(what: str, vendor: Vendor, deal: Deal, once: str, people: list[User], told: dict[str, Any]) -> None:
    """`once` with the kind is what makes it happen once."""
    about = {
        "reference": deal.reference,
        "customer": deal.customer_name,
        "partner": deal.partner.name,
        "amount": format_money(deal.won_amount or 0, deal.currency),
    }
    notify(
        f"deals.proof_{what}",
        vendor=vendor,
        key=f"proof_{what}:{once}",
        to=people,
        page="deals:proof",
        target=deal.reference,
        template=f"proof_{what}",
        context=about | told,
    )
