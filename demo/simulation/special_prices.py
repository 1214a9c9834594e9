"""Big deals of the demo: special prices asked for, granted, used up and refused."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from deals.deal.models import Deal, DealStatus
from deals.special_prices.models import BigDealTerms, PriceLine, PriceRequest, PriceRule
from demo.simulation.plans import VendorPlan
from partners.models import Partner
from portal.calendar.selectors import calendar_of
from portal.events.models import PortalEvent
from portal.requests.models import RequestStatus
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.ui.formatting import format_date, format_percent, to_minor

#: Special prices from this many usual deals on.
BIG: Final = Decimal("1.2")
WHY: Final = (
    "Public tender: the price counts for 60 %, and the runner-up is known to go lower.",
    "First site of a group with eleven more; they decide on the others after this one.",
    "They would extend the competitor's installation otherwise.",
    "Replaces a system of a competitor; the switch costs them a training week.",
)
REFUSED: Final = "The margin of this configuration does not carry it. Offer the smaller cell instead."
#: One after the other: what became of it, asked for how many days ago, discount in per cent.
STORIES: Final = (
    (RequestStatus.GRANTED, 6, 12),
    (RequestStatus.OPEN, 1, 8),
    (RequestStatus.REFUSED, 12, 25),
    (RequestStatus.OPEN, 2, 18),
    (RequestStatus.GRANTED, 50, 10),
    (RequestStatus.GRANTED, 3, 7),
)
HOLDS: Final = timedelta(days=30)


def special_prices(plan: VendorPlan, vendor: Vendor, featured: Partner) -> None:
    """Terms, rules and a handful of requests; a vendor that has terms keeps its own."""
    if BigDealTerms.objects.exists():
        return
    least = to_minor(Decimal(round(plan.deal_size * BIG, -3)), vendor.currency)
    terms = BigDealTerms.objects.create(special_price_from=least)
    PriceRule.objects.create(position=1, discount_to=1_500, role=Role.CHANNEL_MANAGER)
    now = timezone.now()
    for place, deal in enumerate(_large(featured, least)):
        _tell_story(vendor, terms, deal, place, now)


def _large(featured: Partner, least: int) -> Sequence[Deal]:
    """Approved deals that are large enough: the featured partner's first, then others'."""
    rows = Deal.objects.filter(status=DealStatus.APPROVED, amount_vendor__gte=least)
    rows = rows.filter(approved_at__lt=timezone.now() - timedelta(days=13)).select_related("partner")
    own = list(rows.filter(partner=featured).order_by("pk")[:4])
    others = rows.filter(~Q(partner=featured)).order_by("pk")
    return [*own, *others[: len(STORIES) - len(own)]]


def _tell_story(vendor: Vendor, terms: BigDealTerms, deal: Deal, place: int, now: datetime) -> None:
    status, days_ago, discount = STORIES[place]
    asked_at = now - timedelta(days=days_ago, hours=place)
    lines = _lines(vendor, deal, discount)
    if not lines:
        return
    request = PriceRequest(
        partner_id=deal.partner_id,
        deal=deal,
        status=status,
        currency=deal.currency,
        reason=WHY[place % len(WHY)],
        competitor=deal.competitor,
        list_total=sum(line.list_price * line.quantity for line in lines),
        requested_total=sum(line.requested_price * line.quantity for line in lines),
        role=Role.CHANNEL_MANAGER if discount <= 15 else Role.PROGRAM_ADMIN,
        owner_id=deal.assigned_to_id if discount <= 15 else None,
        requested_by_id=deal.registered_by_id,
        requested_at=asked_at,
        due_at=calendar_of(vendor).add_hours(asked_at, terms.special_price_hours),
    )
    if status != RequestStatus.OPEN:
        _answer(request, deal, lines, asked_at + timedelta(hours=5))
    request.save(force_insert=True)
    for line in lines:
        line.request = request
    PriceLine.objects.bulk_create(lines)
    _record(request, deal)


def _lines(vendor: Vendor, deal: Deal, discount: int) -> list[PriceLine]:
    """Whole deals with list prices only; in another currency the deal's own amount stands in for the list."""
    rows = list(deal.lines.select_related("product").order_by("pk"))
    pieces = sum(row.quantity for row in rows)
    same = deal.currency == vendor.currency
    lines = []
    for row in rows:
        price = row.product.list_price if same else (deal.amount or 0) // pieces
        if not price:
            return []
        asked = price * (100 - discount) // 100
        lines.append(
            PriceLine(
                partner_id=deal.partner_id,
                product_id=row.product_id,
                quantity=row.quantity,
                list_price=price,
                requested_price=asked,
            )
        )
    return lines


def _answer(request: PriceRequest, deal: Deal, lines: Sequence[PriceLine], moment: datetime) -> None:
    request.decided_at, request.decided_by_id = moment, deal.assigned_to_id
    if request.status == RequestStatus.REFUSED:
        request.decision_reason = REFUSED
        return
    for line in lines:
        line.granted_price = line.requested_price
    request.granted_total = request.requested_total
    midnight = timezone.localtime(moment).replace(hour=0, minute=0, second=0, microsecond=0)
    request.expires_at = midnight + HOLDS
    Deal.objects.filter(pk=deal.pk).update(special_price_until=request.expires_at)


def _record(request: PriceRequest, deal: Deal) -> None:
    told: dict[str, Any] = {
        "amount": request.requested_total,
        "currency": request.currency,
        "discount": format_percent(request.discount),
    }
    _event("deals.price_requested", deal, request.requested_by_id, request.requested_at, told)
    if request.decided_at and request.status == RequestStatus.REFUSED:
        reason = {"reason": request.decision_reason}
        _event("deals.price_refused", deal, request.decided_by_id, request.decided_at, reason)
    elif request.decided_at and request.expires_at:
        until = {"until": format_date(request.expires_at - timedelta(seconds=1), "year")}
        _event("deals.price_granted", deal, request.decided_by_id, request.decided_at, told | until)


def _event(kind: str, deal: Deal, actor_id: int | None, moment: datetime, told: dict[str, Any]) -> None:
    """As the services tell it, but at its time in the demo's past."""
    PortalEvent.objects.create(
        type=kind,
        partner_id=deal.partner_id,
        actor_id=actor_id,
        subject_type=deal._meta.label_lower,
        subject_id=deal.pk,
        occurred_at=moment,
        data={"reference": deal.reference, "customer": deal.customer_name, **told},
    )
