"""What an open deal without an amount is worth: list price times quantity, where the vendor says so.

It stands where the stated amount would, in the vendor's currency and marked, and is fixed when the deal comes
in or the vendor decides so. So it has the history of every amount, and no later price moves an earlier day.
"""

from collections.abc import Collection
from typing import Final

from django.db import connection

from deals.deal.models import PENDING, DealStatus
from deals.registration.selectors import terms
from portal.tenancy.scope import current_vendor_id
from portal.tenancy.tables import array_of

_OPEN: Final = [*(status.value for status in PENDING), DealStatus.RETURNED.value, DealStatus.APPROVED.value]

# Only where each of the products has a price: part of a worth is no worth.
_COUNT: Final = """
update deals_deal deal set amount_vendor = worth.value, at_list_price = true
from (
    select line.deal_id, sum(line.quantity * product.list_price)::bigint as value
    from deals_dealline line
    join partners_product product on product.vendor_id = %(vendor)s and product.id = line.product_id
    where line.vendor_id = %(vendor)s
        and (%(deals)s::bigint[] is null or line.deal_id = any(%(deals)s::bigint[]))
    group by line.deal_id
    having bool_and(product.list_price is not null)
) worth
where deal.vendor_id = %(vendor)s and deal.id = worth.deal_id
    and deal.amount is null and deal.submitted_at is not null and deal.status = any(%(open)s)
    and deal.amount_vendor is distinct from worth.value
"""
_STOP: Final = """
update deals_deal set
    at_list_price = false,
    amount_vendor = case when amount is not null then amount_vendor end
where vendor_id = %(vendor)s and at_list_price and (amount is not null or %(all)s)
    and (%(deals)s::bigint[] is null or id = any(%(deals)s::bigint[]))
"""


def list_prices_count(deals: Collection[int] | None = None) -> None:
    """Let these deals (ids; None: all of the vendor's) count at list price, or no more, as its terms say.

    Runs under the vendor's scope, in a transaction. Two statements.
    """
    on = terms().counts_list_prices
    parameters = {
        "vendor": current_vendor_id(),
        "deals": None if deals is None else array_of(deals),
        "open": _OPEN,
        "all": not on,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STOP, parameters)
        if on:
            cursor.execute(_COUNT, parameters)
