"""Reads of the home pages. Few statements on purpose: a page has six beside those of its frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Page, Paginator
from django.db.models import Aggregate, Count, F, FloatField, Min, Q, QuerySet, Subquery, Sum, Window
from django.db.models.functions import Extract, Greatest, JSONObject
from django.urls import reverse
from django.utils import timezone

from deals import selectors as deals
from deals.models import Deal
from partners.models import Region, Tier
from portal import formatting
from portal.access import Actor
from portal.metrics import AsOf
from portal.models import Vendor
from scorecards import findings, selectors
from scorecards.models import Scorecard, ScoringRun

PAGE = 50
PAGE_AT_HOME = 25
WAITING = 8
DECISIONS = timedelta(days=30)
WEEK = timedelta(days=7)

Found = Mapping[str, Any]


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
class Bookings:
    """Won amounts of a period, in minor units of the vendor's currency."""

    amount: int
    deals: int


@dataclass(frozen=True, slots=True)
class Decisions:
    """Registrations decided in the last 30 days; `median` from submission to decision."""

    count: int
    in_time: int
    median: timedelta | None

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
class Programme:
    """What the portfolio is read with: the last night's run (None before the first), tiers and regions."""

    day: date | None
    computed_at: datetime | None
    week_ago: date | None  # the newest run at least seven days before the last
    tiers: list[tuple[int, str]]
    regions: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Desk:
    """The figures at the top of the vendor's home."""

    quarter: Quarter
    booked: Bookings
    quarter_before: Quarter
    booked_before: Bookings  # after as many days of the quarter before
    decisions: Decisions
    ending: Ending
    programme: Programme


class Median(Aggregate):
    """The middle value; halfway between two of them for an even number."""

    name = "Median"
    template = "percentile_cont(0.5) within group (order by %(expressions)s)"


def programme(vendor: Vendor) -> Programme:
    """One statement."""
    return _programme(Vendor.objects.filter(pk=vendor.pk).values(**_programme_parts()).get())


def desk(actor: Actor) -> Desk:
    """One statement: each figure is a subquery over an index of its own."""
    now = timezone.now()
    quarter = quarter_of(actor.vendor, timezone.localdate(now))
    before = quarter_of(actor.vendor, quarter.start.date() - timedelta(days=1))
    so_far = min(before.start + (now - quarter.start), before.end)
    row = Vendor.objects.filter(pk=actor.vendor.pk)
    found = row.values(
        booked=_bookings(actor, quarter.start, now),
        booked_before=_bookings(actor, before.start, so_far),
        decisions=_decisions(actor, now - DECISIONS),
        ending=_ending(actor),
        **_programme_parts(),
    ).get()
    return Desk(
        quarter, _as_bookings(found["booked"]), before, _as_bookings(found["booked_before"]),
        _as_decisions(found["decisions"]), _as_ending(found["ending"]), _programme(found),
    )  # fmt: skip


def _sums(rows: QuerySet[Any], **sums: Any) -> Subquery:
    """The sums of a set of rows as one JSON value; null without rows."""
    return Subquery(rows.order_by().values("vendor").values(found=JSONObject(**sums)))


def _bookings(actor: Actor, start: datetime, end: datetime) -> Subquery:
    won = deals.deals_visible(actor).filter(won_at__gte=start, won_at__lt=end)
    return _sums(won, amount=Sum("won_amount_vendor"), deals=Count("pk"))


def _as_bookings(found: Found | None) -> Bookings:
    return Bookings(found["amount"], found["deals"]) if found else Bookings(0, 0)


def _decisions(actor: Actor, since: datetime) -> Subquery:
    """Imported deals were decided elsewhere: they never waited here and have no `pending_since`."""
    decided = Greatest("approved_at", "returned_at", "rejected_at")
    rows = deals.deals_visible(actor).filter(pending_since__isnull=False).annotate(decided_at=decided)
    rows = rows.filter(decided_at__gte=since)
    return _sums(
        rows,
        count=Count("pk"),
        in_time=Count("pk", filter=Q(decided_at__lte=F("decision_due_at"))),
        seconds=Median(Extract(F("decided_at") - F("pending_since"), "epoch"), output_field=FloatField()),
    )


def _as_decisions(found: Found | None) -> Decisions:
    if not found:
        return Decisions(0, 0, None)
    return Decisions(found["count"], found["in_time"], timedelta(seconds=found["seconds"]))


def _ending(actor: Actor) -> Subquery:
    rows = deals.protection_ending(actor)
    return _sums(rows, count=Count("pk"), amount=Sum("amount_vendor", default=0), first=Min("expires_at"))


def _as_ending(found: Found | None) -> Ending:
    if not found:
        return Ending(0, 0, None)
    return Ending(found["count"], found["amount"], datetime.fromisoformat(found["first"]))


def _programme_parts() -> dict[str, Any]:
    runs = ScoringRun.objects.filter(finished_at__isnull=False).order_by("-as_of")
    last = runs.values("as_of")[:1]
    return {
        "run": Subquery(runs.values(found=JSONObject(as_of="as_of", finished_at="finished_at"))[:1]),
        "week_ago": Subquery(runs.filter(as_of__lte=Subquery(last) - WEEK).values("as_of")[:1]),
        "tiers": ArraySubquery(Tier.objects.order_by("-rank").values(found=JSONObject(id="pk", name="name"))),
        "regions": ArraySubquery(
            Region.objects.order_by("name").values(found=JSONObject(id="pk", name="name"))
        ),
    }


def _programme(found: Found) -> Programme:
    run = found["run"]
    return Programme(
        day=date.fromisoformat(run["as_of"]) if run else None,
        computed_at=datetime.fromisoformat(run["finished_at"]) if run else None,
        week_ago=found["week_ago"],
        tiers=[(tier["id"], tier["name"]) for tier in found["tiers"]],
        regions=[(region["id"], region["name"]) for region in found["regions"]],
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """Registrations that wait for the vendor: how many by urgency, and the most urgent few."""

    total: int
    overdue: int
    today: int  # due before the vendor's day ends
    deals: list[Deal]

    @property
    def more(self) -> int:
        return self.total - len(self.deals)

    @property
    def aside(self) -> str:
        return f"{findings.none_or(self.overdue)} overdue, {findings.none_or(self.today)} due today"


def waiting(actor: Actor, most: int = WAITING) -> Waiting:
    """One statement; the counts travel on its rows."""
    now = timezone.now()
    midnight = AsOf.of(actor.vendor, timezone.localdate(now)).end
    overdue, today = Q(decision_due_at__lt=now), Q(decision_due_at__gte=now, decision_due_at__lt=midnight)
    rows = deals.waiting_for_decision(actor).annotate(
        waiting_n=Window(Count("pk")),
        overdue_n=Window(Count("pk", filter=overdue)),
        today_n=Window(Count("pk", filter=today)),
    )
    found: list[Any] = list(rows[:most])
    if not found:
        return Waiting(0, 0, 0, [])
    return Waiting(found[0].waiting_n, found[0].overdue_n, found[0].today_n, found)


# The portfolio ---------------------------------------------------------------------------------------------


class CountedPages(Paginator):  # type: ignore[type-arg]  (no subscript at run time)
    """Pages of rows that bring their number along as `total`: counting costs no statement of its own."""

    def counted_page(self, number: str | None) -> "Page[Any]":
        """The page of this number, the first for what is no number, the last for one past the end."""
        wanted = int(number) if number and number.isdecimal() and len(number) < 7 else 1
        start = (max(wanted, 1) - 1) * self.per_page
        rows: list[Any] = list(self.object_list[start : start + self.per_page])
        if not rows and start:
            return self.get_page(wanted)
        self.count = rows[0].total if rows else 0
        return Page(rows, max(wanted, 1), self)


def with_total(cards: QuerySet[Scorecard]) -> QuerySet[Scorecard]:
    """The cards, each with how many there are; a sub-select, since a window would read every card in full."""
    counted = cards.order_by().values("vendor").annotate(n=Count("pk")).values("n")
    return cards.annotate(total=Subquery(counted))


def moved_this_week(programme: Programme) -> selectors.Movers:
    """The partners whose health changed most since a week before the last run."""
    if programme.day is None or programme.week_ago is None:
        return selectors.Movers(None, [], [])
    return selectors.movers(selectors.latest_scorecards(since=programme.day), programme.week_ago)


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


def turns(today: deals.Today) -> list[Turn]:
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
        Turn(deal, "Protection ends", _ends(deal), "Update", _page(deal), deal.approved_at, deal.expires_at)
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
        return close is not None and close < timezone.localdate()

    @property
    def is_unprotected(self) -> bool:
        """Will the protection have ended when the deal is expected to close?"""
        close, expires = self.deal.expected_close, self.deal.expires_at
        return close is not None and expires is not None and timezone.localdate(expires) < close


@dataclass(frozen=True, slots=True)
class SubPartners:
    """A distributor's roll-up: the lowest healths, and what all of them add up to."""

    cards: list[Any]
    total: int
    open_pipeline: int
    bookings: int

    @property
    def more(self) -> int:
        return self.total - len(self.cards)


def sub_partners(actor: Actor, most: int = 10) -> SubPartners | None:
    """None for who is no distributor, or has none. One statement; the totals travel on its rows."""
    if not actor.is_distributor:
        return None
    below = selectors.latest_scorecards().exclude(partner=actor.partner)
    totals = {name: Window(Sum(name)) for name in ("open_pipeline", "bookings")}
    cards: list[Any] = list(
        below.annotate(
            all_n=Window(Count("pk")), all_pipeline=totals["open_pipeline"], all_bookings=totals["bookings"]
        ).order_by(F("health").asc(nulls_last=True), "partner_id")[:most]
    )
    if not cards:
        return None
    return SubPartners(cards, cards[0].all_n, cards[0].all_pipeline, cards[0].all_bookings)
