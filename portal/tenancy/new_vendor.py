"""A new vendor, with the programme every app gives it to begin with."""

from collections.abc import Callable

from django.db import transaction

from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope

#: Called under the new vendor's system scope; must be idempotent.
Hook = Callable[[Vendor], None]
_hooks: list[Hook] = []


def on_new_vendor(hook: Hook) -> None:
    """Register what an app sets up for a new vendor (stages, targets, an entry tier)."""
    if hook not in _hooks:
        _hooks.append(hook)


def create_vendor(*, slug: str, name: str, **fields: object) -> Vendor:
    """Create a vendor and its defaults. Raises ValidationError for a bad or taken slug, currency or zone."""
    vendor = Vendor(slug=slug, name=name, **fields)
    vendor.full_clean()
    with transaction.atomic():
        vendor.save()
        with entered(system_scope(vendor.pk)):
            for hook in _hooks:
                hook(vendor)
    return vendor
