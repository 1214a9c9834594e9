"""Importing end customers, and finding the customer an imported deal means."""

from collections.abc import Collection, Hashable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from import_export.widgets import Widget

from deals.customers.domains import DomainList, shared_domains
from deals.customers.match_keys import normalised_name, registrable_domain
from deals.customers.models import Customer
from deals.customers.services import meant_among
from portal.imports.cells import Cell, Context, Country, Key, Refused, Text
from portal.imports.maps import folded
from portal.imports.resources import VendorResource
from portal.text import folded_name


def name_key(name: str) -> str:
    """The normalised name; for a name of signs alone the name itself."""
    return normalised_name(name) or folded(name)


class Domain(Widget):
    """The registrable domain out of an address, empty where many share it."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str:
        if value and not registrable_domain(value):
            raise Refused("There is no domain in this address.")
        return domains_of(context).identifying(value)


def domains_of(context: Context) -> DomainList:
    """The vendor's list, read once per import."""
    lookups: dict[str, Any] = context.lookups
    if "shared domains" not in lookups:
        lookups["shared domains"] = shared_domains()
    found: DomainList = lookups["shared domains"]
    return found


class CustomerResource(VendorResource):
    name = Cell("name", Text(), required=True, help="Legal name.", names=("customer", "account", "company"))
    external_key = Cell("external_key", Key(null=True), help="Its key in the system it comes from.")
    domain = Cell("domain", Domain(), help="Domain, web address or e-mail address.", names=("website",))
    country = Cell("country", Country(), help="ISO code or name.")
    sector = Cell("sector", Text(), help="Industry.", names=("industry",))

    keys = ("external_key", "name")
    about = "Names are compared without their legal form, case and accents."
    tracked = ("name", "external_key", "domain", "country", "sector")
    stamped = ("normalised_name", "spelling", "heard_as")

    class Meta:
        model = Customer
        fields = ("name", "external_key", "domain", "country", "sector")

    def identity(self, field: str, value: Any) -> Any:
        return name_key(value) if field == "name" else value

    def load_lookups(self) -> None:
        keyed = Customer.objects.filter(external_key__isnull=False)
        self.owners: dict[str, Any] = dict(keyed.values_list("external_key", "pk"))

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        if field != "name":
            return super().existing(field, keys)
        # Of several with one name the oldest is meant, as for registrations.
        rows = Customer.objects.filter(normalised_name__in=keys).order_by("-pk")
        return {row.normalised_name: row for row in rows}

    def complete(self, instance: Customer, before: Customer | None) -> None:
        instance.normalised_name = name_key(instance.name)[:200]
        instance.spell()
        key = instance.external_key
        owner = self.owners.setdefault(key, instance.pk or instance) if key else None
        if key and owner != instance.pk and owner is not instance:
            raise ValidationError({"external_key": f"Another customer has the key {key!r} already."})


class CustomerFinder:
    """Which customer a deal of an import means, by the rules of a registration, without a query per deal.

    What is named by no customer's key, domain or name becomes a new customer, once.
    """

    def __init__(self, names: Collection[str], domains: Collection[str]) -> None:
        keys = {name_key(name) for name in names}
        meant = Q(normalised_name__in=keys) | Q(external_key__in=names) | Q(domain__in=set(domains) - {""})
        self.by_key: dict[str, Customer] = {}
        self.by_domain: dict[str, list[Customer]] = {}
        self.by_name: dict[str, list[Customer]] = {}
        self.new: list[Customer] = []
        for customer in Customer.objects.filter(meant).order_by("pk"):
            self._remember(customer)

    def _remember(self, customer: Customer) -> None:
        if customer.external_key:
            self.by_key[customer.external_key] = customer
        if customer.domain:
            self.by_domain.setdefault(customer.domain, []).append(customer)
        self.by_name.setdefault(customer.normalised_name, []).append(customer)

    def find(self, name: str, domain: str, country: str) -> Customer:
        """The customer, or a new one that `create` is still to write."""
        key = name_key(name)[:200]
        found = {id(one): one for one in (*self.by_name.get(key, []), *self.by_domain.get(domain, []))}
        # Of several, the one that is spelt alike.
        near = sorted(found.values(), key=lambda one: folded_name(one.name) != folded_name(name))
        meant = self.by_key.get(name) or meant_among(near, key, domain, country)
        return meant or self._noted(name, domain, country)

    def _noted(self, name: str, domain: str, country: str) -> Customer:
        key = name_key(name)[:200]
        customer = Customer(
            name=name, normalised_name=key, domain=domain, country=country, created_at=timezone.now()
        )
        self.new.append(customer)
        self._remember(customer)
        return customer

    def create(self, wanted: Iterable[Customer]) -> int:
        """Write those of the new ones that are wanted; returns how many."""
        rows = list({id(customer): customer for customer in wanted if customer.pk is None}.values())
        Customer.objects.bulk_create(rows)
        return len(rows)
