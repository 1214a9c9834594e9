"""Conflict cases and appeals that wait for the vendor."""

from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse

from deals.disputes.models import CaseState
from deals.disputes.selectors import waiting_for_decision
from portal.requests.queue import Row, Side, Source, add_source, waiting_rows
from portal.tenancy.access import Actor


def _cases(actor: Actor, state: CaseState, since: str) -> QuerySet[Any] | None:
    """None for partners: what they may know of a case stands on the page of their own deal."""
    if not actor.is_staff:
        return None
    return waiting_rows(
        waiting_for_decision(actor).filter(state=state),
        title="deal__customer_name",
        reference="deal__reference",
        since=since,
        due="due_at",
        owner="owner",
        detail={"pk": F("pk"), "products": F("products")},
    )


def _step(row: Row) -> str:
    return str(row.detail["products"])


def _url(row: Row) -> str:
    return reverse("deals:case", args=[row.detail["pk"]])


add_source(
    Source(
        key="deals.case",
        kind="Conflict case",
        icon="scale",
        action="Decide",
        side=Side.VENDOR,
        rows=lambda actor: _cases(actor, CaseState.OPEN, "opened_at"),
        step=_step,
        url=_url,
    ),
    Source(
        key="deals.appeal",
        kind="Appeal",
        icon="scale",
        action="Answer",
        side=Side.VENDOR,
        rows=lambda actor: _cases(actor, CaseState.APPEALED, "appealed_at"),
        step=_step,
        url=_url,
    ),
)
