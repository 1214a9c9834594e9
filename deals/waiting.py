"""What waits for the vendor besides registrations, told alike for one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse

from deals.bigdeals.selectors import prices_waiting
from deals.cosell.selectors import cosells_waiting
from deals.cosell.wording import share_text
from deals.models import Deal
from portal.access import Actor
from portal.formatting import format_money, format_percent

#: Of each kind; whoever has more waiting starts with these.
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the list, and where it is decided."""

    kind: str
    icon: str
    deal: Deal
    what: str
    owner: str
    since: datetime
    due: datetime
    url: str


def waiting_besides(actor: Actor) -> list[Waiting]:
    """The most urgent first; one query per kind."""
    return sorted([*_prices(actor), *_cosells(actor)], key=lambda one: one.due)


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


def _prices(actor: Actor) -> Sequence[Waiting]:
    return [
        Waiting(
            "Special price",
            "discount",
            one.deal,
            f"{format_money(one.requested_total, one.currency)}, {format_percent(one.discount)} off the list",
            one.who,
            one.requested_at,
            one.due_at,
            reverse("deals:price", args=[one.deal.reference]),
        )
        for one in prices_waiting(actor)[:MOST]
    ]
