"""Human references: D-000001, D-000002, ... per vendor, without gaps."""

from django.db import connection

from deals.deal.models import DealCounter
from portal.tenancy.scope import current_vendor_id, entered, system_scope

_PREFIX = "D-"
_TAKE = "update deals_dealcounter set last = last + %s where vendor_id = %s returning last"
_HIGHEST = r"select coalesce(max(substring(reference from '^D-(\d{1,15})$')::bigint), 0) from deals_deal"


def references_take(count: int = 1) -> list[str]:
    """The next `count` references of the scope's vendor. Must run in the transaction that uses them.

    The counter's row stays locked until then: a number is given to nobody twice, and one that was not
    used (the transaction failed) is given to the next.
    """
    vendor_id = current_vendor_id()
    if vendor_id is None:
        raise RuntimeError("no vendor in scope")
    # The counter is the vendor's own; no partner can read how many deals there are.
    with entered(system_scope(vendor_id)):
        last = _advance(vendor_id, count) or _start_and_advance(vendor_id, count)
    return [f"{_PREFIX}{number:06d}" for number in range(last - count + 1, last + 1)]


def _advance(vendor_id: int, count: int) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [count, vendor_id])
        row = cursor.fetchone()
    return row[0] if row else None


def _start_and_advance(vendor_id: int, count: int) -> int:
    """First use: go on after references that came by bulk load. Two that start at once share one row."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_HIGHEST} where vendor_id = %s", [vendor_id])
        highest = cursor.fetchone()[0]
    DealCounter.objects.bulk_create([DealCounter(last=highest)], ignore_conflicts=True)
    return _advance(vendor_id, count) or 0
