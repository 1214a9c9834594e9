"""A fund of the demo's fiscal year: its budget, what partners were given, and a quarter that is closed."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from demo.simulation.plans import VendorPlan
from mdf.funds.models import Fund, quarters
from mdf.ledger.checks import ledger_check
from mdf.ledger.models import Account, PostingKind
from mdf.ledger.postings import Draft, post
from partners.models import Partner, PartnerStatus
from portal.calendar.days import months_after
from portal.tenancy.models import Vendor
from portal.ui.formatting import to_minor

#: Parts of a hundred of the budget, to the featured partner first.
PARTS: Final = (9, 8, 7, 6, 6, 5, 5, 4, 4, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1)


def funds(plan: VendorPlan, vendor: Vendor, featured: Partner) -> None:
    """A vendor that has funds keeps its own."""
    if Fund.objects.exists():
        return
    first = _fiscal_year(vendor)
    last = months_after(first, 12) - timedelta(days=1)
    fund = Fund.objects.create(
        name=f"Fund {last.year}", currency=vendor.currency, starts_on=first, ends_on=last
    )
    budget = to_minor(Decimal(round(plan.deal_size * 4, -4)), vendor.currency)
    post(vendor=vendor, drafts=[_budget(fund, budget)])
    shared = zip(_partners(featured), PARTS, strict=False)  # a small demo has fewer partners
    given = [_given(fund, partner, budget * part // 100) for partner, part in shared]
    post(vendor=vendor, drafts=given, linked=False)
    _close(vendor, fund)
    ledger_check(vendor=vendor)


def _fiscal_year(vendor: Vendor) -> date:
    today = vendor.today
    first = today.replace(month=vendor.fiscal_year_start, day=1)
    return first if first <= today else months_after(first, -12)


def _partners(featured: Partner) -> Sequence[Partner]:
    others = Partner.objects.filter(status=PartnerStatus.ACTIVE).exclude(pk=featured.pk).order_by("pk")
    return [featured, *others[: len(PARTS) - 1]]


def _budget(fund: Fund, amount: int) -> Draft:
    sides = (Account.FUNDING, Account.UNALLOCATED)
    return Draft(
        f"demo:{fund.pk}", PostingKind.BUDGET, fund, None, amount, *sides, "Budget of the year",
        day=fund.starts_on,
    )  # fmt: skip


def _given(fund: Fund, partner: Partner, amount: int) -> Draft:
    key, sides = f"demo:{fund.pk}:{partner.pk}", (Account.UNALLOCATED, Account.FREE)
    kind, why = PostingKind.ALLOCATION, "Agreed in the plan"
    return Draft(key, kind, fund, partner.pk, amount, *sides, why, day=fund.starts_on)


def _close(vendor: Vendor, fund: Fund) -> None:
    """The last quarter that is over."""
    over = [end for _, end in quarters(fund.starts_on, fund.ends_on) if end < vendor.today]
    if over:
        Fund.objects.filter(pk=fund.pk).update(closed_through=over[-1])
