"""Reads of scorecards. Rows are limited by the viewer's scope; nothing here asks who is looking."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from partners.models import Partner
from portal.history.models import LateFact
from portal.metrics.declarations import AsOf, Metric, Quadrant, Result, Summary, all_metrics, source_of
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_scope, current_vendor_id
from scorecards.engine import Figures, assessed, compared, subjects
from scorecards.models import SCORES, LatestScore, RestatedScorecard, Scorecard, ScoringRun, ScoringScheme
from scorecards.scoring import HEALTHY, WATCH

#: The heavy columns, which a list does not show.
DETAILS = ("measured", "places", "peer_spread")
TREND_MONTHS = 12
MONTH = 30  # days back to the scorecard that one is compared with


@dataclass(frozen=True, slots=True)
class Point:
    """Health and quadrant scores (0-100 or None) at the end of one day."""

    day: date
    health: Decimal | None
    sales: Decimal | None
    enablement: Decimal | None
    marketing: Decimal | None
    engagement: Decimal | None


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric of one scorecard: its declaration and what was found. Money in minor units, ratios as
    fractions; floor and target in display units."""

    metric: Metric
    result: Result
    version: int
    floor: Decimal
    target: Decimal
    weight: Decimal
    score: float | None
    points: float | None
    possible: float | None
    peers: Mapping[str, Any] | None
    quadrant_share: float  # per cent of the quadrant's weight, all its metrics counted

    @property
    def value(self) -> float | None:
        return self.result.value  # type: ignore[return-value]  # as it was kept: a number of JSON

    @property
    def gain(self) -> float:
        """Points of health still to be had: what reaching the target would add."""
        return 0.0 if self.points is None or self.possible is None else round(self.possible - self.points, 2)


@dataclass(frozen=True, slots=True)
class QuadrantPart:
    """One quadrant of one scorecard with its metrics; score and points are None without enough data."""

    quadrant: Quadrant
    score: float | None
    weight: float
    points: float | None
    possible: float | None
    peers: Mapping[str, Any] | None
    lines: list[MetricLine]


#: A latest score as a list shows it: a plain row, because objects of four tables cost more than the query.
Listed = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Movers:
    """The largest changes of health since a day, either way."""

    since: date | None
    fell: list[Listed]
    rose: list[Listed]


def last_run(as_of: date | None = None) -> ScoringRun | None:
    """The newest finished nightly run not after `as_of`; None for partner people, who do not see runs."""
    scope = current_scope()
    if scope is None or not scope.staff:
        return None
    runs = ScoringRun.objects.filter(finished_at__isnull=False)
    if as_of is not None:
        runs = runs.filter(as_of__lte=as_of)
    return runs.order_by("-as_of").first()


def latest_scorecards(as_of: date, *, since: date | None = None) -> QuerySet[Scorecard]:
    """The newest scorecard of every partner in scope, none after `as_of`.

    For lists: partner, tier and region come along, the details (`DETAILS`) do not. A nightly run leaves a
    card for every partner, so nothing older than the last one is looked at. `since`: the day of that run,
    for callers that have read it already.
    """
    rows = Scorecard.objects.filter(as_of__lte=as_of)
    run = None if since else last_run(as_of)
    since = run.as_of if run else since
    if since is not None:
        rows = rows.filter(as_of__gte=since)
    newer = Scorecard.objects.filter(
        vendor=OuterRef("vendor"), partner=OuterRef("partner"), as_of__gt=OuterRef("as_of"), as_of__lte=as_of
    )
    rows = rows.filter(~Exists(newer)).select_related("partner__tier", "partner__region")
    return rows.defer(*DETAILS)


def compared_figures(partner_ids: Collection[int], day: date) -> Figures:
    """What peers compare, from the newest scorecard kept of each of these partners, none after a day."""
    rows = latest_scorecards(day).filter(partner__in=partner_ids).select_related(None).defer(None)
    found = rows.values_list("partner_id", "measured", "health", *Quadrant.values)
    return {
        partner_id: compared(measured, dict(zip(Quadrant.values, scores, strict=True)), health)
        for partner_id, measured, health, *scores in found
    }


@dataclass(frozen=True, slots=True)
class FigureOn:
    """One metric of one partner at the end of a day."""

    result: Result
    day: date
    computed_at: datetime


def figure_on(*, vendor: Vendor, partner: Partner, metric: Metric, day: date | None = None) -> FigureOn:
    """One figure of the scorecard of a day (None: the newest), and of no other metric.

    From the scorecard that was kept; else computed from the timestamps. ValueError for a day to come.
    """
    today = timezone.localtime(timezone=vendor.zone).date()
    if day is not None and day > today:
        raise ValueError("This day has not come yet.")
    cards = Scorecard.objects.filter(partner=partner).only("as_of", "computed_at", "measured")
    kept = cards.filter(as_of=day).first() if day else cards.filter(as_of__lte=today).first()
    if kept is not None and metric.key in kept.measured:
        value, *rest = kept.measured[metric.key]
        return FigureOn(Result(value, *rest), kept.as_of, kept.computed_at)
    found = source_of(metric.key)(AsOf.of(vendor, day or today), [partner.pk])[metric.key]
    return FigureOn(found.get(partner.pk, metric.nothing), day or today, timezone.now())


def scorecard_on(*, vendor: Vendor, partner: Partner, day: date | None = None) -> Scorecard:
    """The partner's scorecard as of a day, with details.

    Without a day: the newest there is. A day that was not kept is computed on the spot from the timestamps
    (`pk` is None, and there are no peers: those are other partners' figures). Raises ValueError for a day
    that has not begun yet in the vendor's time zone.
    """
    today = timezone.localtime(timezone=vendor.zone).date()
    if day is not None and day > today:
        raise ValueError("This day has not come yet.")
    cards = Scorecard.objects.filter(partner=partner).select_related("scheme")
    kept = cards.filter(as_of=day).first() if day else cards.filter(as_of__lte=today).first()
    return kept or _computed(vendor, partner, day or today)


def scorecard_with_past(
    *, vendor: Vendor, partner: Partner, day: date | None = None
) -> tuple[Scorecard, "LookingBack"]:
    """`scorecard_on` and what its page compares it with; for a day that is named, in one query less."""
    today = timezone.localtime(timezone=vendor.zone).date()
    if day is None or day > today:
        card = scorecard_on(vendor=vendor, partner=partner, day=day)
        return card, looking_back(card)
    near = _near(partner.pk, day, MONTH)
    card = next((kept for kept in near if kept.as_of == day), None) or _computed(vendor, partner, day)
    return card, looking_back(card, kept=near)


def _computed(vendor: Vendor, partner: Partner, day: date) -> Scorecard:
    [card] = assessed(vendor, day, subjects(AsOf.of(vendor, day), [partner.pk]))
    return Scorecard(
        partner=partner,
        scheme=ScoringScheme(rules=card.scheme.as_json()),
        as_of=day,
        computed_at=timezone.now(),
        **card.columns(),
        measured=card.measured,
    )


def days_touched(vendor: Vendor, facts: Iterable[LateFact]) -> dict[date, set[int]]:
    """{kept day: partners whose scorecard of it may have changed}, oldest first. One query.

    A fact touches every kept day from its own on. Also one that was scored after the fact was noted: the
    transaction that noted it may have ended later.
    """
    since: dict[int, date] = {}
    for fact in facts:
        day = fact.holds_from.astimezone(vendor.zone).date()
        since[fact.partner_id] = min(day, since.get(fact.partner_id, day))
    today = timezone.localtime(timezone=vendor.zone).date()
    kept = Scorecard.objects.filter(partner__in=since, as_of__lt=today)
    days: dict[date, set[int]] = defaultdict(set)
    for day, partner_id in kept.order_by("as_of").values_list("as_of", "partner_id"):
        if day >= since[partner_id]:
            days[day].add(partner_id)
    return days


@dataclass(frozen=True, slots=True)
class Restatement:
    """A scorecard as known now beside the one as known then, and what came late."""

    now: RestatedScorecard
    late: list[LateFact]


def restatement_of(card: Scorecard, vendor: Vendor) -> Restatement | None:
    """None where what is known now is what was known then. One query, a second for what came late."""
    restated = RestatedScorecard.objects.filter(partner=card.partner_id, as_of=card.as_of)
    now = restated.select_related("scheme").first() if card.pk else None
    return Restatement(now, late_facts(card, vendor)) if now else None


def late_facts(card: Scorecard, vendor: Vendor) -> list[LateFact]:
    """What was noted after a scorecard was kept and is about its day or an earlier one, the newest first."""
    facts = LateFact.objects.filter(
        partner_id=card.partner_id,
        noted_at__gt=card.computed_at,
        holds_from__lt=AsOf.of(vendor, card.as_of).end,
    )
    return list(facts.select_related("noted_by"))


def month_ends(before: date, months: int = TREND_MONTHS) -> list[date]:
    """The last days of the `months` months that ended before a day, oldest first."""
    ends = []
    for _ in range(months):
        before = before.replace(day=1) - timedelta(days=1)
        ends.append(before)
    return ends[::-1]


def health_trends(rows: Iterable[Listed]) -> dict[int, list[float | None]]:
    """{partner id: healths}: at the month-ends kept of the last 12 months, then now. One query.

    Packed by the database into one row per partner: a list of fifty would else be six hundred rows.
    """
    newest = {row["partner_id"]: row for row in rows}
    if not newest:
        return {}
    ends = month_ends(max(row["as_of"] for row in newest.values()))
    cards = Scorecard.objects.filter(partner_id__among=newest, as_of__in=ends)
    kept = cards.order_by().values("partner_id")
    packed = kept.annotate(healths=ArrayAgg("health", order_by="as_of"))
    past = dict(packed.values_list("partner_id", "healths"))
    return {
        partner_id: [_float(health) for health in [*past.get(partner_id, ()), row["health"]]]
        for partner_id, row in newest.items()
    }


def with_healths(latest: QuerySet[Any], day: date) -> QuerySet[Any]:
    """These rows with `healths` at the month-ends before `day`, for a page without a statement to spare."""
    cards = Scorecard.objects.filter(partner_id=OuterRef("partner_id"), as_of__in=month_ends(day))
    rows: QuerySet[Any] = latest.annotate(healths=ArraySubquery(cards.order_by("as_of").values("health")))
    return rows


def trends_at_hand(rows: Iterable[Listed]) -> dict[int, list[float | None]]:
    """`health_trends` of rows read `with_healths`."""
    return {row["partner_id"]: [_float(one) for one in [*row["healths"], row["health"]]] for row in rows}


def _float(score: Decimal | None) -> float | None:
    return None if score is None else float(score)


def _point(card: Scorecard) -> Point:
    return Point(card.as_of, card.health, card.sales, card.enablement, card.marketing, card.engagement)


def explained(card: Scorecard) -> list[QuadrantPart]:
    """The scorecard for reading: quadrants in their fixed order, metrics as declared. No query.

    Quadrants of which nothing is measured yet are there, with no lines and no score.
    """
    lines = defaultdict(list)
    for declared in all_metrics():
        if declared.key in card.results:
            lines[declared.quadrant].append(declared)
    return [_part(card, quadrant, lines[quadrant]) for quadrant in Quadrant]


def _part(card: Scorecard, quadrant: Quadrant, metrics: list[Metric]) -> QuadrantPart:
    part = card.quadrants[quadrant.value]
    weights = sum(card.results[declared.key]["weight"] for declared in metrics) or 1
    lines = [_line(declared, card.results[declared.key], weights) for declared in metrics]
    return QuadrantPart(
        quadrant, part["score"], part["weight"], part["points"], part["possible"], part["peers"], lines
    )


def _line(declared: Metric, result: Mapping[str, Any], weights: float) -> MetricLine:
    return MetricLine(
        metric=declared,
        result=Result(*(result[name] for name in Result._fields)),
        version=result["version"],
        floor=Decimal(str(result["floor"])),
        target=Decimal(str(result["target"])),
        weight=Decimal(str(result["weight"])),
        score=result["score"],
        points=result["points"],
        possible=result["possible"],
        peers=result["peers"],
        quadrant_share=round(100 * result["weight"] / weights, 1),
    )


def levers(card: Scorecard, most: int = 3, least: float = 0.1) -> list[MetricLine]:
    """The metrics with the most points of health still to be had, largest first. No query.

    `least`: fewer points than this are not worth naming.
    """
    lines = [line for part in explained(card) for line in part.lines if line.gain >= least]
    return sorted(lines, key=lambda line: -line.gain)[:most]


def listed(latest: QuerySet[LatestScore]) -> QuerySet[LatestScore, Listed]:
    """Where partners stand now, as rows for a list: the scores and sums, and who and where the partner is."""
    rows: QuerySet[LatestScore, Listed] = latest.values(
        "partner_id", "as_of", "computed_at", *SCORES, "since", "change",
        name=F("partner__name"), slug=F("partner__slug"), type=F("partner__type"), city=F("partner__city"),
        country=F("partner__country"), tier=F("partner__tier__name"), region=F("partner__region__name"),
    )  # fmt: skip
    return rows


_BANDS = """
select
    count(*) filter (where health >= %(healthy)s),
    count(*) filter (where health >= %(watch)s and health < %(healthy)s),
    count(*) filter (where health < %(watch)s),
    count(*) filter (where health is null)
from scorecards_latestscore
where vendor_id = %(vendor)s
"""


def bands() -> dict[str, int]:
    """How many partners are healthy, on watch, poor and unscored. One statement."""
    parameters = {"vendor": current_vendor_id(), "healthy": HEALTHY, "watch": WATCH}
    with connection.cursor() as cursor:
        cursor.execute(_BANDS, parameters)
        return dict(zip(("healthy", "watch", "poor", "unscored"), cursor.fetchone(), strict=True))


@dataclass(frozen=True, slots=True)
class SalesMap:
    """Partners by sales score and open pipeline: the largest, and how much is at a poor score in all."""

    rows: list[Listed]
    partners: int  # with a sales score and a pipeline that is known
    poor: int
    poor_pipeline: int  # minor units


def sales_map(most: int = 300) -> SalesMap:
    """Two queries."""
    scored, poor = LatestScore.objects.filter(sales__isnull=False, pipeline__isnull=False), Q(sales__lt=WATCH)
    sums = scored.aggregate(
        partners=Count("pk"),
        poor=Count("pk", filter=poor),
        poor_pipeline=Sum(Summary.PIPELINE, filter=poor, default=0),
    )
    return SalesMap(list(listed(scored).order_by(f"-{Summary.PIPELINE}", "partner_id")[:most]), **sums)


#: Columns as of `listed`. In SQL: putting the union together from querysets takes longer than running it.
_MOVERS = f"""
with moved as (
    (select * from scorecards_latestscore
     where vendor_id = %(vendor)s and change <= -%(least)s order by change, partner_id limit %(most)s)
    union all
    (select * from scorecards_latestscore
     where vendor_id = %(vendor)s and change >= %(least)s order by change desc, partner_id limit %(most)s)
)
select
    moved.partner_id, moved.as_of, moved.computed_at, {", ".join(f"moved.{name}" for name in SCORES)},
    moved.since, moved.change,
    partner.name, partner.slug, partner.type, partner.city, partner.country,
    tier.name as tier, region.name as region
from moved
join partners_partner partner on partner.vendor_id = %(vendor)s and partner.id = moved.partner_id
left join partners_tier tier on tier.vendor_id = %(vendor)s and tier.id = partner.tier_id
left join partners_region region on region.vendor_id = %(vendor)s and region.id = partner.region_id
order by abs(moved.change) desc, moved.partner_id
"""  # noqa: S608  # columns of our own


def movers(*, most: int = 5, least: int = 1) -> Movers:
    """The `most` partners that fell and that rose furthest in a week. One statement.

    `least`: changes below this many points are no news.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVERS, {"vendor": current_vendor_id(), "most": most, "least": least})
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    since = found[0]["since"] if found else None
    return Movers(
        since, [row for row in found if row["change"] < 0], [row for row in found if row["change"] > 0]
    )


# For the dashboards --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LookingBack:
    """What came before a scorecard: the one kept nearest to a month earlier, and the month-ends of a year."""

    before: Scorecard | None  # None where nothing was kept more than a fortnight earlier
    points: list[Point]  # month-ends kept, then the card itself
    series: dict[str, list[tuple[date, float | None]]]  # metric key -> value on the days of `points`


def _near(partner_id: int, day: date, days: int) -> list[Scorecard]:
    """The kept scorecards of the day, of the month-ends before it and of `days` earlier, oldest first."""
    cards = Scorecard.objects.filter(partner=partner_id).select_related("scheme")
    limit = day - timedelta(days=days)
    month_ago = Subquery(cards.filter(as_of__lte=limit).order_by("-as_of").values("as_of")[:1])
    wanted = Q(as_of=day) | Q(as_of__in=month_ends(day)) | Q(as_of=month_ago)
    return list(cards.filter(wanted).order_by("as_of"))


def looking_back(
    card: Scorecard, days: int = MONTH, *, kept: Sequence[Scorecard] | None = None
) -> LookingBack:
    """Everything a scorecard's page compares with, in one query, or in none with those `kept` at hand."""
    ends, limit = month_ends(card.as_of), card.as_of - timedelta(days=days)
    near = kept if kept is not None else _near(card.partner_id, card.as_of, days)
    kept = [old for old in near if old.as_of != card.as_of]
    shown = [*(old for old in kept if old.as_of in ends), card]
    series: dict[str, list[tuple[date, float | None]]] = defaultdict(list)
    for old in shown:
        for key, value in old.values.items():
            series[key].append((old.as_of, value))
    earlier = [old for old in kept if card.as_of - old.as_of >= timedelta(days=days // 2)]
    before = min(earlier, key=lambda old: abs(old.as_of - limit), default=None)
    return LookingBack(before, [_point(old) for old in shown], dict(series))
