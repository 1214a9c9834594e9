"""Reads of the kernel."""

from typing import Any

from django.db import transaction

from portal.people.models import Membership, User
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import Scope, current_vendor_id, entered, system_scope


def vendors_of(user: Any) -> list[Vendor]:
    """The vendors a person belongs to, by name; a platform superuser gets them all."""
    if user.is_superuser:
        return list(Vendor.objects.filter(is_active=True))
    # A person reads their own memberships at every vendor; no other row is visible under this scope.
    with entered(Scope(vendor_id=None, actor_id=user.pk)), transaction.atomic():
        rows = Membership._base_manager.filter(user=user, is_active=True, vendor__is_active=True)
        return [row.vendor for row in rows.select_related("vendor").order_by("vendor__name")]


def program_admins() -> list[User]:
    """Of the scope's vendor. Partner people cannot read them; whom they wait for is written to, not shown."""
    vendor_id = current_vendor_id()
    if vendor_id is None:
        raise RuntimeError("no vendor in scope")
    with entered(system_scope(vendor_id)):
        admins = Membership.objects.filter(role=Role.PROGRAM_ADMIN, is_active=True, user__is_active=True)
        return [membership.user for membership in admins.select_related("user").order_by("pk")]
