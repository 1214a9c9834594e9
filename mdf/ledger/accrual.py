"""Money by bookings: every night each partner is brought to its tier's percentage of what it booked."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Sum

from deals.deal.models import Deal
from deals.shared_credit.models import CreditLine
from mdf.funds.models import Eligibility, Fund
from mdf.funds.selectors import fits
from mdf.ledger.models import Account, Balance, Entry, PostingKind
from mdf.ledger.postings import Draft, post
from partners.models import STOPPED, Partner
from portal.events.log import Fact, record_many
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_percent

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Accrued:
    """What a run did: partners given more or less, and those for whom the fund had too little."""

    posted: int = 0
    short: int = 0

    def __add__(self, other: "Accrued") -> "Accrued":
        return Accrued(self.posted + other.posted, self.short + other.short)


def accrue(*, vendor: Vendor, now: datetime) -> Accrued:
    """All funds that accrue, whose period has begun and is not closed to it. Twice is once.

    Under the vendor's system scope. What a corrected win takes away is taken from what is still free, the
    rest on later nights.
    """
    today = now.astimezone(vendor.zone).date()
    funds = Fund.objects.filter(accrues=True, starts_on__lte=today, ended_at=None)
    return sum((_accrue(vendor, fund, today, now) for fund in funds), Accrued())


def bookings(vendor: Vendor, start: date, end: date) -> dict[int, int]:
    """{partner id: what it won from `start` to `end`, both inclusive}, shared credit moved to whom it is due.

    Minor units of the vendor's currency; a win counts once its proof, where it needs one, is accepted.
    """
    first = datetime.combine(start, time(0), tzinfo=vendor.zone)
    until = datetime.combine(end + timedelta(days=1), time(0), tzinfo=vendor.zone)
    won = {"won_at__gte": first, "won_at__lt": until, "counted_at__isnull": False}
    summed: dict[int, int] = defaultdict(int)
    own = Deal.objects.filter(**won).order_by().values_list("partner").annotate(Sum("won_amount_vendor"))
    lines = CreditLine.objects.filter(**won, agreed_at__isnull=False, ended_at=None)
    moved = lines.order_by().values_list("partner").annotate(Sum("booked_shift"))
    for partner_id, amount in (*own, *moved):
        summed[partner_id] += amount or 0
    return summed


def _accrue(vendor: Vendor, fund: Fund, today: date, now: datetime) -> Accrued:
    drafts = list(_drafts(vendor, fund, today))
    return sum((_posted(vendor, some, now) for some in _batches(drafts)), Accrued())


def _batches(drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
    for first in range(0, len(drafts), _AT_ONCE):
        yield drafts[first : first + _AT_ONCE]


def _drafts(vendor: Vendor, fund: Fund, today: date) -> Iterator[Draft]:
    booked = bookings(vendor, fund.starts_on, min(today, fund.ends_on))
    so_far, free = _accrued(fund), _free(fund)
    rules = list(Eligibility.objects.filter(fund=fund))
    partners = Partner.objects.filter(pk__among={*booked, *so_far}).exclude(status__in=STOPPED)
    for partner in partners.select_related("tier").order_by("pk"):
        had, times = so_far.get(partner.pk, (0, 0))
        percent = partner.tier.mdf_accrual if partner.tier and fits(rules, partner) else Decimal(0)
        due = _part(booked.get(partner.pk, 0), percent)
        change = due - had if due >= had else -min(had - due, free.get(partner.pk, 0))
        if change:
            yield _draft(fund, partner, change, percent, times)


def _part(amount: int, percent: Decimal) -> int:
    part = (Decimal(max(amount, 0)) * percent / 100).to_integral_value(ROUND_HALF_EVEN)
    return int(part)


def _accrued(fund: Fund) -> dict[int, tuple[int, int]]:
    """{partner id: (accrued so far, in how many postings)}"""
    rows = Entry.objects.filter(fund=fund, account=Account.FREE, posting__kind=PostingKind.ACCRUAL)
    summed: Any = rows.order_by().values_list("partner").annotate(Sum("amount"), Count("pk"))
    return {partner_id: (amount, times) for partner_id, amount, times in summed}


def _free(fund: Fund) -> dict[int, int]:
    return dict(Balance.objects.filter(fund=fund, partner__isnull=False).values_list("partner", "free"))


def _draft(fund: Fund, partner: Partner, change: int, percent: Decimal, times: int) -> Draft:
    """Numbered by how often it was done: two runs at once make the same posting, which is once."""
    why = f"{format_percent(percent / 100, 2)} of bookings" + (f", {partner.tier}" if partner.tier else "")
    sides = (Account.UNALLOCATED, Account.FREE) if change > 0 else (Account.FREE, Account.UNALLOCATED)
    key = f"accrual:{fund.pk}:{partner.pk}:{times + 1}"
    return Draft(key, PostingKind.ACCRUAL, fund, partner.pk, abs(change), *sides, why)


def _posted(vendor: Vendor, drafts: Sequence[Draft], now: datetime) -> Accrued:
    """Together; where the fund has too little for all of them, one by one as far as it goes."""
    try:
        _post(vendor, drafts, now)
    except ValidationError:
        if len(drafts) == 1:
            return Accrued(short=1)
        return sum((_posted(vendor, [draft], now) for draft in drafts), Accrued())
    return Accrued(posted=len(drafts))


@transaction.atomic
def _post(vendor: Vendor, drafts: Sequence[Draft], now: datetime) -> None:
    post(vendor=vendor, drafts=drafts, linked=False)
    record_many([_fact(draft, now) for draft in drafts])


def _fact(draft: Draft, now: datetime) -> Fact:
    change = draft.amount if draft.target == Account.FREE else -draft.amount
    told = {"fund": draft.fund.name, "amount": change, "currency": draft.fund.currency, "why": draft.reason}
    return Fact("mdf.accrued", draft.partner_id, draft.fund, now, told)
