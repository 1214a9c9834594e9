"""Registrations that wait for the vendor, each by the step whose turn it is."""

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from deals.approvals.models import ApprovalStep
from deals.deal.models import PENDING
from deals.deal.selectors import deals_visible
from portal.requests.queue import Side, Source, add_source, waiting_rows
from portal.tenancy.access import Actor

REGISTRATION = "deals.registration"


def _pending(actor: Actor) -> QuerySet[Any]:
    running = ApprovalStep.objects.filter(deal=OuterRef("pk"), decided_at=None, began_at__isnull=False)
    step = running.order_by("-round", "position")
    return waiting_rows(
        deals_visible(actor).filter(status__in=PENDING),
        title="customer_name",
        reference="reference",
        since=Coalesce("pending_since", "submitted_at"),
        due=Coalesce(Subquery(step.values("due_at")[:1]), F("decision_due_at")),
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
