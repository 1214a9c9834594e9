"""All rows of a simulated channel, in the order in which they can be loaded."""

from collections.abc import Iterator

from demo.simulation import deals, logins, partners, tables
from demo.simulation.channel import Channel
from demo.simulation.tables import Row


def rows(channel: Channel) -> Iterator[Row]:
    """Every row of the vendor but its own; what is pointed to comes before what points to it."""
    yield from channel.programme()
    yield from partners.rows(channel)
    told = 0
    for row in deals.rows(channel):
        told += row[0] is tables.EVENT
        yield row
    yield from logins.rows(channel, channel.size.events - told)
