"""What an approved change does to its deal."""

from datetime import datetime

from deals.amendments.models import Amendment, AmendmentLine
from deals.deal.actions import keep
from deals.deal.models import Deal, DealLine
from deals.protection.models import Protection
from deals.protection.services import claim
from portal.money.exchange import in_vendor_currency
from portal.tenancy.models import Vendor


def amendment_apply(vendor: Vendor, amendment: Amendment, now: datetime) -> None:
    """Write the new values; protection follows the products. ValidationError naming a claim in the way."""
    deal: Deal = amendment.deal
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
