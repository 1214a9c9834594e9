"""Sign-ins: more by skilled partners, fewer on quiet days, none where a partner has gone quiet."""

from collections.abc import Iterator
from itertools import accumulate

from demo.simulation.cast import Person
from demo.simulation.channel import Channel
from demo.simulation.tables import EVENT, Row


def rows(channel: Channel, wanted: int) -> Iterator[Row]:
    """About `wanted` sign-ins, day by day."""
    share = max(0, wanted) / sum(channel.clock.season)
    carried = 0.0
    people: list[tuple[int, Person]] = []
    weights: list[float] = []
    for day, season in enumerate(channel.clock.season):
        if day % 7 == 0:
            people, weights = _active(channel, day)
        carried += share * season
        count, carried = int(carried), carried - int(carried)
        yield from _day(channel, day, channel.random.choices(people, cum_weights=weights, k=count))


def _active(channel: Channel, day: int) -> tuple[list[tuple[int, Person]], list[float]]:
    """(partner id, person) of everybody who may sign in this week, with cumulative weights."""
    people, weights = [], []
    for partner in channel.partners:
        if partner.is_quiet(day):
            continue
        keen = (0.15 + partner.skill) * (1.2 if partner.certified else 0.8)
        for number, person in enumerate(partner.people):
            if person.since <= day:
                people.append((partner.id, person))
                weights.append(keen / (1 + number / 3))
    return people, list(accumulate(weights))


def _day(channel: Channel, day: int, people: list[tuple[int, Person]]) -> Iterator[Row]:
    clock, vendor_id = channel.clock, channel.vendor_id
    moments = sorted(clock.in_office(day, channel.random) for _ in people)
    for moment, (partner_id, person) in zip(moments, people, strict=True):
        stamp = clock.stamp(moment)
        yield (
            EVENT,
            (vendor_id, partner_id, person.user_id, "portal.login", "", None, stamp, stamp, "{}"),
        )
