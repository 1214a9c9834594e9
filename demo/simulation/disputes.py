"""Conflict cases of the demo: those of the past as they came out, and a few that are still going on."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from deals.conflicts.claims import claims_beside
from deals.deal import selectors as deal_selectors
from deals.deal.models import PENDING, Deal, DealStatus
from deals.disputes.decisions import case_close, case_decide
from deals.disputes.models import (
    APPEAL_DAYS,
    CaseOutcome,
    CaseRule,
    CaseSide,
    CaseState,
    CaseWinner,
    ConflictCase,
)
from deals.disputes.policies import LOST
from deals.disputes.services import case_appeal, case_open
from deals.protection import selectors as protection_selectors
from demo.simulation.plans import CLAIMED_REASON
from portal.people.models import Membership
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role

ActorOf = Callable[[Vendor, Membership], Actor]
_APPEAL = "The customer has written that it wants to go on with us. We can send the letter."
_REASON = "The customer’s letter names this partner, and the site survey was theirs."
MOST_OPEN = 2


def disputes(vendor: Vendor, actor_of: ActorOf) -> None:
    """Idempotent: a vendor that has cases keeps its own. Runs under the vendor's system scope."""
    if ConflictCase.objects.exists():
        return
    now = timezone.now()
    lost = list(
        Deal.objects.filter(status=DealStatus.REJECTED, decision_reason=CLAIMED_REASON).order_by("pk")
    )
    cases = [case for deal in lost if (case := _past(deal, _holder(deal), now))]
    ConflictCase.objects.bulk_create(cases)
    CaseSide.objects.bulk_create(_side(case) for case in cases)
    _go_on(vendor, actor_of)
    _begin(vendor, actor_of)


def _holder(deal: Deal) -> Deal | None:
    """Whose registration stood in the way when it was rejected."""
    others = Deal.objects.filter(customer=deal.customer_id, approved_at__lt=deal.rejected_at)
    return others.exclude(partner=deal.partner_id).filter(open_until__gte=deal.rejected_at).first()


def _past(deal: Deal, holder: Deal | None, now: datetime) -> ConflictCase | None:
    if holder is None or deal.rejected_at is None or deal.submitted_at is None:
        return None
    over = deal.rejected_at + timedelta(days=APPEAL_DAYS)
    is_over = over <= now
    return ConflictCase(
        deal=deal,
        partner_id=deal.partner_id,
        rival=holder,
        rival_partner_id=holder.partner_id,
        products=_products(deal),
        known_by="Same domain",
        state=CaseState.CLOSED if is_over else CaseState.DECIDED,
        rule=CaseRule.FIRST,
        winner=CaseWinner.RIVAL,
        opened_at=deal.submitted_at,
        owner_id=deal.assigned_to_id,
        due_at=deal.decision_due_at or deal.rejected_at,
        decided_at=deal.rejected_at,
        decided_by_id=deal.assigned_to_id,
        reason=deal.decision_reason,
        told=deal.decision_reason,
        appeal_until=over,
        closed_at=over if is_over else None,
        outcome=CaseOutcome.STOOD if is_over else "",
    )


def _products(deal: Deal) -> str:
    return ", ".join(line.product.name for line in deal.lines.select_related("product"))


def _side(case: ConflictCase) -> CaseSide:
    return CaseSide(
        case=case,
        partner_id=case.partner_id,
        deal=case.deal,
        state=case.state,
        won=False,
        told=case.told,
        appeal_until=case.appeal_until if case.state == CaseState.DECIDED else None,
        outcome=case.outcome,
        changed_at=case.closed_at or case.decided_at or case.opened_at,
    )


def _go_on(vendor: Vendor, actor_of: ActorOf) -> None:
    """Of the newest decisions, one is appealed against, one was upheld and one reversed."""
    admin = Membership.objects.filter(role=Role.PROGRAM_ADMIN, is_active=True).order_by("pk").first()
    sides = CaseSide.objects.filter(state=CaseState.DECIDED, won=False, deal__registered_by__isnull=False)
    sides = sides.select_related("deal", "case").order_by("-changed_at", "pk")
    for side, outcome in zip(sides, ("", CaseOutcome.UPHELD, CaseOutcome.REVERSED), strict=False):
        rep = Membership.objects.filter(user=side.deal.registered_by_id, is_active=True).first()
        if rep is None or admin is None:
            continue
        case_appeal(actor=actor_of(vendor, rep), side=side, text=_APPEAL)
        if outcome:
            case_close(
                actor=actor_of(vendor, admin), case=side.case, outcome=outcome, reason=_REASON, told=LOST
            )


def _begin(vendor: Vendor, actor_of: ActorOf) -> None:
    """Registrations that wait beside another claim: one case is open, one was decided just now."""
    for place, deal in enumerate(_contested()):
        manager = Membership.objects.filter(user=deal.assigned_to_id, is_active=True).first()
        if manager is None:
            continue
        actor = actor_of(vendor, manager)
        case = case_open(actor=actor, deal=deal, claim=claims_beside(deal)[0])
        if place:
            case_decide(
                actor=actor, case=case, winner=CaseWinner.RIVAL, rule=CaseRule.FIRST,
                reason="The other registration came first, and is being worked on.", told=LOST,
            )  # fmt: skip


def _contested() -> Iterable[Deal]:
    waiting = Deal.objects.filter(status__in=PENDING, customer__isnull=False).order_by(
        "decision_due_at", "pk"
    )
    deals = deal_selectors.with_lines(list(waiting.select_related("partner")))
    claimed = protection_selectors.claims_against_each(deals)
    return [deal for deal in deals if deal.pk in claimed][:MOST_OPEN]
