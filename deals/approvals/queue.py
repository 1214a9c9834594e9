"""Registrations that wait for the vendor, each by the step whose turn it is."""

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from deals.approvals.selectors import turn_due
from deals.deal.models import PENDING
from deals.deal.selectors import deals_visible
from portal.requests.queue import Side, Source, add_source, waiting_rows
from portal.tenancy.access import Actor

REGISTRATION = "deals.registration"


def _pending(actor: Actor) -> QuerySet[Any]:
    return waiting_rows(
        deals_visible(actor).filter(status__in=PENDING),
        title="customer_name",
        reference="reference",
        since=Coalesce("pending_since", "submitted_at"),
        due=turn_due(),
        owner="assigned_to",
        role="needs_role",
        amount="amount",
        currency="currency",
        detail={"only": F("needs_person_id"), "submitted_at": F("submitted_at")},
    )


add_source(
    Source(
        key=REGISTRATION,
        kind="Registration",
        icon="send",
        action="Review",
        side=Side.VENDOR,
        rows=_pending,
        step=lambda row: "to be approved, returned or rejected",
        url=lambda row: reverse("deals:detail", args=[row.reference]),
    )
)
