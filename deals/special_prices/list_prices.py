"""List prices of a deal's products in the deal's currency."""

from collections.abc import Iterable
from decimal import Decimal

from django.utils import timezone

from deals.deal.models import Deal, DealLine
from portal.money.exchange import rate_on
from portal.tenancy.models import Vendor
from portal.ui.formatting import from_minor, to_minor


def list_prices(vendor: Vendor, deal: Deal, lines: Iterable[DealLine]) -> dict[int, int]:
    """{product id: minor units of the deal's currency per piece}; products without a list price are left out.

    Another currency than the vendor's is converted at today's rate, to its smallest unit.
    """
    priced = {line.product_id: line.product.list_price for line in lines if line.product.list_price}
    if deal.currency == vendor.currency:
        return priced
    rate = rate_on(deal.currency, timezone.localdate(timezone=vendor.zone))
    if rate is None:
        return {}
    return {pk: _converted(minor, vendor.currency, rate, deal.currency) for pk, minor in priced.items()}


def _converted(minor: int, currency: str, rate: Decimal, into: str) -> int:
    return to_minor((from_minor(minor, currency) / rate).quantize(from_minor(1, into)), into)
