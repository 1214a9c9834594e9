"""Pages of a long list by position in its order, not by number: the last page is as near as the first.

`?page=` holds "" (first), "last", or "after~<key>~<id>" / "before~<key>~<id>", ids sealed. Each page is one
index range of `size` rows; nothing before it is read, and nothing is counted beyond `MOST_COUNTED`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from portal.sealed_ids import opened, sealed

#: Counting stops here; a list that is longer says "more than".
MOST_COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Order:
    """By `key`, a column or indexed expression that is never null, then by id; `parse` reads it from text."""

    key: Combinable
    parse: Callable[[str], Any]
    falling: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """`previous` and `next` are values for `?page=`, empty at either end."""

    rows: list[Any]
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class _Place:
    backwards: bool
    bound: tuple[Any, int] | None


def page(rows: QuerySet[Any], order: Order, where: str, size: int = 50) -> Page:
    """One page. A place nobody can read (a mangled link) is the first page."""
    place = _place(where, order)
    falling = order.falling != place.backwards
    sign = "-" if falling else ""
    rows = rows.annotate(place_key=order.key).order_by(f"{sign}place_key", f"{sign}pk")
    beyond = rows
    if place.bound:
        past = TupleLessThan if falling else TupleGreaterThan
        beyond = rows.filter(past(Tuple(order.key, F("pk")), place.bound))
    # Ids first, from the index alone; only the rows of the page are then read and joined.
    found = list(rows.filter(pk__in=beyond.values("pk")[: size + 1]))
    more, found = len(found) > size, found[:size]
    if place.backwards:
        found.reverse()
    before, after = (more, bool(place.bound)) if place.backwards else (bool(place.bound), more)
    return Page(found, _link("before", found[:1], before), _link("after", found[-1:], after))


def count(rows: QuerySet[Any]) -> int:
    """How many, at most `MOST_COUNTED` + 1."""
    return rows.order_by()[: MOST_COUNTED + 1].count()


def _place(where: str, order: Order) -> _Place:
    if where == "last":
        return _Place(backwards=True, bound=None)
    direction, _, rest = where.partition("~")
    key, _, pk = rest.rpartition("~")
    try:
        bound = (order.parse(key), opened(pk))
    except ValueError:
        return _Place(backwards=False, bound=None)
    return _Place(direction == "before", bound if direction in ("before", "after") else None)


def _link(direction: str, edge: list[Any], there: bool) -> str:
    if not there or not edge:
        return ""
    key = edge[0].place_key
    return f"{direction}~{key.isoformat() if hasattr(key, 'isoformat') else key}~{sealed(edge[0].pk)}"
