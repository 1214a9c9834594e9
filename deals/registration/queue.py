"""Registrations that wait for the partner: returned with a question, or begun and not sent."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from deals.deal.models import DealStatus
from deals.deal.selectors import deals_visible
from portal.requests.queue import Row, Side, Source, add_source, waiting_rows
from portal.tenancy.access import Actor


def _of(actor: Actor, status: DealStatus, since: str, reason: str = "") -> QuerySet[Any]:
    return waiting_rows(
        deals_visible(actor).filter(status=status),
        title="customer_name",
        reference="reference",
        since=since,
        reason=reason,
        amount="amount",
        currency="currency",
    )


def _edit(row: Row) -> str:
    return reverse("deals:edit", args=[row.reference])


add_source(
    Source(
        key="deals.returned",
        kind="Registration returned to you",
        icon="arrow-back-up",
        action="Answer",
        side=Side.PARTNER,
        rows=lambda actor: _of(actor, DealStatus.RETURNED, "returned_at", "decision_reason"),
        step=lambda row: "",
        url=_edit,
        rank=0,
    ),
    Source(
        key="deals.draft",
        kind="Draft, not sent yet",
        icon="pencil",
        action="Finish",
        side=Side.PARTNER,
        rows=lambda actor: None if actor.is_staff else _of(actor, DealStatus.DRAFT, "updated_at"),
        step=lambda row: "Nobody has seen it yet.",
        url=_edit,
        rank=2,
    ),
)
