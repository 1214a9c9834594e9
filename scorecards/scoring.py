"""From values to scores. Pure functions: no database, no clock, no settings.

A metric's value becomes a score between its floor (0) and its target (100). A quadrant is the weighted
mean of its metrics with enough data, health the weighted mean of its quadrants with a score; what is
missing shares its weight out and lowers the coverage. Points are the same numbers seen from the health:
metric points add up exactly to the points of their quadrant, those to the health, at two decimals.

A night computes the scores of every partner (`assess`). What a page shows of one of them beyond that is
worked out again from the same values when somebody looks (`detailed`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from portal.metrics.declarations import Better, Metric, Quadrant, Result, Unit

HEALTHY, WATCH = 75, 50
#: Fewer partners than this are no peer group: each could work out the others' figures.
LEAST_PEERS = 5
#: The key of the health among the figures that are compared: metrics, quadrants, and this.
HEALTH = "health"

ZERO, HUNDRED, CENT = Decimal(0), Decimal(100), Decimal("0.01")
Cents = int  # hundredths of a point, in which points are added up


def band(score: Decimal | float | None) -> str:
    """healthy from 75, watch from 50, poor below; "" without a score."""
    if score is None:
        return ""
    return "healthy" if score >= HEALTHY else "watch" if score >= WATCH else "poor"


# ------------------------------------------------------------------------------------ what one is measured by


class Rule(NamedTuple):
    """Floor (scores 0), target (scores 100) and weight of a metric; display units, such as 45 for 45 %."""

    floor: Decimal
    target: Decimal
    weight: Decimal
    version: int = 1  # of the metric's definition


class Span(NamedTuple):
    """Floor, and its distance to the target, in the unit of the values: ratios and minor units."""

    floor: Decimal
    width: Decimal

    @classmethod
    def of(cls, rule: Rule, unit: Unit, decimals: int) -> "Span":
        """`decimals`: those of the vendor's currency, 2 for EUR."""
        shift = {Unit.PERCENT: -2, Unit.MONEY: decimals, Unit.MONEY_PER_DAY: decimals}.get(unit, 0)
        return cls(rule.floor.scaleb(shift), (rule.target - rule.floor).scaleb(shift))


@dataclass(frozen=True, slots=True)
class Shares:
    """How the weights fall once it is known which metrics have enough data."""

    of_quadrant: dict[str, dict[str, Decimal]]  # quadrant -> metric -> share; each quadrant's add up to 1
    of_health: dict[str, Decimal]  # quadrant -> share; they add up to 1
    coverage: Decimal  # per cent of all weight


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """What one tier is measured by: the rule of every metric and the weight of every quadrant."""

    metrics: Sequence[Metric]
    rules: Mapping[str, Rule]
    quadrant_weights: Mapping[str, Decimal]
    decimals: int
    spans: dict[str, Span] = field(default_factory=dict)
    _shares: dict[frozenset[str], Shares] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for declared in self.metrics:
            self.spans[declared.key] = Span.of(self.rules[declared.key], declared.unit, self.decimals)

    def as_json(self) -> dict[str, Any]:
        """{"decimals", "quadrants": {key: weight}, "metrics": {key: [floor, target, weight, version]}}."""
        return {
            "decimals": self.decimals,
            "quadrants": {quadrant: _plain(weight) for quadrant, weight in self.quadrant_weights.items()},
            "metrics": {key: [*map(_plain, rule[:3]), rule.version] for key, rule in self.rules.items()},
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], declared: Iterable[Metric]) -> "Scheme":
        """The scheme as it was; metrics that are not declared any more are left out."""
        rules = {
            key: Rule(Decimal(floor), Decimal(target), Decimal(weight), version)
            for key, (floor, target, weight, version) in kept["metrics"].items()
        }
        metrics = [metric for metric in declared if metric.key in rules]
        # In their fixed order: JSON in the database keeps none.
        weights = {q: Decimal(kept["quadrants"][q]) for q in Quadrant.values if q in kept["quadrants"]}
        return cls(metrics, rules, weights, kept["decimals"])

    def shares(self, available: frozenset[str]) -> Shares:
        """Most partners have the same few metrics available, so the division is done once for each set."""
        if available not in self._shares:
            self._shares[available] = self._divided(available)
        return self._shares[available]

    def _divided(self, available: frozenset[str]) -> Shares:
        weights = {quadrant: self._weights(quadrant) for quadrant in self.quadrant_weights}
        known = {
            quadrant: {key: weight for key, weight in own.items() if key in available}
            for quadrant, own in weights.items()
        }
        inner = {quadrant: _normed(own) for quadrant, own in known.items()}
        outer = _normed({q: weight for q, weight in self.quadrant_weights.items() if inner[q]})
        # A quadrant of which nothing is measured yet covers nothing: its weight is missing in full.
        covered = [w * _sum(known[q]) / (_sum(weights[q]) or 1) for q, w in self.quadrant_weights.items()]
        coverage = HUNDRED * sum(covered, ZERO) / (_sum(self.quadrant_weights) or 1)
        return Shares(inner, outer, two_places(coverage))

    def _weights(self, quadrant: str) -> dict[str, Decimal]:
        return {m.key: self.rules[m.key].weight for m in self.metrics if m.quadrant == quadrant}


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _sum(weights: Mapping[str, Decimal]) -> Decimal:
    return sum(weights.values(), ZERO)


def _normed(weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The weights divided by their sum; without any weight nothing is left."""
    total = _sum(weights)
    return {key: weight / total for key, weight in weights.items()} if total else {}


# ------------------------------------------------------------------------------------ scores


def two_places(number: Decimal) -> Decimal:
    return number.quantize(CENT, ROUND_HALF_UP)


def score_of(value: Decimal | int, span: Span) -> Decimal:
    """0 at the floor, 100 at the target, linear between, clipped. With the target below, less is better."""
    return min(max(HUNDRED * (value - span.floor) / span.width, ZERO), HUNDRED)


class Assessment(NamedTuple):
    """The scores of one partner on one day, exact but for the health."""

    scores: dict[str, Decimal]  # of the metrics with enough data
    shares: Shares
    quadrants: dict[str, Decimal]  # those with a metric that has enough data
    health: Decimal | None  # two decimals


def assess(scheme: Scheme, found: Mapping[str, Result]) -> Assessment:
    """Score one partner. `found` has a result for every metric of the scheme."""
    scores = {
        key: score_of(value, span)
        for key, span in scheme.spans.items()
        if (value := found[key].value) is not None
    }
    shares = scheme.shares(frozenset(scores))
    quadrants = {
        quadrant: sum([scores[key] * share for key, share in inner.items()], ZERO)
        for quadrant, inner in shares.of_quadrant.items()
        if inner
    }
    parts = [quadrants[quadrant] * share for quadrant, share in shares.of_health.items()]
    return Assessment(scores, shares, quadrants, two_places(sum(parts, ZERO)) if parts else None)


# ------------------------------------------------------------------------------------ points


class Points(NamedTuple):
    """Who brings how much of the health: metrics add up to their quadrant, quadrants to the health."""

    metrics: dict[str, Cents]
    quadrants: dict[str, Cents]


def points_of(assessment: Assessment) -> Points:
    """The points reached; nothing without a health."""
    health = assessment.health
    return _points(assessment.shares, assessment.scores, 0 if health is None else int(health * 100))


def possible_points(shares: Shares) -> Points:
    """The most points that can be reached: 100 in all."""
    full = {key: HUNDRED for inner in shares.of_quadrant.values() for key in inner}
    return _points(shares, full, 10_000 if shares.of_health else 0)


def _points(shares: Shares, scores: Mapping[str, Decimal], total: Cents) -> Points:
    exact = {
        quadrant: {key: scores[key] * part * share for key, part in shares.of_quadrant[quadrant].items()}
        for quadrant, share in shares.of_health.items()
    }
    quadrants = allotted({quadrant: sum(parts.values(), ZERO) for quadrant, parts in exact.items()}, total)
    metrics: dict[str, Cents] = {}
    for quadrant, parts in exact.items():
        metrics |= allotted(parts, quadrants[quadrant])
    return Points(metrics, quadrants)


def allotted(exact: Mapping[str, Decimal], total: Cents) -> dict[str, Cents]:
    """Round each share down, then give what is left of `total` to the largest remainders, first named first.

    `total` is the sum of the shares in cents, rounded up or down, so nobody gets more than one cent extra.
    """
    given = {key: int(share * 100) for key, share in exact.items()}
    left = total - sum(given.values())
    by_remainder = sorted(exact, key=lambda key: given[key] - exact[key] * 100)
    for key in by_remainder[:left]:
        given[key] += 1
    return given


# ------------------------------------------------------------------------------------ peers


class Distribution:
    """How one figure is spread over a group of peers."""

    def __init__(self, values: Iterable[float], better: Better = Better.UP) -> None:
        self.values = sorted(values)
        self._percentiles = dict(self._ranked(better))

    def _ranked(self, better: Better) -> Iterator[tuple[float, int]]:
        """One walk up the values: looking each of a large group up in them again took three times as long."""
        n, below = len(self.values), 0
        for value, equals in Counter(self.values).items():
            halves = 2 * below + equals if better is Better.UP else 2 * (n - below) - equals
            yield value, round(50 * halves / n)
            below += equals

    def percentile(self, value: float) -> int:
        """The share of the group that does worse than a value of it, equals counted half, in per cent."""
        return self._percentiles[value]

    def summary(self) -> list[float]:
        """[n, least, lower quartile, median, upper quartile, most]."""
        quartiles = [self.quantile(share) for share in (0.25, 0.5, 0.75)]
        return [len(self.values), self.values[0], *quartiles, self.values[-1]]

    def quantile(self, share: float) -> float:
        """Linear between neighbours, as PostgreSQL's percentile_cont."""
        at = share * (len(self.values) - 1)
        low = int(at)
        if low == at:
            return self.values[low]
        return round(self.values[low] + (at - low) * (self.values[low + 1] - self.values[low]), 6)


def spread(figures: Iterable[Mapping[str, float]], better: Mapping[str, Better]) -> dict[str, Distribution]:
    """The distribution of every figure that at least five of a group have."""
    values: dict[str, list[float]] = {}
    for own in figures:
        for key, value in own.items():
            values.setdefault(key, []).append(value)
    return {
        key: Distribution(known, better.get(key, Better.UP))
        for key, known in values.items()
        if len(known) >= LEAST_PEERS
    }


def places(figures: Mapping[str, float], among: Mapping[str, Distribution]) -> dict[str, int]:
    """The percentile of each figure that has a distribution."""
    return {key: among[key].percentile(value) for key, value in figures.items() if key in among}


# ------------------------------------------------------------------------------------ for reading


def number(value: Decimal | float | None) -> float | None:
    """As JSON keeps it: whole numbers stay whole, others have at most fifteen digits and survive the way."""
    if value is None or isinstance(value, int):
        return value
    plain = float(value)
    return int(plain) if plain.is_integer() else plain


class Detail(NamedTuple):
    """What a page shows of a scorecard; shapes as in `scorecards.models.Scorecard`."""

    results: dict[str, dict[str, Any]]
    quadrants: dict[str, dict[str, Any]]


def detailed(scheme: Scheme, found: Mapping[str, Result], peers: Mapping[str, Mapping[str, Any]]) -> Detail:
    """Every figure of a scorecard with what it was measured by, its points, and its place among the peers."""
    assessment = assess(scheme, found)
    reached, possible = points_of(assessment), possible_points(assessment.shares)
    results = {
        declared.key: {
            **_measured(declared, scheme.rules[declared.key], found[declared.key]),
            "score": _rounded(assessment.scores.get(declared.key)),
            "points": _major(reached.metrics.get(declared.key)),
            "possible": _major(possible.metrics.get(declared.key)),
            "peers": peers.get(declared.key),
        }
        for declared in scheme.metrics
    }
    quadrants = {
        quadrant: {
            "score": _rounded(assessment.quadrants.get(quadrant)),
            "weight": number(weight),
            "points": _major(reached.quadrants.get(quadrant)),
            "possible": _major(possible.quadrants.get(quadrant)),
            "peers": peers.get(quadrant),
        }
        for quadrant, weight in scheme.quadrant_weights.items()
    }
    return Detail(results, quadrants)


def _measured(declared: Metric, rule: Rule, result: Result) -> dict[str, Any]:
    beside = result.beside or {}
    return {
        "value": number(result.value),
        "numerator": result.numerator,
        "denominator": result.denominator,
        "n": result.n,
        "beside": {each.key: beside[each.key] for each in declared.beside if each.key in beside},
        "version": rule.version,
        "floor": number(rule.floor),
        "target": number(rule.target),
        "weight": number(rule.weight),
    }


def _rounded(score: Decimal | None) -> float | None:
    return None if score is None else number(two_places(score))


def _major(points: Cents | None) -> float | None:
    return None if points is None else points / 100
