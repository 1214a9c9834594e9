"""Computes scorecards: reads the programme, asks every source of metrics once, scores, compares peers.

Runs in a transaction under a scope that reads every partner it is asked for (peers: every partner).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from partners.models import Partner, Region, Tier
from portal.formatting import exponent
from portal.metrics import AsOf, Metric, Quadrant, Result, Unit, all_metrics, sources
from portal.models import Vendor
from scorecards.models import MetricTarget, QuadrantWeight, Scorecard
from scorecards.scoring import LEAST_PEERS, Card, Rule, Scheme, Scored, assess, place, span_of, spread

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


class Subject(NamedTuple):
    """A partner as far as scoring goes."""

    pk: int
    tier: int | None
    region: int | None
    joined_on: date


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
    return Rule(declared.floor * scale, declared.target * scale, declared.weight)


def schemes(vendor: Vendor) -> dict[int | None, Scheme]:
    """What each tier (None: no tier) is measured by. Two queries.

    A tier's own target comes before the vendor's, that before the metric's default.
    """
    metrics = all_metrics()
    defaults = {declared.key: default_rule(declared, vendor.currency) for declared in metrics}
    rules: dict[int | None, dict[str, Rule]] = defaultdict(dict)
    for row in MetricTarget.objects.all():
        rules[row.tier_id][row.metric] = Rule(row.floor, row.target, row.weight)
    weights = {quadrant.value: weight for quadrant, weight in QUADRANT_WEIGHTS.items()}
    weights |= dict(QuadrantWeight.objects.values_list("quadrant", "weight"))
    general = defaults | rules.pop(None, {})
    by_tier: dict[int | None, Scheme] = {
        tier: _scheme(metrics, general | own, weights, vendor) for tier, own in rules.items()
    }
    usual = _scheme(metrics, general, weights, vendor)
    return defaultdict(lambda: usual, by_tier)


def _scheme(
    metrics: list[Metric], rules: Mapping[str, Rule], weights: Mapping[str, Decimal], vendor: Vendor
) -> Scheme:
    decimals = exponent(vendor.currency)
    spans = {declared.key: span_of(rules[declared.key], declared.unit, decimals) for declared in metrics}
    return Scheme(metrics, rules, weights, spans)


# ------------------------------------------------------------------------------------ the partners


def subjects() -> list[Subject]:
    return [Subject(*row) for row in Partner.objects.values_list("pk", "tier_id", "region_id", "joined_on")]


def assessed(vendor: Vendor, day: date, chosen: Sequence[Subject], *, everybody: bool = False) -> list[Card]:
    """The cards of these partners, not yet compared with peers. `everybody`: they are all there are."""
    found: dict[str, dict[int, Result]] = {}
    for source in sources():
        found |= source(AsOf.of(vendor, day), None if everybody else [subject.pk for subject in chosen])
    by_tier = schemes(vendor)
    return [
        assess(
            subject.pk, by_tier[subject.tier], _results(subject, day, found, by_tier[subject.tier].metrics)
        )
        for subject in chosen
    ]


def _results(
    subject: Subject, day: date, found: Mapping[str, Mapping[int, Result]], metrics: Iterable[Metric]
) -> dict[str, Result]:
    results = {m.key: found[m.key].get(subject.pk, m.nothing) for m in metrics}
    if subject.joined_on > day and not any(result.n for result in results.values()):
        # Nothing was there to be measured yet: no zeros, which would also spoil the peers' figures.
        return {key: Result(None) for key in results}
    return results


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


def compute(*, vendor: Vendor, day: date) -> list[Card]:
    """The scorecards of every partner as of a day, each compared with its peers."""
    everybody = subjects()
    cards = assessed(vendor, day, everybody, everybody=True)
    by_partner = {card.partner_id: card for card in cards}
    compare(cards, peer_groups(everybody), lambda group: [by_partner[pk] for pk in group.members])
    return cards


def compute_some(
    *,
    vendor: Vendor,
    day: date,
    partner_ids: Collection[int],
    kept: Callable[[Collection[int]], Iterable[Scored]],
) -> list[Card]:
    """The scorecards of a few partners; the others of their groups are taken as `kept(partner ids)` has them."""
    everybody = subjects()
    cards = assessed(vendor, day, [s for s in everybody if s.pk in set(partner_ids)], everybody=False)
    fresh = {card.partner_id: card for card in cards}

    def members(group: Peers) -> list[Scored]:
        others = [pk for pk in group.members if pk not in fresh]
        return [*(fresh[pk] for pk in group.members if pk in fresh), *kept(others)]

    compare(cards, peer_groups(everybody), members)
    return cards


def compare(
    cards: Iterable[Card], groups: Mapping[int, Peers], members: Callable[[Peers], Iterable[Scored]]
) -> None:
    """Give every card its place in its group; each group is looked at once."""
    metrics = all_metrics()
    by_group: dict[Peers, list[Card]] = defaultdict(list)
    for card in cards:
        by_group[groups[card.partner_id]].append(card)
    for group, placed in by_group.items():
        among = spread(group.name, members(group), metrics)
        for card in placed:
            place(card, among)


# ------------------------------------------------------------------------------------ keeping


def scorecard_from(card: Card, day: date, computed_at: datetime) -> Scorecard:
    """The model row of a card, not saved."""
    return Scorecard(
        partner_id=card.partner_id,
        as_of=day,
        computed_at=computed_at,
        health=card.health,
        coverage=card.coverage,
        **card.scores,
        bookings=_amount(card, "bookings"),
        open_pipeline=_amount(card, "open_pipeline"),
        results=card.results,
        quadrants=card.quadrants,
        peers=card.peers,
    )


def _amount(card: Card, key: str) -> int:
    return int(card.results.get(key, {}).get("value") or 0)
