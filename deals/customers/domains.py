"""Domains that many share say nothing about who a customer is.

Consumer mail, office suites, social networks, site builders, marketplaces: lists in `data/`, and what the
vendor adds to them, or takes out of them, in the administration.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.core.exceptions import ValidationError

from deals.customers.match_keys import host_of, registrable_domain, registrant
from deals.customers.models import SharedDomain

_DATA: Final = Path(__file__).parent / "data"
_LISTS: Final = ("mail_domains.txt", "shared_domains.txt")
_BRANDS = """
    amazon ebay aliexpress mercadolibre mercadolivre shopee lazada olx rakuten craigslist yahoo ymail hotmail
    outlook gmx googlemail gmail wanadoo blogspot facebook pinterest tripadvisor yelp
"""
#: Under whatever country's suffix: nobody else calls itself so.
_EVERYWHERE: Final = frozenset(_BRANDS.split())


class DomainList:
    """The domains that identify nobody at one vendor; made once for any number of addresses."""

    def __init__(self, own: dict[str, bool]) -> None:
        self._own = own

    def identifying(self, address: str) -> str:
        """The registrable domain of an address, or "" where it has none or many share it."""
        domain = registrable_domain(address)
        return "" if domain and self.is_shared(address) else domain

    def is_shared(self, address: str) -> bool:
        """Whether many share the host of the address, by the vendor's word first."""
        said = next((self._own[host] for host in up_to_registered(address) if host in self._own), None)
        return is_listed(address) if said is None else said


def is_listed(address: str) -> bool:
    """Whether many share the host of the address, by the lists that come with the portal."""
    return any(host in _listed() for host in up_to_registered(address)) or registrant(address) in _EVERYWHERE


def shared_domains() -> DomainList:
    """With what the vendor of the scope added and took out. One statement."""
    return DomainList(dict(SharedDomain.objects.values_list("domain", "is_shared")))


def domain_typed(address: str) -> str:
    """The domain of a customer as somebody of the vendor types it; ValidationError where it tells nothing."""
    domain = registrable_domain(address)
    if address.strip() and not domain:
        raise ValidationError("Give a domain, for example example.com.")
    if domain and shared_domains().is_shared(address):
        raise ValidationError(f"{domain} is shared by many companies. Leave this empty instead.")
    return domain


def up_to_registered(address: str) -> Iterator[str]:
    """ "a.b.example.com", "b.example.com", "example.com"."""
    host, registered = host_of(address), registrable_domain(address)
    while host and len(host) >= len(registered):
        yield host
        host = host.partition(".")[2]


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    lines = (line for name in _LISTS for line in (_DATA / name).read_text().splitlines())
    return frozenset(domain for line in lines if not line.startswith("#") for domain in line.split())
