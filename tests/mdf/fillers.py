"""A row in every table of the funds, of a competitor of beta, for the wall's test."""

from collections.abc import Callable
from datetime import date
from typing import Any

from mdf.funds.models import ActivityType, CostKind, Eligibility, Fund, RequiredProof
from mdf.ledger import checks, services
from mdf.ledger.postings import Account, Draft, PostingKind, post
from tests.support.worlds import VendorWorld


def everything(world: VendorWorld) -> None:
    """Under the vendor's system scope: a fund with its rules, and money of it with partner alpha."""
    name, year, alpha = world.vendor.slug, world.vendor.today.year, world.partners["alpha"]
    if Fund.objects.exists():
        return
    fund = Fund.objects.create(
        name=f"Fund of {name}", currency="EUR", starts_on=date(year, 1, 1), ends_on=date(year, 12, 31)
    )
    Eligibility.objects.create(fund=fund)
    kind = ActivityType.objects.create(name=f"Fair of {name}")
    RequiredProof.objects.create(activity_type=kind, kind="photos")
    CostKind.objects.create(name=f"Room of {name}")
    sides = (Account.FUNDING, Account.FREE)
    draft = Draft("first", PostingKind.ALLOCATION, fund, alpha.pk, 1_000_00, *sides, "Plan")
    post(vendor=world.vendor, drafts=[draft])
    services.reserve(
        vendor=world.vendor,
        fund=fund,
        partner_id=alpha.pk,
        amount=100,
        key="first",
        subject="",
        reason="Go",
    )
    checks.fund_check(fund=fund)


FILLERS: dict[str, Callable[[VendorWorld], Any]] = {
    f"mdf.{name}": everything
    for name in (
        "Fund", "Eligibility", "ActivityType", "RequiredProof", "CostKind", "Posting", "Entry", "Balance",
        "Reservation", "LedgerCheck",
    )
}  # fmt: skip
