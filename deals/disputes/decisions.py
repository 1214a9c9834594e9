"""A conflict case is settled: decided, or an appeal answered. What follows for the deals follows at once."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.approvals.models import StepOutcome
from deals.approvals.services import approve_for_case, first_stage, protection_days
from deals.approvals.steps import steps_end
from deals.deal import policies
from deals.deal.actions import keep
from deals.deal.models import PENDING, Deal, DealStatus
from deals.deal.people import as_the_vendor
from deals.disputes.models import CaseOutcome, CaseRule, CaseState, CaseWinner, ConflictCase
from deals.disputes.policies import LOST, refuse_names, speaks_for
from deals.disputes.services import Claims, check_lengths, claims_of, decided, tell_sides
from deals.protection.services import protect, release
from partners.policies import refuse_stopped
from portal.calendar.days import end_of_day_after
from portal.tenancy.access import Actor


@transaction.atomic
def case_decide(
    *, actor: Actor, case: ConflictCase, winner: str, rule: str, reason: str, told: str = ""
) -> ConflictCase:
    """Say who has the customer and by which rule; the deals follow in the same transaction.

    A pending winner is approved where that is the actor's to do, and otherwise stays in line; the loser's
    registration is rejected and its protection ends. `told` is what the loser reads. ValidationError for a
    rule that does not speak for this winner, and for a text that names the other side.
    """
    with as_the_vendor():
        claims, case = _locked(actor, "decide", case)
        if case.state != CaseState.OPEN and case.winner == winner:
            return case
        if case.state != CaseState.OPEN:
            raise ValidationError("This case was decided already.", code="illegal")
        _refuse_decision(claims, winner, rule, reason)
        _refuse_stopped_winner(claims, winner)
        case.rule, case.reason, case.told = rule, reason.strip(), _for_partners(claims, told)
        check_lengths(case, "reason", "told")
        decided(actor, case, winner)
        _apply(actor, case, claims)
        tell_sides(actor, case, claims)
    return case


@transaction.atomic
def case_close(
    *, actor: Actor, case: ConflictCase, outcome: str, reason: str, told: str = ""
) -> ConflictCase:
    """Answer an appeal: uphold the decision, or reverse it, which moves the customer and its protection."""
    with as_the_vendor():
        claims, case = _locked(actor, "close", case)
        if case.state == CaseState.CLOSED and case.outcome == outcome:
            return case
        if case.state != CaseState.APPEALED:
            raise ValidationError("There is no appeal to answer.", code="illegal")
        _refuse_answer(outcome, reason)
        case.closing_reason, case.told = reason.strip(), _for_partners(claims, told)
        check_lengths(case, "closing_reason", "told")
        case.state, case.outcome = CaseState.CLOSED, outcome
        case.closed_at, case.closed_by = timezone.now(), actor.user
        if outcome == CaseOutcome.REVERSED:
            case.winner = CaseWinner.RIVAL if case.winner == CaseWinner.DEAL else CaseWinner.DEAL
            _refuse_stopped_winner(claims, case.winner)
            _apply(actor, case, claims)
        case.save()
        tell_sides(actor, case, claims)
    return case


def _locked(actor: Actor, action: str, case: ConflictCase) -> tuple[Claims, ConflictCase]:
    """Both deals, then the case."""
    if not policies.may_settle(action, actor, case):
        raise PermissionDenied("This case is somebody else's to decide.")
    claims = claims_of(case.deal_id, case.rival_id, case.account_id)
    rows = ConflictCase.objects.select_for_update(of=("self",)).select_related("deal")
    current: ConflictCase = rows.get(pk=case.pk)
    return claims, current


def _refuse_decision(claims: Claims, winner: str, rule: str, reason: str) -> None:
    problems: dict[str, str] = {}
    if winner not in CaseWinner.values:
        problems["winner"] = "Say who has the customer."
    if rule not in CaseRule.values:
        problems["rule"] = "Say by which rule."
    if not reason.strip():
        problems["reason"] = "Say why, for your colleagues."
    if not problems and rule != CaseRule.OVERRIDE:
        favoured = speaks_for(CaseRule(rule), **claims.facts)
        if favoured is None:
            problems["rule"] = "This rule says nothing about these two claims."
        elif favoured != winner:
            problems["rule"] = "This rule speaks for the other claim. Choose the manager’s own decision."
    if problems:
        raise ValidationError(problems)


def _refuse_stopped_winner(claims: Claims, winner: str) -> None:
    """Nobody takes a customer while suspended; what is approved already stays the winner's."""
    won, _ = claims.of(winner)
    if won and won.status in (*PENDING, DealStatus.REJECTED):
        refuse_stopped(won.partner)


def _refuse_answer(outcome: str, reason: str) -> None:
    if outcome not in (CaseOutcome.UPHELD, CaseOutcome.REVERSED):
        raise ValidationError({"outcome": "Say whether the decision stands."})
    if not reason.strip():
        raise ValidationError({"reason": "Say why, for your colleagues."})


def _for_partners(claims: Claims, told: str) -> str:
    told = told.strip() or LOST
    refuse_names(told, claims.names(), "told")
    return told


def _apply(actor: Actor, case: ConflictCase, claims: Claims) -> None:
    """The loser first: that makes room for the winner's protection, of which there can be one."""
    won, lost = claims.of(case.winner)
    now = timezone.now()
    if lost:
        _take_away(actor, lost, case.told, now)
    if won:
        _give(actor, won, now)


def _take_away(actor: Actor, deal: Deal, told: str, now: datetime) -> None:
    """Rejected, and protected no more. What is closed already stays as it is."""
    was_protected = deal.status == DealStatus.APPROVED
    if not was_protected and deal.status not in (*PENDING, DealStatus.RETURNED):
        return
    deal.status, deal.rejected_at, deal.decision_reason = DealStatus.REJECTED, now, told
    if was_protected and deal.expires_at:
        deal.expires_at = min(deal.expires_at, now)  # from here on it is no open pipeline
    keep(deal, "status", "rejected_at", "decision_reason", "expires_at")
    steps_end(actor, deal, StepOutcome.REJECTED)
    release(deal, now)


def _give(actor: Actor, deal: Deal, now: datetime) -> None:
    """Approve a pending winner where its approval is the actor's to give; protect a rejected one anew."""
    if deal.status in PENDING:
        if policies.may("approve", actor, deal):
            approve_for_case(actor, deal)
        return
    if deal.status != DealStatus.REJECTED or deal.customer is None:
        return
    until = end_of_day_after(now, protection_days(actor.vendor, deal), actor.vendor.zone)
    protect(deal, deal.customer, now, until)
    deal.status, deal.expires_at, deal.decision_reason = DealStatus.APPROVED, until, ""
    deal.approved_at, deal.rejected_at = deal.approved_at or now, None
    keep(deal, "status", "expires_at", "decision_reason", "approved_at", "rejected_at")
    if deal.stage is None:
        first_stage(deal, actor, now)
