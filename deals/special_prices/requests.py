"""A special price: asked for by the partner, granted for a time or refused by whoever the rules name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import F

from deals.deal.actions import keep
from deals.deal.models import Deal
from deals.deal.people import manager_asked
from deals.deal.requests import DealRequestKind
from deals.special_prices.models import PriceLine, PriceRequest, PriceRule
from deals.special_prices.policies import discount_points, role_for
from deals.special_prices.presenters import last_day
from deals.special_prices.selectors import big_deal_terms
from portal.money.exchange import in_vendor_currency
from portal.people.models import User
from portal.requests.kinds import register
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.ui.formatting import format_money, format_percent

#: A price that holds for longer is a price list.
LONGEST: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a request; prices in minor units of the deal's currency, per piece."""

    product_id: int
    quantity: int
    list_price: int
    price: int


class PriceKind(DealRequestKind[PriceRequest]):
    key = "deals.price"
    model = PriceRequest
    label = "Special price"
    icon = "discount"
    icons = {"requested": "discount", "granted": "rosette-discount-check", "refused": "discount-off"}
    noun = "special price"
    page = "deals:price"
    ask = "price"
    same_by = ("requested_total", "list_total", "reason", "competitor", "competitor_price")

    def build(
        self,
        actor: Actor,
        subject: Deal,
        *,
        lines: Sequence[Asked],
        justification: str,
        competitor: str = "",
        competitor_price: int | None = None,
    ) -> PriceRequest:
        on_deal = set(subject.lines.values_list("product_id", "quantity"))
        if not lines or {(line.product_id, line.quantity) for line in lines} != on_deal:
            raise ValidationError("The products of this deal have changed. Look again.")
        if any(not 0 < line.price <= line.list_price for line in lines):
            raise ValidationError("A special price is above zero and not above the list price.")
        request = PriceRequest(
            currency=subject.currency,
            reason=justification.strip(),
            competitor=competitor.strip(),
            competitor_price=competitor_price,
            list_total=sum(line.list_price * line.quantity for line in lines),
            requested_total=sum(line.price * line.quantity for line in lines),
        )
        request.parts = [_line(subject, request, line) for line in lines]
        return request

    def check(self, actor: Actor, request: PriceRequest) -> None:
        least = big_deal_terms().special_price_from
        if least is None:
            raise ValidationError("This programme has no special prices.")
        if (request.deal.amount_vendor or 0) < least:
            raise ValidationError("Special prices are for larger deals.")
        if request.requested_total >= request.list_total:
            raise ValidationError("Ask for less than the list price, for one product at least.")
        if not request.reason:
            raise ValidationError({"justification": "Say why this deal needs a special price."})

    def busy(self, there: PriceRequest) -> str:
        return "A special price is asked for already. Wait for the answer, or take it back first."

    def asked_of(self, vendor: Vendor, request: PriceRequest) -> tuple[str, User | None]:
        """Whoever the vendor's price rules say."""
        today = request.requested_at.astimezone(vendor.zone).date()
        value = in_vendor_currency(request.list_total, request.currency, today, vendor)
        points = discount_points(request.list_total, request.requested_total)
        role = role_for(PriceRule.objects.order_by("position"), points=points, list_value=value)
        owner = manager_asked(request.deal) if role == Role.CHANNEL_MANAGER else None
        return role if owner else Role.PROGRAM_ADMIN.value, owner

    def hours(self, vendor: Vendor, request: PriceRequest) -> float:
        return big_deal_terms().special_price_hours

    def grant(
        self,
        actor: Actor,
        request: PriceRequest,
        now: datetime,
        *,
        valid_until: date,
        prices: Mapping[int, int] | None = None,
    ) -> dict[str, Any]:
        """In full or at another price, up to and including the day `valid_until`.

        `prices` are minor units per piece by line id; a line that is left out is granted as asked.
        """
        request.expires_at = _end_of(actor.vendor, valid_until, now)
        lines = _with_prices(request, prices or {})
        PriceLine.objects.bulk_update(lines, ["granted_price"])
        request.granted_total = sum((line.granted_price or 0) * line.quantity for line in lines)
        request.deal.special_price_until = request.expires_at
        keep(request.deal, "special_price_until")
        return {"until": last_day(request)}

    def asks(self, request: PriceRequest) -> str:
        return "asks for a special price"

    def told(self, request: PriceRequest) -> dict[str, Any]:
        discount = format_percent(request.discount)
        return {"amount": _total(request), "currency": request.currency, "discount": discount}

    def summary(self, request: PriceRequest) -> str:
        price, off = format_money(_total(request), request.currency), format_percent(request.discount)
        return f"{price}, {off} off the list"

    def summary_values(self) -> dict[str, Any]:
        return {name: F(name) for name in ("requested_total", "granted_total", "list_total", "currency")}

    def facts(self, request: PriceRequest) -> list[tuple[str, Any]]:
        return [*super().facts(request), ("List value", format_money(request.list_total, request.currency))]

    def outcome(self, request: PriceRequest) -> str:
        if request.granted_total is None:
            return ""
        reduced = ", which is not all you asked for" if request.is_reduced else ""
        return f"It holds until {last_day(request)}{reduced}."


def _total(request: PriceRequest) -> int:
    return request.requested_total if request.granted_total is None else request.granted_total


def _line(deal: Deal, request: PriceRequest, line: Asked) -> PriceLine:
    return PriceLine(
        partner_id=deal.partner_id,
        request=request,
        product_id=line.product_id,
        quantity=line.quantity,
        list_price=line.list_price,
        requested_price=line.price,
    )


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
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=vendor.zone)


PRICE = register(PriceKind())
