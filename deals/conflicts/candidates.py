"""Which of the vendor's customers may be the one somebody typed. Runs across the wall: see `check`.

One statement for any number of typed customers brings the customers of the same domain or name and those
whose words stand next to the typed ones; how alike they are is judged here. It brings as many whether there
is such a customer or not, so the time it takes tells nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from django.db import connection

from deals.customers.services import match_keys, may_be_same
from deals.customers.similarity import POSSIBLE, likeness
from deals.customers.word_keys import COMMON_FROM, places_to_look
from portal.tenancy.scope import current_vendor_id

#: Kept words looked at for one name, shared among the places to look; on either side of one never fewer.
_MOST: Final = 800
_FEWEST: Final = 10
_FIND: Final = """
with asked as (
    select * from unnest(%(places)s::int[], %(names)s::text[], %(domains)s::text[]) as t(place, name, domain)
), look as (
    select * from unnest(%(look_for)s::int[], %(looks)s::text[]) as t(place, word)
), found as (
    select place, customer_id from look cross join lateral (
        (select customer_id from deals_customerword
         where vendor_id = %(vendor)s and word >= look.word collate "C"
         order by word, customer_id limit %(most)s)
        union all
        (select customer_id from deals_customerword
         where vendor_id = %(vendor)s and word < look.word collate "C"
         order by word desc, customer_id desc limit %(most)s)
    ) as near
    union
    select place, customer.id from asked join deals_customer customer
        on customer.vendor_id = %(vendor)s and customer.normalised_name = asked.name
    where asked.name <> ''
    union
    select place, customer.id from asked join deals_customer customer
        on customer.vendor_id = %(vendor)s and customer.domain = asked.domain
    where asked.domain <> ''
), named as (
    select place, customer.* from found cross join lateral (
        select id, normalised_name as name, domain, country from deals_customer
        where vendor_id = %(vendor)s and id = found.customer_id limit 1
    ) as customer
), common as materialized (
    select word from (
        select unnest(string_to_array(name, ' ')) as word from named
        union select unnest(string_to_array(name, ' ')) from asked
    ) as used
    where %(common_from)s = (
        select count(*) from (
            select from deals_customerword
            where vendor_id = %(vendor)s and word = used.word collate "C" limit %(common_from)s
        ) as carried
    )
)
select place, id, name, domain, country, null::text[] from named
union all
select null, null, null, null, null, array(select word from common)
"""


class Reason(StrEnum):
    """Why two customers are taken for one, the surest first."""

    DOMAIN = "domain"
    NAME = "name"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class Typed:
    """A customer as somebody wrote it, in match keys; domain "" where it says nothing."""

    name: str
    domain: str
    country: str

    @classmethod
    def of(cls, name: str, domain: str, country: str) -> "Typed":
        return cls(*match_keys(name, domain), country)


@dataclass(frozen=True, slots=True)
class Match:
    """A customer that is or may be the one meant; `score` is the likeness of the names."""

    customer_id: int
    reason: Reason
    score: float

    @property
    def is_sure(self) -> bool:
        return self.reason != Reason.SIMILAR


class _Known(NamedTuple):
    id: int
    name: str
    domain: str
    country: str


def matches(typed: Sequence[Typed]) -> list[list[Match]]:
    """For each typed customer those that are or may be the same, the surest first."""
    found, common = _find(typed)
    return [_judged(one, found[place], common) for place, one in enumerate(typed)]


def _find(typed: Sequence[Typed]) -> tuple[dict[int, list[_Known]], frozenset[str]]:
    """({place: customers to compare}, words that many of the vendor's customers carry)"""
    looks = [places_to_look(one.name) for one in typed]
    parameters = {
        "vendor": current_vendor_id(),
        "places": list(range(len(typed))),
        "names": [one.name for one in typed],
        "domains": [one.domain for one in typed],
        "look_for": [place for place, words in enumerate(looks) for _ in words],
        "looks": [word for words in looks for word in words],
        "most": max(_FEWEST, _MOST // 2 // max(1, *map(len, looks))),
        "common_from": COMMON_FROM,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIND, parameters)
        *rows, last = cursor.fetchall()
    by_place: dict[int, list[_Known]] = defaultdict(list)
    for place, *known, _ in rows:
        by_place[place].append(_Known(*known))
    return by_place, frozenset(last[-1])


def _judged(typed: Typed, found: list[_Known], common: frozenset[str]) -> list[Match]:
    judged = (_match(typed, one, common) for one in found)
    order = list(Reason)
    return sorted(filter(None, judged), key=lambda match: (order.index(match.reason), -match.score))


def _match(typed: Typed, known: _Known, common: frozenset[str]) -> Match | None:
    score = likeness(typed.name, known.name, common)
    reason = _reason(typed, known, score)
    return Match(known.id, reason, score) if reason else None


def _reason(typed: Typed, known: _Known, score: float) -> Reason | None:
    if typed.domain and typed.domain == known.domain:
        return Reason.DOMAIN
    if typed.name and typed.name == known.name and may_be_same(known, typed.domain, typed.country):
        return Reason.NAME
    return Reason.SIMILAR if score >= POSSIBLE else None
