"""Human references of deals: D- and seven signs, unguessable, unique per vendor."""

from collections.abc import Collection

from deals.deal.models import Deal
from portal.references import draw
from portal.tenancy.scope import current_vendor_id, entered, system_scope

PREFIX = "D"


def references_take(count: int = 1) -> list[str]:
    """`count` references that no deal of the scope's vendor has. RuntimeError without a vendor in scope.

    Two transactions that draw the same one at the same moment are kept apart by the unique key; with a
    million deals that happens once in some hundred thousand years.
    """
    vendor_id = current_vendor_id()
    if vendor_id is None:
        raise RuntimeError("no vendor in scope")
    return draw(PREFIX, count, lambda candidates: _taken(vendor_id, candidates))


def _taken(vendor_id: int, candidates: Collection[str]) -> Collection[str]:
    # Under the vendor's own scope: other partners' deals have references too.
    with entered(system_scope(vendor_id)):
        return set(Deal.objects.filter(reference__in=candidates).values_list("reference", flat=True))
