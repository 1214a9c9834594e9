"""Reads of approvals: what waits for the vendor, the steps of a deal, how fast the vendor decides."""

from typing import Final

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from deals.approvals.models import ApprovalStep, DecisionTime
from deals.deal.models import PENDING, Deal
from deals.deal.selectors import _OF_A_ROW, deals_visible
from portal.tenancy.access import Actor

_OF_A_DECISION: Final = (*_OF_A_ROW, "partner__status", "needs_role", "needs_person")


def waiting_for_decision(actor: Actor) -> QuerySet[Deal]:
    """Registrations of the actor's partners that wait for the vendor, by their `turn_due`."""
    waiting = deals_visible(actor).filter(status__in=PENDING).annotate(turn_due=turn_due())
    return waiting.select_related("assigned_to").order_by("turn_due", "id").only(*_OF_A_DECISION)


def turn_due() -> Coalesce:
    """Of a deal: when the approval whose turn it is must be given; without steps, the whole decision."""
    steps = ApprovalStep.objects.filter(deal=OuterRef("pk"), decided_at=None, began_at__isnull=False)
    running = steps.order_by("-round", "position").values("due_at")[:1]
    return Coalesce(Subquery(running), F("decision_due_at"))


def approval_steps(deal: Deal) -> list[ApprovalStep]:
    """Who approves the deal, in order, as of its last submission."""
    steps = ApprovalStep.objects.filter(deal=deal).select_related("owner", "decided_by")
    rows = list(steps.order_by("-round", "position"))
    return [step for step in rows if step.round == rows[0].round]


def decision_time() -> DecisionTime | None:
    """What the vendor publishes about its speed; None before the first night."""
    published: DecisionTime | None = DecisionTime.objects.first()
    return published
