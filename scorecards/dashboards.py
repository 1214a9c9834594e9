"""Reads of the home pages. Few statements on purpose: a page has six beside those of its frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, F, QuerySet, Subquery, Sum, Window
from django.urls import reverse
from django.utils import timezone

from deals.approvals import selectors as approvals_selectors
from deals.deal.models import Deal
from deals.deal.tables import addresses
from deals.page import selectors as page_selectors
from deals.protection import selectors as protection_selectors
from portal.metrics.declarations import AsOf
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.scope import All
from portal.tenancy.tables import array_of
from portal.ui import formatting
from scorecards import headlines, selectors
from scorecards.models import Standing
from scorecards.selectors import Listed

PAGE = 50
PAGE_AT_HOME = 25
WAITING = 8
DECISIONS = timedelta(days=30)
MOST_DECISIONS = 1_000  # a busy vendor's median needs no more of them


# Quarters ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quarter:
    """A fiscal quarter of the vendor, seen from `today`; `end` is the first moment of the next one."""

    number: int
    start: datetime
    end: datetime
    today: date

    @property
    def label(self) -> str:
        return f"Q{self.number}"

    @property
    def days_left(self) -> int:
        """Days after today that still belong to the quarter."""
        return (self.end.date() - self.today).days - 1


def quarter_of(vendor: Vendor, day: date) -> Quarter:
    start = AsOf.of(vendor, day).quarter_start
    number = (start.month - vendor.fiscal_year_start) % 12 // 3 + 1
    in_the_next = start.date() + timedelta(days=100)
    return Quarter(number, start, AsOf.of(vendor, in_the_next).quarter_start, day)


# The vendor's home -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Totals:
    """What the partners in scope add up to, as of the last night, in minor units of the vendor's currency."""

    partners: int
    bookings: int  # trailing 365 days
    booked_quarter: int  # fiscal quarter to date
    open_pipeline: int


@dataclass(frozen=True, slots=True)
class Decisions:
    """Registrations decided in the last 30 days, at most the newest `MOST_DECISIONS` of them."""

    count: int
    in_time: int
    median: timedelta | None  # from submission to decision

    @property
    def median_text(self) -> str:
        return formatting.format_span(self.median) if self.median is not None else ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Open deals that lose their protection within 14 days, worth so many minor units."""

    count: int
    amount: int
    first: datetime | None


@dataclass(frozen=True, slots=True)
class Urgency:
    """How many registrations wait for the vendor, and how urgently."""

    total: int
    overdue: int
    today: int  # due before the vendor's day ends


@dataclass(frozen=True, slots=True)
class Programme:
    """What the portfolio is read with: the last night's run (None before the first), tiers and regions."""

    day: date | None
    computed_at: datetime | None
    tiers: list[tuple[int, str]]
    regions: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Desk:
    """The figures at the top of the vendor's home. `quarter` is that of the last night's figures."""

    quarter: Quarter
    totals: Totals
    decisions: Decisions
    ending: Ending
    waiting: Urgency


# In SQL, because putting these together from querysets takes longer than running them. Row security holds
# here as everywhere. `partners`, null for who reads them all, repeats it for the planner where a month of
# everybody's deals would be read to find those of a few partners.
_PROGRAMME = """
select
    (select json_build_array(as_of, finished_at) from scorecards_scoringrun
     where vendor_id = %(vendor)s and finished_at is not null order by as_of desc limit 1),
    (select coalesce(json_agg(json_build_array(id, name) order by rank desc), '[]') from partners_tier
     where vendor_id = %(vendor)s),
    (select coalesce(json_agg(json_build_array(id, name) order by name), '[]') from partners_region
     where vendor_id = %(vendor)s)
"""
#: Each figure reads a narrow set of its own.
_DESK = """
select
    (select json_build_array(
        count(*), coalesce(sum(bookings), 0), coalesce(sum(booked_quarter), 0),
        coalesce(sum(open_pipeline), 0))
     from scorecards_standing
     where vendor_id = %(vendor)s),
    (select json_build_array(
        count(*), count(*) filter (where decided_at <= decision_due_at),
        percentile_cont(0.5) within group (order by extract(epoch from decided_at - pending_since)))
     from (
        select greatest(approved_at, returned_at, rejected_at) as decided_at, decision_due_at, pending_since
        from deals_deal
        where vendor_id = %(vendor)s and pending_since is not null
            and greatest(approved_at, returned_at, rejected_at) >= %(since)s
            and (%(partners)s is null or partner_id = any(%(partners)s::bigint[]))
        order by greatest(approved_at, returned_at, rejected_at) desc
        limit %(most)s
     ) decided
     where decided_at >= pending_since),
    (select json_build_array(count(*), coalesce(sum(amount_vendor), 0), min(open_until))
     from deals_deal
     where vendor_id = %(vendor)s and approved_at is not null
        and open_until > %(now)s and open_until <= %(soon)s),
    (select json_build_array(
        count(*), count(*) filter (where decision_due_at < %(now)s),
        count(*) filter (where decision_due_at >= %(now)s and decision_due_at < %(midnight)s))
     from deals_deal
     where vendor_id = %(vendor)s and status in ('submitted', 'under_review'))
"""


def programme(vendor: Vendor) -> Programme:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_PROGRAMME, {"vendor": vendor.pk})
        run, tiers, regions = cursor.fetchone()
    day, finished = run or (None, None)
    return Programme(
        day and date.fromisoformat(day), finished and datetime.fromisoformat(finished),
        [(pk, name) for pk, name in tiers], [(pk, name) for pk, name in regions],
    )  # fmt: skip


def desk(actor: Actor, day: date) -> Desk:
    """One statement; `day` is that of the last night.

    An approved deal is open until its win, loss, withdrawal or expiry: what of these lies ahead is the
    expiry. Deals imported as decided never waited here and have no `pending_since`.
    """
    now, reach = timezone.now(), actor.scope.partner_ids
    parameters = {
        "vendor": actor.vendor.pk,
        "partners": None if isinstance(reach, All) else array_of(reach),
        "since": now - DECISIONS,
        "most": MOST_DECISIONS,
        "now": now,
        "soon": now + protection_selectors.SOON,
        "midnight": AsOf.of(actor.vendor, actor.vendor.today).end,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DESK, parameters)
        totals, decided, ending, waiting = cursor.fetchone()
    quarter = quarter_of(actor.vendor, day)
    return Desk(quarter, Totals(*totals), _decisions(*decided), _ending(*ending), Urgency(*waiting))


def _decisions(count: int, in_time: int, seconds: float | None) -> Decisions:
    return Decisions(count, in_time, None if seconds is None else timedelta(seconds=seconds))


def _ending(count: int, amount: int, first: str | None) -> Ending:
    return Ending(count, amount, datetime.fromisoformat(first) if first else None)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Registrations that wait for the vendor: how many by urgency, and the most urgent few."""

    urgency: Urgency
    deals: list[dict[str, Any]]

    @property
    def total(self) -> int:
        return self.urgency.total

    @property
    def more(self) -> int:
        return self.total - len(self.deals)

    @property
    def aside(self) -> str:
        overdue, today = headlines.none_or(self.urgency.overdue), headlines.none_or(self.urgency.today)
        return f"{overdue} overdue, {today} due today"


def waiting(actor: Actor, urgency: Urgency, most: int = WAITING) -> Waiting:
    """One statement."""
    rows = approvals_selectors.waiting_for_decision(actor)
    found = list(rows.values(*_SHOWN, partner_name=F("partner__name"))[:most])
    address = addresses()
    for row in found:
        row["url"] = address(row["reference"])
        row["owner"] = f"{row[_OWNER[0]] or ''} {row[_OWNER[1]] or ''}".strip() or row[_OWNER[2]]
    return Waiting(urgency, found)


_OWNER = ("assigned_to__first_name", "assigned_to__last_name", "assigned_to__email")
_SHOWN = (
    "reference", "customer_name", "amount", "currency", "submitted_at", "pending_since", "decision_due_at",
    *_OWNER,
)  # fmt: skip


# The portfolio ---------------------------------------------------------------------------------------------


class CountedPages(Paginator):
    """Pages of rows that bring their number along as `total`: counting costs no statement of its own."""

    def counted_page(self, number: str | None) -> "Page[Any]":
        """The page of this number, the first for what is no number, the last for one past the end."""
        wanted = int(number) if number and number.isdecimal() and len(number) < 7 else 1
        start = (max(wanted, 1) - 1) * self.per_page
        rows = self.between(start, start + self.per_page)
        if not rows and start:
            return self.counted_page(str(self.num_pages))
        self.count = self.total(rows[0]) if rows else 0
        return Page(rows, max(wanted, 1), self)

    def between(self, start: int, stop: int) -> list[Any]:
        return list(self.object_list[start:stop])

    def total(self, row: Any) -> int:
        return row.total


class Portfolio(CountedPages):
    """Pages of listed standings. Which ones is found from narrow rows alone; who they are comes after."""

    def __init__(self, standings: QuerySet[Standing], order: Sequence[Any], per_page: int) -> None:
        super().__init__(standings.order_by(*order), per_page)
        self.standings, self.order = standings.order_by(*order), order

    def between(self, start: int, stop: int) -> list[Listed]:
        counted = self.standings.order_by().values("vendor").annotate(n=Count("*")).values("n")
        chosen = Standing.objects.filter(pk__in=self.standings.values("pk")[start:stop])
        return list(selectors.listed(chosen).annotate(total=Subquery(counted)).order_by(*self.order))

    def total(self, row: Listed) -> int:
        return row["total"]


# The partner's home ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that waits for the partner, since `started`, until `due` where there is a deadline."""

    deal: Deal
    kind: str
    text: str
    action: str
    url: str
    started: datetime | None
    due: datetime | None = None

    @property
    def since(self) -> str:
        return f"since {formatting.format_when(self.started)}" if self.started else ""


def turns(today: page_selectors.Today) -> list[Turn]:
    """What waits for the partner: questions first, then protection about to end, then unfinished drafts."""
    returned = [
        Turn(
            deal,
            "Registration returned to you",
            f"“{deal.decision_reason}”",
            "Answer",
            _edit(deal),
            deal.returned_at,
        )
        for deal in today.returned.deals
    ]
    ending = [
        Turn(
            deal,
            "Protection ends",
            _ends(deal),
            "Extend",
            f"{_page(deal)}#protection",
            deal.approved_at,
            deal.expires_at,
        )
        for deal in today.ending.deals
    ]
    drafts = [
        Turn(deal, "Draft, not sent yet", "Nobody has seen it yet.", "Finish", _edit(deal), deal.updated_at)
        for deal in today.draft.deals
    ]
    return [*returned, *ending, *drafts]


def _edit(deal: Deal) -> str:
    return reverse("deals:edit", args=[deal.reference])


def _page(deal: Deal) -> str:
    return reverse("deals:detail", args=[deal.reference])


def _ends(deal: Deal) -> str:
    """What the end of the protection means for this deal."""
    stage = f"In stage {deal.stage.name}. " if deal.stage else ""
    if deal.expected_close is None or deal.expires_at is None:
        return f"{stage}No expected close given."
    days = (deal.expected_close - timezone.localdate(deal.expires_at)).days
    if days <= 0:
        return f"{stage}Expected to close {formatting.format_date(deal.expected_close)}."
    return (
        f"{stage}Expected to close {formatting.format_date(deal.expected_close)}, "
        f"{formatting.format_days(days)} after protection ends."
    )


@dataclass(frozen=True, slots=True)
class Money:
    """An open deal as money on its way, in minor units of the vendor's currency."""

    deal: Deal
    today: date

    @property
    def amount(self) -> int | None:
        return self.deal.amount_vendor

    @property
    def likelihood(self) -> int:
        return self.deal.stage.probability if self.deal.stage else 0

    @property
    def weighted(self) -> int:
        return round((self.amount or 0) * self.likelihood / 100)

    @property
    def is_late(self) -> bool:
        close = self.deal.expected_close
        return close is not None and close < self.today

    @property
    def is_unprotected(self) -> bool:
        """Will the protection have ended when the deal is expected to close?"""
        close, expires = self.deal.expected_close, self.deal.expires_at
        return close is not None and expires is not None and timezone.localdate(expires) < close


@dataclass(frozen=True, slots=True)
class SubPartners:
    """A distributor's roll-up: those with the lowest health, and what all of them add up to."""

    rows: list[Listed]
    total: int
    bookings: int
    open_pipeline: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def sub_partners(actor: Actor, most: int = 10) -> SubPartners | None:
    """None for who is no distributor, or has none. One statement; the totals travel on its rows."""
    if not actor.is_distributor:
        return None
    below = selectors.listed(Standing.objects.exclude(partner=actor.partner))
    totals = {f"all_{name}": Window(Sum(name)) for name in ("bookings", "open_pipeline")}
    ranked = below.annotate(total=Window(Count("*")), **totals)
    rows = list(ranked.order_by(F("health").asc(nulls_last=True), "partner_id")[:most])
    if not rows:
        return None
    return SubPartners(rows, rows[0]["total"], rows[0]["all_bookings"], rows[0]["all_open_pipeline"])
