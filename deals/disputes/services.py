"""Conflict cases: opened by a manager or by a rejection, appealed once, minded by the clock.

They are decided in `deals.disputes.decisions`. Deals are locked before the case, and in the order of their
ids, wherever both are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deals.conflicts.claims import Claim, claims_beside
from deals.conflicts.models import DirectAccount
from deals.deal import policies
from deals.deal.actions import record_deal_event
from deals.deal.models import PENDING, Deal
from deals.deal.notifications import deadline_moved
from deals.deal.people import as_the_vendor
from deals.disputes import notifications
from deals.disputes.models import (
    APPEAL_DAYS,
    CaseFile,
    CaseOutcome,
    CaseSide,
    CaseState,
    CaseTerms,
    CaseWinner,
    ConflictCase,
)
from deals.disputes.policies import LOST, WON, rule_that_fits
from deals.protection.models import Protection
from partners.selectors import managers_of
from portal.files.uploads import Upload, refuse_total
from portal.people.models import User
from portal.requests.clock import clock_start, clocks_ring, moves_with_calendar
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Claims:
    """Both claims of a case, locked."""

    deal: Deal
    rival: Deal | None
    account: DirectAccount | None
    rival_is_protected: bool

    def of(self, winner: str) -> tuple[Deal | None, Deal | None]:
        """(winner's deal, loser's deal); None for an account."""
        return (self.deal, self.rival) if winner == CaseWinner.DEAL else (self.rival, self.deal)

    @property
    def deals(self) -> list[Deal]:
        return [deal for deal in (self.deal, self.rival) if deal]

    def names(self) -> list[str]:
        """What would tell one partner of the other, or of a direct account."""
        names = [name for deal in self.deals for name in (deal.partner.name, deal.reference)]
        return [*names, self.account.owner] if self.account else names

    @property
    def facts(self) -> dict[str, Any]:
        return {"deal": self.deal, "rival": self.rival, "rival_is_protected": self.rival_is_protected}


def claims_of(deal_id: int, rival_id: int | None, account_id: int | None, *, lock: bool = True) -> Claims:
    """Under the vendor's scope: one of the deals may be of a partner the actor does not manage."""
    rows = Deal.objects.select_related("partner__tier", "registered_by")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    found = {row.pk: row for row in rows.filter(pk__in=[deal_id, rival_id or deal_id]).order_by("pk")}
    protections = Protection.objects.filter(deal=rival_id, released_at=None, expires_at__gt=timezone.now())
    account = DirectAccount.objects.get(pk=account_id) if account_id else None
    return Claims(found[deal_id], found.get(rival_id or 0), account, protections.exists())


def _beside(deal: Deal, claim: Claim, *, lock: bool = True) -> Claims:
    if claim.account_id:
        return claims_of(deal.pk, None, claim.account_id, lock=lock)
    rival_id = Deal.objects.values_list("pk", flat=True).get(reference=claim.reference)
    return claims_of(deal.pk, rival_id, None, lock=lock)


# Opening -----------------------------------------------------------------------------------------------


@transaction.atomic
def case_open(*, actor: Actor, deal: Deal, claim: Claim) -> ConflictCase:
    """Open a case between a pending registration and one of the claims beside it (`claims_beside`).

    Both partners learn that claims are compared, and may hand in their customer's preference. The same two
    claims are one case, whichever of them it was opened from.
    """
    if not policies.may("case", actor, deal):
        raise PermissionDenied("Only who decides about the registration opens a case.")
    with as_the_vendor():
        claims = _beside(deal, claim)
        known = _known(claims)
        if known:
            return known
        if claims.deal.status not in PENDING:
            raise ValidationError(f"{deal.reference} does not wait for a decision any more.", code="illegal")
        case = _create(actor, claims, claim)
        for one in claims.deals:
            side_write(case, one, due_at=case.due_at)
            record_deal_event("deals.conflict_opened", actor, one)
        notifications.opened(actor, case, claims.deals)
    return case


def _known(claims: Claims) -> ConflictCase | None:
    deal, rival = claims.deal, claims.rival
    same = Q(deal=deal, rival=rival) | Q(deal=rival, rival=deal) if rival else Q(account=claims.account)
    found: ConflictCase | None = ConflictCase.objects.filter(same, Q(deal=deal) | Q(rival=deal)).first()
    return found


def _create(actor: Actor, claims: Claims, claim: Claim) -> ConflictCase:
    """A conflict is there since the registration was submitted, whenever somebody opens its case."""
    now, deal = timezone.now(), claims.deal
    case = ConflictCase(
        deal=deal,
        partner_id=deal.partner_id,
        rival=claims.rival,
        rival_partner_id=claims.rival.partner_id if claims.rival else None,
        account=claims.account,
        products=", ".join(claim.products)[:500],
        known_by=claim.how_known[:80],
        opened_at=deal.pending_since or now,
        opened_by=actor.user,
        owner=_owner(deal),
    )
    _start_clock(case, actor.vendor, now)
    case.save(force_insert=True)
    return case


def _start_clock(case: ConflictCase, vendor: Vendor, now: datetime) -> None:
    """It is not reminded of beforehand: both sides are still handing things in."""
    clock_start(case, vendor, now)
    case.remind_at = None


def _owner(deal: Deal) -> User | None:
    """Who decides the registration, else the partner's first manager."""
    managers = list(managers_of(deal.partner))
    return next((user for user in managers if user.pk == deal.assigned_to_id), next(iter(managers), None))


def side_write(case: ConflictCase, deal: Deal, **fields: Any) -> CaseSide:
    """What the deal's partner may know, as it is now."""
    written = {"partner_id": deal.partner_id, "changed_at": timezone.now(), **fields}
    side: CaseSide = CaseSide.objects.update_or_create(case=case, deal=deal, defaults=written)[0]
    side.deal = deal
    return side


# Registrations decided beside another claim ----------------------------------------------------------------


def refuse_open_case(deal: Deal) -> None:
    """ValidationError while claims on this deal are compared: the case decides then, on both at once."""
    if deal.case_sides.filter(state=CaseState.OPEN).exists():
        raise ValidationError(
            f"A conflict case about {deal.reference} is open. Decide the case: it decides the registration.",
            code="illegal",
        )


def case_of_rejection(actor: Actor, deal: Deal) -> None:
    """What is rejected beside another claim on the same customer is a conflict: its partner may appeal.

    Runs in the transaction of the rejection. The other claim's partner is told nothing, as nothing was
    taken from it.
    """
    _case_of_decision(actor, deal, CaseWinner.RIVAL, deal.decision_reason, lambda claim: True)


def case_of_approval(actor: Actor, deal: Deal) -> None:
    """What is approved although the vendor sells to the customer itself. No partner has lost anything."""
    reason = "Approved although the customer is among the direct accounts."
    _case_of_decision(actor, deal, CaseWinner.DEAL, reason, lambda claim: bool(claim.account_id))


def _case_of_decision(
    actor: Actor, deal: Deal, winner: CaseWinner, reason: str, counts: Callable[[Claim], bool]
) -> None:
    if not any(line.is_contested for line in deal.lines.all()):
        return
    sure = [claim for claim in claims_beside(deal) if claim.match.is_sure and counts(claim)]
    with as_the_vendor():
        # Nothing happens to the other deal. Locked after this one, two rejected at once would wait for ever.
        if not sure or _known(claims := _beside(deal, sure[0], lock=False)):
            return
        case = _create(actor, claims, sure[0])
        case.rule = rule_that_fits(winner, **claims.facts)
        case.reason = case.told = reason
        decided(actor, case, winner)
        tell_sides(actor, case, claims)


def decided(actor: Actor, case: ConflictCase, winner: str) -> None:
    now = timezone.now()
    case.state, case.winner, case.decided_at, case.decided_by = CaseState.DECIDED, winner, now, actor.user
    case.appeal_until = now + timedelta(days=appeal_days())
    case.save()


def tell_sides(actor: Actor, case: ConflictCase, claims: Claims) -> None:
    """Write to each partner's side what it may know, and tell them. Who was never involved and lost nothing
    stays out of it."""
    won, lost = claims.of(case.winner)
    involved = set(CaseSide.objects.filter(case=case).values_list("deal_id", flat=True))
    is_closed = case.state == CaseState.CLOSED
    for deal, has_won in ((won, True), (lost, False)):
        if deal is None or (has_won and deal.pk not in involved):
            continue
        side = side_write(
            case, deal, state=case.state, won=has_won, outcome=case.outcome, due_at=None,
            told=WON if has_won else case.told or LOST,
            appeal_until=None if has_won or is_closed else case.appeal_until,
        )  # fmt: skip
        event = "deals.conflict_closed" if is_closed else "deals.conflict_decided"
        record_deal_event(event, actor, deal, result="in your favour" if has_won else "against you")
        notifications.result(actor.vendor, case, side)


def appeal_days() -> int:
    return CaseTerms.objects.values_list("appeal_days", flat=True).first() or APPEAL_DAYS


# The appeal --------------------------------------------------------------------------------------------


@transaction.atomic
def case_appeal(*, actor: Actor, side: CaseSide, text: str) -> CaseSide:
    """The losing partner asks, once and in time, that program admins look again."""
    text = text.strip()
    if not policies.may("appeal", actor, side.deal):
        raise PermissionDenied("Only the deal's partner appeals.")
    with as_the_vendor():
        case = (
            ConflictCase.objects.select_for_update(of=("self",)).select_related("deal").get(pk=side.case_id)
        )
        side = CaseSide.objects.select_related("deal__partner").get(pk=side.pk)
        if side.appealed_at and side.appeal == text:
            return side
        _refuse_appeal(side, text)
        _appealed(actor, case, side, text, timezone.now())
        record_deal_event("deals.conflict_appealed", actor, side.deal, reason=text)
        notifications.appealed(actor, case)
    return side


def _refuse_appeal(side: CaseSide, text: str) -> None:
    if side.appealed_at:
        raise ValidationError("You have appealed already. An appeal is answered once.", code="illegal")
    if not side.may_appeal:
        raise ValidationError("The time to appeal is over.", code="illegal")
    if not text:
        raise ValidationError({"text": "Say what was overlooked."})


def _appealed(actor: Actor, case: ConflictCase, side: CaseSide, text: str, now: datetime) -> None:
    case.state, case.appealed_at, case.appealed_by, case.appeal = CaseState.APPEALED, now, actor.user, text
    case.owner = None  # the program admins'
    _start_clock(case, actor.vendor, now)
    check_lengths(case, "appeal")
    case.save()
    side.state, side.appealed_at, side.appeal = CaseState.APPEALED, now, text
    side.due_at = case.due_at
    side.changed_at = now
    side.save()


def check_lengths(case: ConflictCase, *names: str) -> None:
    case.clean_fields(exclude={field.name for field in case._meta.fields} - set(names))


# What is handed in ---------------------------------------------------------------------------------------


@transaction.atomic
def case_attach(*, actor: Actor, side: CaseSide, upload: Upload) -> CaseFile:
    """Add a document to one side, such as what the customer has written; the same file twice is one."""
    if not policies.may("attach_to_case", actor, side.deal):
        raise PermissionDenied("Only the deal's partner and its managers add to its side.")
    current = CaseSide.objects.select_for_update(of=("self",)).get(pk=side.pk)
    if current.state == CaseState.CLOSED:
        raise ValidationError("This case is closed.", code="illegal")
    files = CaseFile.objects.filter(side=current)
    same: CaseFile | None = files.filter(sha256=upload.sha256).first()
    if same:
        return same
    refuse_total(files, [upload])
    added: CaseFile = CaseFile.objects.create(
        partner_id=current.partner_id, side=current, **upload.as_fields(actor.user)
    )
    record_deal_event("deals.conflict_file_added", actor, side.deal, file=added.name)
    return added


# The clock ---------------------------------------------------------------------------------------------


@transaction.atomic
def cases_mind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Tell the program admins once of what is overdue; close what nobody appealed against in time.

    Nothing is decided by silence. Returns how many. Runs under the vendor's system scope.
    """
    now = now or timezone.now()
    late = clocks_ring(ConflictCase.running().select_related("deal", "owner"), now).overdue
    for case in late:
        notifications.overdue(vendor, case)
    over = _some(ConflictCase.objects.filter(state=CaseState.DECIDED, appeal_until__lte=now))
    ids = [case.pk for case in over]
    stood: dict[str, Any] = {"state": CaseState.CLOSED, "outcome": CaseOutcome.STOOD}
    ConflictCase.objects.filter(pk__in=ids).update(**stood, closed_at=now)
    CaseSide.objects.filter(case__in=ids).update(**stood, appeal_until=None, changed_at=now)
    return len(late) + len(over)


def _some(cases: Any) -> list[ConflictCase]:
    rows = cases.select_related("deal", "owner").order_by("pk")
    return list(rows.select_for_update(of=("self",), skip_locked=True)[:BATCH])


def _moved(vendor: Vendor, case: ConflictCase, was_due: datetime) -> None:
    """The calendar moved it: each side reads its own date."""
    CaseSide.objects.filter(case=case, due_at__isnull=False).update(due_at=case.due_at)
    event = record_deal_event("deals.deadline_moved", None, case.deal)
    deadline_moved(vendor, case.deal, case.due_at, was_due, event)


moves_with_calendar(ConflictCase, _moved)
