"""The three looks at what training does, computed from the facts that other apps declare."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Final, NamedTuple

from partners.models import Partner, PartnerType
from portal.metrics.declarations import AsOf, Link
from portal.metrics.facts import CLOSED_DEALS, TRAININGS, ClosedDeal, Training
from portal.tenancy.access import Actor
from portal.tenancy.scope import All
from portal.tenancy.wall import across_the_wall
from scorecards.training_effect import matching
from scorecards.training_effect.intervals import (
    Change,
    Interval,
    Share,
    Spell,
    difference_in_differences,
    median_difference,
    paired_difference,
    pooled,
    share_difference,
)
from scorecards.training_effect.matching import SPAN, Matched, Place

#: Below these, on either side of a comparison, nothing is said.
LEAST_DEALS: Final = 20
LEAST_PARTNERS: Final = 5
LEAST_WINS: Final = 10
#: Days, and what they are called.
PERIODS: Final = {365: "Trailing 365 days", 730: "Trailing 730 days"}
BELOW, ABOVE = "below", "above"


# The shapes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """The deals on one side of a comparison. `median` is of the amounts won, minor units."""

    share: Share
    partners: int
    median: int | None

    @property
    def is_enough(self) -> bool:
        return self.share.closed >= LEAST_DEALS and self.partners >= LEAST_PARTNERS


@dataclass(frozen=True, slots=True)
class Comparison:
    """Deals registered with a certificate and without one. Without enough of both there is no difference."""

    label: str
    certified: Side
    others: Side
    partners: int
    difference: Interval | None
    size_difference: Interval | None  # of the medians, minor units


@dataclass(frozen=True, slots=True)
class Pairs:
    """Deals of the same partner and about the same size, one with and one without a certificate each."""

    count: int
    partners: int
    certified_won: int
    others_won: int
    difference: Interval | None


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Partners that trained, before and after, beside those matched with them; `deals` of both."""

    trained: Change
    matched: Change
    partners: int
    others: int
    trained_deals: tuple[int, int]
    others_deals: tuple[int, int]
    unmatched: int
    difference: Interval | None

    @property
    def deals(self) -> int:
        return sum(self.trained_deals) + sum(self.others_deals)


@dataclass(frozen=True, slots=True)
class CourseEffect:
    """One course: how many people began and finished it, and what changed where somebody did."""

    course: Link
    begun: int
    finished: int
    effect: BeforeAfter


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is looked at: partners of a type, in a region (id), of a volume (below, above); and a period."""

    type: str = ""
    region: int | None = None
    volume: str = ""
    days: int = 365

    @property
    def is_everybody(self) -> bool:
        return not (self.type or self.region or self.volume)


@dataclass(frozen=True, slots=True)
class Effect:
    """Everything the page shows. No partner is named in it, and a group of few says nothing.

    `is_told`: the group has at least five partners, and so have those that are not in it. `unregistered`
    deals have nobody of a partner who registered them and are on neither side. `edge`: amount won a year, in
    minor units, above which the half with more of it lies.
    """

    day: date
    days: int
    edge: int
    is_told: bool
    deals: int
    partners: int
    unregistered: int
    everything: Comparison
    pairs: Pairs
    before_after: BeforeAfter
    products: list[Comparison]
    courses: list[CourseEffect]
    groups: list[tuple[str, list[Comparison]]]


# Reading --------------------------------------------------------------------------------------------------


@contextmanager
def _vendor_wide(actor: Actor) -> Iterator[None]:
    """Everybody's deals: what leaves is about groups of five partners and more, and names none."""
    if isinstance(actor.scope.partner_ids, All):
        yield
        return
    with across_the_wall("effect of training, of all partners together"):
        yield


@dataclass(frozen=True, slots=True)
class Read:
    """What the looks are computed from."""

    as_of: AsOf
    deals: list[ClosedDeal]
    trainings: list[Training]
    partners: "Partners"


def read(*, actor: Actor, day: date) -> Read:
    """As of the end of the day, for the longest period. Three statements, however much there is."""
    as_of = AsOf.of(actor.vendor, day)
    since = as_of.trailing(max(PERIODS))
    with _vendor_wide(actor):
        deals, trainings = CLOSED_DEALS.read(as_of, since - SPAN), TRAININGS.read(as_of, since)
        return Read(as_of, deals, trainings, Partners.read())


class _Stood(NamedTuple):
    """A place until it was changed."""

    since: datetime | None
    until: datetime
    tier: int | None
    region: int | None


class Partners:
    """Where every partner stands and stood. `regions`: {id: name} of all those places."""

    def __init__(self) -> None:
        self.now: dict[int, Place] = {}
        self.past: dict[int, list[_Stood]] = defaultdict(list)
        self.regions: dict[int, str] = {}

    @classmethod
    def read(cls) -> "Partners":
        found = cls()
        rows = Partner.objects.order_by("pk", "versions__held_until").values_list(
            "pk", "type", "tier_id", "region_id", "region__name", "versions__held_from",
            "versions__held_until", "versions__tier_id", "versions__region_id", "versions__region__name",
        )  # fmt: skip
        for pk, type_, tier, region, name, since, until, old_tier, old_region, old_name in rows:
            found.now[pk] = Place(type_, tier, region)
            if until:
                found.past[pk].append(_Stood(since, until, old_tier, old_region))
            found.regions |= {key: text for key, text in ((old_region, old_name), (region, name)) if key}
        return found

    def at(self, partner_id: int, moment: datetime) -> Place:
        """Tier and region as they were; the type has no history."""
        now = self.now.get(partner_id, Place("", None, None))
        for stood in self.past.get(partner_id, ()):
            if stood.until >= moment and (stood.since is None or stood.since < moment):
                return Place(now.type, stood.tier, stood.region)
        return now


# Computing ------------------------------------------------------------------------------------------------


def effect(read: Read, chosen: Chosen) -> Effect:
    """The three looks, and the simple one by product and by groups of partners, the strict one by course."""
    as_of, regions = read.as_of, read.partners.regions
    year, since = as_of.trailing(365), as_of.trailing(chosen.days)
    certificates = [one for one in read.trainings if one.is_certificate]
    volumes = _volumes(read.deals, year)
    edge = _rounded(median(volumes.values())) if volumes else 0
    places = {pk: read.partners.at(pk, as_of.end) for pk in volumes}

    def volume(partner: int) -> str:
        return ABOVE if volumes[partner] >= edge else BELOW

    def is_in(partner: int) -> bool:
        place = places[partner]
        return (
            (not chosen.type or place.type == chosen.type)
            and (not chosen.region or place.region == chosen.region)
            and (not chosen.volume or volume(partner) == chosen.volume)
        )

    group = {pk for pk in volumes if is_in(pk)}
    rest = len(volumes) - len(group)
    is_told = chosen.is_everybody or (len(group) >= LEAST_PARTNERS and (not rest or rest >= LEAST_PARTNERS))
    deals = [deal for deal in read.deals if deal.partner_id in group] if is_told else []
    closed = [deal for deal in deals if deal.closed_at >= since]
    judged = _judged(closed, certificates)
    certified = [deal for deal, has in judged if has]
    others = [deal for deal, has in judged if not has]

    def before_after(trained_at: Mapping[int, datetime]) -> BeforeAfter:
        return _before_after(matching.matched(deals, trained_at, since, as_of.end, read.partners.at))

    return Effect(
        day=as_of.day,
        days=chosen.days,
        edge=edge,
        is_told=is_told,
        deals=len(closed),
        partners=len({deal.partner_id for deal in closed}),
        unregistered=len(closed) - len(judged),
        everything=compared("All deals", certified, others),
        pairs=_pairs(certified, others),
        before_after=before_after(_first(certificates)),
        products=_by_product(closed, certificates),
        courses=_by_course(read.trainings, group if is_told else set(), before_after),
        groups=[
            ("Location", _grouped(judged, lambda pk: regions.get(places[pk].region or 0, "No location"))),
            ("Partner type", _grouped(judged, lambda pk: str(PartnerType(places[pk].type).label))),
            ("Volume", _grouped(judged, volume)),
        ],
    )  # fmt: skip


def _volumes(deals: Iterable[ClosedDeal], year: datetime) -> dict[int, int]:
    """{partner: amount won within the year} of all that closed anything."""
    found: dict[int, int] = defaultdict(int)
    for deal in deals:
        found[deal.partner_id] += (deal.won_amount or 0) if deal.closed_at >= year else 0
    return dict(found)


def _rounded(amount: float) -> int:
    """To two figures, so that the edge is nobody's own amount."""
    digits = max(len(str(int(amount))) - 2, 0)
    return int(round(amount, -digits))


def _judged(
    deals: Iterable[ClosedDeal], certificates: Iterable[Training], product: int | None = None
) -> list[tuple[ClosedDeal, bool]]:
    """Each deal that somebody registered, and whether they held a certificate about it when they did.

    `product`: one about this product of the deal.
    """
    held: dict[int, list[Training]] = defaultdict(list)
    for one in certificates:
        held[one.person_id].append(one)
    return [
        (
            deal,
            any(
                one.is_held_at(deal.registered_at) and one.is_about([product] if product else deal.products)
                for one in held.get(deal.person_id, ())
            ),
        )
        for deal in deals
        if deal.person_id is not None and deal.registered_at is not None
    ]


def compared(label: str, certified: Sequence[ClosedDeal], others: Sequence[ClosedDeal]) -> Comparison:
    """The simple look at these deals."""
    first, second = _side(certified), _side(others)
    partners = len({deal.partner_id for deal in (*certified, *others)})
    if not (first.is_enough and second.is_enough):
        return Comparison(label, first, second, partners, None, None)
    amounts = [[one.won_amount for one in side if one.won_amount is not None] for side in (certified, others)]
    enough = min(map(len, amounts)) >= LEAST_WINS
    return Comparison(
        label,
        first,
        second,
        partners,
        share_difference(first.share, second.share),
        median_difference(*amounts) if enough else None,
    )


def _side(deals: Sequence[ClosedDeal]) -> Side:
    amounts = [deal.won_amount for deal in deals if deal.won_amount is not None]
    return Side(
        Share(sum(deal.is_won for deal in deals), len(deals)),
        len({deal.partner_id for deal in deals}),
        round(median(amounts)) if len(amounts) >= LEAST_WINS else None,
    )


def _pairs(certified: Iterable[ClosedDeal], others: Iterable[ClosedDeal]) -> Pairs:
    found = matching.pairs(certified, others)
    first = sum(one.is_won and not other.is_won for one, other in found)
    second = sum(other.is_won and not one.is_won for one, other in found)
    partners = len({one.partner_id for one, _ in found})
    enough = len(found) >= LEAST_DEALS and partners >= LEAST_PARTNERS
    return Pairs(
        len(found),
        partners,
        sum(one.is_won for one, _ in found),
        sum(other.is_won for _, other in found),
        paired_difference(first, second, len(found)) if enough else None,
    )


def _before_after(found: Matched) -> BeforeAfter:
    others = {spell.partner_id: spell for spell in found.others}
    trained, matched = _deals_of(found.trained), _deals_of(found.others)
    enough = min(len(found.trained), len(others)) >= LEAST_PARTNERS
    enough = enough and min(*trained, *matched) >= LEAST_DEALS
    return BeforeAfter(
        pooled(found.trained),
        pooled(found.others),
        len(found.trained),
        len(others),
        trained,
        matched,
        found.unmatched,
        difference_in_differences(found.trained, found.others) if enough else None,
    )


def _deals_of(spells: Iterable[Spell]) -> tuple[int, int]:
    """Closed before and after; who is matched twice for the same days is counted once."""
    known = {(one.partner_id, one.before, one.after) for one in spells}
    return sum(before.closed for _, before, _ in known), sum(after.closed for _, _, after in known)


def _first(trainings: Iterable[Training]) -> dict[int, datetime]:
    """{partner: when the first of its people was done}."""
    found: dict[int, datetime] = {}
    for one in trainings:
        if one.done_at:
            found[one.partner_id] = min(one.done_at, found.get(one.partner_id, one.done_at))
    return found


def _by_product(deals: Sequence[ClosedDeal], certificates: Sequence[Training]) -> list[Comparison]:
    """Products that deals were closed in, by name; those that nothing can be said of come last."""
    sold: dict[tuple[str, int], list[ClosedDeal]] = defaultdict(list)
    for deal in deals:
        for product, name in deal.products.items():
            sold[name, product].append(deal)
    return _told_first(
        _split(name, _judged(sold[name, product], certificates, product)) for name, product in sorted(sold)
    )


def _split(label: str, judged: Iterable[tuple[ClosedDeal, bool]]) -> Comparison:
    known = list(judged)
    return compared(label, [deal for deal, has in known if has], [deal for deal, has in known if not has])


def _by_course(
    trainings: Iterable[Training], group: set[int], look: Callable[[Mapping[int, datetime]], BeforeAfter]
) -> list[CourseEffect]:
    """By title. People are counted once, however often they took it."""
    taken: dict[tuple[str, int], list[Training]] = defaultdict(list)
    for one in trainings:
        if not one.is_certificate and one.partner_id in group:
            taken[one.subject.text, one.subject_id].append(one)
    return [
        CourseEffect(
            of[0].subject,
            len({one.person_id for one in of}),
            len({one.person_id for one in of if one.done_at}),
            look(_first(of)),
        )
        for _, of in sorted(taken.items(), key=lambda one: one[0])
    ]


def _grouped(judged: Iterable[tuple[ClosedDeal, bool]], name: Callable[[int], str]) -> list[Comparison]:
    found: dict[str, list[tuple[ClosedDeal, bool]]] = defaultdict(list)
    for deal, has in judged:
        found[name(deal.partner_id)].append((deal, has))
    return _told_first(_split(label, found[label]) for label in sorted(found, key=str.casefold))


def _told_first(rows: Iterable[Comparison]) -> list[Comparison]:
    return sorted(rows, key=lambda one: one.difference is None)
