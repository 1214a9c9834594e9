"""The effect of training: its statistics against other ways to work them out, and the page."""

import csv
import io
import math
import random
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from statistics import NormalDist
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.deal.models import Deal, DealLine
from enablement.certifications.models import Award, Certification, CertificationCourse
from enablement.courses.models import Course, CourseProduct, CourseVersion, Enrolment
from partners.models import Partner
from portal.calendar.days import end_of_day
from portal.events.models import PortalEvent
from portal.history.moments import made_at
from portal.metrics.declarations import AsOf
from portal.metrics.facts import CLOSED_DEALS, TRAININGS, ClosedDeal
from portal.tenancy.scope import entered, system_scope
from scorecards.services import day_that_ended
from scorecards.training_effect import matching, presenters, selectors
from scorecards.training_effect.intervals import (
    Interval,
    Share,
    Spell,
    difference_in_differences,
    median_difference,
    paired_difference,
    pooled,
    share_difference,
    student,
    wilson,
)
from scorecards.training_effect.matching import Place
from scorecards.training_effect.selectors import ABOVE, BELOW, Chosen, Effect
from tests.support import factories
from tests.support.worlds import PortalClient, VendorWorld, acting_as

PAGE, FILE = "/training-effect/", "/training-effect/export/"
UTC = ZoneInfo("UTC")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NUMBERS = count(1)


# The intervals --------------------------------------------------------------------------------------------


def near(interval: Interval, low: float, high: float, within: float = 5e-5) -> bool:
    return math.isclose(interval.low, low, abs_tol=within) and math.isclose(
        interval.high, high, abs_tol=within
    )


@pytest.mark.parametrize(("won", "closed"), [(0, 20), (1, 29), (15, 148), (81, 263), (20, 20), (269, 612)])
def test_a_share_holds_every_value_that_a_score_test_would_not_reject(won: int, closed: int) -> None:
    """Wilson's interval turns that test around; here its edges are searched for."""

    def rejected(share: float) -> bool:
        return abs(won / closed - share) > 1.959963985 * math.sqrt(share * (1 - share) / closed)

    def edge(inside: float, outside: float) -> float:
        for _ in range(80):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
        return inside

    rate = won / closed
    low, high = wilson(Share(won, closed))
    assert math.isclose(low, 0 if not won else edge(rate, 0), abs_tol=1e-8)
    assert math.isclose(high, 1 if won == closed else edge(rate, 1), abs_tol=1e-8)


def test_the_difference_of_two_shares_as_published() -> None:
    """Newcombe's own first example."""
    found = share_difference(Share(56, 70), Share(48, 80))
    assert math.isclose(found.estimate, 0.2)
    assert near(found, 0.0524, 0.3339)


@pytest.mark.parametrize(
    ("both", "first", "second", "neither"), [(40, 30, 12, 50), (0, 5, 5, 10), (3, 20, 0, 0)]
)
def test_pairs_agree_with_the_error_from_the_whole_table(
    both: int, first: int, second: int, neither: int
) -> None:
    """By the variances of both margins less twice their covariance, instead of by the unlike pairs alone."""
    n = both + first + second + neither + 2
    p11, p10, p01, p00 = ((cell + 0.5) / n for cell in (both, first, second, neither))
    one, other = p11 + p10, p11 + p01
    variance = (one * (1 - one) + other * (1 - other) - 2 * (p11 * p00 - p10 * p01)) / n
    reach = NormalDist().inv_cdf(0.975) * math.sqrt(variance)
    found = paired_difference(first, second, both + first + second + neither)
    assert near(found, max(one - other - reach, -1), min(one - other + reach, 1), 1e-12)


def test_medians_agree_with_the_binomial_by_hand() -> None:
    """Nine values: rank (9 + 1) / 2 - 3 = 2, and P(B(9, 1/2) <= 1) = 10/512."""
    values = [3, 5, 8, 13, 21, 34, 55, 89, 144]
    error = (89 - 5) / (2 * NormalDist().inv_cdf(1 - 10 / 512))
    reach = NormalDist().inv_cdf(0.975) * math.sqrt(2) * error
    found = median_difference([value + 100 for value in values], values)
    assert found.estimate == 100
    assert near(found, 100 - reach, 100 + reach, 1e-9)


def test_many_values_are_told_of_as_those_of_a_few_hundred_are() -> None:
    dice = random.Random(3)
    few, many = ([dice.gauss(1_000, 200) for _ in range(n)] for n in (500, 501))
    errors = [
        found.high - found.low for found in (median_difference(few, few), median_difference(many, many))
    ]
    assert math.isclose(*errors, rel_tol=0.15)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(4, 2.776), (5, 2.571), (7, 2.365), (10, 2.228), (30, 2.042), (120, 1.980)]
)
def test_students_t_as_in_the_tables(freedom: int, quantile: float) -> None:
    assert math.isclose(student(freedom), quantile, abs_tol=0.0015)


def spells(dice: random.Random, partners: Iterable[int], lift: float, weight: float = 1.0) -> list[Spell]:
    found = []
    for partner in partners:
        rate, n = dice.uniform(0.2, 0.5), dice.randint(4, 20)
        before, after = (sum(dice.random() < share for _ in range(n)) for share in (rate, rate + lift))
        found.append(Spell(partner, Share(before, n), Share(after, n), weight))
    return found


def solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss, with pivots."""
    rows, size = [[*row, value] for row, value in zip(matrix, right, strict=True)], len(right)
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(size):
            if k != i:
                factor = rows[k][i] / rows[i][i]
                rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    return [rows[i][size] / rows[i][i] for i in range(size)]


def regressed(trained: Sequence[Spell], matched: Sequence[Spell]) -> tuple[float, float]:
    """(coefficient, error) of trained x after in a weighted regression of won on both, clustered by partner.

    Deal by deal, with the sandwich and its usual factor G / (G - 1).
    """
    rows = [
        (spell.partner_id, spell.weight, [1.0, group, after, group * after], float(i < share.won))
        for group, of in ((1.0, trained), (0.0, matched))
        for spell in of
        for after, share in ((0.0, spell.before), (1.0, spell.after))
        for i in range(share.closed)
    ]
    places = range(4)
    bread = [[sum(w * x[i] * x[j] for _, w, x, _ in rows) for j in places] for i in places]
    betas = solved(bread, [sum(w * x[i] * y for _, w, x, y in rows) for i in places])
    scores: dict[int, list[float]] = {}
    for partner, w, x, y in rows:
        error = y - sum(beta * value for beta, value in zip(betas, x, strict=True))
        of = scores.setdefault(partner, [0.0] * 4)
        for i in places:
            of[i] += w * x[i] * error
    last = solved(bread, [0.0, 0.0, 0.0, 1.0])  # a row of the inverse, which is symmetric
    parts = [sum(a * b for a, b in zip(last, of, strict=True)) for of in scores.values()]
    return betas[3], math.sqrt(len(parts) / (len(parts) - 1) * sum(part * part for part in parts))


def test_before_and_after_agrees_with_a_clustered_regression() -> None:
    """Also where one partner is matched several times."""
    dice = random.Random(8)
    trained = spells(dice, range(9), 0.1)
    matched = [*spells(dice, range(20, 35), 0.02, 1 / 3), *spells(dice, range(25, 37), 0.02, 1 / 3)]
    estimate, error = regressed(trained, matched)
    found = difference_in_differences(trained, matched)
    assert math.isclose(found.estimate, estimate, abs_tol=1e-12)
    assert near(found, estimate - student(8) * error, estimate + student(8) * error, 1e-9)
    assert math.isclose(found.estimate, pooled(trained).change - pooled(matched).change)


@pytest.mark.parametrize("lift", [0.0, 0.12])
def test_intervals_hold_the_truth_about_as_often_as_they_say(lift: float) -> None:
    dice, runs, held = random.Random(f"coverage {lift}"), 400, {"simple": 0, "paired": 0, "strict": 0}
    for _ in range(runs):
        won = [sum(dice.random() < share for _ in range(90)) for share in (0.33 + lift, 0.33)]
        simple = share_difference(Share(won[0], 90), Share(won[1], 90))
        pairs = [(dice.random() < 0.33 + lift, dice.random() < 0.33) for _ in range(90)]
        paired = paired_difference(sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs), 90)
        strict = difference_in_differences(spells(dice, range(14), lift), spells(dice, range(20, 60), 0.0))
        for name, found in (("simple", simple), ("paired", paired), ("strict", strict)):
            held[name] += found.low <= lift <= found.high
    assert all(0.92 <= times / runs <= 0.99 for times in held.values()), held


# What is compared with what -------------------------------------------------------------------------------


def closed(partner: int, size: int | None, *, won: bool = False, days: int = 0) -> ClosedDeal:
    at = NOON + timedelta(days=days)
    return ClosedDeal(partner, 1, at - timedelta(days=40), at, won, size, size if won else None, {})


def test_pairs_are_of_one_partner_and_alike_in_size() -> None:
    certified = [closed(1, 100), closed(1, 124), closed(2, 100), closed(1, None)]
    others = [closed(1, 125), closed(1, 300), closed(3, 100), closed(1, 126), closed(1, 0)]
    found = matching.pairs(certified, others)
    assert [(one.size, other.size) for one, other in found] == [(100, 125), (124, 126)]


def test_a_pair_is_a_quarter_apart_at_most() -> None:
    assert matching.pairs([closed(1, 100)], [closed(1, 126)]) == []
    assert len(matching.pairs([closed(1, 100)], [closed(1, 125)])) == 1


def anywhere(partner: int, moment: datetime) -> Place:
    return Place("reseller", 1, 1)


def busy(partner: int, before: int, after: int, wins: int = 1) -> list[ClosedDeal]:
    """So many closed before NOON and so many from then on, the first of each won."""
    days = [-1 - i for i in range(before)] + list(range(after))
    return [closed(partner, 100, won=day in (-1, 0)[:wins], days=day) for day in days]


def test_matched_are_those_who_had_not_trained_and_stood_in_the_same_tier() -> None:
    deals = sorted(
        [deal for partner in range(1, 8) for deal in busy(partner, 4, 4)], key=lambda deal: deal.closed_at
    )
    later, soon = NOON + timedelta(days=181), NOON + timedelta(days=100)
    trained_at = {1: NOON, 2: soon, 3: later, 4: NOON - timedelta(days=400)}

    def place(partner: int, moment: datetime) -> Place:
        return Place("reseller", 2 if partner == 5 else 1, 1)

    end = NOON + matching.SPAN
    found = matching.matched(deals, trained_at, NOON - timedelta(days=90), end, place)
    assert [spell.partner_id for spell in found.trained] == [1]
    assert [spell.partner_id for spell in found.others] == [
        3,
        6,
        7,
    ]  # neither 2 nor 4, and 5 is of another tier
    assert {spell.weight for spell in found.others} == {1 / 3}
    assert found.trained[0][1:3] == (Share(1, 4), Share(0, 4))


def test_the_nearest_are_taken() -> None:
    deals = sorted(
        [
            *busy(1, 4, 4),
            *busy(2, 4, 4, wins=0),
            *busy(3, 4, 4),
            *busy(4, 60, 4),
            *busy(5, 4, 4),
            *busy(6, 2, 4),
        ],
        key=lambda deal: deal.closed_at,
    )

    def place(partner: int, moment: datetime) -> Place:
        return Place("reseller", 1, 2 if partner == 5 else 1)

    found = matching.matched(deals, {1: NOON}, NOON, NOON + matching.SPAN, place)
    # 3 is the same, 5 is elsewhere, 2 won nothing before; 4 is far larger and 6 closed too little.
    assert [spell.partner_id for spell in found.others] == [3, 5, 2]


@pytest.mark.parametrize("days", [-1, 1])
def test_who_trained_before_the_period_or_too_lately_is_not_compared(days: int) -> None:
    """The day after which 180 more have passed is the last."""
    deals = sorted([*busy(1, 4, 4), *busy(2, 4, 4)], key=lambda deal: deal.closed_at)
    since, end = (NOON + timedelta(days=1), NOON + timedelta(days=400)) if days < 0 else (NOON, NOON)
    assert matching.matched(deals, {1: NOON}, since, end, anywhere) == ([], [], 0)


def test_who_has_nobody_like_it_is_counted() -> None:
    found = matching.matched(busy(1, 4, 4), {1: NOON}, NOON, NOON + matching.SPAN, anywhere)
    assert found == ([], [], 1)


# A generated past ---------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


class Past:
    """Partners, some of whose people hold certificates, and what they closed; `facts` says it plainly."""

    def __init__(
        self, world: VendorWorld, *, partners: int = 14, deals: int = 40, edge: float = 0.25
    ) -> None:
        self.world, self.dice, self.edge = world, random.Random(5), edge
        self.now = timezone.now()
        self.facts: dict[str, list[tuple[Any, ...]]] = {"deal": [], "certificate": []}
        self.arm, self.cart = world.products
        self.course = self._course("arm", self.arm)
        self.certification = Certification.objects.create(name="Arm specialist")
        CertificationCourse.objects.create(certification=self.certification, course=self.course)
        self.partners = [self._partner(number, deals) for number in range(partners)]

    def _course(self, slug: str, *products: Any) -> Course:
        course = Course.objects.create(slug=slug, title=f"{slug.title()} course")
        CourseVersion.objects.create(course=course, number=1)
        for product in products:
            CourseProduct.objects.create(course=course, product=product)
        return course

    def _partner(self, number: int, deals: int) -> Partner:
        regions = list(self.world.regions.values())
        partner = factories.PartnerFactory(
            name=f"Unmentionable {number}", tier=self.world.tiers[0], region=regions[number % 2]
        )
        people = [factories.SeatFactory(partner=partner, since=self._ago(1_000)).user for _ in range(2)]
        trained = number % 2 == 0
        given = self._ago(self.dice.randint(185, 350))
        if trained:
            self.award(people[0], partner, given)
        rows = [self._deal(partner, person, given if trained else None, place < deals // 2)
                for place in range(deals) for person in [people[place % 2]]]  # fmt: skip
        self.keep(rows)
        return partner

    def _ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def award(self, person: Any, partner: Partner, given: datetime, **fields: Any) -> Award:
        version = CourseVersion.objects.get(course=self.course)
        Enrolment.objects.create(
            user=person, partner=partner, course=self.course, version=version,
            enrolled_at=given - timedelta(days=3), completed_at=given,
        )  # fmt: skip
        until = (given + timedelta(days=300)).date()
        ends = end_of_day(until, self.world.vendor.zone)
        self.facts["certificate"].append((person.pk, given, ends, self.arm.pk))
        return Award.objects.create(
            user=person, partner=partner, certification=self.certification, reference=f"C-{next(NUMBERS)}",
            awarded_at=given, expires_on=until, expires_at=ends, **fields,
        )  # fmt: skip

    def _deal(self, partner: Partner, person: Any, given: datetime | None, is_early: bool) -> Any:
        """Half of them closed in the older half of 500 days."""
        span = (250, 500) if is_early else (2, 250)
        at = self._ago(self.dice.uniform(*span))
        registered = at - timedelta(days=self.dice.uniform(20, 90))
        product = self.dice.choice((self.arm, self.cart))
        knows = given is not None and at > given
        won = self.dice.random() < 0.3 + (self.edge if knows else 0)
        amount = int(self.dice.lognormvariate(11, 0.4)) * 100
        moment = {"won_at": at, "won_amount": amount, "won_amount_vendor": amount} if won else {"lost_at": at}
        deal = factories.DealFactory.build(
            vendor=self.world.vendor, partner=partner, customer=None, registered_by=person,
            reference=f"D-{next(NUMBERS)}-E", status="won" if won else "lost", submitted_at=registered,
            approved_at=registered, amount=amount, customer_name="Somebody", **moment,
        )  # fmt: skip
        self.facts["deal"].append(
            (partner.pk, person.pk, product.pk, registered, at, won, amount if won else None)
        )
        return deal, product

    def keep(self, rows: Iterable[tuple[Deal, Any]]) -> None:
        """Told as it happened: nothing of it came late."""
        kept = list(rows)
        with made_at(self._ago(900)):
            Deal.objects.bulk_create([deal for deal, _ in kept])
            lines = [DealLine(partner=deal.partner, deal=deal, product=product) for deal, product in kept]
            DealLine.objects.bulk_create(lines)


@pytest.fixture
def past(world: VendorWorld) -> Past:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return Past(world)


def found_by(past: Past, day: date | None = None, who: str = "program_admin", **chosen: Any) -> Effect:
    with acting_as(past.world.people[who]) as actor:
        read = selectors.read(actor=actor, day=day or day_that_ended(past.world.vendor))
    return selectors.effect(read, Chosen(**chosen))


#: certified, won, closed, partners and the median won amount, of a product or of all.
_DUCK = """
with judged as (
    select deal.*, exists (
        select 1 from certificate
        where certificate.person = deal.person and deal.registered >= certificate.since
            and deal.registered <= certificate.until and certificate.product = deal.product
    ) as certified
    from deal where closed >= ? and closed < ? and (? is null or product = ?)
)
select certified, count(*) filter (won), count(*), count(distinct partner), median(amount) filter (won)
from judged group by certified order by certified desc
"""


def by_duckdb(past: Past, day: date, days: int, product: int | None = None) -> list[tuple[Any, ...]]:
    as_of = AsOf.of(past.world.vendor, day)
    duck = duckdb.connect()
    duck.execute(
        "create table deal (partner bigint, person bigint, product bigint, registered timestamptz,"
        " closed timestamptz, won boolean, amount bigint)"
    )
    duck.execute(
        "create table certificate (person bigint, since timestamptz, until timestamptz, product bigint)"
    )
    duck.executemany("insert into deal values (?, ?, ?, ?, ?, ?, ?)", past.facts["deal"])
    duck.executemany("insert into certificate values (?, ?, ?, ?)", past.facts["certificate"])
    return duck.execute(_DUCK, [as_of.trailing(days), as_of.end, product, product]).fetchall()


def told(of: Any) -> list[tuple[Any, ...]]:
    return [
        (is_certified, *side.share, side.partners, side.median)
        for is_certified, side in ((True, of.certified), (False, of.others))
    ]


@pytest.mark.parametrize(("ago", "days"), [(1, 365), (1, 730), (120, 365)])
def test_all_deals_and_every_product_agree_with_duckdb(past: Past, ago: int, days: int) -> None:
    day = past.world.vendor.today - timedelta(days=ago)
    found = found_by(past, day, days=days)
    assert told(found.everything) == [(*row[:4], round(row[4])) for row in by_duckdb(past, day, days)]
    assert [one.label for one in found.products] == ["Arm", "Cart"]
    for one, product in zip(found.products, (past.arm, past.cart), strict=True):
        rows = by_duckdb(past, day, days, product.pk)
        expected = {row[0]: row[1:4] for row in rows}
        assert {key: values[:3] for key, *values in told(one)} == {
            key: list(expected.get(key, (0, 0, 0))) for key in (True, False)
        }
        enough = all(expected.get(key, (0, 0, 0))[1] >= 20 for key in (True, False))
        assert (one.difference is not None) == enough
    assert found.deals == sum(row[2] for row in by_duckdb(past, day, days))


def test_pairs_and_spells_agree_with_counting_one_by_one(past: Past) -> None:
    found, vendor = found_by(past), past.world.vendor
    as_of = AsOf.of(vendor, day_that_ended(vendor))
    firsts = {row[0]: row for row in past.facts["certificate"]}
    partner_of = {row[1]: row[0] for row in past.facts["deal"]}
    trained = {partner_of[person]: row[1] for person, row in firsts.items()}
    before = after = won_before = won_after = 0
    for partner, day in trained.items():
        own = [row for row in past.facts["deal"] if row[0] == partner]
        earlier = [row for row in own if day - matching.SPAN <= row[4] < day]
        later = [row for row in own if day <= row[4] < day + matching.SPAN]
        assert as_of.trailing(365) <= day <= as_of.end - matching.SPAN
        if min(len(earlier), len(later)) >= 3:
            before, after = before + len(earlier), after + len(later)
            won_before += sum(row[5] for row in earlier)
            won_after += sum(row[5] for row in later)
    assert found.before_after.trained_deals == (before, after)
    assert math.isclose(found.before_after.trained.change, won_after / after - won_before / before)
    assert found.before_after.others >= 5
    assert found.before_after.difference is not None
    assert found.pairs.count >= 20
    assert found.pairs.partners == 7
    assert found.courses[0].course.text == "Arm course"
    assert (found.courses[0].begun, found.courses[0].finished) == (7, 7)
    assert found.courses[0].effect.trained_deals == (before, after)


def test_a_real_difference_is_seen_and_none_is_not_made_up(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        strong = Past(world, partners=12, edge=0.45)
    found = found_by(strong)
    assert found.everything.difference
    assert found.everything.difference.low > 0
    assert presenters.heading(found).startswith("Certified people win ")
    assert "points more often" in presenters.heading(found)


def test_no_difference_may_be_chance(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        level = Past(world, partners=12, edge=0.0)
    found = found_by(level)
    assert found.everything.difference
    assert not found.everything.difference.is_clear
    assert presenters.all_deals(found).verdict == "may be chance"


# As of a day ----------------------------------------------------------------------------------------------


def test_a_past_day_does_not_move_with_what_came_later(past: Past) -> None:
    day = past.world.vendor.today - timedelta(days=60)
    before = found_by(past, day)
    with entered(system_scope(past.world.vendor.pk)), transaction.atomic():
        Award.objects.update(revoked_at=past.now, revoked_reason="Later.")
        for deal in Deal.objects.filter(won_at__isnull=False)[:40]:
            deal.won_amount_vendor = 1
            deal.partner = past.partners[0]
            deal.save(update_fields=["won_amount_vendor", "partner"])
        Partner.objects.update(tier=past.world.tiers[1], region=None)
    after = found_by(past, day)
    assert (after.everything, after.pairs, after.before_after) == (
        before.everything, before.pairs, before.before_after
    )  # fmt: skip
    assert found_by(past, past.world.vendor.today).everything != before.everything


def test_a_certificate_counts_from_the_moment_it_is_given_to_its_last(past: Past) -> None:
    tick = timedelta(microseconds=1)
    with entered(system_scope(past.world.vendor.pk)), transaction.atomic():
        as_of = AsOf.of(past.world.vendor, past.world.vendor.today)
        one = next(one for one in TRAININGS.read(as_of, past.now) if one.is_certificate)
        award = Award.objects.order_by("awarded_at").first()
        assert award
        assert one.is_held_at(award.awarded_at)
        assert not one.is_held_at(award.awarded_at - tick)
        assert one.is_held_at(award.expires_at)
        assert not one.is_held_at(award.expires_at + tick)
        Award.objects.filter(pk=award.pk).update(
            revoked_at=past.now - timedelta(days=1), revoked_reason="No."
        )
        assert next(one for one in TRAININGS.read(as_of, past.now) if one.is_certificate).until == min(
            past.now - timedelta(days=1), award.expires_at + tick
        )


def test_a_deal_that_nobody_registered_is_on_neither_side(past: Past) -> None:
    with entered(system_scope(past.world.vendor.pk)), transaction.atomic():
        Deal.objects.update(registered_by=None)
    found = found_by(past)
    assert found.unregistered == found.deals > 0
    assert found.everything.difference is None


def test_each_source_is_one_statement(past: Past) -> None:
    with entered(system_scope(past.world.vendor.pk)), transaction.atomic():
        as_of = AsOf.of(past.world.vendor, past.world.vendor.today)
        for facts in (CLOSED_DEALS, TRAININGS):
            with CaptureQueriesContext(connection) as queries:
                assert facts.read(as_of, as_of.trailing(365))
            assert len(queries) == 1


# Groups and privacy ---------------------------------------------------------------------------------------


def test_groups_are_of_five_partners_and_leave_five(past: Past) -> None:
    north = past.world.regions["north"].pk
    found = found_by(past, region=north)
    assert found.is_told
    assert found.partners == 7
    with entered(system_scope(past.world.vendor.pk)), transaction.atomic():
        few = [partner.pk for partner in past.partners if partner.region_id == north][:3]
        with made_at(past.now - timedelta(days=900)):
            Partner.objects.filter(pk__in=few).update(region=past.world.regions["west"])
    small = found_by(past, region=north)
    assert not small.is_told
    assert (small.deals, small.partners, small.everything.certified.share) == (0, 0, Share(0, 0))
    # All the others would give the four away.
    assert not found_by(past, region=past.world.regions["west"].pk).is_told


def test_both_halves_of_the_volume_make_the_whole(past: Past) -> None:
    whole = found_by(past)
    halves = [found_by(past, volume=volume) for volume in (BELOW, ABOVE)]
    assert sum(half.deals for half in halves) == whole.deals
    assert {half.partners for half in halves} == {7}
    assert found_by(past, type="reseller").deals == whole.deals


def test_rows_of_groups_add_up_to_all_deals(past: Past) -> None:
    found = found_by(past)
    for _, rows in found.groups:
        closed_of = sum(one.certified.share.closed + one.others.share.closed for one in rows)
        assert closed_of == found.deals - found.unregistered


# The page -------------------------------------------------------------------------------------------------

ClientAs = Callable[..., PortalClient]


def text_of(answer: Any) -> str:
    words = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", words.replace("&#x27;", "'").replace("&amp;", "&"))


@pytest.mark.parametrize("who", ["program_admin", "executive", "manager", "other_manager"])
def test_everybody_of_the_vendor_sees_the_same_and_no_partner_is_named(
    past: Past, client_as: ClientAs, who: str
) -> None:
    """Also a channel manager who has none or a few of these partners."""
    client, whole = client_as(past.world.people[who]), found_by(past)
    answer = client.get(PAGE)
    text = text_of(answer)
    assert answer.status_code == 200
    assert presenters.heading(whole) in text
    assert "associated with" in text
    assert f"{whole.deals} deals closed in 365 days, 14 partners" in text
    file = client.get(FILE).content.decode()
    with entered(system_scope(past.world.vendor.pk)), transaction.atomic():
        names = Partner.objects.values_list("name", "slug")
        assert not [name for name, _ in names if name in text or name in file]
        assert not [slug for _, slug in names if f"/{slug}/" in answer.content.decode()]


@pytest.mark.parametrize("who", ["partner_admin", "partner_rep", "distributor_admin"])
def test_partners_do_not_see_it(past: Past, client_as: ClientAs, who: str) -> None:
    client = client_as(past.world.people[who])
    assert client.get(PAGE).status_code == client.get(FILE).status_code == 404


def test_another_vendor_finds_nothing_of_it(
    past: Past, other_world: VendorWorld, client_as: ClientAs
) -> None:
    text = text_of(client_as(other_world.people["program_admin"]).get(PAGE))
    assert "0 deals closed in 365 days" in text
    assert "Not enough closed deals yet" in text
    assert "Arm course" not in text


def test_looking_past_ones_own_partners_is_recorded_for_managers_alone(
    past: Past, client_as: ClientAs
) -> None:
    for who, times in (("executive", 0), ("manager", 1)):
        client_as(past.world.people[who]).get(PAGE)
        with entered(system_scope(past.world.vendor.pk)), transaction.atomic():
            assert PortalEvent.objects.filter(type="portal.wall_crossed").count() == times


def test_too_little_says_what_it_takes(world: VendorWorld, client_as: ClientAs) -> None:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Past(world, partners=6, deals=6)
    text = text_of(client_as(world.people["executive"]).get(PAGE))
    assert "Not enough closed deals yet to tell what goes with training" in text
    assert "All deals: not enough data" in text
    assert "It takes 20 closed deals of 5 partners on each side." in text
    assert "points more often" not in text


def test_a_group_of_few_shows_nothing(past: Past, client_as: ClientAs) -> None:
    with entered(system_scope(past.world.vendor.pk)), transaction.atomic():
        Partner.objects.filter(pk=past.partners[0].pk).update(type="distributor")
    client = client_as(past.world.people["manager"])
    text = text_of(client.get(f"{PAGE}?type=distributor"))
    assert "Too few partners to tell of them" in text
    assert "Groups under 5 partners show nothing" in text
    assert "Win rate" not in text
    assert len(lines_of(client.get(f"{FILE}?type=distributor"))) == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("as_of=2999-01-01", "This day has not come yet"),
        ("as_of=yesterday", "Give a day as year-month-day"),
        ("region=999999", "999999 is not one of the available choices"),
        ("days=12", "12 is not one of the available choices"),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_field(
    past: Past, client_as: ClientAs, asked: str, words: str
) -> None:
    client = client_as(past.world.people["executive"])
    answer = client.get(f"{PAGE}?{asked}")
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert client.get(f"{FILE}?{asked}").status_code == 302


def test_what_was_chosen_is_kept(past: Past, client_as: ClientAs) -> None:
    north = past.world.regions["north"].pk
    page = client_as(past.world.people["manager"]).get(f"{PAGE}?region={north}&days=730").content.decode()
    assert f'<option value="{north}" selected>North</option>' in page
    assert '<option value="730" selected>' in page
    assert f'href="/v/acme/training-effect/export/?region={north}&amp;days=730"' in page


def lines_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_file_has_every_line_of_the_page(past: Past, client_as: ClientAs) -> None:
    found = found_by(past)
    header, *lines = lines_of(client_as(past.world.people["manager"]).get(FILE))
    assert header == list(presenters.HEADER)
    assert {len(line) for line in lines} == {len(header)}
    assert [line[0] for line in lines[:6]] == [
        "All deals", "Same partner and size", "Before and after", "Product", "Product", "Course"
    ]  # fmt: skip
    first = dict(zip(header, lines[0], strict=True))
    assert found.everything.difference
    assert first["Certified or trained: closed"] == str(found.everything.certified.share.closed)
    assert float(first["Difference, points"]) == round(100 * found.everything.difference.estimate, 2)
    assert first["Reading"] == presenters.reading(found.everything.difference).word


def statements(client: PortalClient, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    sent = [query["sql"] for query in queries]
    return len([sql for sql in sent[:-1] if not sql.startswith(("SAVEPOINT", "RELEASE"))])


@pytest.mark.parametrize("who", ["executive", "manager"])
def test_statements_do_not_grow(world: VendorWorld, client_as: ClientAs, who: str) -> None:
    client = client_as(world.people[who])
    few = statements(client, PAGE)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Past(world, partners=50, deals=4)
    assert statements(client, PAGE) == few <= 12


def test_it_is_found_from_the_portfolio_and_from_coverage(world: VendorWorld, client_as: ClientAs) -> None:
    client = client_as(world.people["manager"])
    for path in ("/portfolio/", "/learning/coverage/"):
        assert 'href="/v/acme/training-effect/"' in client.get(path).content.decode()


# Words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "word"),
    [
        (Interval(0.11, 0.06, 0.17), "Clear difference"),
        (Interval(0.06, -0.01, 0.13), "May be chance"),
        (Interval(-0.1, -0.2, -0.01), "Clear, the other way"),
        (Interval(0.05, 0.0, 0.1), "May be chance"),
    ],
)
def test_the_verdict_follows_the_interval(interval: Interval, word: str) -> None:
    assert presenters.reading(interval).word == word


@pytest.mark.parametrize(
    ("looks", "text"),
    [
        ([None, None], "like for like there is not enough data"),
        ([Interval(0.06, -0.01, 0.13), Interval(0.04, -0.01, 0.09)],
         "like for like it is 4 to 6, and may be chance"),
        ([Interval(0.06, 0.01, 0.13), Interval(0.04, -0.01, 0.09)],
         "like for like it is 4 to 6, and only one of the two looks is clear"),
        ([Interval(0.06, 0.01, 0.13), None], "like for like it is 6, and clear"),
    ],
)  # fmt: skip
def test_the_heading_says_what_is_left_like_for_like(looks: list[Interval | None], text: str) -> None:
    assert presenters._strict(looks) == text


def test_points_and_labels() -> None:
    assert presenters.signed(0.113) == "+11.3"
    assert presenters.bounds(Interval(0.06, -0.012, 0.13)) == "−1.2 to 13"
    scale = presenters.axis([Interval(0.06, -0.02, 0.13)])
    mark = scale.mark(Interval(0.06, -0.02, 0.13))
    assert 0 < mark.low < scale.zero < mark.at < mark.high < 100


def test_labels_of_two_lines_keep_apart() -> None:
    above, below = presenters._apart(40, 42)
    assert below - above >= 15
