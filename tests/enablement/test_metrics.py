"""The enablement quadrant and the use of the library against DuckDB, by hand, and through time.

DuckDB is told who sat where, what was asked for and what a test had come to as the plain spans of time the
generator invented; the portal has to find the same in its rows and what it kept of them before.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from enablement.certifications.models import AccreditationRule, Award, Certification
from enablement.courses.models import Course, CourseVersion, Enrolment
from enablement.library.events import DOWNLOADED, OPENED
from enablement.library.metrics import METRICS as LIBRARY
from enablement.library.metrics import uses
from enablement.library.models import Asset
from enablement.library.selectors import ASSET
from enablement.quizzes.models import Attempt
from enablement.readiness.metrics import METRICS, VALUES, readiness
from partners.models import Partner, Seat
from portal.calendar.days import end_of_day
from portal.events.models import PortalEvent
from portal.history.moments import made_at
from portal.metrics.declarations import AsOf, sources
from portal.metrics.statements import ask
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from tests.support.factories import PartnerFactory, SeatFactory, TierFactory, VendorFactory
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db

VIENNA, NEW_YORK = ZoneInfo("Europe/Vienna"), ZoneInfo("America/New_York")
#: Clocks go forward, a leap day, an ordinary day.
DAYS = {
    VIENNA: [date(2026, 3, 29), date(2024, 2, 29), date(2026, 6, 30)],
    NEW_YORK: [date(2026, 3, 8), date(2024, 2, 29), date(2026, 1, 31)],
}
NUMBERS = count(1)
TICK = timedelta(microseconds=1)


@pytest.fixture(params=[VIENNA, NEW_YORK], ids=["Vienna", "New York"])
def zoned(request: pytest.FixtureRequest, db: None) -> Iterator[Vendor]:
    vendor = VendorFactory(slug="zoned", time_zone=str(request.param))
    with entered(system_scope(vendor.pk)), transaction.atomic():
        yield vendor


@pytest.fixture
def here(db: None) -> Iterator[Vendor]:
    vendor = VendorFactory(slug="here", time_zone="Europe/Vienna")
    with entered(system_scope(vendor.pk)), transaction.atomic():
        yield vendor


# A generated past ---------------------------------------------------------------------------------------


class Past:
    """People who come, move, lose access and learn; `facts` tells each table of it as plain spans of time."""

    def __init__(self, vendor: Vendor, seed: int) -> None:
        self.vendor, self.dice = vendor, random.Random(seed)
        self.edges: list[datetime] = []
        for day in DAYS[vendor.zone]:
            as_of = AsOf.of(vendor, day)
            for moment in (as_of.end, *(as_of.trailing(days) for days in (1, 90, 180, 365))):
                self.edges += [moment - TICK, moment, moment + TICK]
        self.first = AsOf.of(vendor, date(2023, 1, 15)).end
        self.facts: dict[str, list[tuple[Any, ...]]] = {
            name: [] for name in ("stays", "tiers", "rules", "awards", "enrolments", "tries")
        }
        self.tiers = [TierFactory(), TierFactory()]
        self.certifications = [
            Certification.objects.create(name=name, created_at=self.first) for name in ("A", "B", "C")
        ]
        self.course = Course.objects.create(slug="one", title="One")
        self.version = CourseVersion.objects.create(course=self.course, number=1)

    def moment(self) -> datetime:
        if self.dice.random() < 0.4:
            return self.dice.choice(self.edges)
        return self.first + timedelta(seconds=self.dice.randrange(1_250 * 86_400))

    def moments(self, n: int) -> list[datetime]:
        return sorted({self.moment() for _ in range(n)})

    def fill(self, partners: int = 8, people: int = 40) -> list[Partner]:
        self.rules()
        rows = [self.partner() for _ in range(partners)]
        users = [self.person(rows) for _ in range(people)]
        for user in users:
            self.awards(user, rows)
            for _ in range(self.dice.randrange(4, 14)):
                self.enrolment(user, self.dice.choice(rows))
        return rows

    def rules(self) -> None:
        for tier in self.tiers:
            for certification in self.certifications:
                since, changed, gone = [*self.moments(3), None, None][:3]
                people = self.dice.choice((1, 2))
                rule = AccreditationRule.objects.create(
                    tier=tier, certification=certification, people=people, since=since
                )
                key = (tier.pk, certification.pk)
                if changed is None:
                    self.facts["rules"].append((*key, people, since, None))
                    continue
                with made_at(changed):
                    AccreditationRule.objects.filter(pk=rule.pk).update(people=people + 1)
                self.facts["rules"] += [(*key, people, since, changed), (*key, people + 1, changed, gone)]
                if gone is not None:
                    with made_at(gone):
                        rule.delete()

    def partner(self) -> Partner:
        first, second = self.dice.sample(self.tiers, 2)
        partner, changed = PartnerFactory(tier=first), self.moment()
        with made_at(changed):
            Partner.objects.filter(pk=partner.pk).update(tier=second)
        self.facts["tiers"] += [(partner.pk, first.pk, None, changed), (partner.pk, second.pk, changed, None)]
        return partner

    def person(self, partners: list[Partner]) -> Any:
        """Sits somewhere, perhaps moves, is perhaps switched off and on again."""
        came, *later = self.moments(4)
        home = self.dice.choice(partners)
        seat = SeatFactory(partner=home, since=came)
        there, begin = home, came
        for moment, what in zip(
            later, self.dice.choice((("move",), ("off", "on"), ("leave",), ())), strict=False
        ):
            match what:
                case "move":
                    with made_at(moment):
                        seat.partner, seat.since = self.dice.choice(partners), moment
                        seat.save(update_fields=["partner", "since"])
                    self.facts["stays"].append((there.pk, seat.user_id, begin, moment))
                    there, begin = seat.partner, moment
                case "off":
                    self.access(seat, moment, active=False)
                    self.facts["stays"].append((there.pk, seat.user_id, begin, moment))
                    begin = None
                case "on":
                    self.access(seat, moment, active=True)
                    begin = moment
                case "leave":
                    with made_at(moment):
                        Seat.objects.filter(pk=seat.pk).update(left_at=moment)
                    self.facts["stays"].append((there.pk, seat.user_id, begin, moment))
                    begin = None
        if begin is not None:
            self.facts["stays"].append((there.pk, seat.user_id, begin, None))
        return seat.user

    def access(self, seat: Seat, moment: datetime, *, active: bool) -> None:
        with made_at(moment):
            seat.membership.is_active = active
            seat.membership.save(update_fields=["is_active"])

    def awards(self, user: Any, partners: list[Partner]) -> None:
        for certification in self.dice.sample(self.certifications, self.dice.randrange(3)):
            last = None
            for given in self.moments(2):
                days = self.dice.choice((40, 120, 365, None))
                until = days and (given.astimezone(self.vendor.zone).date() + timedelta(days=days))
                if until and self.dice.random() < 0.5:  # ends around a day that is asked for
                    near = self.dice.choice(DAYS[self.vendor.zone]) + timedelta(
                        days=self.dice.choice((0, 1, 60, 61))
                    )
                    until = near if near > given.astimezone(self.vendor.zone).date() else until
                revoked = self.moment() if self.dice.random() < 0.15 else None
                last = Award.objects.create(
                    user=user, partner=self.dice.choice(partners), certification=certification,
                    reference=f"C-{next(NUMBERS)}", awarded_at=given, renews=last, revoked_at=revoked,
                    revoked_reason="Why" if revoked else "", expires_on=until,
                    expires_at=until and end_of_day(until, self.vendor.zone),
                )  # fmt: skip
                self.facts["awards"].append(
                    (
                        last.pk,
                        last.renews_id,
                        user.pk,
                        last.partner_id,
                        certification.pk,
                        given,
                        until,
                        revoked,
                    )
                )

    def enrolment(self, user: Any, partner: Partner) -> None:
        begun = self.moment()
        over = begun + timedelta(days=self.dice.randrange(200)) if self.dice.random() < 0.7 else None
        left = self.dice.random() < 0.3
        row = Enrolment.objects.create(
            user=user, partner=partner, course=self.course, version=self.version, enrolled_at=begun,
            completed_at=None if left else (over or begun), left_at=(over or begun) if left else None,
        )  # fmt: skip
        self.facts["enrolments"].append((partner.pk, begun, row.completed_at, row.left_at))
        moment = self.moment()
        for number in range(1, self.dice.randrange(1, 5)):
            self.attempt(row, number, moment)
            moment += timedelta(days=self.dice.randrange(1, 40))

    def attempt(self, enrolment: Enrolment, number: int, moment: datetime) -> None:
        score = self.dice.choice((None, self.dice.randrange(10_001)))
        row = Attempt.objects.create(
            user=enrolment.user, partner=enrolment.partner, enrolment=enrolment, number=number,
            started_at=moment, submitted_at=moment, score=score, passed=(score or 0) > 6_000,
        )  # fmt: skip
        told = (enrolment.partner_id, number, moment)
        corrected = moment + timedelta(days=self.dice.randrange(1, 300))
        if score is None or self.dice.random() < 0.6:
            self.facts["tries"].append((*told, score, row.passed, None, None))
            return
        with made_at(corrected):
            Attempt.objects.filter(pk=row.pk).update(score=10_000, passed=True)
        self.facts["tries"] += [
            (*told, score, row.passed, None, corrected), (*told, 10_000, True, corrected, None),
        ]  # fmt: skip


# DuckDB ---------------------------------------------------------------------------------------------------

TABLES = {
    "stays": "partner_id bigint, user_id bigint, since timestamptz, until timestamptz",
    "tiers": "partner_id bigint, tier_id bigint, since timestamptz, until timestamptz",
    "rules": "tier_id bigint, certification_id bigint, people bigint, since timestamptz, until timestamptz",
    "awards": "id bigint, renews bigint, user_id bigint, partner_id bigint, certification_id bigint, "
    "awarded timestamptz, expires date, revoked timestamptz",
    "enrolments": "partner_id bigint, begun timestamptz, completed timestamptz, given_up timestamptz",
    "tries": "partner_id bigint, number bigint, submitted timestamptz, score bigint, passed boolean, "
    "since timestamptz, until timestamptz",
}
#: By calendar days in the vendor's zone, where the portal compares moments.
DUCKDB = """
with
here as (
    select * from stays where since::date <= $day and coalesce(until::date > $day, true)
),
standing as (
    select * from awards where awarded::date <= $day and coalesce(revoked::date > $day, true)
),
held as (
    select here.partner_id, s.user_id, s.certification_id, s.expires,
        s.id in (select renews from standing where renews is not null) as renewed
    from here join standing s using (user_id)
    where coalesce(s.expires >= $day, true)
),
asked as (
    select t.partner_id, r.certification_id, r.people
    from tiers t join rules r using (tier_id)
    where coalesce(t.since::date <= $day, true) and coalesce(t.until::date > $day, true)
        and coalesce(r.since::date <= $day, true) and coalesce(r.until::date > $day, true)
),
heads as (
    select partner_id, certification_id, count(distinct user_id) as heads from held group by all
)
select
    p.partner_id,
    (select count(*) from here h where h.partner_id = p.partner_id) as people,
    (select count(distinct user_id) from held h where h.partner_id = p.partner_id) as certified,
    (select count(*) from held h where h.partner_id = p.partner_id) as valid,
    (select count(*) from held h where h.partner_id = p.partner_id
        and expires between $day and $day + 60 and not renewed) as expiring,
    (select count(*) from asked a where a.partner_id = p.partner_id) as required,
    (select count(*) from asked a left join heads using (partner_id, certification_id)
        where a.partner_id = p.partner_id and coalesce(heads, 0) >= people) as met,
    (select count(*) from standing s where s.partner_id = p.partner_id) as ever,
    (select count(*) from standing s where s.partner_id = p.partner_id
        and awarded::date > $day - 90) as earned,
    (select count(*) from standing s where s.partner_id = p.partner_id
        and awarded::date between $day - 179 and $day - 90) as earned_before,
    (select count(*) from enrolments e where e.partner_id = p.partner_id
        and begun::date between $day - 179 and $day) as started,
    (select count(*) from enrolments e where e.partner_id = p.partner_id
        and begun::date between $day - 179 and $day and completed::date <= $day) as completed,
    (select count(*) from known k where k.partner_id = p.partner_id and number = 1) as firsts,
    (select avg(score) / 10000 from known k where k.partner_id = p.partner_id and number = 1) as mean_score,
    (select count(*) from known k where k.partner_id = p.partner_id and number = 1
        and passed) as first_passes,
    (select count(*) from tries t where t.partner_id = p.partner_id and number > 1
        and submitted::date between $day - 364 and $day and coalesce(since::date <= $day, true)
        and coalesce(until::date > $day, true)) as retakes
from (select distinct partner_id from tiers) p
"""
KNOWN = """
create view known as select * from tries
where score is not null and submitted::date between getvariable('day') - 364 and getvariable('day')
    and coalesce(since::date <= getvariable('day'), true) and coalesce(until::date > getvariable('day'), true)
"""


def by_duckdb(past: Past, day: date) -> dict[int, dict[str, Any]]:
    database = duckdb.connect()
    database.execute(f"set timezone = '{past.vendor.time_zone}'")
    for name, columns in TABLES.items():
        database.execute(f"create table {name} ({columns})")
        if rows := past.facts[name]:
            marks = ", ".join(["?"] * len(rows[0]))
            database.executemany(f"insert into {name} values ({marks})", [list(row) for row in rows])
    database.execute(f"set variable day = date '{day}'")
    database.execute(KNOWN)
    answer = database.execute(DUCKDB, {"day": day})
    names = [column[0] for column in answer.description]
    found = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return {row.pop("partner_id"): row for row in found}


def expected(of: dict[str, Any]) -> dict[str, Any]:
    """The six values of metrics.md, from DuckDB's figures."""
    return {
        "certified_ratio": of["certified"] / of["people"] if of["people"] else None,
        "certification_coverage": of["met"] / of["required"] if of["required"] else None,
        "completion_rate": of["completed"] / of["started"] if of["started"] >= 3 else None,
        "assessment_score": of["mean_score"] if of["firsts"] >= 3 else None,
        "expiring_certifications": of["expiring"] if of["valid"] else None,
        "certification_momentum": of["earned"] - of["earned_before"] if of["ever"] else None,
    }


@pytest.mark.parametrize("which", [0, 1, 2])
def test_every_metric_agrees_with_duckdb(zoned: Vendor, which: int) -> None:
    past, day = Past(zoned, seed=11), DAYS[zoned.zone][which]
    partners = past.fill()
    ours, theirs = readiness(AsOf.of(zoned, day)), by_duckdb(past, day)
    nothing = {metric.key: metric.nothing for metric in METRICS}
    known = dict.fromkeys(VALUES, 0)
    for partner in partners:
        figures = theirs[partner.pk]
        for key, value in expected(figures).items():
            result = ours[key].get(partner.pk, nothing[key])
            known[key] += value is not None
            if value is None:
                assert result.value is None, (key, figures)
            else:
                assert float(result.value) == pytest.approx(float(value), abs=1e-7), (key, figures)
        if figures["firsts"] >= 3:
            beside = ours["assessment_score"][partner.pk].beside
            assert beside == {
                "pass_rate": pytest.approx(figures["first_passes"] / figures["firsts"]),
                "retakes": figures["retakes"],
            }
    assert min(known.values()) >= 3, known


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_rows_behind_are_as_many_as_counted_and_add_up(zoned: Vendor, which: int) -> None:
    past, as_of = Past(zoned, seed=12), AsOf.of(zoned, DAYS[zoned.zone][which])
    partners = past.fill()
    found, compared = readiness(as_of), 0
    for metric in METRICS:
        for partner in partners:
            result = found[metric.key].get(partner.pk, metric.nothing)
            rows = list(metric.rows(partner.pk, as_of))
            assert len(rows) == result.n, metric.key
            if result.value is not None and rows:
                compared += 1
                assert recomputed(metric.key, rows) == pytest.approx(float(result.value), abs=1e-7)
            for row in rows:
                assert all(
                    column.read(row) is not None
                    or column.label == "Finished"
                    or column.label == "In force until"
                    for column in metric.columns
                )
    assert compared > 20


def recomputed(key: str, rows: list[Any]) -> float:
    """A metric's value from nothing but the rows of its drill-down."""
    match key:
        case "certified_ratio":
            return sum(row.certificates > 0 for row in rows) / len(rows)
        case "certification_coverage":
            return sum(row.heads >= row.asked for row in rows) / len(rows)
        case "completion_rate":
            return sum(row.completed_then for row in rows) / len(rows)
        case "assessment_score":
            return sum(row.marks for row in rows) / len(rows) / 10_000
        case "expiring_certifications":
            return len(rows)
    return sum(1 if row.is_recent else -1 for row in rows)


def test_a_past_day_gives_the_same_answer_whatever_came_later(here: Vendor) -> None:
    past = Past(here, seed=13)
    partners, as_of = past.fill(), AsOf.of(here, DAYS[VIENNA][0])
    before, later = readiness(as_of), as_of.end + timedelta(minutes=1)
    with made_at(later):
        Seat.objects.update(left_at=later)
        AccreditationRule.objects.all().delete()
        Partner.objects.update(tier=past.tiers[0])
        Attempt.objects.filter(score__isnull=False).update(score=1)
    Award.objects.filter(revoked_at=None).update(revoked_at=later, revoked_reason="Later")
    Enrolment.objects.filter(completed_at=None, left_at=None).update(completed_at=later)
    for partner in partners:
        SeatFactory(partner=partner, since=later)
    assert readiness(as_of) == before


def test_by_hand(here: Vendor) -> None:
    """Two people of three certified, one of them brought it along; one award ends on the very day."""
    as_of = AsOf.of(here, date(2026, 6, 30))
    start, tier = as_of.trailing(300), TierFactory()
    partner, other = PartnerFactory(tier=tier), PartnerFactory()
    made = Certification.objects.create(name="Technician", created_at=start)
    AccreditationRule.objects.create(tier=tier, certification=made, people=2, since=start)
    seats = [SeatFactory(partner=partner, since=start) for _ in range(3)]
    for seat, earned_at, until in (
        (seats[0], partner, date(2026, 6, 30)),
        (seats[1], other, date(2027, 1, 1)),
    ):
        Award.objects.create(
            user=seat.user, partner=earned_at, certification=made, reference=f"C-{seat.pk}",
            awarded_at=as_of.trailing(100), expires_on=until, expires_at=end_of_day(until, here.zone),
        )  # fmt: skip
    found = {key: of[partner.pk] for key, of in readiness(as_of).items()}
    assert float(found["certified_ratio"].value) == pytest.approx(2 / 3, abs=1e-7)
    assert (found["certification_coverage"].value, found["expiring_certifications"].value) == (1, 1)
    assert found["certification_momentum"].value == -1
    assert found["completion_rate"].value is None
    next_day = {key: of[partner.pk] for key, of in readiness(AsOf.of(here, date(2026, 7, 1))).items()}
    assert next_day["certification_coverage"][:3] == (0, 0, 1)
    assert next_day["certification_coverage"].beside == {"missing": 1}


def test_where_nothing_is_offered_nobody_scores_zero(here: Vendor) -> None:
    partner, as_of = PartnerFactory(), AsOf.of(here, date(2026, 6, 30))
    SeatFactory(partner=partner, since=as_of.trailing(10))
    found = readiness(as_of)
    assert {key: of[partner.pk].value for key, of in found.items()} == dict.fromkeys(VALUES)
    assert uses(as_of)["asset_use"] == {}


def test_one_statement_however_many_partners_and_the_same_for_some(here: Vendor) -> None:
    past, as_of = Past(here, seed=14), AsOf.of(here, DAYS[VIENNA][2])
    partners = past.fill()
    with CaptureQueriesContext(connection) as queries:
        everybody = readiness(as_of)
    assert len(queries) == 1
    some = [partner.pk for partner in partners[:3]]
    assert readiness(as_of, some) == {
        key: {pk: result for pk, result in of.items() if pk in some} for key, of in everybody.items()
    }


def test_all_sources_of_statements_are_asked_in_one_and_say_the_same(here: Vendor) -> None:
    past, as_of = Past(here, seed=15), AsOf.of(here, DAYS[VIENNA][0])
    some = [partner.pk for partner in past.fill()]
    apart: dict[str, Any] = {}
    for source in sources():
        apart |= source(as_of, some)
    with CaptureQueriesContext(connection) as queries:
        together = ask(sources(), as_of, some)
    assert len(queries) == 1
    assert together == apart


# Whose rows -----------------------------------------------------------------------------------------------


def test_a_partners_people_find_the_same_as_the_night(world: VendorWorld) -> None:
    """Also what a colleague brought along, and whose access was switched off."""
    alpha, beta = world.partners["alpha"], world.partners["beta"]
    as_of = AsOf.of(world.vendor, world.vendor.today)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        made = Certification.objects.create(name="Technician", created_at=as_of.trailing(30))
        seats = [SeatFactory(partner=alpha, since=as_of.trailing(20)) for _ in range(2)]
        Award.objects.create(
            user=seats[0].user, partner=beta, certification=made, reference="C-1",
            awarded_at=as_of.trailing(9), expires_on=None,
        )  # fmt: skip
        seats[1].membership.is_active = False
        seats[1].membership.save()
        night = readiness(as_of, [alpha.pk])
    with acting_as(world.people["distributor_rep"]):
        assert readiness(as_of, [alpha.pk]) == night
        people = list(METRICS[0].rows(alpha.pk, as_of))
        assert [row.certificates for row in people].count(1) == 1
    assert night["certified_ratio"][alpha.pk].numerator == 1
    with acting_as(world.people["partner_rep"]):
        assert not readiness(as_of, [alpha.pk])["certified_ratio"]


# The library ----------------------------------------------------------------------------------------------


def test_assets_used_count_once_each(here: Vendor) -> None:
    as_of = AsOf.of(here, date(2026, 6, 30))
    partner, idle = PartnerFactory(), PartnerFactory()
    assets = [
        Asset.objects.create(title=f"Sheet {n}", url="https://example.com/", created_at=as_of.trailing(200))
        for n in range(3)
    ]
    for asset, kind, at in (
        (assets[0], OPENED, as_of.trailing(90)),
        (assets[0], DOWNLOADED, as_of.end - TICK),
        (assets[1], OPENED, as_of.trailing(5)),
        (assets[1], OPENED, as_of.trailing(90) - TICK),
        (assets[2], OPENED, as_of.end),
    ):
        PortalEvent.objects.create(
            type=kind, partner_id=partner.pk, subject_type=ASSET, subject_id=asset.pk, occurred_at=at
        )
    found = uses(as_of)["asset_use"]
    assert (found[partner.pk].value, found[idle.pk].value) == (2, 0)
    rows = list(LIBRARY[0].rows(partner.pk, as_of))
    assert [(row.pk, row.opens, row.downloads) for row in rows] == [
        (assets[0].pk, 1, 1), (assets[1].pk, 1, 0),
    ]  # fmt: skip
