"""Facts that one app declares and another compares: what was sold, and who had learned what by then.

Deals and courses do not know each other. Each app declares its rows in `facts.py`, in shapes that name no
table; what looks at them together stands above both. Sources run in a transaction under a scope and answer
with what was known at the end of a day.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

from portal.metrics.declarations import AsOf, Link


class ClosedDeal(NamedTuple):
    """A deal that was won (and counts) or lost. Amounts are minor units of the vendor's currency.

    `size` is what was expected of it, won or not; None where nobody said. `won_amount` is None of a loss.
    """

    partner_id: int
    person_id: int | None  # who registered it; None where nobody of the partner did
    registered_at: datetime | None
    closed_at: datetime
    is_won: bool
    size: int | None
    won_amount: int | None
    products: Mapping[int, str]  # {id: name}


class Training(NamedTuple):
    """A course somebody took (`done_at` None: not finished) or a certificate they earned.

    A certificate is in force from `done_at` to the moment before `until` (None: it has not ended). `products`
    are what it is about; without any it is about all of them. `partner_id` is where the person sat.
    """

    is_certificate: bool
    subject_id: int  # of the course, or of the certification
    subject: Link
    partner_id: int
    person_id: int
    begun_at: datetime
    done_at: datetime | None
    until: datetime | None
    products: Sequence[int]

    def is_held_at(self, moment: datetime) -> bool:
        began = self.done_at is not None and self.done_at <= moment
        return began and (self.until is None or moment < self.until)

    def is_about(self, products: Iterable[int]) -> bool:
        return not self.products or not set(self.products).isdisjoint(products)


T = TypeVar("T")


class Facts(Generic[T]):
    """The declared sources of one kind of fact; what they know is read together."""

    def __init__(self) -> None:
        self._sources: list[Callable[[AsOf, datetime], Iterable[T]]] = []

    def declare(self, source: Callable[[AsOf, datetime], Iterable[T]]) -> None:
        """`source(as_of, since)`: what happened from `since` to the end of the day."""
        if source not in self._sources:
            self._sources.append(source)

    def read(self, as_of: AsOf, since: datetime) -> list[T]:
        return list(chain.from_iterable(source(as_of, since) for source in self._sources))


CLOSED_DEALS: Facts[ClosedDeal] = Facts()
#: All there ever were: `since` is not asked.
TRAININGS: Facts[Training] = Facts()
