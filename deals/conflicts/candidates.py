"""Which of the vendor's customers may be the one somebody typed. Runs across the wall: see `check`.

One statement for any number of typed customers brings the customers of the same domain or name, those whose
words stand next to the typed ones, and those that sound alike in another alphabet; how alike they are is
judged here. It brings as many whether there is such a customer or not, so the time it takes tells nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from django.db import connection

from deals.customers.domains import is_listed, up_to_registered
from deals.customers.match_keys import host_of, normalised_name, registrable_domain
from deals.customers.other_names import beginnings
from deals.customers.services import is_relative, is_surely, meant_among
from deals.customers.similarity import INITIALS, POSSIBLE, likeness, shortens
from deals.customers.spelling import spelling
from deals.customers.word_keys import COMMON_FROM, heard_to_look, places_to_look
from portal.tenancy.scope import current_vendor_id

#: Kept words looked at for one name, shared among the places to look; on either side of one never fewer.
_MOST: Final = 800
_FEWEST: Final = 10
#: Customers that sound the same in another alphabet, or have the same two letters, at most for each.
_MOST_HEARD: Final = 200
_FIND: Final = """
with asked as (
    select place, name, case when coalesce((
        select not said.is_shared from deals_shareddomain said
        where said.vendor_id = %(vendor)s and said.domain = any(string_to_array(hosts, ' '))
        order by length(said.domain) desc limit 1
    ), not is_listed) then domain else '' end as domain
    from unnest(
        %(places)s::int[], %(names)s::text[], %(domains)s::text[], %(hosts)s::text[], %(listed)s::bool[]
    ) as t(place, name, domain, hosts, is_listed)
), company as (
    select place, known, rest, company_key, rank() over (partition by place order by length(known) desc)
    from unnest(%(begin_for)s::int[], %(begins)s::text[], %(rests)s::text[]) as t(place, known, rest)
    join deals_othername called on called.vendor_id = %(vendor)s and known in (name_key, company_key)
), other as (
    select distinct place, called.written || rest as name from company join lateral (
        select unnest(array[name_key, company_key]) as written from deals_othername
        where vendor_id = %(vendor)s and company_key = company.company_key
    ) as called on called.written <> known
    where rank = 1
), look as (
    select * from unnest(%(look_for)s::int[], %(looks)s::text[]) as t(place, word)
    union select place, word from other cross join lateral deals_words_of(other.name) as word
), hear as (
    select * from unnest(%(hear_for)s::int[], %(heard)s::text[]) as t(place, word)
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
    select place, customer_id from hear cross join lateral (
        select customer_id from deals_customerword
        where vendor_id = %(vendor)s and word = hear.word collate "C"
        order by customer_id limit %(most_heard)s
    ) as sounding
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
        select
            id, name as shown, normalised_name as name, domain, country,
            coalesce(nullif(spelling, ''), normalised_name) as spelling
        from deals_customer
        where vendor_id = %(vendor)s and id = found.customer_id limit 1
    ) as customer
), common as materialized (
    select word from (
        select unnest(string_to_array(spelling, ' ')) as word from named
        union select unnest(%(words)s::text[])
    ) as used
    where %(common_from)s = (
        select count(*) from (
            select from deals_customerword
            where vendor_id = %(vendor)s and word = used.word collate "C" limit %(common_from)s
        ) as carried
    )
)
select place, id, shown, name, domain, country, null::text[] from named
union all
select place, null, null, name, null, null, null from other
union all
select place, null, null, null, domain, null, null from asked
union all
select null, null, null, null, null, null, array(select word from common)
"""


class Reason(StrEnum):
    """Why two customers are taken for one, the surest first."""

    DOMAIN = "domain"
    NAME = "name"
    GROUP = "group"
    OTHER_NAME = "other name"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class Typed:
    """A customer as somebody wrote it: match key of the name, host, ISO country, and the name as written."""

    name: str
    domain: str
    country: str
    shown: str = ""

    @classmethod
    def of(cls, name: str, domain: str, country: str) -> "Typed":
        return cls(normalised_name(name), host_of(domain), country, name)


@dataclass(frozen=True, slots=True)
class Match:
    """A customer that is or may be the one meant; `score` is the likeness of the names."""

    customer_id: int
    reason: Reason
    score: float

    @property
    def is_sure(self) -> bool:
        return self.reason in (Reason.DOMAIN, Reason.NAME)


class _Known(NamedTuple):
    id: int
    shown: str
    normalised_name: str
    domain: str
    country: str


@dataclass(slots=True)
class _Found:
    """For one typed customer: whom to compare, its other names, and its domain if that tells who it is."""

    customers: list[_Known] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    domain: str = ""


def matches(typed: Sequence[Typed]) -> list[list[Match]]:
    """For each typed customer those that are or may be the same, the surest first. One statement."""
    found, common = _find(typed)
    asked = [(replace(one, domain=found[place].domain), found[place]) for place, one in enumerate(typed)]
    return [_judged(one, near.others, near.customers, common) for one, near in asked]


def _find(typed: Sequence[Typed]) -> tuple[dict[int, _Found], frozenset[str]]:
    """({place: what was found}, words that many of the vendor's customers carry)"""
    looks = [places_to_look(one.name) for one in typed]
    begins = [(place, *begin) for place, one in enumerate(typed) for begin in beginnings(one.name)]
    heard = [(place, word) for place, one in enumerate(typed) for word in heard_to_look(one.shown, one.name)]
    parameters = {
        "vendor": current_vendor_id(),
        "places": list(range(len(typed))),
        "names": [one.name for one in typed],
        "domains": [registrable_domain(one.domain) for one in typed],
        "hosts": [" ".join(up_to_registered(one.domain)) for one in typed],
        "listed": [is_listed(one.domain) for one in typed],
        "words": [word for one in typed for word in spelling(one.name).split()],
        "begin_for": [place for place, _, _ in begins],
        "begins": [known for _, known, _ in begins],
        "rests": [rest for _, _, rest in begins],
        "look_for": [place for place, words in enumerate(looks) for _ in words],
        "looks": [word for words in looks for word in words],
        "hear_for": [place for place, _ in heard],
        "heard": [word for _, word in heard],
        "most": max(_FEWEST, _MOST // 2 // max(1, *map(len, looks))),
        "most_heard": _MOST_HEARD,
        "common_from": COMMON_FROM,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIND, parameters)
        *rows, last = cursor.fetchall()
    by_place: dict[int, _Found] = defaultdict(_Found)
    for place, pk, shown, name, domain, country, _ in rows:
        if pk is not None:
            by_place[place].customers.append(_Known(pk, shown, name, domain, country))
        elif name is not None:
            by_place[place].others.append(name)
        else:
            by_place[place].domain = domain
    return by_place, frozenset(last[-1])


def _judged(typed: Typed, others: list[str], found: list[_Known], common: frozenset[str]) -> list[Match]:
    near = [one for one in found if typed.name == one.normalised_name or _same_domain(typed, one)]
    meant = meant_among(near, typed.name, typed.domain, typed.country)
    judged = (_match(typed, others, one, common, is_meant=one is meant) for one in found)
    order = list(Reason)
    return sorted(filter(None, judged), key=lambda match: (order.index(match.reason), -match.score))


def _match(
    typed: Typed, others: list[str], known: _Known, common: frozenset[str], *, is_meant: bool
) -> Match | None:
    score = likeness(typed.name, known.normalised_name, common)
    if shortens(typed.shown, known.shown):
        score = max(score, INITIALS)
    reason = _sure_reason(typed, known, is_meant=is_meant)
    if reason or score >= POSSIBLE:
        return Match(known.id, reason or Reason.SIMILAR, score)
    score = max((likeness(other, known.normalised_name, common) for other in others), default=0.0)
    return Match(known.id, Reason.OTHER_NAME, score) if score >= POSSIBLE else None


def _sure_reason(typed: Typed, known: _Known, *, is_meant: bool) -> Reason | None:
    """Why it is the same customer, or of the same group; None where only names speak for it."""
    if _same_domain(typed, known):
        is_other = not is_meant and is_relative(known, typed.name, typed.country)
        return Reason.GROUP if is_other else Reason.DOMAIN
    is_same = is_meant or is_surely(known, typed.name, typed.domain, typed.country)
    return Reason.NAME if is_same else None


def _same_domain(typed: Typed, known: _Known) -> bool:
    return bool(typed.domain) and typed.domain == known.domain
