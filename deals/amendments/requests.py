"""A change of an approved deal: at once where the programme allows it, else when the vendor approves it."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from deals.amendments import notifications
from deals.amendments.models import Amendment, AmendmentLine
from deals.amendments.selectors import changes_of
from deals.amendments.services import amendment_apply
from deals.conflicts.check import conflict_check
from deals.deal.models import Deal, DealLine, Verdict
from deals.deal.requests import DealRequestKind
from deals.registration.models import DealTerms
from deals.registration.selectors import terms
from partners.models import Product
from portal.events.models import PortalEvent
from portal.money.exchange import in_vendor_currency
from portal.requests.kinds import Verbs, register
from portal.requests.models import RequestStatus
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_money
from portal.ui.widgets import Look

Lines = Iterable[tuple[int, int]]


class AmendmentKind(DealRequestKind[Amendment]):
    key = "deals.amendment"
    model = Amendment
    label = "Change"
    icon = "file-pencil"
    icons = {"requested": "file-pencil", "granted_at_once": "pencil"}
    noun = "change of the deal"
    verbs = Verbs(granted="approved", refused="rejected", granted_at_once="made")
    page = "deals:amend"
    ask = "amend"
    reason_value = ""

    def build(
        self,
        actor: Actor,
        subject: Deal,
        *,
        amount: int,
        expected_close: date | None,
        lines: Lines,
        reason: str = "",
        key: UUID | None = None,
    ) -> Amendment:
        """All values as they shall be, `amount` in minor units of the deal's currency; `key` of the form."""
        if amount <= 0:
            raise ValidationError({"amount": "Enter an amount above zero."})
        today = timezone.now().astimezone(actor.vendor.zone).date()
        if expected_close is None or (expected_close < today and expected_close != subject.expected_close):
            raise ValidationError({"expected_close": "Choose today or a later date."})
        amendment = Amendment(
            key=key or uuid4(),
            reason=reason.strip(),
            amount_before=subject.amount,
            amount=amount,
            close_before=subject.expected_close,
            expected_close=expected_close,
        )
        amendment.parts = _changed_lines(amendment, subject, dict(lines))
        return amendment

    def sent_before(self, request: Amendment, there: Amendment | None) -> Amendment | None:
        """The same form again is the same change, answered or not."""
        found: Amendment | None = Amendment.objects.filter(deal=request.deal, key=request.key).first()
        return found

    def busy(self, there: Amendment) -> str:
        return "Another change of this deal waits for an answer. Take it back first, or wait."

    def check(self, actor: Actor, request: Amendment) -> None:
        """Whether it may apply at once; what is added goes through the conflict check."""
        deal, lines = request.deal, request.parts
        same = request.amount == deal.amount and request.expected_close == deal.expected_close
        if same and not lines:
            raise ValidationError("Nothing is different. Change what you want changed.")
        added = [line for line in lines if isinstance(line, AmendmentLine) and line.is_added]
        if added:
            _keep_verdicts(actor, deal, added)
        why = ["it adds a product" if len(added) == 1 else "it adds products"] if added else []
        too_much = _beyond(terms(), actor.vendor, deal, request)
        request.why = " and ".join([*why, *([too_much] if too_much else [])])

    def needs_decision(self, request: Amendment) -> bool:
        return bool(request.why)

    def grant(self, actor: Actor, request: Amendment, now: datetime) -> dict[str, Any]:
        amendment_apply(actor.vendor, request, now)
        return {}

    def granted_at_once(self, actor: Actor, request: Amendment, event: PortalEvent) -> None:
        notifications.applied(actor, request)

    def told(self, request: Amendment) -> dict[str, Any]:
        return {"changes": changes_of(request)}

    def asks(self, request: Amendment) -> str:
        return "asks to change the deal"

    def summary(self, request: Amendment) -> str:
        return request.why

    def summary_values(self) -> dict[str, Any]:
        return {"why": F("why")}

    def facts(self, request: Amendment) -> list[tuple[str, Any]]:
        changes = [(one["what"], f"{one['from']} → {one['to']}") for one in changes_of(request)]
        return [*changes, ("Needs an approval", f"because {request.why}")]

    def outcome(self, request: Amendment) -> str:
        return "" if request.status == RequestStatus.GRANTED else "The deal stays as it was."

    def look(self, request: Amendment) -> Look:
        return ("ok", "Applied at once", "check") if request.is_at_once else super().look(request)


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
    granted = Amendment.objects.filter(deal=deal, status=RequestStatus.GRANTED).order_by("requested_at", "pk")
    last = granted.exclude(why="").last()
    since = granted.filter(why="")
    if last:
        since = since.filter(requested_at__gt=last.requested_at)
    first = since.first()
    return first.amount_before if first else deal.amount


AMENDMENT = register(AmendmentKind())
