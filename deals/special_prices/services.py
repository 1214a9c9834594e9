"""Special prices: ask for one, grant it for a time, refuse it, take it back, use it at the win."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deals.deal import policies
from deals.deal.actions import keep, lock, locked, reasoned, require, tell
from deals.deal.models import Deal
from deals.deal.people import as_the_vendor, manager_asked
from deals.special_prices import notifications
from deals.special_prices.models import BigDealTerms, PriceLine, PriceRequest, PriceRule, PriceStatus
from deals.special_prices.policies import discount_points, role_for
from deals.special_prices.selectors import big_deal_terms
from portal.calendar.selectors import calendar_of
from portal.money.exchange import in_vendor_currency
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.ui.formatting import format_date, format_money, format_percent

#: A price that holds for longer is a price list.
LONGEST: Final = timedelta(days=366)
#: A granted price that was not used is brought to mind this long before it is gone.
ENDING: Final = timedelta(days=7)
#: Requests looked at in one transaction; the next run takes the next.
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a request; prices in minor units of the deal's currency, per piece."""

    product_id: int
    quantity: int
    list_price: int
    price: int


@transaction.atomic
def price_request(
    *,
    actor: Actor,
    deal: Deal,
    lines: Sequence[Asked],
    justification: str,
    competitor: str = "",
    competitor_price: int | None = None,
) -> PriceRequest:
    """Ask for a special price; the vendor's clock runs, and its rules say who decides.

    The same request sent twice is once; another one while that is open is a ValidationError.
    """
    deal, terms = locked("price", actor=actor, deal=deal), big_deal_terms()
    require("price", deal)
    _refuse_small(terms, deal)
    request = _request(deal, lines, justification.strip(), competitor.strip(), competitor_price)
    there = PriceRequest.objects.filter(deal=deal, status=PriceStatus.OPEN).first()
    if there:
        return _same(there, request)
    request.requested_by = actor.user
    _send(actor.vendor, terms, deal, request)
    PriceLine.objects.bulk_create(_lines(request, lines))
    event = tell("deals.price_requested", actor, deal, **_told(request, request.requested_total))
    notifications.requested(actor, deal, request, event)
    return request


def _refuse_small(terms: BigDealTerms, deal: Deal) -> None:
    least = terms.special_price_from
    if least is None:
        raise ValidationError("This programme has no special prices.")
    if (deal.amount_vendor or 0) < least:
        raise ValidationError("Special prices are for larger deals.")


def _request(
    deal: Deal, lines: Sequence[Asked], justification: str, competitor: str, competitor_price: int | None
) -> PriceRequest:
    on_deal = set(deal.lines.values_list("product_id", "quantity"))
    if not lines or {(line.product_id, line.quantity) for line in lines} != on_deal:
        raise ValidationError("The products of this deal have changed. Look again.")
    if any(not 0 < line.price <= line.list_price for line in lines):
        raise ValidationError("A special price is above zero and not above the list price.")
    request = PriceRequest(
        partner_id=deal.partner_id,
        deal=deal,
        currency=deal.currency,
        justification=justification,
        competitor=competitor,
        competitor_price=competitor_price,
        list_total=sum(line.list_price * line.quantity for line in lines),
        requested_total=sum(line.price * line.quantity for line in lines),
    )
    if request.requested_total >= request.list_total:
        raise ValidationError("Ask for less than the list price, for one product at least.")
    if not justification:
        raise ValidationError({"justification": "Say why this deal needs a special price."})
    return request


def _same(there: PriceRequest, request: PriceRequest) -> PriceRequest:
    """The one that is open, when it was merely sent again."""
    said = ("requested_total", "list_total", "justification", "competitor", "competitor_price")
    if all(getattr(there, name) == getattr(request, name) for name in said):
        return there
    raise ValidationError("A special price is asked for already. Wait for the answer, or take it back first.")


def _send(vendor: Vendor, terms: BigDealTerms, deal: Deal, request: PriceRequest) -> None:
    """To whoever the rules say; the price rules are no partner's to read."""
    now = timezone.now()
    today = now.astimezone(vendor.zone).date()
    value = in_vendor_currency(request.list_total, deal.currency, today, vendor)
    points = discount_points(request.list_total, request.requested_total)
    with as_the_vendor():
        role = role_for(PriceRule.objects.order_by("position"), points=points, list_value=value)
        owner = manager_asked(deal) if role == Role.CHANNEL_MANAGER else None
    request.role = role if owner else Role.PROGRAM_ADMIN
    request.owner = owner
    request.requested_at = now
    request.due_at = calendar_of(vendor).add_hours(now, terms.special_price_hours)
    request.save(force_insert=True)


def _lines(request: PriceRequest, lines: Sequence[Asked]) -> list[PriceLine]:
    return [
        PriceLine(
            partner_id=request.partner_id,
            request=request,
            product_id=line.product_id,
            quantity=line.quantity,
            list_price=line.list_price,
            requested_price=line.price,
        )
        for line in lines
    ]


def _told(request: PriceRequest, total: int) -> dict[str, object]:
    discount = format_percent(1 - total / request.list_total)
    return {"amount": total, "currency": request.currency, "discount": discount}


# The answer -------------------------------------------------------------------------------------------


@transaction.atomic
def price_grant(
    *, actor: Actor, request: PriceRequest, valid_until: date, prices: Mapping[int, int] | None = None
) -> PriceRequest:
    """Grant it, in full or at another price, up to and including the day `valid_until`.

    `prices` are minor units per piece by line id; a line that is left out is granted as asked.
    """
    deal, request = _on_turn(actor, request)
    prices, now = prices or {}, timezone.now()
    if request.status == PriceStatus.GRANTED and _granted_so(actor.vendor, request, valid_until, prices):
        return request
    _require_open(deal, request)
    request.expires_at = _end_of(actor.vendor, valid_until, now)
    lines = _with_prices(request, prices)
    PriceLine.objects.bulk_update(lines, ["granted_price"])
    request.granted_total = sum((line.granted_price or 0) * line.quantity for line in lines)
    request.status, request.decided_at, request.decided_by = PriceStatus.GRANTED, now, actor.user
    request.save(update_fields=["expires_at", "granted_total", "status", "decided_at", "decided_by"])
    deal.special_price_until = request.expires_at
    keep(deal, "special_price_until")
    told = _told(request, request.granted_total) | {"until": format_date(valid_until, "year")}
    notifications.answered(actor, deal, request, tell("deals.price_granted", actor, deal, **told))
    return request


def _granted_so(vendor: Vendor, request: PriceRequest, day: date, prices: Mapping[int, int]) -> bool:
    """Whether the answer that stands is this very one, sent twice; another one is nobody's to change."""
    same = all(
        line.granted_price == prices.get(line.pk, line.requested_price) for line in request.lines.all()
    )
    return same and request.expires_at == _midnight_after(vendor, day)


def _with_prices(request: PriceRequest, prices: Mapping[int, int]) -> list[PriceLine]:
    lines = list(request.lines.order_by("pk"))
    problems = {}
    for line in lines:
        line.granted_price = prices.get(line.pk, line.requested_price)
        if not line.requested_price <= line.granted_price <= line.list_price:
            low, high = (
                format_money(price, request.currency) for price in (line.requested_price, line.list_price)
            )
            problems[f"price_{line.pk}"] = f"Between {low}, as asked, and {high}, the list price."
    if problems:
        raise ValidationError(problems)
    return lines


def _end_of(vendor: Vendor, day: date, now: datetime) -> datetime:
    """The midnight that ends the day, by the vendor's clock."""
    today = now.astimezone(vendor.zone).date()
    if day < today:
        raise ValidationError({"valid_until": "This day is over. Choose today or a later one."})
    if day - today > LONGEST:
        raise ValidationError({"valid_until": "A special price holds for a year at most."})
    return _midnight_after(vendor, day)


def _midnight_after(vendor: Vendor, day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=vendor.zone)


@transaction.atomic
def price_refuse(*, actor: Actor, request: PriceRequest, reason: str) -> PriceRequest:
    """Refuse it, with the reason the partner reads."""
    deal, request = _on_turn(actor, request)
    if request.status == PriceStatus.REFUSED:
        return request
    _require_open(deal, request)
    request.reason = reasoned(reason)
    request.status, request.decided_at, request.decided_by = PriceStatus.REFUSED, timezone.now(), actor.user
    request.save(update_fields=["reason", "status", "decided_at", "decided_by"])
    notifications.answered(
        actor, deal, request, tell("deals.price_refused", actor, deal, reason=request.reason)
    )
    return request


@transaction.atomic
def price_withdraw(*, actor: Actor, request: PriceRequest) -> PriceRequest:
    """The partner takes an open request back."""
    if not policies.may_work(actor, request.deal):
        raise PermissionDenied("Only the partner takes its request back.")
    deal, request = _locked(request)
    if request.status == PriceStatus.WITHDRAWN:
        return request
    _require_open(deal, request)
    request.status, request.decided_at, request.decided_by = PriceStatus.WITHDRAWN, timezone.now(), actor.user
    request.save(update_fields=["status", "decided_at", "decided_by"])
    tell("deals.price_withdrawn", actor, deal)
    return request


def _on_turn(actor: Actor, request: PriceRequest) -> tuple[Deal, PriceRequest]:
    if not policies.may_decide_price(actor, request.deal, request.role):
        raise PermissionDenied("This discount is somebody else's decision.")
    return _locked(request)


def _locked(request: PriceRequest) -> tuple[Deal, PriceRequest]:
    """The deal before the request: everybody locks in this order."""
    deal = lock(request.deal)
    current: PriceRequest = PriceRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    current.deal = deal
    return deal, current


def _require_open(deal: Deal, request: PriceRequest) -> None:
    if not request.is_open:
        status = request.get_status_display().lower()
        raise ValidationError(f"This request was {status} already.", code="illegal")
    require("price", deal)


# The win, and the clock -------------------------------------------------------------------------------


def price_use(deal: Deal, now: datetime) -> None:
    """Mark the price granted last as used by the win of the locked deal; ValidationError when it is over."""
    granted = PriceRequest.objects.filter(deal=deal, status=PriceStatus.GRANTED, used_at=None)
    request = granted.order_by("-decided_at", "-pk").first()
    if request is None:
        raise ValidationError({"special_price": "No special price was granted for this deal."})
    assert request.expires_at  # noqa: S101  (granted)
    if request.expires_at <= now:
        last = format_date(request.expires_at - timedelta(seconds=1), "year")
        raise ValidationError(
            {"special_price": f"The special price ended on {last}. Ask for a new one, or win without it."}
        )
    request.used_at = now
    request.save(update_fields=["used_at"])


@transaction.atomic
def prices_mind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Remind of prices that are soon gone, and tell the program admins of requests that are overdue.

    Each once, however often this runs. Returns how many. Runs under the vendor's system scope.
    """
    now = now or timezone.now()
    return _remind(vendor, now) + _escalate(vendor, now)


def _remind(vendor: Vendor, now: datetime) -> int:
    unused = PriceRequest.objects.filter(status=PriceStatus.GRANTED, used_at=None, reminded_at=None)
    ending = unused.filter(expires_at__gt=now, expires_at__lte=now + ENDING).select_related("deal__partner")
    requests = list(_taken(ending.filter(deal__status__in=policies.STARTS_FROM["price"])))
    for request in requests:
        request.reminded_at = now
        # A later price has taken its place; nothing is lost with this one.
        if request.expires_at == request.deal.special_price_until:
            notifications.ending(vendor, request)
    PriceRequest.objects.bulk_update(requests, ["reminded_at"])
    return len(requests)


def _escalate(vendor: Vendor, now: datetime) -> int:
    late = PriceRequest.objects.filter(status=PriceStatus.OPEN, escalated_at=None, due_at__lte=now)
    late = late.filter(deal__status__in=policies.STARTS_FROM["price"])
    requests = list(_taken(late.select_related("deal__partner", "owner")))
    for request in requests:
        request.escalated_at = now
        notifications.overdue(vendor, request)
    PriceRequest.objects.bulk_update(requests, ["escalated_at"])
    return len(requests)


def _taken(requests: QuerySet[PriceRequest]) -> QuerySet[PriceRequest]:
    return requests.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH]
