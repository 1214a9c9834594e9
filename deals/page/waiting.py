"""What waits for the vendor besides registrations, told alike for one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from deals.deal.models import Deal
from deals.shared_credit.presenters import share_text
from deals.shared_credit.selectors import cosells_waiting
from portal.requests.queue import queue_of
from portal.tenancy.access import Actor

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
    kinds = (_cosells,)
    queued = queue_of(actor).besides("deals.registration")
    return sorted([*queued, *(one for kind in kinds for one in kind(actor))], key=lambda one: one.due)


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
