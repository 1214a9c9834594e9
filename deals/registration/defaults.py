"""What a new vendor sells by until it says otherwise."""

from typing import Final

from deals.deal.models import Stage
from deals.registration.models import DealTerms
from portal.tenancy.models import Vendor

_STAGES: Final = (("Qualified", 20), ("Proposal", 50), ("Negotiation", 70))


def programme_defaults(vendor: Vendor) -> None:
    """Three stages and the usual terms, where the vendor has none yet.

    Runs under the vendor's system scope in the caller's transaction.
    """
    if not DealTerms.objects.exists():
        DealTerms.objects.create()
    if Stage.objects.exists():
        return
    Stage.objects.bulk_create(
        Stage(name=name, position=position, probability=probability)
        for position, (name, probability) in enumerate(_STAGES, start=1)
    )
