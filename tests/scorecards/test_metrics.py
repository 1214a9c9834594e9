"""The sales metrics against DuckDB over the same rows, against hand-computed cases, and through time."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from deals.deal.models import Deal, Stage, StageChange
from deals.sales.metrics import METRICS, VALUES, sales, totals
from partners.models import Partner
from portal.metrics.declarations import AsOf, Figure, Result
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from tests.support.factories import PartnerFactory, StageFactory, VendorFactory
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db

VIENNA, NEW_YORK = ZoneInfo("Europe/Vienna"), ZoneInfo("America/New_York")
#: Clocks go forward, clocks go back, an ordinary day.
DAYS = {
    VIENNA: [date(2026, 3, 29), date(2025, 10, 26), date(2026, 6, 30)],
    NEW_YORK: [date(2026, 3, 8), date(2025, 11, 2), date(2026, 1, 31)],
}
NUMBERS = count(1)


@pytest.fixture(params=[(VIENNA, 1), (NEW_YORK, 2)], ids=["Vienna", "New York, fiscal year from February"])
def zoned(request: pytest.FixtureRequest, db: None) -> Iterator[Vendor]:
    """A vendor in whose scope the test runs."""
    zone, fiscal_year_start = request.param
    vendor = VendorFactory(slug="zoned", time_zone=str(zone), fiscal_year_start=fiscal_year_start)
    with entered(system_scope(vendor.pk)), transaction.atomic():
        yield vendor


@pytest.fixture
def here(db: None) -> Iterator[Vendor]:
    vendor = VendorFactory(slug="here", time_zone="Europe/Vienna")
    with entered(system_scope(vendor.pk)), transaction.atomic():
        yield vendor


def a_deal(partner: Partner, **fields: Any) -> Deal:
    number = next(NUMBERS)
    won = fields.get("won_amount_vendor")
    return Deal(
        partner=partner,
        reference=f"M-{number}",
        customer_name="Somebody",
        currency="EUR",
        amount=fields.get("amount_vendor"),
        won_amount=won,
        **fields,
    )


def at(zone: ZoneInfo, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=zone)  # type: ignore[misc,arg-type]


# ------------------------------------------------------------------------------------ generated data


def edges(vendor: Vendor) -> list[datetime]:
    """The moments at which a window opens or closes, and their neighbours."""
    moments = []
    for day in DAYS[vendor.zone]:
        as_of = AsOf.of(vendor, day)
        starts = [as_of.trailing(days) for days in (90, 180, 360, 365)]
        moments += [*starts, as_of.end, as_of.start_of(day), as_of.quarter_start]
    tick = timedelta(microseconds=1)
    return [moment + shift for moment in moments for shift in (-tick, timedelta(0), tick)]


class Generator:
    """Deals whose timestamps are likely to lie right on the edge of something."""

    def __init__(self, vendor: Vendor, seed: int) -> None:
        self.random, self.edges = random.Random(seed), edges(vendor)
        self.first = AsOf.of(vendor, date(2024, 9, 1)).end
        self.stages = [
            StageFactory(name=f"S{position}", position=position, probability=probability)
            for position, probability in enumerate((10, 45, 85), 1)
        ]

    def moment(self) -> datetime:
        if self.random.random() < 0.35:
            return self.random.choice(self.edges)
        return self.first + timedelta(seconds=self.random.randrange(700 * 86_400))

    def maybe(self, chance: float, moment: datetime | None = None) -> datetime | None:
        return (moment or self.moment()) if self.random.random() < chance else None

    def later(self, moment: datetime) -> datetime:
        return moment + timedelta(seconds=self.random.randrange(150 * 86_400))

    def deal(self, partner: Partner) -> Deal:
        submitted = self.moment()
        approved = self.maybe(0.85, self.later(submitted) if self.random.random() < 0.5 else None)
        fate, decided = self.random.random(), self.later(approved or submitted)
        decided = self.moment() if self.random.random() < 0.3 else decided
        won, lost = self.maybe(fate < 0.45, decided), self.maybe(0.45 <= fate < 0.75, decided)
        return a_deal(
            partner,
            submitted_at=self.maybe(0.9, submitted),
            approved_at=approved,
            expires_at=self.maybe(0.7),
            won_at=won,
            lost_at=lost,
            withdrawn_at=self.maybe(0.12),
            amount_vendor=None if self.random.random() < 0.1 else self.random.randrange(10_000_00),
            won_amount_vendor=self.random.randrange(5_000_01) if won else None,
        )

    def changes(self, deal: Deal) -> list[StageChange]:
        times = [self.moment() for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        if len(times) > 1 and self.random.random() < 0.3:
            times[1] = times[0]  # at the same moment: the later row counts
        return [
            StageChange(
                partner=deal.partner, deal=deal, stage=self.random.choice(self.stages), changed_at=time
            )
            for time in times
        ]


def fill(vendor: Vendor, *, partners: int = 12, deals: int = 60, seed: int = 7) -> list[Partner]:
    generator = Generator(vendor, seed)
    rows = [PartnerFactory() for _ in range(partners)]
    kept = Deal.objects.bulk_create(
        [generator.deal(partner) for partner in rows for _ in range(generator.random.randrange(deals))]
    )
    StageChange.objects.bulk_create([change for deal in kept for change in generator.changes(deal)])
    return rows


# ------------------------------------------------------------------------------------ DuckDB

#: By calendar days in the vendor's zone, where the portal compares moments.
DUCKDB = """
with
deal as (
    select *,
        won_at::date as won_on, lost_at::date as lost_on, withdrawn_at::date as withdrawn_on,
        approved_at::date as approved_on, submitted_at::date as submitted_on, expires_at::date as expires_on
    from deals
),
stage_then as (
    select deal_id, arg_max(probability, {t: changed_at, i: c.id}) as probability
    from changes c join stages s on s.id = c.stage_id
    where changed_at::date <= $day
    group by deal_id
),
flagged as (
    select deal.*, probability,
        won_on between $day - 364 and $day as won_in_year,
        lost_on between $day - 364 and $day as lost_in_year,
        won_on between $day - 179 and $day as won_in_half,
        won_on between $day - 359 and $day - 180 as won_in_half_before,
        coalesce(least(won_on, lost_on, withdrawn_on) <= $day, false) as ended,
        approved_on <= $day and not ended and (expires_on is null or expires_on > $day) as is_open
    from deal left join stage_then on stage_then.deal_id = deal.id
)
select
    partner_id,
    count(*) filter (won_in_year) as won,
    count(*) filter (lost_in_year) as lost,
    count(*) filter (withdrawn_on between $day - 364 and $day) as withdrawn,
    count(*) filter (
        expires_on between $day - 364 and $day and not ended
        and not coalesce(least(won_at, lost_at, withdrawn_at) < expires_at, false)
    ) as expired,
    coalesce(sum(won_amount) filter (won_in_year), 0)::bigint as booked,
    median(won_amount) filter (won_in_year) as median_won,
    count(*) filter (won_in_year and approved_on <= $day) as cycles,
    median(won_on - approved_on) filter (won_in_year and approved_on <= $day) as median_cycle,
    coalesce(sum(won_amount) filter (won_on between $day - 89 and $day), 0)::bigint as booked_90,
    coalesce(sum(won_amount) filter (won_on between $quarter and $day), 0)::bigint as booked_quarter,
    count(*) filter (won_in_half) as won_half,
    count(*) filter (won_in_half_before) as won_half_before,
    coalesce(sum(won_amount) filter (won_in_half), 0)::bigint as booked_half,
    coalesce(sum(won_amount) filter (won_in_half_before), 0)::bigint as booked_half_before,
    count(*) filter (is_open) as open,
    count(*) filter (is_open and amount is null) as without_amount,
    coalesce(sum(amount) filter (is_open), 0)::bigint as pipeline,
    count(*) filter (is_open and probability is null) as without_stage,
    coalesce(sum(amount * probability) filter (is_open), 0)::bigint as weighted_percents,
    count(*) filter (submitted_on between $day - 89 and $day) as registered
from flagged
group by partner_id
"""


def duckdb_figures(vendor: Vendor, day: date) -> dict[int, dict[str, Any]]:
    """{partner id: figures}, from a copy of the rows."""
    database = duckdb.connect()
    database.execute(f"set timezone = '{vendor.time_zone}'")
    moments = ("submitted_at", "approved_at", "expires_at", "won_at", "lost_at", "withdrawn_at")
    columns = ("pk", "partner_id", "amount_vendor", "won_amount_vendor", *moments)
    made = ", ".join(f"{name} timestamptz" for name in moments)
    database.execute(
        f"create table deals (id bigint, partner_id bigint, amount bigint, won_amount bigint, {made})"
    )
    database.executemany(
        "insert into deals values (?, ?, ?, ?" + ", make_timestamptz(?)" * len(moments) + ")",
        [[_microseconds(value) for value in row] for row in Deal.objects.values_list(*columns)],
    )
    database.execute(
        "create table changes (id bigint, deal_id bigint, stage_id bigint, changed_at timestamptz)"
    )
    changes = StageChange.objects.values_list("pk", "deal_id", "stage_id", "changed_at")
    database.executemany(
        "insert into changes values (?, ?, ?, make_timestamptz(?))",
        [[_microseconds(value) for value in row] for row in changes],
    )
    database.execute("create table stages (id bigint, probability bigint)")
    database.executemany(
        "insert into stages values (?, ?)", list(Stage.objects.values_list("pk", "probability"))
    )
    quarter = _quarter_start(day, vendor.fiscal_year_start)
    answer = database.execute(DUCKDB, {"day": day, "quarter": quarter})
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return {row.pop("partner_id"): row for row in rows}


def _microseconds(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return (value - datetime.fromtimestamp(0, tz=value.tzinfo)) // timedelta(microseconds=1)


def _quarter_start(day: date, first_month: int) -> date:
    """By walking back to a month that is a multiple of three after the first."""
    day = day.replace(day=1)
    while (day.month - first_month) % 3:
        day = (day - timedelta(days=1)).replace(day=1)
    return day


def half_up(number: Decimal) -> int:
    return int(number.to_integral_value("ROUND_HALF_UP"))


def expected(of: dict[str, Any]) -> dict[str, Any]:
    """The nine values of metrics.md, from DuckDB's figures."""
    closed = of["won"] + of["lost"]
    rate = Decimal(of["won"]) / closed if closed >= 5 else None
    cycle = Decimal(str(of["median_cycle"])) if of["cycles"] >= 3 else None
    enough_to_grow = min(of["won_half"], of["won_half_before"]) >= 3 and of["booked_half_before"]
    velocity = None
    if rate is not None and cycle and cycle > 0:
        velocity = half_up(of["open"] * rate * (Decimal(of["booked"]) / (of["won"] or 1)) / cycle)
    return {
        "win_rate": rate,
        "deal_size": half_up(Decimal(str(of["median_won"]))) if of["won"] >= 3 else None,
        "sales_cycle": cycle,
        "open_pipeline": of["pipeline"],
        "weighted_pipeline": half_up(Decimal(of["weighted_percents"]) / 100),
        "bookings": of["booked"],
        "bookings_growth": (
            Decimal(of["booked_half"]) / of["booked_half_before"] - 1 if enough_to_grow else None
        ),
        "pipeline_velocity": velocity,
        "registrations": of["registered"],
    }


def beside(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "win_rate": {key: of[key] for key in ("won", "lost", "withdrawn", "expired")},
        "open_pipeline": {"without_amount": of["without_amount"]},
        "weighted_pipeline": {key: of[key] for key in ("without_amount", "without_stage")},
        "bookings": {"trailing_90": of["booked_90"], "fiscal_quarter": of["booked_quarter"]},
    }


@pytest.mark.parametrize("which", [0, 1, 2])
def test_every_metric_agrees_with_duckdb(zoned: Vendor, which: int) -> None:
    partners, day = fill(zoned), DAYS[zoned.zone][which]
    ours, theirs = sales(AsOf.of(zoned, day)), duckdb_figures(zoned, day)
    known: dict[str, int] = dict.fromkeys(VALUES, 0)
    for partner in partners:
        if partner.pk not in theirs:
            assert all(partner.pk not in ours[key] for key in VALUES)
            continue
        figures = theirs[partner.pk]
        for key, value in expected(figures).items():
            result = ours[key].get(partner.pk, next(m.nothing for m in METRICS if m.key == key))
            known[key] += value is not None
            if value is None:
                assert result.value is None, (key, figures)
            else:
                assert result.value == pytest.approx(value, abs=Decimal("1e-8")), (key, figures)
            for name, figure in beside(figures).get(key, {}).items():
                assert (result.beside or {})[name] == figure, (key, name)
    assert min(known.values()) >= 3, "the data must give every metric something to say"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_drill_down_lists_exactly_the_rows_behind_the_value(zoned: Vendor, which: int) -> None:
    partners, as_of = fill(zoned, seed=8), AsOf.of(zoned, DAYS[zoned.zone][which])
    found = sales(as_of)
    compared = 0
    for metric in METRICS:
        for partner in partners:
            result, rows = found[metric.key].get(partner.pk), list(metric.rows(partner.pk, as_of))
            assert len(rows) == (result.n if result else 0), metric.key
            if result and result.value is not None:
                compared += 1
                assert recomputed(metric.key, rows, as_of) == pytest.approx(
                    Decimal(result.value), abs=Decimal("1e-8")
                )
    assert compared > 40


def recomputed(key: str, rows: list[Any], as_of: AsOf) -> Any:
    """A metric's value from nothing but the rows of its drill-down."""
    booked = [deal.won_amount_vendor for deal in rows if _won(deal, as_of.trailing(365), as_of)]
    match key:
        case "win_rate":
            return Decimal(len(booked)) / len(rows)
        case "bookings":
            return sum(booked)
        case "deal_size":
            return half_up(Decimal(str(median(booked))))
        case "sales_cycle":
            return median(deal.cycle.days for deal in rows)
        case "open_pipeline":
            return sum(deal.amount_vendor or 0 for deal in rows)
        case "weighted_pipeline":
            weighted = [(deal.amount_vendor or 0) * (deal.probability or 0) for deal in rows]
            return half_up(Decimal(sum(weighted)) / 100)
        case "registrations":
            return len(rows)
        case "bookings_growth":
            half = as_of.trailing(180)
            now = sum(deal.won_amount_vendor for deal in rows if deal.won_at >= half)
            return Decimal(now) / sum(deal.won_amount_vendor for deal in rows if deal.won_at < half) - 1
        case "pipeline_velocity":
            return _velocity(rows, as_of)
    raise KeyError(key)


def _won(deal: Deal, start: datetime, as_of: AsOf) -> bool:
    return deal.won_at is not None and start <= deal.won_at < as_of.end


def _velocity(rows: list[Deal], as_of: AsOf) -> int:
    year = as_of.trailing(365)
    won = [deal for deal in rows if _won(deal, year, as_of)]
    lost = [deal for deal in rows if deal.lost_at and year <= deal.lost_at < as_of.end]
    open_ones = [deal for deal in rows if deal not in won and deal not in lost]
    days = [
        (deal.won_at.astimezone(as_of.zone).date() - deal.approved_at.astimezone(as_of.zone).date()).days
        for deal in won
        if deal.approved_at and deal.won_at and deal.approved_at < as_of.end
    ]
    rate = Decimal(len(won)) / (len(won) + len(lost))
    mean = Decimal(sum(deal.won_amount_vendor or 0 for deal in won)) / len(won)
    return half_up(len(open_ones) * rate * mean / Decimal(str(median(days))))


# ------------------------------------------------------------------------------------ as of


def test_a_past_day_gives_the_same_answer_whatever_came_later(here: Vendor) -> None:
    fill(here, partners=6)
    as_of = AsOf.of(here, date(2026, 3, 29))
    before = sales(as_of)
    later = as_of.end + timedelta(hours=1)
    still_open = Deal.objects.filter(won_at=None, lost_at=None, withdrawn_at=None)
    ids = list(still_open.values_list("pk", flat=True))
    Deal.objects.filter(pk__in=ids[::3]).update(won_at=later, won_amount=5, won_amount_vendor=5, status="won")
    Deal.objects.filter(pk__in=ids[1::3]).update(lost_at=as_of.end, status="lost")
    Deal.objects.filter(pk__in=ids[2::3]).update(withdrawn_at=later, status="withdrawn")
    Deal.objects.filter(approved_at=None).update(approved_at=later)
    partner, stage = Partner.objects.first(), Stage.objects.first()
    assert partner is not None
    assert stage is not None
    Deal.objects.bulk_create([a_deal(partner, submitted_at=later, approved_at=later, amount_vendor=7)])
    StageChange.objects.bulk_create(
        [
            StageChange(partner=deal.partner, deal=deal, stage=stage, changed_at=later)
            for deal in Deal.objects.all()
        ]
    )
    assert sales(as_of) == before
    assert sales(AsOf.of(here, date(2026, 3, 30))) != before, "on the next day the change is seen"


def test_status_is_never_read(here: Vendor) -> None:
    fill(here, partners=4)
    as_of = AsOf.of(here, date(2026, 3, 29))
    before = sales(as_of)
    Deal.objects.update(status="draft")
    assert sales(as_of) == before


def test_an_edge_belongs_to_the_day_it_begins(here: Vendor) -> None:
    partner, day = PartnerFactory(), date(2026, 3, 29)
    midnight = at(VIENNA, 2026, 3, 30)
    tick = timedelta(microseconds=1)
    Deal.objects.bulk_create(
        [
            a_deal(partner, approved_at=midnight - tick, expires_at=midnight, amount_vendor=1),
            a_deal(partner, approved_at=midnight, amount_vendor=10),  # tomorrow
            a_deal(
                partner, approved_at=at(VIENNA, 2026, 1, 1), expires_at=midnight - tick, amount_vendor=100
            ),
            a_deal(partner, submitted_at=at(VIENNA, 2025, 12, 30)),  # first moment of 90 days
            a_deal(partner, submitted_at=at(VIENNA, 2025, 12, 30) - tick),
        ]
    )
    found = sales(AsOf.of(here, day))
    assert found["open_pipeline"][partner.pk].value == 1
    assert found["registrations"][partner.pk].value == 1


# ------------------------------------------------------------------------------------ by hand


def won_deal(partner: Partner, on: datetime, amount: int, days: int | None = 10) -> Deal:
    approved = None if days is None else on - timedelta(days=days)
    return a_deal(partner, approved_at=approved, won_at=on, won_amount_vendor=amount, amount_vendor=amount)


def lost_deal(partner: Partner, on: datetime) -> Deal:
    return a_deal(partner, approved_at=on - timedelta(days=5), lost_at=on, amount_vendor=1)


def of(found: dict[str, dict[int, Result]], key: str) -> Result:
    [result] = found[key].values()
    return result


def test_a_year_by_hand(here: Vendor) -> None:
    """3 won (100, 200, 600 cents; 10, 20, 40 days) and 2 lost; one open deal of 1,000 at 45 %."""
    partner = PartnerFactory()
    stage = StageFactory(probability=45)
    deals = [
        won_deal(partner, at(VIENNA, 2026, 5, 1, 12), 100, 10),
        won_deal(partner, at(VIENNA, 2026, 3, 1, 12), 200, 20),
        won_deal(partner, at(VIENNA, 2025, 12, 1, 12), 600, 40),
        lost_deal(partner, at(VIENNA, 2026, 2, 1)),
        lost_deal(partner, at(VIENNA, 2025, 9, 1)),
        a_deal(partner, approved_at=at(VIENNA, 2026, 6, 1), amount_vendor=1000),
    ]
    Deal.objects.bulk_create(deals)
    StageChange.objects.create(
        partner=partner, deal=deals[-1], stage=stage, changed_at=at(VIENNA, 2026, 6, 2)
    )
    found = sales(AsOf.of(here, date(2026, 6, 30)))
    assert of(found, "win_rate")[:4] == (Decimal("0.6"), 3, 5, 5)
    assert of(found, "deal_size") == (200, None, None, 3, {"mean": 300})
    assert of(found, "sales_cycle").value == 20
    assert of(found, "bookings") == (900, None, None, 3, {"trailing_90": 100, "fiscal_quarter": 100})
    assert of(found, "open_pipeline").value == 1000
    assert of(found, "weighted_pipeline").value == 450
    assert of(found, "pipeline_velocity").value == 9  # 1 x 0.6 x 300 / 20
    assert of(found, "bookings_growth").value is None  # two in the one half, one in the other
    assert of(found, "registrations").value == 0


def test_below_the_least_number_there_is_no_value_and_the_count_says_so(here: Vendor) -> None:
    partner = PartnerFactory()
    Deal.objects.bulk_create(
        [
            *(won_deal(partner, at(VIENNA, 2026, 5, n), 100) for n in (1, 2)),
            *(lost_deal(partner, at(VIENNA, 2026, 5, n)) for n in (1, 2)),
        ]
    )
    found = sales(AsOf.of(here, date(2026, 6, 30)))
    assert {key for key in VALUES if of(found, key).value is None} == {
        "win_rate", "deal_size", "sales_cycle", "pipeline_velocity", "bookings_growth",
    }  # fmt: skip
    assert (of(found, "win_rate").n, of(found, "deal_size").n) == (4, 2)


def test_a_median_between_two_cents_is_rounded_up(here: Vendor) -> None:
    partner = PartnerFactory()
    Deal.objects.bulk_create(
        [won_deal(partner, at(VIENNA, 2026, 5, 1), amount) for amount in (100, 101, 50, 900)]
    )
    assert of(sales(AsOf.of(here, date(2026, 6, 30))), "deal_size").value == 101  # 100.5


def test_days_are_calendar_days_whatever_the_clocks_do(here: Vendor) -> None:
    partner = PartnerFactory()
    approved, won = at(VIENNA, 2026, 3, 28, 23, 59), at(VIENNA, 2026, 3, 30, 0, 1)  # 23 h 2 min apart
    Deal.objects.bulk_create(
        [a_deal(partner, approved_at=approved, won_at=won, won_amount_vendor=1) for _ in range(3)]
    )
    assert of(sales(AsOf.of(here, date(2026, 6, 30))), "sales_cycle").value == 2


def test_a_cycle_of_no_days_leaves_the_velocity_undefined(here: Vendor) -> None:
    partner = PartnerFactory()
    Deal.objects.bulk_create([won_deal(partner, at(VIENNA, 2026, 5, 1, 12), 100, 0) for _ in range(5)])
    found = sales(AsOf.of(here, date(2026, 6, 30)))
    assert of(found, "sales_cycle").value == 0
    assert of(found, "pipeline_velocity").value is None


def test_wins_without_an_approval_count_as_wins_and_have_no_cycle(here: Vendor) -> None:
    partner = PartnerFactory()
    Deal.objects.bulk_create([won_deal(partner, at(VIENNA, 2026, 5, 1), 100, None) for _ in range(5)])
    found = sales(AsOf.of(here, date(2026, 6, 30)))
    assert (of(found, "win_rate").value, of(found, "sales_cycle").value, of(found, "sales_cycle").n) == (
        1,
        None,
        0,
    )


def test_an_expired_deal_that_is_won_later_is_expired_until_then(here: Vendor) -> None:
    partner = PartnerFactory()
    Deal.objects.bulk_create(
        [
            a_deal(
                partner,
                approved_at=at(VIENNA, 2026, 1, 1),
                expires_at=at(VIENNA, 2026, 4, 1),
                won_at=at(VIENNA, 2026, 5, 15),
                won_amount_vendor=5,
                amount_vendor=5,
            )
        ]
    )
    counts = {}
    for day in (date(2026, 3, 15), date(2026, 4, 15), date(2026, 5, 15)):
        found = sales(AsOf.of(here, day))
        result = found["win_rate"].get(partner.pk)
        pipeline = found["open_pipeline"][partner.pk].value
        counts[day.month] = (pipeline, result.beside["expired"], result.beside["won"])  # type: ignore[index,union-attr]
    assert counts == {3: (5, 0, 0), 4: (0, 1, 0), 5: (0, 0, 1)}


def test_totals_are_over_everything_ever_closed(here: Vendor) -> None:
    partner = PartnerFactory()
    assert values_of(totals(AsOf.of(here, date(2026, 6, 30)))) == [0, 0, None, 0, None, None]
    Deal.objects.bulk_create(
        [
            won_deal(partner, at(VIENNA, 2020, 5, 1, 12), 100, 10),
            won_deal(partner, at(VIENNA, 2026, 5, 1, 12), 301, 11),
            lost_deal(partner, at(VIENNA, 2021, 5, 1)),
            won_deal(partner, at(VIENNA, 2026, 7, 1), 1_000_000),
        ]
    )
    found = totals(AsOf.of(here, date(2026, 6, 30)))
    assert values_of(found) == [2, 1, Decimal("0.66666667"), 401, Decimal("200.5"), Decimal("10.5")]


def values_of(figures: list[Figure]) -> list[Any]:
    return [figure.value for figure in figures]


# ------------------------------------------------------------------------------------ the query


def test_one_statement_for_the_whole_quadrant_however_many_partners(here: Vendor) -> None:
    counts = {}
    for more in (1, 19):
        Deal.objects.bulk_create([won_deal(PartnerFactory(), at(VIENNA, 2026, 5, 1), 1) for _ in range(more)])
        with CaptureQueriesContext(connection) as queries:
            found = sales(AsOf.of(here, date(2026, 6, 30)))
        counts[len(found["bookings"])] = len(queries)
    assert counts == {1: 1, 20: 1}


def test_partners_asked_for_are_the_only_ones_told_and_told_the_same(here: Vendor) -> None:
    partners = fill(here, partners=5)
    as_of = AsOf.of(here, date(2026, 3, 29))
    everybody, few = sales(as_of), sales(as_of, [partners[1].pk, partners[3].pk])
    for key, results in few.items():
        assert results == {
            pk: r for pk, r in everybody[key].items() if pk in (partners[1].pk, partners[3].pk)
        }


def test_a_partner_person_computes_from_its_own_rows_alone(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        for partner in world.partners.values():
            won = at(VIENNA, 2026, 5, 1)
            Deal.objects.bulk_create([won_deal(partner, won, 100) for _ in range(3)])
    with acting_as(world.people["partner_rep"]):
        found = sales(AsOf.of(world.vendor, date(2026, 6, 30)))
    assert {pk for results in found.values() for pk in results} == {world.partners["beta"].pk}


# ------------------------------------------------------------------------------------ the day


@pytest.mark.parametrize(
    ("first_month", "day", "start"),
    [
        (1, date(2026, 3, 31), date(2026, 1, 1)),
        (1, date(2026, 12, 31), date(2026, 10, 1)),
        (2, date(2026, 1, 31), date(2025, 11, 1)),
        (2, date(2026, 2, 1), date(2026, 2, 1)),
        (10, date(2026, 9, 30), date(2026, 7, 1)),
    ],
)
def test_fiscal_quarters(first_month: int, day: date, start: date) -> None:
    as_of = AsOf(day, VIENNA, first_month)
    assert as_of.quarter_start == as_of.start_of(start)
    assert _quarter_start(day, first_month) == start


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Vienna", date(2026, 3, 29), 23),
        ("Europe/Vienna", date(2025, 10, 26), 25),
        ("UTC", date(2026, 1, 1), 24),
    ],
)
def test_a_day_is_as_long_as_the_vendors_clocks_make_it(zone: str, day: date, hours: int) -> None:
    as_of = AsOf(day, ZoneInfo(zone))
    length = as_of.end.timestamp() - as_of.start_of(day).timestamp()
    assert length == hours * 3600
