"""The vendor's side: look at a registration and decide it."""

from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from deals import notices
from deals.customers import customer_of
from deals.models import Deal, DealStatus, Stage, StageChange
from deals.services.protecting import protect
from deals.services.steps import keep, locked, reasoned, require, tell
from portal.access import Actor


@transaction.atomic
def deal_start_review(*, actor: Actor, deal: Deal) -> Deal:
    """Take a submitted registration into review: the partner sees who looks at it."""
    deal = locked("review", actor=actor, deal=deal)
    if deal.status == DealStatus.UNDER_REVIEW:
        return deal
    require("review", deal)
    deal.status, deal.assigned_to = DealStatus.UNDER_REVIEW, actor.user
    keep(deal, "status", "assigned_to")
    tell("deals.review_started", actor, deal)
    return deal


@transaction.atomic
def deal_approve(*, actor: Actor, deal: Deal) -> Deal:
    """Approve and protect from now on; ValidationError naming the claim when another one stands."""
    deal = locked("approve", actor=actor, deal=deal)
    if deal.status == DealStatus.APPROVED:
        return deal
    require("approve", deal)
    now, days = timezone.now(), protection_days(actor, deal)
    until = now + timedelta(days=days)
    customer = deal.customer = deal.customer or customer_of(deal)
    protect(deal, customer, now, until)
    deal.status, deal.approved_at, deal.expires_at = DealStatus.APPROVED, now, until
    deal.stage = Stage.objects.order_by("position").first()
    keep(deal, "customer", "status", "approved_at", "expires_at", "stage")
    if deal.stage:
        StageChange.objects.create(
            partner_id=deal.partner_id, deal=deal, stage=deal.stage, changed_by=actor.user, changed_at=now
        )
    event = tell("deals.approved", actor, deal, days=days, stage=deal.stage.name if deal.stage else "")
    notices.approved(actor, deal, event)
    return deal


def protection_days(actor: Actor, deal: Deal) -> int:
    """Days of protection an approval gives: the tier's, else the vendor's."""
    tier = deal.partner.tier
    return (tier.protection_days if tier else None) or actor.vendor.protection_days


def deals_approve(*, actor: Actor, deals: Iterable[Deal]) -> tuple[list[Deal], list[tuple[Deal, str]]]:
    """Approve several; returns the approved ones, and those left as they were with the reason.

    Each stands for itself: one that clashes does not hold up the others.
    """
    approved: list[Deal] = []
    refused: list[tuple[Deal, str]] = []
    # Customer by customer, so that two managers at it at once wait for each other in one order.
    for deal in sorted(deals, key=lambda deal: (deal.customer_id or 0, deal.pk)):
        try:
            approved.append(deal_approve(actor=actor, deal=deal))
        except ValidationError as error:
            refused.append((deal, " ".join(error.messages)))
    return approved, refused


@transaction.atomic
def deal_return(*, actor: Actor, deal: Deal, reason: str) -> Deal:
    """Send back to the partner with a question; the clock stops until it is submitted again."""
    deal = locked("return", actor=actor, deal=deal)
    if deal.status == DealStatus.RETURNED:
        return deal
    require("return", deal)
    deal.decision_reason = reasoned(reason)
    deal.status, deal.returned_at = DealStatus.RETURNED, timezone.now()
    keep(deal, "decision_reason", "status", "returned_at")
    event = tell("deals.returned", actor, deal, reason=deal.decision_reason)
    notices.returned(actor, deal, event)
    return deal


@transaction.atomic
def deal_reject(*, actor: Actor, deal: Deal, reason: str) -> Deal:
    """Reject for good, with the reason the partner reads."""
    deal = locked("reject", actor=actor, deal=deal)
    if deal.status == DealStatus.REJECTED:
        return deal
    require("reject", deal)
    deal.decision_reason = reasoned(reason)
    deal.status, deal.rejected_at = DealStatus.REJECTED, timezone.now()
    keep(deal, "decision_reason", "status", "rejected_at")
    event = tell("deals.rejected", actor, deal, reason=deal.decision_reason)
    notices.rejected(actor, deal, event)
    return deal
