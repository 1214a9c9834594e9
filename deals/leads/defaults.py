"""How a new vendor routes leads until it says otherwise."""

from typing import Final

from deals.leads.models import LeadRule, Territory
from portal.tenancy.models import Vendor

_RULES: Final = (
    ("Partners in the customer's country", Territory.COUNTRY),
    ("Partners of the lead's region", Territory.REGION),
)


def rules_begin(vendor: Vendor) -> None:
    """Nearest first, where the vendor has no rules yet. Runs under its system scope."""
    if LeadRule.objects.exists():
        return
    LeadRule.objects.bulk_create(
        LeadRule(position=position, name=name, territory=territory)
        for position, (name, territory) in enumerate(_RULES, start=1)
    )
