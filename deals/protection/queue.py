"""Deals about to lose their protection: the partner closes them, or asks for more."""

from datetime import date, datetime
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from deals.protection.selectors import protection_ending
from portal.requests.queue import Row, Side, Source, add_source, waiting_rows
from portal.tenancy.access import Actor
from portal.ui.formatting import format_date, format_days


def _ending(actor: Actor) -> QuerySet[Any]:
    return waiting_rows(
        protection_ending(actor),
        title="customer_name",
        reference="reference",
        since="approved_at",
        due="expires_at",
        amount="amount",
        currency="currency",
        detail={"stage": F("stage__name"), "close": F("expected_close")},
    )


def _step(row: Row) -> str:
    """What the end of the protection means for this deal."""
    stage = f"In stage {row.detail['stage']}. " if row.detail["stage"] else ""
    if not row.detail["close"] or row.due is None:
        return f"{stage}No expected close given."
    return f"{stage}{_close(date.fromisoformat(row.detail['close']), row.due)}"


def _close(close: date, until: datetime) -> str:
    days = (close - timezone.localdate(until)).days
    after = f", {format_days(days)} after protection ends" if days > 0 else ""
    return f"Expected to close {format_date(close)}{after}."


add_source(
    Source(
        key="deals.protection",
        kind="Protection ends",
        icon="clock",
        action="Extend",
        side=Side.PARTNER,
        rows=_ending,
        step=_step,
        url=lambda row: f"{reverse('deals:detail', args=[row.reference])}#protection",
    )
)
