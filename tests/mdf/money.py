"""A fund with money, for tests."""

from datetime import date
from typing import Any

from django.db import transaction

from mdf.funds.models import Fund
from mdf.ledger import services
from mdf.ledger.models import Balance
from portal.tenancy.scope import entered, system_scope
from tests.support.worlds import VendorWorld, acting_as


def fund_of(world: VendorWorld, *, budget: int = 0, **fields: Any) -> Fund:
    """A fund of this calendar year with `budget` not allocated."""
    year = world.vendor.today.year
    given = {
        "name": f"Fund {year}", "currency": "EUR", "starts_on": date(year, 1, 1),
        "ends_on": date(year, 12, 31), **fields,
    }  # fmt: skip
    with acting_as(world.people["program_admin"]) as actor:
        fund: Fund = Fund.objects.create(**given)
        if budget:
            services.budget_add(actor=actor, fund=fund, amount=budget, reason="Budget", key=f"b:{fund.pk}")
    return fund


def allocated(world: VendorWorld, fund: Fund, amount: int, slug: str = "beta", key: str = "a") -> None:
    with acting_as(world.people["program_admin"]) as actor:
        services.allocate(
            actor=actor, fund=fund, partner=world.partners[slug], amount=amount, reason="Plan",
            key=f"{key}:{fund.pk}:{slug}",
        )  # fmt: skip


def balance(world: VendorWorld, fund: Fund, slug: str | None = "beta") -> Balance:
    partner = world.partners[slug] if slug else None
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        found = Balance.objects.filter(fund=fund, partner=partner).first()
        return found or Balance(fund=fund, partner=partner)
