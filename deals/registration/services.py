"""The partner's side of a registration: draft, submit, answer a question, withdraw."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.approvals.models import StepOutcome
from deals.approvals.services import approved_at_once
from deals.approvals.steps import ask_instead, send_for_approval, steps_end
from deals.conflicts.check import conflict_check
from deals.customers.services import customer_of
from deals.deal import policies
from deals.deal.actions import keep, locked, record_deal_event, require
from deals.deal.models import Deal, DealLine, DealStatus
from deals.deal.references import references_take
from deals.protection.services import release
from deals.registration import notifications
from deals.registration.selectors import terms
from partners.models import Product
from portal.calendar.selectors import decision_due
from portal.money.exchange import in_vendor_currency
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_times

#: What a partner answers about a deal; amount in minor units of `currency`.
ANSWERS: Final = (
    "customer_name", "customer_domain", "customer_country", "contact_name", "contact_email", "contact_phone",
    "amount", "currency", "expected_close", "source", "use_case", "competitor", "notes",
)  # fmt: skip
_OF_CUSTOMER: Final = frozenset({"customer_name", "customer_domain", "customer_country"})
_NEEDED: Final = {
    "customer_name": "Name the customer.",
    "customer_country": "Choose the customer's country.",
    "contact_name": "Name somebody at the customer.",
    "amount": "Enter the value of the whole deal.",
    "expected_close": "Choose when you expect to close.",
    "use_case": "Say in a sentence or two what the customer wants to do.",
}
Lines = Iterable[tuple[int, int]]


@transaction.atomic
def deal_draft_save(
    *,
    actor: Actor,
    answers: Mapping[str, Any],
    lines: Lines | None = None,
    deal: Deal | None = None,
    key: UUID | None = None,
) -> Deal:
    """Save what is known so far: a new draft of the actor's partner, or changes of a draft or returned deal.

    `answers` may hold any of `ANSWERS`; `lines` are (product id, quantity) pairs and replace the present
    ones (None leaves them). `key` names the form and its answers: the same key again is the same deal.
    """
    if deal is None:
        return _new_draft(actor, answers, lines or (), key)
    deal = locked("edit", actor=actor, deal=deal)
    require("edit", deal)
    return _changed(actor, deal, answers, lines)


def _new_draft(actor: Actor, answers: Mapping[str, Any], lines: Lines, key: UUID | None) -> Deal:
    if not policies.may_register(actor):
        raise PermissionDenied("Only people of an active partner register deals.")
    sent_before = _of_form(actor, key)
    if sent_before:
        return sent_before
    deal = _with_answers(Deal(partner=actor.partner, currency=actor.vendor.currency), answers)
    deal.registered_by, deal.form_key = actor.user, key
    try:
        with transaction.atomic():
            deal.reference = references_take()[0]
            deal.save(force_insert=True)
    except IntegrityError:
        twin = _of_form(actor, key)  # the same form, sent twice at the same moment
        if twin is None:
            raise
        return twin
    _set_lines(deal, lines)
    record_deal_event("deals.drafted", actor, deal, created=True)
    return deal


def _of_form(actor: Actor, key: UUID | None) -> Deal | None:
    if key is None:
        return None
    found: Deal | None = Deal.objects.filter(partner=actor.partner, form_key=key).first()
    return found


def _changed(actor: Actor, deal: Deal, answers: Mapping[str, Any], lines: Lines | None) -> Deal:
    before = {name: getattr(deal, name) for name in answers}
    _with_answers(deal, answers)
    changed = [name for name in before if getattr(deal, name) != before[name]]
    if _OF_CUSTOMER & set(changed):
        deal.customer = None  # matched again when submitted
    lines_changed = lines is not None and _set_lines(deal, lines)
    if not changed and not lines_changed:
        return deal
    keep(deal, *changed, "customer")
    record_deal_event("deals.drafted", actor, deal, changed=[*changed, *["products"] * lines_changed])
    return deal


def _with_answers(deal: Deal, answers: Mapping[str, Any]) -> Deal:
    unknown = set(answers) - set(ANSWERS)
    if unknown:
        raise TypeError(f"not an answer: {sorted(unknown)}")
    for name, value in answers.items():
        setattr(deal, name, value)
    if not deal.customer_name.strip():
        raise ValidationError({"customer_name": _NEEDED["customer_name"]})
    given = {name for name, value in answers.items() if value not in ("", None)}
    deal.clean_fields(exclude={field.name for field in deal._meta.fields} - given)
    if deal.amount is not None and deal.amount <= 0:
        raise ValidationError({"amount": "Enter an amount above zero."})
    return deal


def _set_lines(deal: Deal, lines: Lines) -> bool:
    """Replace the deal's products; False when they are the same already."""
    wanted = dict(lines)
    present = dict(DealLine.objects.filter(deal=deal).values_list("product_id", "quantity"))
    if wanted == present:
        return False
    if Product.objects.filter(pk__in=wanted).count() != len(wanted):
        raise ValidationError({"products": "Choose products from the list."})
    rows = [
        DealLine(deal=deal, partner_id=deal.partner_id, product_id=product, quantity=quantity)
        for product, quantity in wanted.items()
    ]
    for row in rows:
        row.clean_fields(exclude={"deal", "partner", "product", "vendor"})
    DealLine.objects.filter(deal=deal).delete()
    DealLine.objects.bulk_create(rows)
    return True


@transaction.atomic
def deal_submit(*, actor: Actor, deal: Deal) -> Deal:
    """Register a draft: fixes the amount in the vendor's currency, finds the customer, starts the clock."""
    return _submit("submit", actor, deal)


@transaction.atomic
def deal_resubmit(*, actor: Actor, deal: Deal) -> Deal:
    """Send a returned registration back; the clock starts anew, the first submission stays on record."""
    return _submit("resubmit", actor, deal)


def _submit(action: str, actor: Actor, deal: Deal) -> Deal:
    deal = locked(action, actor=actor, deal=deal)
    if deal.is_pending:
        return deal
    require(action, deal)
    if action == "resubmit":
        deal.resubmissions = _counted_again(actor.vendor, deal)
    now = timezone.now()
    today = now.astimezone(actor.vendor.zone).date()
    _refuse_incomplete(deal, today)
    assert deal.amount is not None  # noqa: S101  (just refused)
    deal.amount_vendor = in_vendor_currency(deal.amount, deal.currency, today, actor.vendor)
    deal.customer = deal.customer or customer_of(deal)
    contested = _keep_verdicts(actor, deal)
    deal.status = DealStatus.SUBMITTED
    deal.submitted_at = deal.submitted_at or now
    deal.pending_since = now
    deal.decision_due_at = decision_due(actor.vendor, now)
    keep(
        deal, "amount_vendor", "customer", "status", "submitted_at", "pending_since", "decision_due_at",
        "resubmissions",
    )  # fmt: skip
    event = record_deal_event(
        "deals.submitted", actor, deal, again=action == "resubmit", amount=deal.amount, currency=deal.currency
    )
    rule = send_for_approval(actor.vendor, deal, now)
    if rule and contested:
        ask_instead(actor.vendor, deal, now, rule)
    if rule is None or contested or not approved_at_once(actor.vendor, deal, now, rule):
        notifications.submitted(actor, deal, event)
    return deal


def _keep_verdicts(actor: Actor, deal: Deal) -> bool:
    """What the conflict check says now, product by product; whether anybody else may have a claim."""
    lines = list(deal.lines.all())
    answers = conflict_check(
        actor,
        name=deal.customer_name,
        domain=deal.customer_domain,
        country=str(deal.customer_country),
        product_ids=[line.product_id for line in lines],
        ignoring=deal,
    )
    verdicts = {answer.product.pk: answer.verdict for answer in answers}
    for line in lines:
        line.verdict = verdicts[line.product_id]
    DealLine.objects.bulk_update(lines, ["verdict"])
    return any(line.is_contested for line in lines)


def _refuse_incomplete(deal: Deal, today: date) -> None:
    problems = {name: text for name, text in _NEEDED.items() if getattr(deal, name) in ("", None)}
    if deal.expected_close and deal.expected_close < today:
        problems["expected_close"] = "This date is in the past. Choose today or later."
    if not deal.lines.exists():
        problems["products"] = "Name at least one product."
    if problems:
        raise ValidationError(problems)


def _counted_again(vendor: Vendor, deal: Deal) -> int:
    """How often it will have been submitted again; ValidationError when the programme allows no more."""
    if not terms().may_be_returned(deal):
        raise ValidationError(
            f"{deal.reference} was submitted again {format_times(deal.resubmissions)}, the most "
            f"{vendor.name} takes. Withdraw it and register the customer anew, or write your manager a note.",
            code="limit",
        )
    return deal.resubmissions + 1


@transaction.atomic
def deal_withdraw(*, actor: Actor, deal: Deal, reason: str = "") -> Deal:
    """Take a registration back, or discard a draft; ends its protection. A reason may be given."""
    deal = locked("withdraw", actor=actor, deal=deal)
    if deal.status == DealStatus.WITHDRAWN:
        return deal
    require("withdraw", deal)
    now, before = timezone.now(), deal.status
    deal.status, deal.withdrawn_at, deal.withdrawal_reason = DealStatus.WITHDRAWN, now, reason.strip()
    deal.clean_fields(exclude={f.name for f in deal._meta.fields} - {"withdrawal_reason"})
    keep(deal, "status", "withdrawn_at", "withdrawal_reason")
    steps_end(actor, deal, StepOutcome.WITHDRAWN)
    release(deal, now)
    # What is said of a draft stays with the partner: the vendor reads events too.
    told = {"reason": deal.withdrawal_reason} if deal.submitted_at and deal.withdrawal_reason else {}
    event = record_deal_event("deals.withdrawn", actor, deal, was=before, **told)
    if deal.submitted_at:
        notifications.withdrawn(actor, deal, event)
    return deal
