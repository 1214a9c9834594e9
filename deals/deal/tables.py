"""How the list of deals sorts, what a row of it shows, and what it takes along as a file.

Rows are put together here: fifty of them took 60 ms as django-tables2 columns and 9 ms in a template, which
was most of the page; this way it is 2.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from deals.deal.models import AMOUNT_KEY, CLOSE_KEY, Deal
from deals.deal.presenters import LOOKS
from portal.requests.queue import Side, Waiting
from portal.tenancy.access import Actor
from portal.ui import widgets
from portal.ui.formatting import active_locale, format_date, format_money, from_minor
from portal.ui.keyset import Order

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


_ROW: Final = (
    '<tr><th scope="row"><a href="{}">{}</a><span class="sub">{}<span class="nw">{}</span></span></th>'
    '<td data-l="Status">{}</td><td data-l="Stage">{}</td><td class="num" data-l="Amount">{}</td>'
    '<td class="num" data-l="Expected close">{}</td><td data-l="Whose turn">{}</td>'
    '<td class="num" data-l="Registered">{}</td></tr>'
)
_NONE: Final = "–"


def rows_html(
    deals: Iterable[Deal], waits: Mapping[str, Waiting], actor: Actor, *, many_partners: bool
) -> SafeString:
    """The rows of the list, one text for all: its cells follow the headings in `deals/page/list.html`.

    `waits` has what waits about each of them, by reference (`portal.requests.queue.waiting_about`).
    """
    address, locale = addresses(), active_locale()
    cells = (_cells(deal, waits.get(deal.reference), address, locale, many_partners) for deal in deals)
    return format_html_join("\n", _ROW, cells)


def addresses() -> Callable[[str], str]:
    """The address of a deal's page from its reference; reversed once for the many on a list."""
    address = reverse("deals:detail", args=["REFERENCE"])
    return lambda reference: address.replace("REFERENCE", reference)


def _cells(
    deal: Deal, waits: Waiting | None, address: Callable[[str], str], locale: str, many_partners: bool
) -> tuple[Any, ...]:
    close = deal.expected_close
    return (
        address(deal.reference),
        deal.customer_name,
        f"{deal.partner.name}, " if many_partners else "",
        deal.reference,
        _status(deal.status),
        deal.stage.name if deal.stage else _NONE,
        _NONE if deal.worth is None else format_money(deal.worth, deal.currency, locale=locale),
        format_date(close, locale=locale) if close else _NONE,
        _turn(deal, waits, locale),
        format_date(deal.created_at, locale=locale),
    )


@cache
def _status(status: str) -> SafeString:
    return widgets.status(status, LOOKS)


def _turn(deal: Deal, waits: Waiting | None, locale: str) -> SafeString | str:
    """Who has to do something next and by when, or how long nobody has to."""
    if waits is None:
        return _protected(deal, locale)
    whose = _YOURS if waits.yours else _THEIRS if waits.side == Side.PARTNER else ""
    if waits.due is None:
        return format_html(_WAITS, whose, waits.kind) if whose else waits.kind
    clock = widgets.clock(waits.due, waits.since)
    return clock if waits.source == "deals.registration" else format_html(_WAITS, clock, waits.kind)


def _protected(deal: Deal, locale: str) -> SafeString | str:
    if deal.is_open and deal.expires_at:
        return format_html(_PROTECTED, format_date(deal.expires_at, locale=locale))
    return _NONE


_YOURS: Final = mark_safe("<b>Your turn</b>")
_THEIRS: Final = mark_safe("<b>Partner’s turn</b>")
_WAITS: Final = '{}<span class="sub">{}</span>'
_PROTECTED: Final = '<span class="nw">Protected to {}</span>'


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
