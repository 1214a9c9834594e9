"""Importing the customers the vendor sells to itself, so that registrations are checked against them."""

from collections.abc import Collection, Hashable
from typing import Any

from django.core.exceptions import ValidationError

from deals.conflicts.models import DirectAccount, DirectAccountProduct
from deals.customers.match_keys import registrable_domain
from deals.customers.resources import CustomerFinder, Domain
from partners.resources.products import product_lookup
from portal.imports.cells import Cell, Country, Key, Known, Text
from portal.imports.maps import folded
from portal.imports.records import Record
from portal.imports.resources import VendorResource


class DirectAccountResource(VendorResource):
    name = Cell("name", Text(), required=True, help="Legal name.", names=("account", "customer", "company"))
    external_key = Cell("external_key", Key(null=True), help="Its key in the system it comes from.")
    domain = Cell("typed_domain", Domain(), help="Domain, web address or e-mail.", names=("website",))
    country = Cell("typed_country", Country(), help="ISO code or name.")
    owner = Cell("owner", Text(), required=True, help="Who sells to it.", names=("account_owner", "rep"))
    product = Cell(
        "product_ids", Known("product"), many=True, help="Code or name; none at all: every product."
    )

    keys = ("external_key", "name")
    about = "Registrations of these customers are checked against them."
    tracked = ("name", "external_key", "owner", "customer_id", "is_new_customer", "products")
    reported_as = {"customer_id": "name", "is_new_customer": "name", "products": "product"}

    class Meta:
        model = DirectAccount
        fields = ("name", "external_key", "domain", "country", "owner", "product")

    def load_lookups(self) -> None:
        self.context.lookups = {"product": product_lookup()}
        self.accounts = list(DirectAccount.objects.order_by("-pk"))
        self.owners: dict[str, Any] = {one.external_key: one.pk for one in self.accounts if one.external_key}
        #: {customer (by identity while it has no key): the account that has it}
        self.of_customer: dict[Any, Any] = {account.customer_id: account.pk for account in self.accounts}

    def prepare(self, records: list[Record]) -> list[Record]:
        domains = {registrable_domain(one.texts.get("domain", "")) for one in records}
        self.customers = CustomerFinder({one.texts["name"] for one in records}, domains)
        return records

    def identity(self, field: str, value: Any) -> Any:
        return folded(value) if field == "name" else value

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        found = super().existing(field, keys) if field != "name" else self._by_name()
        self._add_products([one for one in found.values() if isinstance(one, DirectAccount)])
        return found

    def _by_name(self) -> dict[Hashable, Any]:
        return {self.identity("name", account.name): account for account in self.accounts}

    def _add_products(self, accounts: list[Any]) -> None:
        products: dict[int, set[int]] = {account.pk: set() for account in accounts}
        lines = DirectAccountProduct.objects.filter(account__in=products)
        for account_id, product_id in lines.values_list("account_id", "product_id"):
            products[account_id].add(product_id)
        for account in accounts:
            account.products, account.is_new_customer = frozenset(products[account.pk]), False

    def complete(self, instance: Any, before: Any) -> None:
        instance.products = frozenset(getattr(instance, "product_ids", ())) - {None}
        if "product" not in self.record.texts:
            instance.products = before.products if before else frozenset()
        self._find_customer(instance, before)
        _claim(
            self.of_customer, instance.customer_id or id(instance.buyer), instance, "name", "this customer"
        )
        if instance.external_key:
            _claim(self.owners, instance.external_key, instance, "external_key", "this key")

    def _find_customer(self, account: Any, before: Any) -> None:
        """The customer of this name and domain; what was matched once stays while both stay."""
        account.buyer, account.is_new_customer = None, False
        if before and folded(before.name) == folded(account.name) and "domain" not in self.record.texts:
            return
        domain, country = getattr(account, "typed_domain", ""), getattr(account, "typed_country", "")
        if len(account.name) > 200:
            raise ValidationError({"name": "A name has at most 200 characters."})
        account.buyer = self.customers.find(account.name, domain, str(country or ""))
        account.customer_id = account.buyer.pk
        account.is_new_customer = account.customer_id is None

    def before_writing(self, instances: list[Any]) -> None:
        self.customers.create([account.buyer for account in instances if account.buyer])
        for account in instances:
            account.customer_id = account.buyer.pk if account.buyer else account.customer_id

    def after_writing(self) -> None:
        moved = [
            one.instance
            for one in self.saved
            if one.before is None or one.instance.products != one.before.products
        ]
        DirectAccountProduct.objects.filter(account__in=[account.pk for account in moved]).delete()
        DirectAccountProduct.objects.bulk_create(
            DirectAccountProduct(account_id=account.pk, product_id=product)
            for account in moved
            for product in sorted(account.products)
        )


def _claim(owners: dict[Any, Any], key: Any, account: DirectAccount, field: str, what: str) -> None:
    """One account each; ValidationError on `field` for the second one."""
    owner = owners.setdefault(key, account.pk or account)
    if owner != account.pk and owner is not account:
        raise ValidationError({field: f"Another direct account has {what} already."})
