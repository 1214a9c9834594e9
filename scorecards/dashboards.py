"""Reads of the home pages. Few statements on purpose: a page has six beside those of its frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, F, QuerySet, Subquery, Sum, Window
from django.db.models.functions import Coalesce

from deals.approvals.queue import REGISTRATION
from deals.page.home import Decisions, Ending, desk_figures
from portal.metrics.declarations import AsOf
from portal.requests import queue
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from scorecards import headlines, selectors
from scorecards.models import LatestScore
from scorecards.selectors import Listed

PAGE = 50
PAGE_AT_HOME = 25
WAITING = TURNS = 8
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
    booked: int  # trailing 365 days
    booked_quarter: int  # fiscal quarter to date
    pipeline: int


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
    totals: Totals


@dataclass(frozen=True, slots=True)
class Desk:
    """The figures at the top of the vendor's home. `quarter` is that of the last night's figures."""

    quarter: Quarter
    totals: Totals
    decisions: Decisions
    ending: Ending


# In SQL, because putting these together from querysets takes longer than running them. Row security holds
# here as everywhere.
_PROGRAMME = """
select
    (select json_build_array(as_of, finished_at) from scorecards_scoringrun
     where vendor_id = %(vendor)s and finished_at is not null order by as_of desc limit 1),
    (select coalesce(json_agg(json_build_array(id, name) order by rank desc), '[]') from partners_tier
     where vendor_id = %(vendor)s),
    (select coalesce(json_agg(json_build_array(id, name) order by name), '[]') from partners_region
     where vendor_id = %(vendor)s),
    (select json_build_array(
        count(*), coalesce(sum(booked), 0), coalesce(sum(booked_quarter), 0), coalesce(sum(pipeline), 0))
     from scorecards_latestscore where vendor_id = %(vendor)s)
"""


def programme(vendor: Vendor) -> Programme:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_PROGRAMME, {"vendor": vendor.pk})
        run, tiers, regions, totals = cursor.fetchone()
    day, finished = run or (None, None)
    return Programme(
        day and date.fromisoformat(day), finished and datetime.fromisoformat(finished),
        [(pk, name) for pk, name in tiers], [(pk, name) for pk, name in regions], Totals(*totals),
    )  # fmt: skip


def desk(actor: Actor, programme: Programme) -> Desk:
    """One statement; the quarter is that of the last night."""
    at_work = desk_figures(actor)
    quarter = quarter_of(actor.vendor, programme.day or actor.vendor.today)
    return Desk(quarter, programme.totals, at_work.decisions, at_work.ending)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Registrations that wait for the vendor: how many by urgency, and the most urgent few."""

    urgency: Urgency
    rows: Sequence[queue.Waiting]

    @property
    def total(self) -> int:
        return self.urgency.total

    @property
    def more(self) -> int:
        return self.total - len(self.rows)

    @property
    def aside(self) -> str:
        overdue, today = headlines.none_or(self.urgency.overdue), headlines.none_or(self.urgency.today)
        return f"{overdue} overdue, {today} due today"


def waiting(actor: Actor, most: int = WAITING) -> Waiting:
    """One statement."""
    found = queue.queue_of(actor, REGISTRATION)
    total = found.total(REGISTRATION)
    return Waiting(Urgency(total.count, total.overdue, total.today), found.items[:most])


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
    """Pages of latest scores. Which ones is found from narrow rows alone; who they are comes after."""

    def __init__(self, latest: QuerySet[LatestScore], order: Sequence[Any], per_page: int) -> None:
        super().__init__(latest.order_by(*order), per_page)
        self.latest, self.order = latest.order_by(*order), order

    def between(self, start: int, stop: int) -> list[Listed]:
        counted = self.latest.order_by().values("vendor").annotate(n=Count("*")).values("n")
        chosen = LatestScore.objects.filter(pk__in=self.latest.values("pk")[start:stop])
        return list(selectors.listed(chosen).annotate(total=Subquery(counted)).order_by(*self.order))

    def total(self, row: Listed) -> int:
        return row["total"]


# The partner's home ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SubPartners:
    """A distributor's roll-up: those with the lowest health, and what all of them add up to."""

    rows: list[Listed]
    total: int
    booked: int
    pipeline: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def sub_partners(actor: Actor, most: int = 10) -> SubPartners | None:
    """None for who is no distributor, or has none. One statement; the totals travel on its rows."""
    if not actor.is_distributor:
        return None
    below = selectors.listed(LatestScore.objects.exclude(partner=actor.partner))
    totals = {f"all_{name}": Window(Sum(Coalesce(name, 0))) for name in ("booked", "pipeline")}
    ranked = below.annotate(total=Window(Count("*")), **totals)
    ranked = selectors.with_healths(ranked, actor.vendor.today - timedelta(days=1))
    rows = list(ranked.order_by(F("health").asc(nulls_last=True), "partner_id")[:most])
    if not rows:
        return None
    return SubPartners(rows, rows[0]["total"], rows[0]["all_booked"], rows[0]["all_pipeline"])
