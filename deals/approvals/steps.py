"""Send a registration to whoever must approve it, step by step, and remind them in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from deals.approvals import notifications
from deals.approvals.models import (
    ApprovalRule,
    ApprovalRuleStep,
    ApprovalStep,
    Approver,
    Outcome,
    StepOutcome,
)
from deals.approvals.policies import Case, conditions, first_fitting
from deals.deal.actions import keep, record_deal_event
from deals.deal.models import PENDING, Deal, DealStatus
from deals.deal.notifications import deadline_moved
from deals.deal.people import as_the_vendor, manager_asked
from partners.selectors import managers_of
from portal.calendar.selectors import calendar_of
from portal.people.models import Membership, User
from portal.requests.clock import clock_start, clocks_ring, moves_with_calendar
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role

#: Steps reminded, and old registrations taken in, in one transaction; the next run takes the next.
BATCH: Final = 200
#: Of a step whose clock starts.
_CLOCK: Final = ("began_at", "hours", "due_at", "half_at", "remind_at", "reminded_at", "escalated_at")


@dataclass(frozen=True, slots=True)
class _Ask:
    """Who is asked, and why."""

    role: str
    person: User | None
    owner: User | None
    reason: str


def send_for_approval(vendor: Vendor, deal: Deal, now: datetime) -> ApprovalRule | None:
    """Let the vendor's rules decide whom a submitted deal goes to; begins the first step.

    Returns the rule by which it may be approved at once: that is the caller's to do, because a claim may
    stand in the way (`ask_instead`).
    """
    with as_the_vendor():
        rule = first_fitting(_rules(), _case(deal))
        if rule and rule.outcome == Outcome.APPROVE:
            return rule
        _begin(vendor, deal, now, _asks(vendor, deal, rule))
    return None


def ask_instead(vendor: Vendor, deal: Deal, now: datetime, rule: ApprovalRule) -> None:
    """What a rule would have approved, were the customer free: people look at it."""
    with as_the_vendor():
        why = f"the rule “{rule}” would have approved it at once, but the customer may be claimed already"
        _begin(vendor, deal, now, [_managers_ask(deal, why)])


def _rules() -> Sequence[ApprovalRule]:
    rules = ApprovalRule.objects.filter(is_active=True).select_related("tier", "product")
    return list(rules.order_by("position"))


def _case(deal: Deal) -> Case:
    products = frozenset(deal.lines.values_list("product_id", flat=True))
    return Case(deal.partner.tier_id, deal.amount_vendor or 0, products, deal.source)


def _asks(vendor: Vendor, deal: Deal, rule: ApprovalRule | None) -> list[_Ask]:
    if rule is None:
        return [_managers_ask(deal, f"registrations of {deal.partner} go to their channel manager")]
    why = f"the rule “{rule}” applies ({conditions(rule, vendor.currency)})"
    steps = rule.steps.select_related("person").order_by("position")
    return [_ask(deal, step, why) for step in steps] or [_managers_ask(deal, why)]


def _ask(deal: Deal, step: ApprovalRuleStep, why: str) -> _Ask:
    if step.approver == Approver.PERSON and step.person:
        return _persons_ask(deal, step.person, why)
    if step.approver == Approver.ROLE and step.role == Role.PROGRAM_ADMIN:
        return _Ask(Role.PROGRAM_ADMIN, None, None, why)
    return _managers_ask(deal, why)


def _managers_ask(deal: Deal, why: str) -> _Ask:
    """The channel manager who has it already while still granted, else the first by name, else the admins."""
    owner = manager_asked(deal)
    if owner is None:
        return _Ask(Role.PROGRAM_ADMIN, None, None, f"{why}, and nobody manages {deal.partner}")
    return _Ask("", None, owner, why)


def _persons_ask(deal: Deal, person: User, why: str) -> _Ask:
    admins = Membership.objects.filter(role=Role.PROGRAM_ADMIN, is_active=True, user__is_active=True)
    if person in managers_of(deal.partner) or admins.filter(user=person).exists():
        return _Ask("", person, person, why)
    return _Ask(Role.PROGRAM_ADMIN, None, None, f"{why}, and {person} cannot decide for {deal.partner}")


def _begin(vendor: Vendor, deal: Deal, now: datetime, asks: Sequence[_Ask]) -> None:
    """Write the steps; each has an equal part of the time promised for the whole."""
    calendar, hours = calendar_of(vendor), vendor.decision_hours
    last = ApprovalStep.objects.filter(deal=deal).order_by("-round").first()
    steps = [
        ApprovalStep(
            partner_id=deal.partner_id,
            deal=deal,
            round=last.round + 1 if last else 1,
            position=position,
            role=ask.role,
            person=ask.person,
            owner=ask.owner,
            reason=ask.reason[:300],
            due_at=calendar.add_hours(now, hours * position / len(asks)),
        )
        for position, ask in enumerate(asks, start=1)
    ]
    _start(vendor, steps[0], now)
    ApprovalStep.objects.bulk_create(steps)
    _hand_to(deal, steps[0])


def _start(vendor: Vendor, step: ApprovalStep, now: datetime) -> None:
    """From here its clock runs. What begins late gets its part of the time all the same."""
    calendar = calendar_of(vendor)
    left = calendar.hours_between(now, step.due_at) if step.due_at > now else 0
    clock_start(step, vendor, now, hours=left or vendor.decision_hours / step.position)
    _set_half(step, vendor)


def _set_half(step: ApprovalStep, vendor: Vendor) -> None:
    assert step.began_at is not None  # noqa: S101  (it runs)
    assert step.remind_at is not None  # noqa: S101
    step.half_at = calendar_of(vendor).add_hours(step.began_at, (step.hours or 0) / 2)
    step.remind_at = max(step.remind_at, step.half_at)


def _hand_to(deal: Deal, step: ApprovalStep) -> None:
    deal.needs_role, deal.needs_person, deal.assigned_to = step.role, step.person, step.owner
    keep(deal, "needs_role", "needs_person", "assigned_to")


# Decisions ---------------------------------------------------------------------------------------------


def current_step(deal: Deal) -> ApprovalStep | None:
    """The step whose turn it is; None for a deal that came in before there were steps."""
    running = ApprovalStep.objects.filter(deal=deal, decided_at=None, began_at__isnull=False)
    step: ApprovalStep | None = running.order_by("-round", "position").first()
    return step


def step_take(actor: Actor, deal: Deal) -> None:
    """Whoever starts the review is the one both sides read of."""
    step = current_step(deal)
    if step:
        step.owner = actor.user
        step.save(update_fields=["owner"])


def step_approve(actor: Actor, deal: Deal, step: ApprovalStep) -> ApprovalStep | None:
    """Give one approval; returns the step that begins with it, None when it was the last."""
    _close(step, StepOutcome.APPROVED, actor)
    following = ApprovalStep.objects.filter(deal=deal, round=step.round, decided_at=None).order_by("position")
    begun: ApprovalStep | None = following.select_related("person", "owner").first()
    if begun is None:
        return None
    assert step.decided_at  # noqa: S101  (just closed)
    _start(actor.vendor, begun, step.decided_at)
    begun.save(update_fields=_CLOCK)
    deal.status = DealStatus.UNDER_REVIEW
    keep(deal, "status")
    _hand_to(deal, begun)
    return begun


def steps_end(actor: Actor | None, deal: Deal, outcome: StepOutcome) -> None:
    """The deal left review: its running step ends with it, those behind never began."""
    step = current_step(deal)
    if step is None:
        return
    ApprovalStep.objects.filter(deal=deal, round=step.round, began_at=None).delete()
    _close(step, outcome, actor)


def _close(step: ApprovalStep, outcome: StepOutcome, actor: Actor | None) -> None:
    step.outcome, step.decided_at = outcome, timezone.now()
    step.decided_by = actor.user if actor else None
    step.save(update_fields=["outcome", "decided_at", "decided_by"])


# The clock ---------------------------------------------------------------------------------------------


@transaction.atomic
def approvals_nudge(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Remind whoever is asked at half time and an hour before due; tell the program admins what is overdue.

    Nothing is ever approved by silence. Each nudge once, however often this runs; two runs at once share
    the work. Returns how many. Runs under the vendor's system scope (`tasks.nudge_approvals`).
    """
    now = now or timezone.now()
    _take_in(vendor, now)
    rows = ApprovalStep.running().select_related("deal__partner", "owner")
    # Only the most urgent: after an outage nobody needs three mails about one deal.
    rung, half = clocks_ring(rows, now), _at_half_time(rows, now)
    for step in rung.overdue:
        event = record_deal_event("deals.decision_overdue", None, step.deal, waits_for=step.who)
        notifications.escalated(vendor, step, event)
    for step in rung.reminded:
        notifications.reminder(vendor, step, "due")
    for step in half:
        notifications.reminder(vendor, step, "half")
    return len(rung.overdue) + len(rung.reminded) + len(half)


def _at_half_time(rows: QuerySet[ApprovalStep], now: datetime) -> list[ApprovalStep]:
    unasked = rows.filter(half_told_at=None, reminded_at=None, escalated_at=None, is_silent=False)
    due = unasked.filter(half_at__lte=now)
    steps = list(due.order_by("pk").select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for step in steps:
        step.half_told_at = now
    ApprovalStep.objects.bulk_update(steps, ["half_told_at"])
    return steps


def _moved(vendor: Vendor, step: ApprovalStep, was_due: datetime) -> None:
    """The calendar moved it; with the last step the promise for the whole moves."""
    _set_half(step, vendor)
    step.save(update_fields=["half_at", "remind_at"])
    deal = step.deal
    if not ApprovalStep.objects.filter(deal=deal, round=step.round, began_at=None).exists():
        deal.decision_due_at = step.due_at
        keep(deal, "decision_due_at")
    event = record_deal_event("deals.deadline_moved", None, deal)
    deadline_moved(vendor, deal, step.due_at, was_due, event)


moves_with_calendar(ApprovalStep, _moved)


def _take_in(vendor: Vendor, now: datetime) -> None:
    """Registrations that wait without a step, because they were imported: their clock is minded as well."""
    running = ApprovalStep.objects.filter(deal=OuterRef("pk"), decided_at=None)
    waiting = Deal.objects.filter(~Exists(running), status__in=PENDING).select_related("partner__tier")
    for deal in waiting.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH]:
        rule = first_fitting(_rules(), _case(deal))
        asked = rule if rule and rule.outcome == Outcome.STEPS else None
        _begin(vendor, deal, deal.pending_since or deal.submitted_at or now, _asks(vendor, deal, asked))
        if _is_history(deal):
            ApprovalStep.objects.filter(deal=deal, decided_at=None).update(is_silent=True)


def _is_history(deal: Deal) -> bool:
    """Was it overdue elsewhere when it was loaded? It waits in the lists, and nobody gets a mail for it."""
    return bool(deal.pending_since and deal.submitted_at and deal.pending_since > deal.submitted_at)


def claimed_elsewhere(error: ValidationError) -> bool:
    """Whether an approval failed because somebody else is protected; anything else is a defect."""
    return isinstance(error.__cause__, IntegrityError)
