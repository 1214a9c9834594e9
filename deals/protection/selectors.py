"""Reads of extensions: of one deal, and of what waits for the vendor."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from deals.deal.models import Deal, DealStatus
from deals.deal.selectors import deals_visible
from deals.protection.models import Extension, Protection
from deals.protection.policies import Room, Terms, room_for, terms_of_tier
from portal.people.models import User
from portal.requests.models import RequestStatus
from portal.tenancy.access import Actor
from portal.tenancy.wall import across_the_wall

#: Of one deal, on its page. The terms allow no more than twenty.
MOST_SHOWN: Final = 30
_PLAIN: Final = ("id", "days", "reason", "status", "decision_reason")
_MOMENTS: Final = ("requested_at", "due_at", "decided_at", "until_before", "until_after")
_PEOPLE: Final = ("requested_by", "owner", "decided_by")
_NAME: Final = ("first_name", "last_name", "email")


@dataclass(frozen=True, slots=True)
class Extensions:
    """Of one deal: the request that waits, those decided (newest first), and what may still be asked for."""

    waiting: Extension | None
    decided: list[Extension]
    room: Room | None  # None for who may not ask

    @property
    def latest(self) -> Extension | None:
        return self.decided[0] if self.decided else None


def with_extensions(deals: QuerySet[Deal]) -> QuerySet[Any]:
    """The same deals with what `extensions_of` needs, as JSON: the deal's page has no statement to spare."""
    rows = Extension.objects.filter(deal=OuterRef("pk")).order_by("-requested_at", "-id")
    shown = {name: F(name) for name in (*_PLAIN, *_MOMENTS)}
    for person in _PEOPLE:
        shown |= {
            f"{person}__{part}": F(f"{person}__{part}") for part in ("first_name", "last_name", "email")
        }
    terms = terms_of_tier(OuterRef("partner__tier")).values(
        terms=JSONObject(most_extensions=F("most_extensions"), most_days=F("most_days"))
    )
    return deals.annotate(
        extensions_read=ArraySubquery(rows.values(row=JSONObject(**shown))[:MOST_SHOWN]),
        terms_read=Subquery(terms[:1]),
    )


def extensions_of(deal: Any, *, may_ask: bool) -> Extensions:
    """Of a deal read `with_extensions`."""
    rows = [_extension(deal, row) for row in deal.extensions_read]
    waiting = next((row for row in rows if row.is_open), None)
    decided = [row for row in rows if not row.is_open]
    room = None
    if may_ask:
        terms = Terms(**deal.terms_read) if deal.terms_read else Terms()
        granted = sum(row.status == RequestStatus.GRANTED for row in decided)
        room = room_for(deal, terms, timezone.now(), waiting=waiting, granted=granted)
    return Extensions(waiting, decided, room)


def _extension(deal: Deal, row: dict[str, Any]) -> Extension:
    """To be shown, never saved: its people are names only."""
    moments = {name: datetime.fromisoformat(row[name]) for name in _MOMENTS if row[name]}
    people = {
        person: User(**{part: row[f"{person}__{part}"] for part in _NAME})
        for person in _PEOPLE
        if row[f"{person}__email"]
    }
    return Extension(deal=deal, **{name: row[name] for name in _PLAIN}, **moments, **people)


SOON: Final = timedelta(days=14)  # protection "ends soon"


def protection_ending(actor: Actor, within: timedelta = SOON) -> QuerySet[Deal]:
    """Approved deals whose protection ends soon, the first to end first."""
    now = timezone.now()
    ending = deals_visible(actor).filter(status=DealStatus.APPROVED)
    return ending.filter(expires_at__gt=now, expires_at__lte=now + within).order_by("expires_at", "id")


# Claims: who else has the customer and the product -----------------------------------------------------


def claims_against(deal: Deal) -> list[Protection]:
    """Active protection of other deals on this deal's customer and any of its products.

    Only for those who decide: the claims of partners outside their reach are among them, which is why
    this looks across the wall.
    """
    return claims_against_each([deal]).get(deal.pk, [])


def claims_against_each(deals: Collection[Deal]) -> dict[int, list[Protection]]:
    """`claims_against` for several deals read `with_lines`: {deal id: claims}, deals without one left out."""
    customers = {deal.pk: deal.customer_id for deal in deals if deal.customer_id}
    if not customers:
        return {}
    products = {deal.pk: {line.product_id for line in deal.lines.all()} for deal in deals}
    with across_the_wall("show who decides which protected claims stand in the way"):
        active = Protection.objects.filter(customer_id__in=set(customers.values()), released_at=None)
        active = active.filter(expires_at__gt=timezone.now()).select_related("deal", "partner", "product")
        claims = list(active.order_by("starts_at", "id"))
    found = {
        pk: [
            c
            for c in claims
            if c.customer_id == customer and c.deal_id != pk and c.product_id in products[pk]
        ]
        for pk, customer in customers.items()
    }
    return {pk: against for pk, against in found.items() if against}
