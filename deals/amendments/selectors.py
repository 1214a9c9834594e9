"""Reads and wording of amendments."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.db.models import Prefetch, QuerySet

from deals.amendments.models import Amendment, AmendmentLine, AmendmentStatus
from deals.deal.models import Deal
from portal.tenancy.access import Actor
from portal.ui.formatting import format_date, format_money
from portal.ui.widgets import Look

LOOKS: Final[Mapping[str, Look]] = {
    AmendmentStatus.OPEN: ("neutral", "Waiting", "clock"),
    AmendmentStatus.APPLIED: ("ok", "Applied at once", "check"),
    AmendmentStatus.APPROVED: ("ok", "Approved", "check"),
    AmendmentStatus.REJECTED: ("bad", "Rejected", "ban"),
    AmendmentStatus.WITHDRAWN: ("neutral", "Taken back", "arrow-back"),
    AmendmentStatus.LAPSED: ("neutral", "Lapsed with the deal", "clock-off"),
}


def amendments_of(deal: Deal) -> list[Amendment]:
    """All changes of a deal with their products, newest first."""
    lines = Prefetch("lines", AmendmentLine.objects.select_related("product"))
    rows = Amendment.objects.filter(deal=deal).select_related("requested_by", "decided_by")
    return list(rows.prefetch_related(lines)[:50])


def latest_amendment(deal: Deal) -> Amendment | None:
    latest: Amendment | None = Amendment.objects.filter(deal=deal).first()
    return latest


def amendments_waiting(actor: Actor) -> QuerySet[Amendment]:
    """Open changes of the actor's partners, the most urgent first."""
    rows = Amendment.objects.filter(status=AmendmentStatus.OPEN)
    if not actor.is_admin:
        rows = rows.filter(partner_id__in=_reach(actor)) if _reach(actor) is not None else rows
    return rows.select_related("deal__partner", "deal__assigned_to").order_by("due_at", "id")


def _reach(actor: Actor) -> list[int] | None:
    ids = actor.scope.partner_ids
    return sorted(ids) if isinstance(ids, frozenset) else None


def changes_of(amendment: Amendment, currency: str) -> list[dict[str, str]]:
    """What changes, as [{"what", "from", "to"}] in words; `lines` with their products at hand."""
    told = []
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
