"""Reads and wording of amendments."""

from datetime import date
from typing import Any

from django.db.models import Prefetch

from deals.amendments.models import Amendment, AmendmentLine
from deals.deal.models import Deal
from portal.ui.formatting import format_date, format_money


def amendments_of(deal: Deal) -> list[Amendment]:
    """All changes of a deal with their products, newest first."""
    lines = Prefetch("lines", AmendmentLine.objects.select_related("product"))
    rows = Amendment.objects.filter(deal=deal).select_related("deal", "requested_by", "owner", "decided_by")
    return list(rows.prefetch_related(lines)[:50])


def latest_amendment(deal: Deal) -> Amendment | None:
    latest: Amendment | None = Amendment.objects.filter(deal=deal).select_related("owner").first()
    return latest


def changes_of(amendment: Amendment) -> list[dict[str, str]]:
    """What changes, as [{"what", "from", "to"}] in words; `lines` with their products at hand."""
    told, currency = [], amendment.deal.currency
    if amendment.amount != amendment.amount_before:
        told.append(
            _change("Amount", *(_money(a, currency) for a in (amendment.amount_before, amendment.amount)))
        )
    if amendment.expected_close != amendment.close_before:
        days = (amendment.close_before, amendment.expected_close)
        told.append(_change("Expected close", *map(_day, days)))
    told += [
        _change(line.product.name, _count(line.quantity_before), _count(line.quantity))
        for line in amendment.lines.all()
    ]
    return told


def in_short(changes: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['what']} {one['from']} → {one['to']}" for one in changes)


def _change(what: str, before: str, after: str) -> dict[str, str]:
    return {"what": what, "from": before, "to": after}


def _money(amount: int | None, currency: str) -> str:
    return "not stated" if amount is None else format_money(amount, currency)


def _day(day: date | None) -> str:
    return format_date(day, "year") if day else "no date"


def _count(quantity: int) -> str:
    return str(quantity) if quantity else "none"
