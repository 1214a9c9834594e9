"""The vendor's side: look at a registration and decide it."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.approvals import notifications
from deals.approvals.models import ApprovalRule, StepOutcome
from deals.approvals.steps import (
    ask_instead,
    claimed_elsewhere,
    current_step,
    step_approve,
    step_take,
    steps_end,
)
from deals.customers.services import customer_of
from deals.deal.actions import keep, locked, reasoned, record_deal_event, require
from deals.deal.models import Deal, DealStatus, Stage, StageChange
from deals.deal.people import as_the_vendor
from deals.disputes.services import case_of_approval, case_of_rejection, refuse_open_case
from deals.protection.services import protect
from deals.registration.selectors import terms
from portal.calendar.days import end_of_day_after
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_times


@transaction.atomic
def deal_start_review(*, actor: Actor, deal: Deal) -> Deal:
    """Take a submitted registration into review: the partner sees who looks at it."""
    deal = locked("review", actor=actor, deal=deal)
    if deal.status == DealStatus.UNDER_REVIEW:
        return deal
    require("review", deal)
    deal.status, deal.assigned_to = DealStatus.UNDER_REVIEW, actor.user
    keep(deal, "status", "assigned_to")
    step_take(actor, deal)
    record_deal_event("deals.review_started", actor, deal)
    return deal


@transaction.atomic
def deal_approve(*, actor: Actor, deal: Deal, step: int | None = None) -> Deal:
    """Give the approval whose turn it is; with the last one the deal is approved and protected from now on.

    `step` is the position the person saw: pressed twice, it does not give the next approval as well.
    ValidationError naming the claim when another one stands.
    """
    deal = locked("approve", actor=actor, deal=deal)
    if deal.status == DealStatus.APPROVED:
        return deal
    require("approve", deal)
    refuse_open_case(deal)
    return _give_approval(actor, deal, step)


def approve_for_case(actor: Actor, deal: Deal) -> Deal:
    """The winner of a conflict case, locked by it: the approval that is the actor's to give."""
    return _give_approval(actor, deal, None)


def _give_approval(actor: Actor, deal: Deal, step: int | None) -> Deal:
    current = current_step(deal)
    if current and step not in (None, current.position):
        return deal
    following = step_approve(actor, deal, current) if current else None
    if following is None:
        approved = _approve(actor.vendor, deal, actor)
        case_of_approval(actor, approved)
        return approved
    event = record_deal_event("deals.step_approved", actor, deal, step=following.position - 1)
    notifications.your_turn(actor, deal, following, event)
    return deal


def approved_at_once(vendor: Vendor, deal: Deal, now: datetime, rule: ApprovalRule) -> bool:
    """Approve by the vendor's rule, as the vendor's own machinery; False when a claim stands in the way."""
    with as_the_vendor():
        try:
            with transaction.atomic():
                _approve(vendor, deal, None)
        except ValidationError as error:
            if not claimed_elsewhere(error):
                raise
            ask_instead(vendor, deal, now, rule)
            return False
    return True


def _approve(vendor: Vendor, deal: Deal, actor: Actor | None) -> Deal:
    """`actor` None: by a rule."""
    now, days = timezone.now(), protection_days(vendor, deal)
    until = end_of_day_after(now, days, vendor.zone)
    customer = deal.customer = deal.customer or customer_of(deal)
    protect(deal, customer, now, until)
    deal.status, deal.approved_at, deal.expires_at = DealStatus.APPROVED, now, until
    keep(deal, "customer", "status", "approved_at", "expires_at")
    first_stage(deal, actor, now)
    told = {"days": days, "stage": deal.stage.name if deal.stage else ""}
    event = record_deal_event("deals.approved", actor, deal, **told, **({} if actor else {"at_once": True}))
    notifications.approved(vendor, actor, deal, event)
    return deal


def first_stage(deal: Deal, actor: Actor | None, now: datetime) -> None:
    """Where an approved deal begins; nowhere, when the vendor has no stages."""
    deal.stage = Stage.objects.filter(is_active=True).order_by("position").first()
    if deal.stage is None:
        return
    keep(deal, "stage")
    StageChange.objects.create(
        partner_id=deal.partner_id,
        deal=deal,
        stage=deal.stage,
        changed_by=actor.user if actor else None,
        changed_at=now,
    )


def protection_days(vendor: Vendor, deal: Deal) -> int:
    """Days of protection an approval gives: the tier's, else the vendor's."""
    tier = deal.partner.tier
    return (tier.protection_days if tier else None) or vendor.protection_days


def deals_approve(*, actor: Actor, deals: Iterable[Deal]) -> tuple[list[Deal], list[tuple[Deal, str]]]:
    """Approve several; returns those whose approval was given (some may need another), and the others with
    the reason.

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
        except PermissionDenied:
            refused.append((deal, "It waits for somebody else's approval."))
    return approved, refused


@transaction.atomic
def deal_return(*, actor: Actor, deal: Deal, reason: str) -> Deal:
    """Send back to the partner with a question; the clock stops until it is submitted again."""
    deal = locked("return", actor=actor, deal=deal)
    if deal.status == DealStatus.RETURNED:
        return deal
    require("return", deal)
    if not terms().may_be_returned(deal):
        raise ValidationError(
            f"{deal.reference} was submitted again {format_times(deal.resubmissions)}, the most the "
            "programme allows: the partner could not answer. Approve it, or reject it and say why.",
            code="limit",
        )
    deal.decision_reason = reasoned(reason)
    deal.status, deal.returned_at = DealStatus.RETURNED, timezone.now()
    keep(deal, "decision_reason", "status", "returned_at")
    steps_end(actor, deal, StepOutcome.RETURNED)
    event = record_deal_event("deals.returned", actor, deal, reason=deal.decision_reason)
    notifications.returned(actor, deal, event)
    return deal


@transaction.atomic
def deal_reject(*, actor: Actor, deal: Deal, reason: str) -> Deal:
    """Reject for good, with the reason the partner reads."""
    deal = locked("reject", actor=actor, deal=deal)
    if deal.status == DealStatus.REJECTED:
        return deal
    require("reject", deal)
    refuse_open_case(deal)
    deal.decision_reason = reasoned(reason)
    deal.status, deal.rejected_at = DealStatus.REJECTED, timezone.now()
    keep(deal, "decision_reason", "status", "rejected_at")
    steps_end(actor, deal, StepOutcome.REJECTED)
    event = record_deal_event("deals.rejected", actor, deal, reason=deal.decision_reason)
    notifications.rejected(actor, deal, event)
    case_of_rejection(actor, deal)
    return deal
