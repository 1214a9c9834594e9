"""Reads of the kernel."""

from typing import Any

from django.db import transaction

from portal.people.models import Membership
from portal.tenancy.models import Vendor
from portal.tenancy.scope import Scope, entered


def vendors_of(user: Any) -> list[Vendor]:
    """The vendors a person belongs to, by name; a platform superuser gets them all."""
    if user.is_superuser:
        return list(Vendor.objects.filter(is_active=True))
    # A person reads their own memberships at every vendor; no other row is visible under this scope.
    with entered(Scope(vendor_id=None, actor_id=user.pk)), transaction.atomic():
        rows = Membership._base_manager.filter(user=user, is_active=True, vendor__is_active=True)
        return [row.vendor for row in rows.select_related("vendor").order_by("vendor__name")]
