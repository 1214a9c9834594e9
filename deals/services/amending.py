"""Change an approved deal: at once where the programme allows it, else when the vendor has approved it."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deals import policies
from deals.amendments import notices
from deals.amendments.models import Amendment, AmendmentLine, AmendmentStatus
from deals.amendments.reads import changes_of
from deals.conflicts.check import conflict_check
from deals.lifecycle.models import DealTerms
from deals.lifecycle.reads import terms
from deals.models import Deal, DealLine, Protection, Verdict
from deals.selectors import as_the_vendor, manager_asked
from deals.services.protecting import claim
from deals.services.steps import keep, lock, locked, reasoned, require, tell
from partners.models import Product
from portal.access import Actor
from portal.business_calendars import decision_due
from portal.exchange import in_vendor_currency
from portal.formatting import format_money
from portal.models import Vendor

#: Changes looked at in one transaction; the next run takes the next.
BATCH: Final = 200
Lines = Iterable[tuple[int, int]]


@transaction.atomic
def amendment_request(
    *,
    actor: Actor,
    deal: Deal,
    amount: int,
    expected_close: date | None,
    lines: Lines,
    reason: str = "",
    key: UUID | None = None,
) -> Amendment:
    """Ask for other values: all of them as they shall be, `amount` in minor units of the deal's currency.

    Applied at once, unless it adds a product or changes the amount by more than the programme allows: then
    it waits for the vendor. The same `key` again is the same change; ValidationError while another waits.
    """
    deal = locked("amend", actor=actor, deal=deal)
    sent_before: Amendment | None = Amendment.objects.filter(deal=deal, key=key).first() if key else None
    if sent_before:
        return sent_before
    require("amend", deal)
    if Amendment.objects.filter(deal=deal, status=AmendmentStatus.OPEN).exists():
        raise ValidationError("Another change of this deal waits for an answer. Take it back first, or wait.")
    amendment = _asked(actor, deal, amount, expected_close, reason, key or uuid4())
    changed = _changed_lines(amendment, deal, dict(lines))
    if not changed and amendment.amount == deal.amount and amendment.expected_close == deal.expected_close:
        raise ValidationError("Nothing is different. Change what you want changed.")
    _judge(actor, deal, amendment, changed)
    amendment.save(force_insert=True)
    AmendmentLine.objects.bulk_create(changed)
    if amendment.is_open:
        _wait(actor, deal, amendment)
    else:
        _apply(actor.vendor, deal, amendment, timezone.now())
        changes = _told(amendment, deal)
        tell("deals.amended", actor, deal, changes=changes)
        notices.applied(actor, deal, amendment, changes)
    return amendment


def _asked(actor: Actor, deal: Deal, amount: int, close: date | None, reason: str, key: UUID) -> Amendment:
    if amount <= 0:
        raise ValidationError({"amount": "Enter an amount above zero."})
    today = timezone.now().astimezone(actor.vendor.zone).date()
    if close is None or (close < today and close != deal.expected_close):
        raise ValidationError({"expected_close": "Choose today or a later date."})
    return Amendment(
        partner_id=deal.partner_id,
        deal=deal,
        key=key,
        reason=reason.strip()[:500],
        amount_before=deal.amount,
        amount=amount,
        close_before=deal.expected_close,
        expected_close=close,
        requested_by=actor.user,
    )


def _changed_lines(amendment: Amendment, deal: Deal, wanted: dict[int, int]) -> list[AmendmentLine]:
    present = dict(DealLine.objects.filter(deal=deal).values_list("product_id", "quantity"))
    added = wanted.keys() - present.keys()
    if not wanted:
        raise ValidationError({"products": "Name at least one product."})
    if Product.objects.filter(pk__in=added, is_active=True).count() != len(added):
        raise ValidationError({"products": "Choose products from the list."})
    return [
        AmendmentLine(
            partner_id=deal.partner_id,
            amendment=amendment,
            product_id=product,
            quantity_before=present.get(product, 0),
            quantity=wanted.get(product, 0),
        )
        for product in sorted(wanted.keys() | present.keys())
        if wanted.get(product, 0) != present.get(product, 0)
    ]


def _judge(actor: Actor, deal: Deal, amendment: Amendment, lines: list[AmendmentLine]) -> None:
    """Whether it may apply at once; what is added goes through the conflict check."""
    added = [line for line in lines if line.is_added]
    why = ["it adds a product"] if len(added) == 1 else ["it adds products"] if added else []
    if added:
        _keep_verdicts(actor, deal, added)
    too_much = _beyond(terms(), actor.vendor, deal, amendment)
    amendment.why = " and ".join([*why, *[too_much][: bool(too_much)]])
    amendment.status = AmendmentStatus.OPEN if amendment.why else AmendmentStatus.APPLIED
    if amendment.is_open:
        amendment.due_at = decision_due(actor.vendor, amendment.requested_at)


def _keep_verdicts(actor: Actor, deal: Deal, added: Collection[AmendmentLine]) -> None:
    answers = conflict_check(
        actor,
        name=deal.customer_name,
        domain=deal.customer_domain,
        country=str(deal.customer_country),
        product_ids=[line.product_id for line in added],
        ignoring=deal,
    )
    verdicts = {answer.product.pk: answer.verdict for answer in answers}
    for line in added:
        line.verdict = verdicts.get(line.product_id, Verdict.CLEAR)


def _beyond(limits: DealTerms, vendor: Vendor, deal: Deal, amendment: Amendment) -> str:
    """Why the amount changes by too much, counted from the amount somebody last approved; "" if it does not.

    Counted so, because many small changes are a large one.
    """
    approved, wanted = _approved_amount(deal), amendment.amount or 0
    if approved is None or wanted == deal.amount:
        return "" if wanted == deal.amount else "no amount was approved yet"
    change = abs(wanted - approved)
    told = f"the amount changes by {format_money(change, deal.currency)} since it was approved"
    if limits.amendment_percent is not None and change * 100 > approved * limits.amendment_percent:
        return f"{told}, more than {limits.amendment_percent}%"
    if limits.amendment_amount is None:
        return ""
    today = timezone.now().astimezone(vendor.zone).date()
    if in_vendor_currency(change, deal.currency, today, vendor) > limits.amendment_amount:
        return f"{told}, more than {format_money(limits.amendment_amount, vendor.currency)}"
    return ""


def _approved_amount(deal: Deal) -> int | None:
    """The amount a person or a rule last approved: what stood before the first small change since then."""
    history = Amendment.objects.filter(deal=deal).order_by("requested_at", "pk")
    last = history.filter(status=AmendmentStatus.APPROVED).last()
    since = history.filter(status=AmendmentStatus.APPLIED)
    if last:
        since = since.filter(Q(requested_at__gt=last.requested_at))
    first = since.first()
    return first.amount_before if first else deal.amount


def _wait(actor: Actor, deal: Deal, amendment: Amendment) -> None:
    """With an owner both sides see: one approved by a rule had none."""
    if deal.assigned_to_id is None:
        with as_the_vendor():
            deal.assigned_to = manager_asked(deal)
        keep(deal, "assigned_to")
    changes = _told(amendment, deal)
    tell("deals.amendment_requested", actor, deal, changes=changes)
    notices.requested(actor, deal, amendment, changes)


def _told(amendment: Amendment, deal: Deal) -> list[dict[str, str]]:
    return changes_of(amendment, deal.currency)


def _apply(vendor: Vendor, deal: Deal, amendment: Amendment, now: datetime) -> None:
    """Write the new values; protection follows the products. ValidationError naming a claim in the way."""
    assert amendment.amount is not None  # noqa: S101  (just asked for)
    if amendment.amount != deal.amount:
        day = now.astimezone(vendor.zone).date()
        deal.amount_vendor = in_vendor_currency(amendment.amount, deal.currency, day, vendor)
    deal.amount, deal.expected_close = amendment.amount, amendment.expected_close
    keep(deal, "amount", "amount_vendor", "expected_close")
    lines = list(amendment.lines.all())
    gone = [line.product_id for line in lines if not line.quantity]
    DealLine.objects.filter(deal=deal, product__in=gone).delete()
    Protection.objects.filter(deal=deal, product__in=gone, released_at=None).update(released_at=now)
    for line in lines:
        if line.quantity and not line.is_added:
            DealLine.objects.filter(deal=deal, product=line.product_id).update(quantity=line.quantity)
    _add(deal, [line for line in lines if line.is_added], now)


def _add(deal: Deal, added: list[AmendmentLine], now: datetime) -> None:
    DealLine.objects.bulk_create(
        DealLine(
            partner_id=deal.partner_id,
            deal=deal,
            product_id=line.product_id,
            quantity=line.quantity,
            verdict=line.verdict,
        )
        for line in added
    )
    if added and deal.customer and deal.expires_at and deal.expires_at > now:
        claim(deal, deal.customer, sorted(line.product_id for line in added), now, deal.expires_at)


# Answers -----------------------------------------------------------------------------------------------


@transaction.atomic
def amendment_approve(*, actor: Actor, amendment: Amendment) -> Amendment:
    """Let it apply. ValidationError naming the claim when somebody else is protected for what is added."""
    deal, amendment = _answering(actor, amendment)
    if amendment.status == AmendmentStatus.APPROVED:
        return amendment
    _require_open(amendment)
    require("amend", deal)
    _apply(actor.vendor, deal, amendment, timezone.now())
    return _answered(actor, deal, amendment, AmendmentStatus.APPROVED, "")


@transaction.atomic
def amendment_reject(*, actor: Actor, amendment: Amendment, reason: str) -> Amendment:
    """Leave the deal as it is, and say why."""
    deal, amendment = _answering(actor, amendment)
    if amendment.status == AmendmentStatus.REJECTED:
        return amendment
    _require_open(amendment)
    return _answered(actor, deal, amendment, AmendmentStatus.REJECTED, reasoned(reason))


def _answering(actor: Actor, amendment: Amendment) -> tuple[Deal, Amendment]:
    if not policies.may_decide(actor, amendment.deal):
        raise PermissionDenied("Only the partner's managers answer.")
    deal = lock(amendment.deal)
    current: Amendment = Amendment.objects.get(pk=amendment.pk)
    return deal, current


def _require_open(amendment: Amendment) -> None:
    if not amendment.is_open:
        raise ValidationError(f"This change is {amendment.get_status_display().lower()} already.")


def _answered(
    actor: Actor, deal: Deal, amendment: Amendment, status: AmendmentStatus, reason: str
) -> Amendment:
    _close(amendment, status, actor)
    amendment.decision_reason = reason
    amendment.save(update_fields=["decision_reason"])
    changes = _told(amendment, deal)
    told = {"reason": reason} if reason else {}
    event = tell(f"deals.amendment_{status}", actor, deal, changes=changes, **told)
    notices.answered(actor, deal, amendment, changes, event)
    return amendment


def _close(amendment: Amendment, status: AmendmentStatus, actor: Actor) -> None:
    amendment.status, amendment.decided_by, amendment.decided_at = status, actor.user, timezone.now()
    amendment.save(update_fields=["status", "decided_by", "decided_at"])


@transaction.atomic
def amendment_withdraw(*, actor: Actor, amendment: Amendment) -> Amendment:
    """Take back what was not answered yet."""
    if not policies.may_work(actor, amendment.deal):
        raise PermissionDenied("Only the partner takes a change back.")
    deal = lock(amendment.deal)
    amendment = Amendment.objects.get(pk=amendment.pk)
    if amendment.status == AmendmentStatus.WITHDRAWN:
        return amendment
    _require_open(amendment)
    _close(amendment, AmendmentStatus.WITHDRAWN, actor)
    tell("deals.amendment_withdrawn", actor, deal)
    return amendment


@transaction.atomic
def amendments_nudge(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Tell the program admins of changes whose answer is late, once each; returns how many.

    Runs under the vendor's system scope (`deals.tasks.nudge_approvals`).
    """
    now = now or timezone.now()
    late = Amendment.objects.filter(status=AmendmentStatus.OPEN, due_at__lte=now, escalated_at=None)
    rows = late.select_related("deal__partner", "deal__assigned_to").order_by("pk")
    found = list(rows.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for amendment in found:
        amendment.escalated_at = now
        tell("deals.amendment_overdue", None, amendment.deal)
        notices.overdue(vendor, amendment.deal, amendment)
    Amendment.objects.bulk_update(found, ["escalated_at"])
    return len(found)
