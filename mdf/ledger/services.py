"""What is done with the money of a fund, one function per action. The movements themselves: `postings`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mdf.funds.models import Fund
from mdf.ledger import policies
from mdf.ledger.models import Account, Balance, Outcome, Posting, PostingKind, Reservation
from mdf.ledger.postings import Draft, post
from partners.models import Partner
from portal.events.log import record
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_scope, entered, system_scope
from portal.ui.formatting import format_money

# By hand -------------------------------------------------------------------------------------------------


@transaction.atomic
def budget_add(*, actor: Actor, fund: Fund, amount: int, reason: str, key: str) -> Posting:
    """Put money into the fund, or (below zero) take out what is not allocated. One `key` is one posting."""
    _require_admin(actor)
    sides = (Account.FUNDING, Account.UNALLOCATED)
    draft = _either_way(key, PostingKind.BUDGET, fund, None, amount, sides, reason)
    return _posted_and_told("mdf.budget_changed", actor, draft, amount)


@transaction.atomic
def allocate(*, actor: Actor, fund: Fund, partner: Partner, amount: int, reason: str, key: str) -> Posting:
    """Give a partner money of the fund, or (below zero) take back what is free with it."""
    _require_admin(actor)
    sides = (Account.UNALLOCATED, Account.FREE)
    draft = _either_way(key, PostingKind.ALLOCATION, fund, partner.pk, amount, sides, reason)
    return _posted_and_told("mdf.allocated", actor, draft, amount)


def _either_way(
    key: str,
    kind: PostingKind,
    fund: Fund,
    partner_id: int | None,
    amount: int,
    sides: tuple[Account, Account],
    reason: str,
) -> Draft:
    if not amount:
        raise ValidationError({"amount": "Enter an amount."})
    if not reason.strip():
        raise ValidationError({"reason": "Say why; it stands in the ledger."})
    source, target = sides if amount > 0 else (sides[1], sides[0])
    return Draft(key, kind, fund, partner_id, abs(amount), source, target, reason.strip())


def _require_admin(actor: Actor) -> None:
    if not policies.may_run(actor):
        raise PermissionDenied("Money of a fund is moved by program admins.")


def _posted_and_told(what: str, actor: Actor, draft: Draft, amount: int) -> Posting:
    """The event is of the posting: sent twice, it is told once."""
    before = Posting.objects.filter(key=draft.key).exists()
    (made,) = post(vendor=actor.vendor, drafts=[draft])
    if not before:
        told = {"fund": draft.fund.name, "currency": draft.fund.currency, "reason": draft.reason}
        data = {"amount": amount, **told}
        record(what, actor=actor, partner_id=draft.partner_id, subject=draft.fund, data=data)
    return made


@transaction.atomic
def period_close(*, actor: Actor, fund: Fund, through: date) -> Fund:
    """Close the books through this day, for good: what is posted later counts on later days.

    Waits for postings that are under way. ValidationError for a day that is not over, or closed already.
    """
    _require_admin(actor)
    current: Fund = Fund.objects.select_for_update().get(pk=fund.pk)
    if through >= actor.vendor.today:
        raise ValidationError({"through": "Choose a day that is over."})
    if through < current.starts_on:
        raise ValidationError({"through": "The fund had not begun by then."})
    if current.closed_through and through < current.closed_through:
        raise ValidationError({"through": "What is closed stays closed. Choose a later day."})
    if current.closed_through == through:
        return current
    current.closed_through = through
    current.save(update_fields=["closed_through"])
    data = {"fund": fund.name, "through": through.isoformat()}
    record("mdf.period_closed", actor=actor, subject=fund, data=data)
    return current


# Reservations --------------------------------------------------------------------------------------------


@transaction.atomic
def reserve(
    *, vendor: Vendor, fund: Fund, partner_id: int, amount: int, key: str, subject: str, reason: str
) -> Reservation:
    """Hold free money of the partner for one activity. ValidationError ("overdrawn") if too little is."""
    with entered(_as_vendor(vendor)):
        there: Reservation | None = Reservation.objects.filter(key=key).first()
        if there:
            return there
        draft = Draft(
            f"reserve:{key}", PostingKind.COMMITMENT, fund, partner_id, amount, Account.FREE,
            Account.COMMITTED, reason, subject,
        )  # fmt: skip
        post(vendor=vendor, drafts=[draft])
        made: Reservation = Reservation.objects.create(
            fund=fund, partner_id=partner_id, key=key, subject=subject, amount=amount
        )
        return made


@transaction.atomic
def draw(*, vendor: Vendor, grant: Reservation, amount: int, key: str, reason: str) -> Reservation:
    """Hold so much of a grant for one claim; what the claim does not need comes back to the grant."""
    with entered(_as_vendor(vendor)):
        there: Reservation | None = Reservation.objects.filter(key=key).first()
        if there:
            return there
        rows = Reservation.objects.filter(pk=grant.pk, outcome="", drawn__lte=F("amount") - amount)
        if not rows.update(drawn=F("drawn") + amount):
            raise _no_room(grant)
        draft = Draft(
            f"draw:{key}", PostingKind.CLAIM, grant.fund, grant.partner_id, amount, Account.COMMITTED,
            Account.CLAIMED, reason, grant.subject,
        )  # fmt: skip
        post(vendor=vendor, drafts=[draft])
        made: Reservation = Reservation.objects.create(
            fund=grant.fund,
            partner_id=grant.partner_id,
            parent=grant,
            key=key,
            subject=grant.subject,
            amount=amount,
        )
        return made


def _no_room(grant: Reservation) -> ValidationError:
    current = Reservation.objects.select_related("fund").get(pk=grant.pk)
    if current.outcome:
        return ValidationError("Nothing is held for this activity any more.", code="resolved")
    left = format_money(current.amount - current.drawn, current.fund.currency)
    return ValidationError(f"Only {left} of the grant is left to claim.", code="overdrawn")


@transaction.atomic
def resolve(
    *, vendor: Vendor, reservation: Reservation, outcome: Outcome, used: int = 0, reason: str
) -> Reservation:
    """End a reservation, once: `used` of it stays where it went, the rest returns to where it came from.

    Of a grant, what its claims have drawn is what was used. ValidationError ("resolved") when it was
    resolved otherwise before; the same answer again changes nothing.
    """
    with entered(_as_vendor(vendor)):
        rows: Any = Reservation.objects.select_for_update(of=("self",)).select_related("fund", "parent")
        current: Reservation = rows.get(pk=reservation.pk)
        used = current.drawn if current.parent_id is None else used
        if current.outcome:
            return _same_again(current, outcome, used)
        if not 0 <= used <= current.amount:
            raise ValidationError("More than was held cannot be used.", code="overdrawn")
        if outcome != Outcome.POSTED and used and current.parent_id is not None:
            raise ValueError("what is given back was not used")
        _return(vendor, current, current.amount - used, reason)
        current.outcome, current.used, current.resolved_at = outcome, used, timezone.now()
        current.save(update_fields=["outcome", "used", "resolved_at"])
        return current


def _same_again(current: Reservation, outcome: Outcome, used: int) -> Reservation:
    if current.outcome == outcome and current.used == used:
        return current
    raise ValidationError("This was settled already.", code="resolved")


def _return(vendor: Vendor, current: Reservation, rest: int, reason: str) -> None:
    if not rest:
        return
    grant = current.parent_id is None
    if grant:
        kind, source, target = PostingKind.RELEASE, Account.COMMITTED, Account.FREE
    else:
        kind, source, target = PostingKind.CLAIM_RETURN, Account.CLAIMED, Account.COMMITTED
        Reservation.objects.filter(pk=current.parent_id).update(drawn=F("drawn") - rest)
    draft = Draft(
        f"resolve:{current.key}", kind, current.fund, current.partner_id, rest, source, target, reason,
        current.subject,
    )  # fmt: skip
    post(vendor=vendor, drafts=[draft])


def _as_vendor(vendor: Vendor) -> Any:
    scope = current_scope()
    return system_scope(vendor.pk, scope.actor_id if scope else None)


# Payments ------------------------------------------------------------------------------------------------


def pay(
    *, vendor: Vendor, fund: Fund, partner_id: int, amount: int, key: str, subject: str, reason: str
) -> Posting:
    """Note that money that was claimed has been paid."""
    draft = Draft(
        key, PostingKind.PAYMENT, fund, partner_id, amount, Account.CLAIMED, Account.PAID, reason, subject
    )
    return post(vendor=vendor, drafts=[draft])[0]


def payment_return(
    *, vendor: Vendor, fund: Fund, partner_id: int, amount: int, key: str, subject: str, reason: str
) -> Posting:
    """Note that a payment came back: it is still to be paid."""
    draft = Draft(
        key, PostingKind.PAYMENT_RETURN, fund, partner_id, amount, Account.PAID, Account.CLAIMED, reason,
        subject,
    )  # fmt: skip
    return post(vendor=vendor, drafts=[draft])[0]


# The end of a fund ----------------------------------------------------------------------------------------


def funds_end(*, vendor: Vendor, now: datetime | None = None) -> int:
    """What is free when a fund's period is over rolls over as its rule says, and the rest expires.

    Grants that are still to be claimed stay; what returns of them later ends the same way, the night after.
    Returns of how many partners. Under the vendor's system scope.
    """
    now = now or timezone.now()
    today = timezone.localdate(now, vendor.zone)
    over = Fund.objects.filter(ends_on__lt=today, balances__free__gt=0).distinct()
    return sum(_fund_end(vendor, fund, today, now) for fund in over.select_related("rolls_into"))


def _fund_end(vendor: Vendor, fund: Fund, today: date, now: datetime) -> int:
    balances = Balance.objects.filter(fund=fund, free__gt=0, partner__isnull=False)
    ended = sum(_partner_end(vendor, fund, balance, today) for balance in balances.order_by("partner"))
    Fund.objects.filter(pk=fund.pk, ended_at=None).update(ended_at=now)
    return ended


@transaction.atomic
def _partner_end(vendor: Vendor, fund: Fund, balance: Balance, today: date) -> int:
    free = Balance.objects.select_for_update().get(pk=balance.pk).free
    if not free:
        return 0
    partner_id: Any = balance.partner_id  # only partners have free money
    post(vendor=vendor, drafts=_end_drafts(fund, partner_id, free, today))
    data = {"fund": fund.name, "amount": free, "currency": fund.currency}
    record("mdf.expired", partner_id=partner_id, subject=fund, data=data)
    return 1


def _end_drafts(fund: Fund, partner_id: int, free: int, today: date) -> Sequence[Draft]:
    name, into = f"end:{fund.pk}:{partner_id}:{today:%Y%m%d}", fund.rolls_into
    # What went on is decided once, with the first end; later returns of old grants expire whole.
    goes_on = free * fund.roll_over // 10_000 if into and fund.ended_at is None else 0
    drafts = []
    if into and goes_on:
        why = f"{fund} rolls over into {into}"
        kind = PostingKind.ROLL_OVER
        drafts = [
            Draft(f"{name}:out", kind, fund, partner_id, goes_on, Account.FREE, Account.FUNDING, why),
            Draft(f"{name}:in", kind, into, partner_id, goes_on, Account.FUNDING, Account.FREE, why),
        ]
    if rest := free - goes_on:
        sides = (Account.FREE, Account.EXPIRED)
        why = f"{fund} has ended"
        drafts.append(Draft(f"{name}:rest", PostingKind.EXPIRY, fund, partner_id, rest, *sides, why))
    return drafts
