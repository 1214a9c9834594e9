"""Which customer a registration means: the same domain, else the same name, else a new one."""

from typing import Any, Final, Protocol

from django.db import connection

from deals.customers.match_keys import normalised_name, registrable_domain
from deals.customers.models import Customer
from deals.deal.models import Deal
from portal.tenancy.scope import current_vendor_id
from portal.tenancy.wall import across_the_wall

#: Domains that say nothing about who a customer is.
_PROVIDERS = """
gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com aol.com icloud.com me.com
proton.me protonmail.com gmx.com gmx.net gmx.de gmx.at gmx.ch web.de t-online.de freenet.de orange.fr
free.fr laposte.net libero.it virgilio.it mail.ru yandex.ru seznam.cz wp.pl o2.pl onet.pl bluewin.ch
qq.com 163.com 126.com naver.com
"""
MAIL_PROVIDERS: Final = frozenset(_PROVIDERS.split())
_LOCK = "select pg_advisory_xact_lock(hashtextextended(key, %s)) from unnest(%s::text[]) as key"


class Located(Protocol):
    """What tells namesakes apart."""

    @property
    def domain(self) -> str: ...

    @property
    def country(self) -> Any: ...


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
    key, registered = match_keys(name, domain)
    _one_at_a_time(current_vendor_id(), key, registered)
    known = _find(key, registered, country)
    return known or Customer.objects.create(
        name=name, normalised_name=key, domain=registered, country=country
    )


def match_keys(name: str, domain: str) -> tuple[str, str]:
    """(normalised name, registrable domain); a mail provider's domain says nothing and gives ""."""
    registered = registrable_domain(domain)
    return normalised_name(name), "" if registered in MAIL_PROVIDERS else registered


def _one_at_a_time(vendor_id: int | None, name: str, domain: str) -> None:
    # Sorted: whoever needs the same two locks takes them in the same order.
    keys = sorted(f"customer {kind} {key}" for kind, key in (("name", name), ("domain", domain)) if key)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [vendor_id, keys])


def _find(name: str, domain: str, country: str) -> Customer | None:
    """By domain first: names repeat across countries. By name only where nothing known speaks against it."""
    known: Customer | None = None
    if domain:
        known = Customer.objects.filter(domain=domain).order_by("pk").first()
    if known or not name:
        return known
    namesakes = Customer.objects.filter(normalised_name=name).order_by("pk")
    return next((one for one in namesakes if may_be_same(one, domain, country)), None)


def may_be_same(customer: Located, domain: str, country: str) -> bool:
    """Whether nothing known speaks against a customer of the same name being the one meant."""
    if domain and customer.domain:
        return False
    return not country or not customer.country or str(customer.country) == country
