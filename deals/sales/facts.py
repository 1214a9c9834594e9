"""The deals that were closed, as facts for whoever looks at them beside something else."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db import connection

from portal.metrics.declarations import AsOf
from portal.metrics.facts import CLOSED_DEALS, ClosedDeal
from portal.tenancy.scope import current_vendor_id

_WON: Final = "won_at >= %(since)s and won_at < %(end)s and counted_at < %(end)s"
_LOST: Final = "lost_at >= %(since)s and lost_at < %(end)s"
_UNCHANGED: Final = "vendor_id = %(vendor)s and (revised_at is null or revised_at < %(end)s)"

# As the sales quadrant does: deals that were never edited since from themselves, the few others from the
# version that was in force. A win entered later for an earlier day stands beside the loss it replaced.
# What a deal is about and who registered it have no history.
_SQL: Final = f"""
with version as (
    select * from deals_dealversion
    where vendor_id = %(vendor)s and held_until >= %(end)s and (held_from is null or held_from < %(end)s)
),
closed as (
    select id as deal_id, partner_id, submitted_at, won_at as closed_at, true as is_won, amount_vendor,
        won_amount_vendor
    from deals_deal where {_UNCHANGED} and {_WON}
    union all
    select deal_id, partner_id, submitted_at, won_at, true, amount_vendor, won_amount_vendor
    from version where {_WON}
    union all
    select id, partner_id, submitted_at, lost_at, false, amount_vendor, null
    from deals_deal where {_UNCHANGED} and {_LOST}
    union all
    select deal_id, partner_id, submitted_at, lost_at, false, amount_vendor, null
    from version where {_LOST} and (won_at is null or won_at >= %(end)s)
),
line as (
    select deal_id, array_agg(product.id) as products, array_agg(product.name) as names
    from deals_dealline
    join partners_product product on product.vendor_id = %(vendor)s and product.id = product_id
    where deals_dealline.vendor_id = %(vendor)s and deal_id in (select deal_id from closed)
    group by deal_id
)
select closed.partner_id, deal.registered_by_id, closed.submitted_at, closed.closed_at, closed.is_won,
    closed.amount_vendor, closed.won_amount_vendor, line.products, line.names
from closed
join deals_deal deal on deal.vendor_id = %(vendor)s and deal.id = closed.deal_id
left join line on line.deal_id = closed.deal_id
order by closed.closed_at, closed.deal_id
"""  # noqa: S608  # sub-selects of our own


def closed_deals(as_of: AsOf, since: datetime) -> Iterator[ClosedDeal]:
    """Won or lost from `since` to the end of the day, in that order; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"vendor": current_vendor_id(), "since": since, "end": as_of.end})
        for row in cursor.fetchall():
            products, names = row[-2:]
            yield ClosedDeal._make((*row[:-2], dict(zip(products or (), names or (), strict=True))))


CLOSED_DEALS.declare(closed_deals)
