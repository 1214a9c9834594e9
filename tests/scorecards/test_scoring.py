"""Scores, points and peers without a database: the arithmetic, and that it adds up whatever the weights."""

import json
import statistics
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deals.sales.metrics import METRICS
from portal.metrics.declarations import Better, Metric, Quadrant, Result, Unit
from scorecards.scoring import (
    Distribution,
    Rule,
    Scheme,
    Span,
    allotted,
    assess,
    band,
    detailed,
    number,
    places,
    points_of,
    possible_points,
    score_of,
    spread,
)

DEFAULT = dict(zip(Quadrant.values, map(Decimal, (35, 20, 15, 30)), strict=True))


def a_metric(key: str, quadrant: Quadrant = Quadrant.SALES, unit: Unit = Unit.COUNT) -> Metric:
    return replace(METRICS[0], key=key, quadrant=quadrant, unit=unit, beside={})


def a_scheme(weights: dict[str, Decimal] = DEFAULT, **metrics: tuple[Quadrant, float]) -> Scheme:
    """Metrics by key as (quadrant, weight), each scoring its own value: floor 0, target 100."""
    declared = [a_metric(key, quadrant) for key, (quadrant, _) in metrics.items()]
    rules = {
        key: Rule(Decimal(0), Decimal(100), Decimal(str(weight))) for key, (_, weight) in metrics.items()
    }
    return Scheme(declared, rules, weights, 2)


def results(**values: float | None) -> dict[str, Result]:
    return {key: Result(None if v is None else Decimal(str(v)), n=9) for key, v in values.items()}


# ------------------------------------------------------------------------------------ from value to score


@pytest.mark.parametrize(
    ("floor", "target", "value", "score"),
    [
        (10, 45, "38.2", "80.57"),
        (10, 45, 10, 0),
        (10, 45, 45, 100),
        (10, 45, 3, 0),
        (10, 45, 99, 100),
        (120, 45, 71, "65.33"),  # fewer days are better
        (120, 45, 130, 0),
        (120, 45, 20, 100),
        (-25, 25, 0, 50),
    ],
)
def test_score_is_linear_between_floor_and_target_and_clipped(floor, target, value, score):
    span = Span.of(Rule(Decimal(floor), Decimal(target), Decimal(1)), Unit.DAYS, 2)
    assert round(score_of(Decimal(value), span), 2) == Decimal(score)


@pytest.mark.parametrize(
    ("unit", "decimals", "value"),
    [
        (Unit.PERCENT, 2, Decimal("0.45")),
        (Unit.MONEY, 2, 45_00),
        (Unit.MONEY, 0, 45),
        (Unit.MONEY_PER_DAY, 3, 45_000),
        (Unit.DAYS, 2, 45),
        (Unit.COUNT, 2, 45),
    ],
)
def test_targets_are_entered_in_display_units_and_values_kept_in_their_own(unit, decimals, value):
    span = Span.of(Rule(Decimal(10), Decimal(45), Decimal(1)), unit, decimals)
    assert score_of(value, span) == 100
    assert score_of(value, Span.of(Rule(Decimal(0), Decimal(90), Decimal(1)), unit, decimals)) == 50


def test_bands():
    assert [band(score) for score in (None, 0, 49.99, 50, 74.99, Decimal(75), 100)] == [
        "", "poor", "poor", "watch", "watch", "healthy", "healthy",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------ weighing


def test_what_is_missing_shares_its_weight_out_and_lowers_the_coverage():
    scheme = a_scheme(a=(Quadrant.SALES, 20), b=(Quadrant.SALES, 30), c=(Quadrant.ENGAGEMENT, 1))
    found = assess(scheme, results(a=80, b=None, c=40))
    assert found.quadrants == {"sales": 80, "engagement": 40}
    assert found.health == round((35 * Decimal(80) + 30 * Decimal(40)) / 65, 2)
    assert found.shares.coverage == 44  # 35 x 20/50 + 30 x 1/1, of 100


def test_only_sales_measured_covers_35_of_100_and_the_health_is_that_of_sales():
    scheme = a_scheme(a=(Quadrant.SALES, 3), b=(Quadrant.SALES, 1))
    found = assess(scheme, results(a=100, b=20))
    assert (found.health, found.shares.coverage) == (80, 35)
    assert "enablement" not in found.quadrants


def test_without_any_data_there_is_no_health_and_no_zero():
    scheme = a_scheme(a=(Quadrant.SALES, 1))
    found = assess(scheme, results(a=None))
    assert (found.health, found.quadrants, found.shares.coverage) == (None, {}, 0)
    detail = detailed(scheme, results(a=None), {})
    assert detail.results["a"]["value"] is None
    assert detail.results["a"]["points"] is None
    assert all(part["score"] is None for part in detail.quadrants.values())


def test_weight_zero_shows_a_metric_without_counting_it():
    scheme = a_scheme(a=(Quadrant.SALES, 1), b=(Quadrant.SALES, 0))
    detail = detailed(scheme, results(a=50, b=100), {})
    assert assess(scheme, results(a=50, b=100)).health == 50
    assert detail.results["b"] | {"score": 100, "points": 0.0, "possible": 0.0} == detail.results["b"]


def test_points_are_the_scores_seen_from_the_health():
    sales, enablement, marketing, engagement = Quadrant
    scheme = a_scheme(sell=(sales, 1), learn=(enablement, 1), spend=(marketing, 1), meet=(engagement, 1))
    found = assess(scheme, results(sell=72, learn=68, spend=42, meet=60))
    assert found.health == Decimal("63.1")
    assert list(points_of(found).quadrants.values()) == [2520, 1360, 630, 1800]
    assert list(possible_points(found.shares).quadrants.values()) == [3500, 2000, 1500, 3000]


# ------------------------------------------------------------------------------------ adding up

weights = st.decimals(0, 100, places=2, allow_nan=False)
values = st.none() | st.decimals(-20, 120, places=4, allow_nan=False)


@st.composite
def cards(draw: Any) -> tuple[Scheme, dict[str, Result]]:
    keys = [f"m{n}" for n in range(draw(st.integers(1, 12)))]
    metrics = {key: (draw(st.sampled_from(list(Quadrant))), draw(weights)) for key in keys}
    scheme = a_scheme({q: draw(weights) for q in Quadrant.values}, **metrics)
    return scheme, {key: Result(draw(values), n=1) for key in keys}


@given(cards())
@settings(max_examples=300, deadline=None)
def test_metric_points_add_up_to_quadrants_and_those_to_the_health(card):
    scheme, found = card
    assessment = assess(scheme, found)
    for points, total in (
        (points_of(assessment), (assessment.health or 0) * 100),
        (possible_points(assessment.shares), 10_000 if assessment.health is not None else 0),
    ):
        assert sum(points.quadrants.values()) == total
        for quadrant, own in points.quadrants.items():
            of_it = [m.key for m in scheme.metrics if m.quadrant == quadrant and m.key in points.metrics]
            assert sum(points.metrics[key] for key in of_it) == own
    assert assessment.health is None or 0 <= assessment.health <= 100
    assert 0 <= assessment.shares.coverage <= 100


@given(cards())
@settings(max_examples=100, deadline=None)
def test_no_metric_is_a_cent_off_its_exact_points(card):
    scheme, found = card
    assessment = assess(scheme, found)
    for key, points in points_of(assessment).metrics.items():
        quadrant = next(m.quadrant.value for m in scheme.metrics if m.key == key)
        share = assessment.shares.of_quadrant[quadrant][key] * assessment.shares.of_health[quadrant]
        assert abs(points - assessment.scores[key] * share * 100) < 2  # a cent here, a cent in the quadrant


@given(cards())
@settings(max_examples=100, deadline=None)
def test_a_card_kept_as_json_gives_back_the_very_same_points(card):
    scheme, found = card
    kept = json.loads(json.dumps({key: number(result.value) for key, result in found.items()}))
    again = {key: Result(None if v is None else Decimal(str(v)), n=1) for key, v in kept.items()}
    scheme_again = Scheme.from_json(json.loads(json.dumps(scheme.as_json())), scheme.metrics)
    before, after = assess(scheme, found), assess(scheme_again, again)
    assert (before.health, before.quadrants) == (after.health, after.quadrants)
    assert detailed(scheme, found, {}) == detailed(scheme_again, again, {})


def test_largest_remainders_get_what_is_left_and_zeros_nothing():
    thirds = {key: Decimal(100) / 3 for key in "abc"}
    assert allotted(thirds, 10_000) == {"a": 3334, "b": 3333, "c": 3333}
    assert allotted({"a": Decimal("0.006"), "b": Decimal(0), "c": Decimal("0.006")}, 1) == {
        "a": 1,
        "b": 0,
        "c": 0,
    }


# ------------------------------------------------------------------------------------ peers


@given(st.lists(st.integers(-50, 50), min_size=5, max_size=40))
def test_percentile_is_the_share_that_does_worse_with_equals_counted_half(values):
    up, down = Distribution(values), Distribution(values, Better.DOWN)
    for value in values:
        worse = sum(other < value for other in values) + sum(other == value for other in values) / 2
        assert up.percentile(value) == round(100 * worse / len(values))
        assert abs(up.percentile(value) + down.percentile(value) - 100) <= 1  # rounded apart


@given(st.lists(st.floats(-1e9, 1e9), min_size=5, max_size=40))
def test_quartiles_are_those_of_the_inclusive_method(values):
    n, least, *quartiles, most = Distribution(values).summary()
    assert (n, least, most) == (len(values), min(values), max(values))
    assert quartiles == pytest.approx(statistics.quantiles(values, n=4, method="inclusive"), abs=1e-5)


def test_fewer_than_five_with_a_value_are_no_group():
    figures = [{"a": float(n), "b": float(n)} for n in range(5)]
    figures[0].pop("b")
    among = spread(figures, {"a": Better.UP})
    assert list(among) == ["a"]
    assert places({"a": 4.0, "b": 1.0}, among) == {"a": 90}
