"""Which customer a registration means: the same domain or name, unless it is a relative; else a new one."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from django.db import connection
from django.db.models import Q

from deals.customers.domains import shared_domains
from deals.customers.match_keys import normalised_name
from deals.customers.models import Customer
from deals.customers.similarity import differ_within_group
from deals.deal.models import Deal
from portal.tenancy.scope import current_vendor_id
from portal.tenancy.wall import across_the_wall

_LOCK = "select pg_advisory_xact_lock(hashtextextended(key, %s)) from unnest(%s::text[]) as key"


class Known(Protocol):
    """What tells one customer from another."""

    @property
    def normalised_name(self) -> str: ...

    @property
    def domain(self) -> str: ...

    @property
    def country(self) -> Any: ...


C = TypeVar("C", bound=Known)


def customer_of(deal: Deal) -> Customer:
    """The customer the partner typed, found or created; runs in the caller's transaction.

    Partners cannot see customers of others, so this looks across the wall.
    """
    with across_the_wall("match the customer of a registration"):
        return customer_named(deal.customer_name, deal.customer_domain, str(deal.customer_country))


def customer_named(name: str, domain: str, country: str) -> Customer:
    """The customer of this name, web address and country, found or created. Sees all of the vendor's.

    Two that name one new customer at the same moment wait for each other: it is created once.
    """
    key, registered = normalised_name(name), shared_domains().identifying(domain)
    _one_at_a_time(current_vendor_id(), key, registered)
    known = _find(key, registered, country)
    return known or Customer.objects.create(
        name=name, normalised_name=key, domain=registered, country=country
    )


def _one_at_a_time(vendor_id: int | None, name: str, domain: str) -> None:
    # Sorted: whoever needs the same two locks takes them in the same order.
    keys = sorted(f"customer {kind} {key}" for kind, key in (("name", name), ("domain", domain)) if key)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [vendor_id, keys])


def _find(name: str, domain: str, country: str) -> Customer | None:
    same = Q(normalised_name=name) if name else Q(pk__in=[])
    found = Customer.objects.filter(same | Q(domain=domain) if domain else same).order_by("pk")
    return meant_among(list(found), name, domain, country)


def meant_among(found: Sequence[C], name: str, domain: str, country: str) -> C | None:
    """The customer surely meant, of those of the same name or domain; None where it is only possibly one.

    An exact name in its own country comes first: a domain may be that of a group, whose companies share it.
    """
    if not name and not domain:
        return None
    sure = [one for one in found if is_surely(one, name, domain, country)]
    if not sure and (relatives := [one for one in found if domain and one.domain == domain]):
        # The domain is a group's: then another domain does not speak against an exact name.
        sure = [one for one in found if one not in relatives and _exactly(one, name, country)]
    return min(sure, key=lambda one: (not _exactly(one, name, country), one.domain != domain), default=None)


def is_surely(customer: Known, name: str, domain: str, country: str) -> bool:
    """Whether a customer is the one meant by this normalised name, identifying domain and country."""
    same_name = bool(name) and name == customer.normalised_name
    if domain and domain == customer.domain:
        return (same_name and _same_country(customer, country)) or not is_relative(customer, name, country)
    return same_name and may_be_same(customer, domain, country)


def is_relative(customer: Known, name: str, country: str) -> bool:
    """Whether another company of one group is meant, whose domain both have.

    Each with a country of its own, or each with a name of its own beside the group's: "Siemens Energy".
    """
    if not _same_country(customer, country):
        return True
    return name != customer.normalised_name and differ_within_group(name, customer.normalised_name)


def may_be_same(customer: Known, domain: str, country: str) -> bool:
    """Whether nothing known speaks against a customer of the same name being the one meant."""
    return not (domain and customer.domain) and _same_country(customer, country)


def _same_country(customer: Known, country: str) -> bool:
    """Or one of them is not known."""
    return not country or not customer.country or str(customer.country) == country


def _exactly(customer: Known, name: str, country: str) -> bool:
    return bool(name) and name == customer.normalised_name and country == str(customer.country) != ""
