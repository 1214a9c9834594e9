"""Which rows name a customer the partner works on already, or that stands earlier in the same file."""

from collections.abc import Iterator

from deals.customers.domains import shared_domains
from deals.customers.match_keys import normalised_name
from deals.deal import selectors
from portal.tenancy.access import Actor


class Twins:
    """By domain, else by name: as the form asks, for a whole file in one query."""

    def __init__(self, actor: Actor) -> None:
        mine = selectors.deals_visible(actor).filter(partner=actor.partner, status__in=selectors.OPEN)
        rows = mine.order_by("pk").values_list("reference", "customer_name", "customer_domain")
        self.known: dict[str, str] = {}
        self.domains = shared_domains()
        for reference, name, domain in rows:
            self._add(reference, name, domain)

    def of(self, line: int, name: str, domain: str) -> str:
        """The deal's reference or "line 4"; "" for a customer that is new. Remembers this line."""
        found = next((self.known[key] for key in self._keys(name, domain) if key in self.known), "")
        self._add(f"line {line}", name, domain)
        return found

    def _add(self, where: str, name: str, domain: str) -> None:
        for key in self._keys(name, domain):
            self.known.setdefault(key, where)

    def _keys(self, name: str, domain: str) -> Iterator[str]:
        name_key, domain_key = normalised_name(name), self.domains.identifying(domain)
        if domain_key:
            yield f"domain {domain_key}"
        if name_key:
            yield f"name {name_key}"
