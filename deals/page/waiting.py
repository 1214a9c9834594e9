"""What waits for the vendor besides registrations, told alike for one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from deals.amendments.selectors import amendments_waiting
from deals.deal.models import Deal
from deals.proofs.selectors import proofs_waiting
from deals.shared_credit.presenters import share_text
from deals.shared_credit.selectors import cosells_waiting
from portal.requests.queue import queue_of
from portal.tenancy.access import Actor
from portal.ui.formatting import format_money

#: Of each kind; whoever has more waiting starts with these.
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the list, and where it is decided."""

    kind: str
    icon: str
    deal: Deal
    step: str
    who: str
    since: datetime
    due: datetime
    url: str
    reason: str = ""

    @property
    def title(self) -> str:
        return self.deal.customer_name

    @property
    def aside(self) -> str:
        return f"{self.deal.partner.name}, {self.deal.reference}"


def waiting_besides(actor: Actor) -> list[Any]:
    """The most urgent first; one query per kind."""
    kinds = (_changes, _cosells, _proofs)
    queued = queue_of(actor).besides("deals.registration")
    return sorted([*queued, *(one for kind in kinds for one in kind(actor))], key=lambda one: one.due)


def _changes(actor: Actor) -> Sequence[Waiting]:
    return [
        Waiting(
            "Change",
            "file-pencil",
            one.deal,
            one.why,
            str(one.deal.assigned_to or "Program admins"),
            one.requested_at,
            one.due_at or one.requested_at,
            reverse("deals:amend", args=[one.deal.reference]),
        )
        for one in amendments_waiting(actor)[:MOST]
    ]


def _proofs(actor: Actor) -> Sequence[Waiting]:
    return [
        Waiting(
            "Proof of sale",
            "receipt",
            one.deal,
            _proved(one),
            one.who,
            one.sent_at,
            one.due_at,
            reverse("deals:proof", args=[one.deal.reference]),
        )
        for one in proofs_waiting(actor)[:MOST]
    ]


def _proved(proof: Any) -> str:
    amount = format_money(proof.deal.won_amount or 0, proof.deal.currency)
    pieces = f" ({proof.pieces})" if proof.pieces else ""
    return f"{proof.get_kind_display().lower()}{pieces}, {amount}"


def _cosells(actor: Actor) -> Sequence[Waiting]:
    return [
        Waiting(
            "Second partner",
            "heart-handshake",
            one.deal,
            f"{share_text(one.share)} to “{one.named}”",
            str(one.owner or "Program admin"),
            one.started_at,
            one.due_at or one.started_at,
            reverse("deals:credit", args=[one.deal.reference]),
        )
        for one in cosells_waiting(actor)[:MOST]
    ]
