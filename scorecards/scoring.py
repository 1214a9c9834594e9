"""From values to scores. Pure functions: no database, no clock, no settings.

A metric's value becomes a score between its floor (0) and its target (100). A quadrant is the weighted
mean of its metrics with enough data, health the weighted mean of its quadrants with a score; what is
missing shares its weight out and lowers the coverage. Points are the same numbers seen from the health:
metric points add up exactly to the points of their quadrant, those to the health, at two decimals.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from portal.metrics import Better, Metric, Quadrant, Result, Unit

HEALTHY, WATCH = 75, 50
#: Fewer partners than this are no peer group: each could work out the others' figures.
LEAST_PEERS = 5

ZERO, HUNDRED = Decimal(0), Decimal(100)
Cents = int  # hundredths of a point, in which points are added up


class Rule(NamedTuple):
    """Floor (scores 0), target (scores 100) and weight of a metric, in display units: 45 for 45 %, 900 for 900 €."""

    floor: Decimal
    target: Decimal
    weight: Decimal


class Span(NamedTuple):
    """Floor and its distance to the target in the unit of the values: ratios and minor units."""

    floor: Decimal
    width: Decimal


def band(score: Decimal | float | None) -> str:
    """healthy from 75, watch from 50, poor below; "" without a score."""
    if score is None:
        return ""
    return "healthy" if score >= HEALTHY else "watch" if score >= WATCH else "poor"


def span_of(rule: Rule, unit: Unit, exponent: int) -> Span:
    """`exponent`: decimals of the vendor's currency, 2 for EUR."""
    shift = {Unit.PERCENT: -2, Unit.MONEY: exponent, Unit.MONEY_PER_DAY: exponent}.get(unit, 0)
    return Span(rule.floor.scaleb(shift), (rule.target - rule.floor).scaleb(shift))


def score_of(value: Decimal | int, span: Span) -> Decimal:
    """0 at the floor, 100 at the target, linear between, clipped. A target below the floor: less is better."""
    return min(max(HUNDRED * (value - span.floor) / span.width, ZERO), HUNDRED)


def cents(points: Decimal) -> Cents:
    """Hundredths of a point, halves up."""
    return int((points * 100).quantize(Decimal(1), ROUND_HALF_UP))


def allotted(exact: Mapping[str, Decimal], total: Cents) -> dict[str, Cents]:
    """Round each share down, then give what is left of `total` to the largest remainders, first named first.

    `total` is the sum of the shares in cents, rounded either way, so each gets less than one cent too many.
    """
    given = {key: int(share * 100) for key, share in exact.items()}
    left = total - sum(given.values())
    if left:
        by_remainder = sorted(exact, key=lambda key: given[key] - exact[key] * 100)
        for key in by_remainder[:left]:
            given[key] += 1
    return given


@dataclass(frozen=True, slots=True)
class Shares:
    """How the weights fall once it is known which metrics have enough data."""

    of_quadrant: dict[str, dict[str, Decimal]]  # quadrant -> metric -> share; each quadrant's add up to 1
    of_health: dict[str, Decimal]  # quadrant -> share; they add up to 1
    possible: dict[str, Cents]  # most points of a metric; they add up to 100 (to 0 without any data)
    quadrant_possible: dict[str, Cents]
    coverage: Decimal  # per cent of all weight


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """What one tier is measured by: the rule of every metric and the weight of every quadrant."""

    metrics: Sequence[Metric]
    rules: Mapping[str, Rule]
    quadrant_weights: Mapping[str, Decimal]
    spans: Mapping[str, Span]
    _shares: dict[frozenset[str], Shares] = field(default_factory=dict)

    def shares(self, available: frozenset[str]) -> Shares:
        """Most partners have the same few metrics available, so the division is done once for each set."""
        if available not in self._shares:
            self._shares[available] = self._divided(available)
        return self._shares[available]

    def _divided(self, available: frozenset[str]) -> Shares:
        inner = {q: self._within(q, available) for q in self.quadrant_weights}
        outer = _normed({q: weight for q, weight in self.quadrant_weights.items() if inner[q]})
        most = {q: HUNDRED * share for q, share in outer.items()}
        quadrant_possible = allotted(most, 10_000 if most else 0)
        possible: dict[str, Cents] = {}
        for q, total in quadrant_possible.items():
            possible |= allotted({key: most[q] * share for key, share in inner[q].items()}, total)
        return Shares(inner, outer, possible, quadrant_possible, self._coverage(available))

    def _within(self, quadrant: str, available: frozenset[str]) -> dict[str, Decimal]:
        return _normed({key: w for key, w in self._weights(quadrant).items() if key in available})

    def _weights(self, quadrant: str) -> dict[str, Decimal]:
        return {m.key: self.rules[m.key].weight for m in self.metrics if m.quadrant == quadrant}

    def _coverage(self, available: frozenset[str]) -> Decimal:
        """A quadrant of which nothing is measured yet covers nothing: its weight is missing in full."""
        covered = ZERO
        for quadrant, weight in self.quadrant_weights.items():
            weights = self._weights(quadrant)
            known = sum((w for key, w in weights.items() if key in available), ZERO)
            covered += weight * known / (sum(weights.values()) or 1)
        return _two_places(100 * covered / (sum(self.quadrant_weights.values()) or 1))


def _normed(weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The weights divided by their sum; without any weight nothing is left."""
    total = sum(weights.values(), ZERO)
    return {key: weight / total for key, weight in weights.items()} if total else {}


def _two_places(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(slots=True)
class Card:
    """A scorecard before it is kept; `results`, `quadrants` and `peers` as `scorecards.models.Scorecard` says."""

    partner_id: int
    health: Decimal | None
    coverage: Decimal
    scores: dict[str, Decimal | None]  # by quadrant
    results: dict[str, dict[str, Any]]
    quadrants: dict[str, dict[str, Any]]
    peers: dict[str, Any] | None = None


def assess(partner_id: int, scheme: Scheme, found: Mapping[str, Result]) -> Card:
    """Score one partner. `found` has a result for every metric of the scheme."""
    scores = {
        key: score_of(found[key].value, span)  # type: ignore[arg-type]
        for key, span in scheme.spans.items()
        if found[key].value is not None
    }
    shares = scheme.shares(frozenset(scores))
    exact = {
        q: {key: scores[key] * share for key, share in inner.items()}
        for q, inner in shares.of_quadrant.items()
        if inner
    }
    quadrant_scores = {q: sum(parts.values(), ZERO) for q, parts in exact.items()}
    in_health = {q: quadrant_scores[q] * share for q, share in shares.of_health.items()}
    health = cents(sum(in_health.values(), ZERO)) if in_health else None
    quadrant_points = allotted(in_health, health or 0)
    points: dict[str, Cents] = {}
    for q, total in quadrant_points.items():
        points |= allotted({key: part * shares.of_health[q] for key, part in exact[q].items()}, total)
    rounded = {q: _two_places(score) for q, score in quadrant_scores.items()}
    return Card(
        partner_id=partner_id,
        health=None if health is None else Decimal(health).scaleb(-2),
        coverage=shares.coverage,
        scores={q.value: rounded.get(q.value) for q in Quadrant},
        results={m.key: _told(m, scheme, found[m.key], scores, points, shares) for m in scheme.metrics},
        quadrants={
            q: {
                "score": _number(rounded.get(q)),
                "weight": _number(weight),
                "points": _points(quadrant_points.get(q)),
                "possible": _points(shares.quadrant_possible.get(q)),
                "peers": None,
            }
            for q, weight in scheme.quadrant_weights.items()
        },
    )


def _told(
    declared: Metric,
    scheme: Scheme,
    result: Result,
    scores: Mapping[str, Decimal],
    points: Mapping[str, Cents],
    shares: Shares,
) -> dict[str, Any]:
    key = declared.key
    rule = scheme.rules[key]
    score = scores.get(key)
    return {
        "value": _number(result.value),
        "numerator": _number(result.numerator),
        "denominator": _number(result.denominator),
        "n": result.n,
        "beside": result.beside,
        "version": declared.version,
        "floor": _number(rule.floor),
        "target": _number(rule.target),
        "weight": _number(rule.weight),
        "score": None if score is None else round(float(score), 2),
        "points": _points(points.get(key)),
        "possible": _points(shares.possible.get(key)),
        "peers": None,
    }


def _number(value: Decimal | float | None) -> float | None:
    """As JSON keeps it: whole numbers stay whole."""
    if value is None or isinstance(value, int):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def _points(points: Cents | None) -> float | None:
    return None if points is None else points / 100


# ------------------------------------------------------------------------------------ peers


class Distribution:
    """How a figure is spread over a group of peers."""

    def __init__(self, group: str, values: Iterable[float], better: Better = Better.UP) -> None:
        self.group, self.better = group, better
        self.values = sorted(values)

    def place(self, value: float | None) -> dict[str, Any] | None:
        """Where a value of the group stands in it; None for fewer than five values.

        The percentile is the share of the group that does worse, those with the same value counted half.
        """
        if value is None or len(self.values) < LEAST_PEERS:
            return None
        below, upto = bisect_left(self.values, value), bisect_right(self.values, value)
        percentile = 50 * (below + upto) / len(self.values)
        if self.better is Better.DOWN:
            percentile = 100 - percentile
        return {**self._summary, "percentile": round(percentile, 1)}

    @cached_property
    def _summary(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "n": len(self.values),
            "min": self.values[0],
            "p25": self._quantile(0.25),
            "median": self._quantile(0.5),
            "p75": self._quantile(0.75),
            "max": self.values[-1],
        }

    def _quantile(self, share: float) -> float:
        """Linear between neighbours, as PostgreSQL's percentile_cont."""
        at = share * (len(self.values) - 1)
        low = int(at)
        if low == at:
            return self.values[low]
        return round(self.values[low] + (at - low) * (self.values[low + 1] - self.values[low]), 6)


class Scored(Protocol):
    """A `Card` or a stored `Scorecard`."""

    health: Decimal | None
    results: Mapping[str, Mapping[str, Any]]
    quadrants: Mapping[str, Mapping[str, Any]]


def compared_figures(card: Scored) -> dict[str, float | None]:
    """Everything of a card that is compared with peers, by metric key, quadrant, and "health"."""
    figures = {key: result["value"] for key, result in card.results.items()}
    for quadrant, part in card.quadrants.items():
        figures[quadrant] = part["score"]
    figures["health"] = _number(card.health)
    return figures


def spread(group: str, cards: Iterable[Scored], metrics: Iterable[Metric]) -> dict[str, Distribution]:
    """The distribution of each compared figure over a group of peers."""
    better = {declared.key: declared.better for declared in metrics}
    values: dict[str, list[float]] = {}
    for card in cards:
        for key, value in compared_figures(card).items():
            if value is not None:
                values.setdefault(key, []).append(value)
    return {key: Distribution(group, known, better.get(key, Better.UP)) for key, known in values.items()}


def place(card: Card, among: Mapping[str, Distribution]) -> None:
    """Write the card's place among its peers into the card."""
    for key, value in compared_figures(card).items():
        told = among[key].place(value) if key in among else None
        if key == "health":
            card.peers = told
        else:
            (card.results if key in card.results else card.quadrants)[key]["peers"] = told
