"""Reads of balances and of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from mdf.funds.models import Fund
from mdf.ledger.models import Account, Balance, Entry, LedgerCheck, Posting
from partners.models import Partner

#: Accounts an accountant adds up; what was put in is the counter account of their sum.
SHOWN: Final = tuple(account for account in Account if account != Account.FUNDING)


@dataclass(frozen=True, slots=True)
class Line:
    """One account over a period; minor units of the fund. `paid_out` is not negative."""

    label: str
    opening: int = 0
    paid_in: int = 0
    paid_out: int = 0

    @property
    def closing(self) -> int:
        return self.opening + self.paid_in - self.paid_out


def statement(fund: Fund, partner: Partner | None, start: date, end: date) -> list[Line]:
    """Every account from `start` to `end`, both inclusive, in one statement; with a partner, of it alone."""
    rows = Entry.objects.filter(fund=fund, day__lte=end, account__in=[str(one) for one in SHOWN])
    if partner:
        rows = rows.filter(partner=partner)
    within = Q(day__gte=start)
    more, less = within & Q(amount__gt=0), within & Q(amount__lt=0)
    summed = (
        rows.order_by()
        .values("account")
        .annotate(
            opening=Sum("amount", filter=Q(day__lt=start), default=0),
            more=Sum("amount", filter=more, default=0),
            less=Sum("amount", filter=less, default=0),
        )
    )
    sums = summed.values_list("account", "opening", "more", "less")
    found = {account: (opening, more, -less) for account, opening, more, less in sums}
    accounts = [one for one in SHOWN if not partner or one != Account.UNALLOCATED]
    return [Line(str(one.label), *found.get(one.value, (0, 0, 0))) for one in accounts]


def total(lines: Sequence[Line], label: str) -> Line:
    sums = (sum(getattr(line, name) for line in lines) for name in ("opening", "paid_in", "paid_out"))
    return Line(label, *sums)


def postings(fund: Fund, partner: Partner | None, start: date, end: date) -> QuerySet[Posting]:
    """Of the period, the latest first."""
    rows = Posting.objects.filter(fund=fund, day__range=(start, end)).select_related("partner", "actor")
    return rows.filter(partner=partner) if partner else rows


def postings_of(partner: Partner) -> QuerySet[Posting]:
    """Of one partner in all funds, the latest first."""
    return Posting.objects.filter(partner=partner).select_related("fund")


def movements(rows: Sequence[Posting]) -> list[tuple[Posting, str, str, int]]:
    """(posting, from, to, amount), as far as the reader sees them; "" where it is not theirs."""
    sides: dict[int, list[Any]] = {row.pk: ["", "", 0] for row in rows}
    for entry in Entry.objects.filter(posting__in=list(sides)):
        side = sides[entry.posting_id]
        side[0 if entry.amount < 0 else 1] = entry.get_account_display()
        side[2] = abs(entry.amount)
    return [(row, *sides[row.pk]) for row in rows]


def partners_of(fund: Fund) -> QuerySet[Balance]:
    """Balances of the fund's partners that the reader sees, those with most free money first."""
    rows = Balance.objects.filter(fund=fund, partner__isnull=False).select_related("partner")
    return rows.order_by("-free", "partner__name")


def balances_of(partner: Partner) -> QuerySet[Balance]:
    """What a partner has in each fund, the latest fund first."""
    rows = Balance.objects.filter(partner=partner).select_related("fund")
    return rows.order_by("-fund__ends_on", "fund__name")


def funds_listed() -> QuerySet[Fund]:
    """Funds with the sums of what the reader sees of them."""
    sums = {f"sum_{one.value}": Sum(f"balances__{one.value}", default=0) for one in SHOWN}
    rows: QuerySet[Fund] = Fund.objects.annotate(**sums)
    return rows.order_by("-ends_on", "name")


def fund_read(pk: int) -> Fund:
    """One of them, with `check_difference` and `checked_at` of its latest check, None for none."""
    latest = LedgerCheck.objects.filter(fund=OuterRef("pk")).order_by("-checked_at", "-pk")
    rows = funds_listed().annotate(
        check_difference=Subquery(latest.values("difference")[:1]),
        checked_at=Subquery(latest.values("checked_at")[:1]),
    )
    found: Fund = rows.get(pk=pk)
    return found
