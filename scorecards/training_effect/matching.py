"""What is compared with what: deals of one partner, and partners with partners. Pure."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from math import log
from typing import Final, NamedTuple

from portal.metrics.facts import ClosedDeal
from scorecards.training_effect.intervals import Share, Spell

#: Amounts of a pair differ by no more than this.
ALIKE: Final = 1.25
#: Days before and after, partners matched with each, and the least a partner closed on each side of the day.
SPAN: Final = timedelta(days=180)
MATCHES: Final = 3
LEAST_CLOSED: Final = 3


def pairs(
    certified: Iterable[ClosedDeal], others: Iterable[ClosedDeal]
) -> list[tuple[ClosedDeal, ClosedDeal]]:
    """Deals of the same partner and about the same size, each in one pair at most.

    Both in the order of their sizes; the smaller of two that are not alike fits nothing that follows.
    """
    first, second = _by_partner(certified), _by_partner(others)
    found = []
    for partner in first.keys() & second.keys():
        left, right = first[partner], second[partner]
        i = j = 0
        while i < len(left) and j < len(right):
            small, large = sorted((left[i].size or 0, right[j].size or 0))
            if large <= small * ALIKE:
                found.append((left[i], right[j]))
                i, j = i + 1, j + 1
            elif (left[i].size or 0) < (right[j].size or 0):
                i += 1
            else:
                j += 1
    return found


def _by_partner(deals: Iterable[ClosedDeal]) -> dict[int, list[ClosedDeal]]:
    found: dict[int, list[ClosedDeal]] = defaultdict(list)
    for deal in deals:
        if deal.size:
            found[deal.partner_id].append(deal)
    for of in found.values():
        of.sort(key=lambda deal: (deal.size or 0, deal.closed_at))
    return found


class _Past:
    """What one partner closed, in the order of time, with sums up to each deal."""

    def __init__(self, deals: Sequence[ClosedDeal]) -> None:
        self.moments = [deal.closed_at for deal in deals]
        self.won = [0, *accumulate(int(deal.is_won) for deal in deals)]

    def between(self, start: datetime, end: datetime) -> Share:
        """Of the deals closed from `start` to before `end`."""
        i, j = bisect_left(self.moments, start), bisect_left(self.moments, end)
        return Share(self.won[j] - self.won[i], j - i)


class Place(NamedTuple):
    """Where a partner stood on a day."""

    type: str
    tier: int | None
    region: int | None


PlaceOf = Callable[[int, datetime], Place]


class Matched(NamedTuple):
    """Spells of partners that trained and of those matched with them, and how many found nobody like them."""

    trained: list[Spell]
    others: list[Spell]
    unmatched: int


def matched(
    deals: Iterable[ClosedDeal],
    trained_at: Mapping[int, datetime],
    since: datetime,
    end: datetime,
    place: PlaceOf,
) -> Matched:
    """Each partner that first trained from `since` on, 180 days before `end` or more, and up to three alike.

    Alike: of the same tier on that day, not trained until 180 days after it, and nearest in region, type,
    number of deals and win rate of the 180 days before. `deals` come in the order of time, from 180 days
    before `since`.
    """
    pasts = {partner: _Past(of) for partner, of in _in_time(deals).items()}
    trained: list[Spell] = []
    others: list[Spell] = []
    unmatched = 0
    for partner, day in sorted(trained_at.items()):
        own = _spell(partner, pasts, day) if since <= day <= end - SPAN else None
        if own is None:
            continue
        free = [one for one in pasts if one not in trained_at or trained_at[one] > day + SPAN]
        if near := _nearest(own, free, pasts, day, place):
            trained.append(own)
            others.extend(spell._replace(weight=1 / len(near)) for spell in near)
        else:
            unmatched += 1
    return Matched(trained, others, unmatched)


def _in_time(deals: Iterable[ClosedDeal]) -> dict[int, list[ClosedDeal]]:
    found: dict[int, list[ClosedDeal]] = defaultdict(list)
    for deal in deals:
        found[deal.partner_id].append(deal)
    return found


def _spell(partner: int, pasts: Mapping[int, _Past], day: datetime) -> Spell | None:
    """None where too little was closed to speak of a rate."""
    past = pasts.get(partner)
    if past is None:
        return None
    before, after = past.between(day - SPAN, day), past.between(day, day + SPAN)
    return Spell(partner, before, after) if min(before.closed, after.closed) >= LEAST_CLOSED else None


def _nearest(
    own: Spell, others: Iterable[int], pasts: Mapping[int, _Past], day: datetime, place: PlaceOf
) -> list[Spell]:
    there = place(own.partner_id, day)
    candidates = []
    for partner in others:
        stood = place(partner, day)
        if partner == own.partner_id or stood.tier != there.tier:
            continue
        if spell := _spell(partner, pasts, day):
            candidates.append((_distance(own, spell, there, stood), partner, spell))
    candidates.sort(key=lambda one: one[:2])
    return [spell for _, _, spell in candidates[:MATCHES]]


def _distance(own: Spell, other: Spell, there: Place, stood: Place) -> float:
    """Another region or type weighs as much as ten points of win rate, or 2.7 times the deals."""
    return (
        (stood.region != there.region)
        + (stood.type != there.type)
        + abs(log(own.before.closed / other.before.closed))
        + 10 * abs(own.before.rate - other.before.rate)
    )
