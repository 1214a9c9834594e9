"""How the list of deals sorts, and what it takes along as a file.

The rows are drawn by the template: as django-tables2 columns fifty of them took most of the page's time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from django.db.models import F, QuerySet

from deals.models import AMOUNT_KEY, CLOSE_KEY, Deal
from portal.formatting import from_minor
from portal.keyset import Order

NEWEST: Final = "-registered"

ORDERS: Final[Mapping[str, Order]] = {
    "registered": Order(F("created_at"), datetime.fromisoformat),
    "customer": Order(F("customer_key"), str),
    "amount": Order(AMOUNT_KEY, int),
    "close": Order(CLOSE_KEY, date.fromisoformat),
}

EXPORT_HEADER: Final = (
    "reference", "partner", "customer", "domain", "country", "status", "stage", "amount", "currency",
    "expected_close", "source", "submitted", "approved", "protected_until", "won", "won_amount", "lost",
)  # fmt: skip
#: A longer list is asked to be narrowed down, not cut off silently.
MOST_EXPORTED: Final = 50_000


def order_of(sort: str) -> Order:
    """The order of a `sort` parameter ("-amount"); the newest first for anything unknown."""
    if sort.removeprefix("-") not in ORDERS:
        sort = NEWEST
    return replace(ORDERS[sort.removeprefix("-")], falling=sort.startswith("-"))


def exported(rows: QuerySet[Deal]) -> Iterator[tuple[Any, ...]]:
    """Amounts in major units with a point, times as ISO text in UTC."""
    for deal in rows.iterator(chunk_size=2000):
        yield (
            deal.reference, deal.partner.name, deal.customer_name, deal.customer_domain,
            str(deal.customer_country), deal.get_status_display(), deal.stage and deal.stage.name,
            _major(deal.amount, deal.currency), deal.currency, _iso(deal.expected_close),
            deal.get_source_display(), _iso(deal.submitted_at), _iso(deal.approved_at), _iso(deal.expires_at),
            _iso(deal.won_at), _major(deal.won_amount, deal.currency), _iso(deal.lost_at),
        )  # fmt: skip


def _major(minor: int | None, currency: str) -> str | None:
    return None if minor is None else f"{from_minor(minor, currency):f}"


def _iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None
