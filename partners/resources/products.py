"""Importing products."""

from collections.abc import Collection, Hashable
from typing import Any
from zlib import crc32

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from partners.models import Product
from portal.imports.cells import Cell, Flag, Key, Lookup, Money, Text
from portal.imports.maps import folded
from portal.imports.resources import VendorResource


def product_lookup() -> Lookup:
    """Products of the scope's vendor (ids) by code, else by name."""
    rows = list(Product.objects.values_list("pk", "code", "name"))
    return Lookup("product", ((code, pk) for pk, code, _ in rows), ((name, pk) for pk, _, name in rows))


class ProductResource(VendorResource):
    code = Cell("code", Key(), help="Its short key; made from the name if absent.", names=("key", "sku"))
    name = Cell("name", Text(), required=True, help="Name.", names=("product",))
    family = Cell("family", Text(), help="Product family.", names=("category", "series"))
    list_price = Cell("list_price", Money(), help="In the vendor's currency.", names=("price",))
    is_active = Cell("is_active", Flag(default=True), help="Is it sold? Empty: yes.", names=("active",))

    keys = ("code", "name")
    tracked = ("code", "name", "family", "list_price", "is_active")

    class Meta:
        model = Product
        fields = ("code", "name", "family", "list_price", "is_active")

    def load_lookups(self) -> None:
        self.products = list(Product.objects.order_by("-pk"))
        self.owners: dict[str, Any] = {product.code: product.pk for product in self.products}

    def identity(self, field: str, value: Any) -> Any:
        return folded(value) if field == "name" else value

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        if field != "name":
            return super().existing(field, keys)
        return {self.identity("name", product.name): product for product in self.products}

    def complete(self, instance: Product, before: Product | None) -> None:
        instance.code = instance.code or (before.code if before else self._free_code(instance.name))
        owner = self.owners.setdefault(instance.code, instance.pk or instance)
        if owner != instance.pk and owner is not instance:
            raise ValidationError({"code": f"Another product has the code {instance.code!r} already."})

    def _free_code(self, name: str) -> str:
        code = slugify(name)[:50] or f"product-{crc32(name.encode()):08x}"
        return f"{code}-{crc32(name.encode()):08x}" if code in self.owners else code
