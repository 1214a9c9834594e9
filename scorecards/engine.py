"""Computes scorecards: reads the programme, asks every source of metrics once, scores, compares peers.

Runs in a transaction under a scope that reads every partner it is asked for (peers: every partner).
"""

import gc
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import BigIntegerField, DecimalField, JSONField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject

from partners.models import Partner, PartnerVersion, Region, Tier
from portal.history.models import held_at
from portal.metrics.declarations import (
    NOT_MEASURED,
    AsOf,
    Metric,
    Quadrant,
    Result,
    Summary,
    Unit,
    all_metrics,
    sources,
)
from portal.metrics.statements import ask
from portal.tenancy.models import Vendor
from portal.ui.formatting import exponent
from scorecards.models import MetricTarget, ProgrammeVersion, QuadrantWeight
from scorecards.scoring import HEALTH, LEAST_PEERS, Rule, Scheme, assess, number, places, spread, two_places

QUADRANT_WEIGHTS = {
    Quadrant.SALES: Decimal(35),
    Quadrant.ENABLEMENT: Decimal(20),
    Quadrant.MARKETING: Decimal(15),
    Quadrant.ENGAGEMENT: Decimal(30),
}
#: About how many units make a euro, for the default targets of a new vendor; 1 where nothing is said.
_UNITS_PER_EURO = {
    10: "CNY DKK HKD MAD MXN NOK SEK ZAR",
    5: "AED BRL ILS MYR PEN PLN QAR RON SAR",
    25: "CZK TWD THB TRY UAH",
    100: "INR JPY KES PHP RSD RUB",
    400: "HUF",
    1_000: "ARS CLP KRW NGN",
    5_000: "COP",
    20_000: "IDR VND",
}
NO_TIER = "untiered"
#: Who joined less than this before a day, and of whom there is nothing yet, has no scores: that is no zero.
NEWCOMER = timedelta(days=90)
#: {partner id: {metric key, quadrant or "health": figure}}
Figures = Mapping[int, Mapping[str, float]]


class Subject(NamedTuple):
    """A partner as far as scoring goes."""

    pk: int
    tier: int | None
    region: int | None
    joined_on: date


@dataclass(slots=True)
class Card:
    """A scorecard before it is kept; `measured`, `places` and `peer_spread` as `Scorecard` keeps them."""

    partner_id: int
    scheme: Scheme
    health: Decimal | None
    coverage: Decimal
    scores: dict[str, Decimal]  # of the quadrants that have one
    measured: dict[str, list[Any]]
    places: dict[str, int] = field(default_factory=dict)
    peer_spread: dict[str, Any] = field(default_factory=dict)  # one for all of a group

    def figures(self) -> dict[str, float]:
        """What peers compare: every metric, quadrant and the health, as far as there is a value."""
        return compared(self.measured, self.scores, self.health)

    def columns(self) -> dict[str, Any]:
        """What `Scores` keeps in columns of its own."""
        return {"health": self.health, "coverage": self.coverage, **self.scores, **self._sums()}

    def _sums(self) -> dict[str, int | None]:
        """The sums of money that lists show, in minor units; None where nothing is known of them."""
        sums: dict[str, int | None] = dict.fromkeys(Summary.values)
        for declared in self.scheme.metrics:
            for summary, beside in declared.summaries.items():
                value, *_, figures = self.measured[declared.key]
                sums[summary.value] = (figures or {}).get(beside) if beside else value
        return sums


def compared(
    measured: Mapping[str, Sequence[Any]], scores: Mapping[str, Decimal | None], health: Decimal | None
) -> dict[str, float]:
    figures = {key: found[0] for key, found in measured.items() if found[0] is not None}
    figures |= {quadrant: float(score) for quadrant, score in scores.items() if score is not None}
    return figures if health is None else figures | {HEALTH: float(health)}


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """A group of partners that are compared with each other."""

    name: str
    members: Collection[int]


# ------------------------------------------------------------------------------------ the programme


def default_rule(declared: Metric, currency: str) -> Rule:
    """The metric's own floor, target and weight; money in round figures of the currency."""
    scale = 1
    if declared.unit in (Unit.MONEY, Unit.MONEY_PER_DAY):
        scale = next((units for units, codes in _UNITS_PER_EURO.items() if currency in codes.split()), 1)
    return Rule(declared.floor * scale, declared.target * scale, declared.weight, declared.version)


def schemes(vendor: Vendor, as_of: AsOf) -> dict[int | None, Scheme]:
    """What each tier (None: no tier) was measured by at the end of the day. One query.

    A tier's own target comes before the vendor's, that before the metric's default.
    """
    metrics = all_metrics()
    defaults = {declared.key: default_rule(declared, vendor.currency) for declared in metrics}
    rules: dict[int | None, dict[str, Rule]] = defaultdict(dict)
    versions = {declared.key: declared.version for declared in metrics}
    weights = {quadrant.value: weight for quadrant, weight in QUADRANT_WEIGHTS.items()}
    for name, tier, floor, target, weight in _rules_on(as_of):
        if name in weights:
            weights[name] = weight
        elif name in versions:
            rules[tier][name] = Rule(floor, target, weight, versions[name])
    general = defaults | rules.pop(None, {})
    decimals = exponent(vendor.currency)
    usual = Scheme(metrics, general, weights, decimals)
    by_tier = {tier: Scheme(metrics, general | own, weights, decimals) for tier, own in rules.items()}
    return defaultdict(lambda: usual, by_tier)


def _rules_on(as_of: AsOf) -> Iterable[tuple[str, int | None, Decimal, Decimal, Decimal]]:
    """The rules in force at the end of the day: those kept when they were changed next, else today's.

    (metric, tier, floor, target, weight) of each target; of a quadrant name and weight alone.
    """
    nobody, nothing = Value(None, BigIntegerField()), Value(None, DecimalField())
    targets = MetricTarget.objects.order_by().annotate(then=_programme_then(as_of))
    weights = QuadrantWeight.objects.order_by().annotate(
        tier=nobody, floor=nothing, target=nothing, then=_programme_then(as_of)
    )
    rows = targets.values_list("metric", "tier_id", "floor", "target", "weight", "then").union(
        weights.values_list("quadrant", "tier", "floor", "target", "weight", "then"), all=True
    )
    kept = list(rows)
    if not kept and as_of.has_ended:  # nothing stands today: what stood then must be asked for
        first = _changes_since(as_of).first()
        return first.rows() if first else []
    changed = kept[0][-1] if kept else None
    return ProgrammeVersion(**changed).rows() if changed else [row[:-1] for row in kept]


def _changes_since(as_of: AsOf) -> QuerySet[ProgrammeVersion]:
    return ProgrammeVersion.objects.filter(held_until__gte=as_of.end).order_by("held_until")


def _programme_then(as_of: AsOf) -> Any:
    """What the first change after the day left behind, on every row: one statement less than asking first."""
    if not as_of.has_ended:
        return Value(None, JSONField())
    then = JSONObject(targets="targets", weights="weights")
    return Subquery(_changes_since(as_of).values(then=then)[:1])


# ------------------------------------------------------------------------------------ the partners


def subjects(as_of: AsOf, partner_ids: Collection[int] | None = None) -> list[Subject]:
    """The partners with tier and region of the end of the day. One query."""
    rows = Partner.objects.all()
    if partner_ids is not None:
        rows = rows.filter(pk__in=partner_ids)
    today = ("pk", "tier_id", "region_id", "joined_on")
    if not as_of.has_ended:
        return [Subject(*row) for row in rows.values_list(*today)]
    then = PartnerVersion.objects.filter(held_at(as_of.end), partner=OuterRef("pk"))
    changed = Subquery(then.values(there=JSONObject(tier="tier", region="region"))[:1])
    return [
        Subject(pk, there["tier"], there["region"], joined) if there else Subject(pk, tier, region, joined)
        for pk, tier, region, joined, there in rows.annotate(there=changed).values_list(*today, "there")
    ]


def assessed(vendor: Vendor, day: date, chosen: Sequence[Subject], *, everybody: bool = False) -> list[Card]:
    """The cards of these partners, not yet compared with peers. `everybody`: they are all there are."""
    as_of = AsOf.of(vendor, day)
    found = ask(sources(), as_of, None if everybody else [subject.pk for subject in chosen])
    by_tier = schemes(vendor, as_of)
    by_metric = [(metric.key, found[metric.key], metric.nothing) for metric in all_metrics()]
    return [_card(subject, by_tier[subject.tier], _results(subject, day, by_metric)) for subject in chosen]


def _results(
    subject: Subject, day: date, found: Iterable[tuple[str, Mapping[int, Result], Result]]
) -> dict[str, Result]:
    """`found`: (metric key, {partner id: result}, result of a partner that is not in there)."""
    results = {key: of.get(subject.pk, nothing) for key, of, nothing in found}
    if subject.joined_on > day - NEWCOMER and not any(
        result.n or result.value for result in results.values()
    ):
        # Nothing was there to be measured yet: no zeros, which would also spoil the peers' figures.
        return dict.fromkeys(results, NOT_MEASURED)
    return results


def _card(subject: Subject, scheme: Scheme, results: Mapping[str, Result]) -> Card:
    assessment = assess(scheme, results)
    measured = {
        key: [number(value), numerator, denominator, n, beside]
        for key, (value, numerator, denominator, n, beside) in results.items()
    }
    scores = {quadrant: two_places(score) for quadrant, score in assessment.quadrants.items()}
    return Card(subject.pk, scheme, assessment.health, assessment.shares.coverage, scores, measured)


# ------------------------------------------------------------------------------------ peers


def peer_groups(everybody: Iterable[Subject]) -> dict[int, Peers]:
    """{partner id: its group}: the partners of its tier in its region if they are five, else of its tier."""
    everybody = list(everybody)
    members: dict[tuple[int | None, int | None], list[int]] = defaultdict(list)
    for subject in everybody:
        members[subject.tier, None].append(subject.pk)
        if subject.region is not None:
            members[subject.tier, subject.region].append(subject.pk)
    tiers: dict[int | None, str] = {None: NO_TIER, **dict(Tier.objects.values_list("pk", "name"))}
    regions = dict(Region.objects.values_list("pk", "name"))
    groups = {
        (tier, region): Peers(tiers[tier] if region is None else f"{tiers[tier]} {regions[region]}", pks)
        for (tier, region), pks in members.items()
        if region is None or len(pks) >= LEAST_PEERS
    }
    return {s.pk: groups.get((s.tier, s.region)) or groups[s.tier, None] for s in everybody}


@contextmanager
def uncollected() -> Iterator[None]:
    """Put the garbage collector off for a while.

    A large vendor means a million small objects, none of them in a cycle: walking them again and again
    takes a third of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def compute(*, vendor: Vendor, day: date) -> list[Card]:
    """The scorecards of every partner as of a day, each compared with its peers."""
    everybody = subjects(AsOf.of(vendor, day))
    cards = assessed(vendor, day, everybody, everybody=True)
    figures = {card.partner_id: card.figures() for card in cards}
    _compare(cards, figures, peer_groups(everybody))
    return cards


def compute_some(
    *,
    vendor: Vendor,
    day: date,
    partner_ids: Collection[int],
    kept: Callable[[Collection[int]], Figures],
) -> list[Card]:
    """The scorecards of a few partners; `kept(partner ids)` gives the figures of their peers."""
    everybody, chosen = subjects(AsOf.of(vendor, day)), frozenset(partner_ids)
    cards = assessed(vendor, day, [subject for subject in everybody if subject.pk in chosen])
    groups = peer_groups(everybody)
    others = {pk for card in cards for pk in groups[card.partner_id].members} - chosen
    _compare(cards, {**kept(others), **{card.partner_id: card.figures() for card in cards}}, groups)
    return cards


def _compare(cards: Iterable[Card], figures: Figures, groups: Mapping[int, Peers]) -> None:
    """Give every card its place in its group; each group is looked at once."""
    better = {metric.key: metric.better for metric in all_metrics()}
    by_group: dict[Peers, list[Card]] = defaultdict(list)
    for card in cards:
        by_group[groups[card.partner_id]].append(card)
    for group, placed in by_group.items():
        among = spread((figures[pk] for pk in group.members if pk in figures), better)
        summary = {key: distribution.summary() for key, distribution in among.items()}
        spread_of = {"group": group.name, "spread": summary} if among else {}
        for card in placed:
            card.places, card.peer_spread = places(figures[card.partner_id], among), spread_of
