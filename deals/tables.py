"""The list of deals: its columns, its orders, and what it takes along as a file."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

import django_tables2 as tables
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2.data import TableListData

from deals.models import AMOUNT_KEY, CLOSE_KEY, PENDING, Deal, DealStatus
from deals.progress import LOOKS
from portal import marks
from portal.formatting import format_date, format_money, from_minor
from portal.keyset import Order

NEWEST: Final = "-registered"
_NUM: Final = {"th": {"class": "num"}, "td": {"class": "num"}}

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


def order_of(sort: str) -> tuple[str, Order]:
    """The wanted sort ("-amount") and its order; the newest first for anything unknown."""
    name = sort.removeprefix("-")
    if name not in ORDERS:
        sort, name = NEWEST, NEWEST.removeprefix("-")
    order = ORDERS[name]
    return sort, Order(order.key, order.parse, falling=sort.startswith("-"))


class _AsRead(TableListData):
    """Rows the database has sorted already."""

    def order_by(self, aliases: Any) -> None:
        """The page is cut from an ordered list; sorting fifty rows again would mix it up."""


class DealTable(tables.Table):
    customer = tables.Column(accessor="customer_name", verbose_name="Customer", order_by="customer")
    partner = tables.Column(orderable=False)
    status = tables.Column(orderable=False)
    stage = tables.Column(orderable=False, empty_values=())
    amount = tables.Column(attrs=_NUM, empty_values=(), order_by="amount", initial_sort_descending=True)
    close = tables.Column(
        accessor="expected_close",
        verbose_name="Expected close",
        attrs=_NUM,
        empty_values=(),
        order_by="close",
    )
    clock = tables.Column(accessor="pk", verbose_name="Whose turn", orderable=False)
    registered = tables.Column(
        accessor="created_at",
        verbose_name="Registered",
        attrs=_NUM,
        order_by="registered",
        initial_sort_descending=True,
    )

    class Meta:
        attrs = {"caption": "Deals", "class": "deals-tbl"}
        empty_text = "No deal fits."

    def __init__(self, rows: list[Deal], *, sort: str, many_partners: bool, for_partner: bool) -> None:
        exclude = () if many_partners else ("partner",)
        super().__init__(_AsRead(rows), order_by=sort, exclude=exclude)
        self.for_partner = for_partner

    def render_customer(self, record: Deal) -> SafeString:
        url = reverse("deals:detail", args=[record.reference])
        return format_html(
            '<a href="{}">{}</a><span class="sub">{}</span>', url, record.customer_name, record.reference
        )

    def render_status(self, record: Deal) -> SafeString:
        return marks.status(record.status, LOOKS)

    def render_stage(self, record: Deal) -> str:
        return record.stage.name if record.stage else "–"

    def render_amount(self, record: Deal) -> str:
        return "–" if record.amount is None else format_money(record.amount, record.currency)

    def render_close(self, record: Deal) -> str:
        return format_date(record.expected_close) if record.expected_close else "–"

    def render_registered(self, record: Deal) -> str:
        return format_date(record.created_at)

    def render_clock(self, record: Deal) -> SafeString | str:
        if record.status in PENDING:
            return marks.clock(record.decision_due_at, record.pending_since or record.submitted_at)
        if record.status == DealStatus.APPROVED and record.expires_at:
            return format_html('<span class="nw">Protected to {}</span>', format_date(record.expires_at))
        if record.status in (DealStatus.DRAFT, DealStatus.RETURNED):
            return format_html("<b>{}</b>", "Your turn" if self.for_partner else "Partner’s turn")
        return "–"


def exported(rows: QuerySet[Deal]) -> Iterator[tuple[Any, ...]]:
    """Amounts in major units with a point, times as ISO text in UTC."""
    for deal in rows:
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
