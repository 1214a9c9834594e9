"""Who manages which partner: guardian's permissions, given to a person or to the group of a region.

These tables, like Django's groups, stand outside row security. Give these functions only partners and
regions that were read under a scope, and people who have a membership there; the services see to it.
"""

from collections.abc import Iterable
from uuid import uuid4

from django.contrib.auth.models import Group, Permission
from guardian.shortcuts import assign_perm, remove_perm

from partners.models import Partner, PartnerUserGrant, Region, RegionGroupGrant
from portal.people.models import User

MANAGE_PARTNER = "manage_partner"
MANAGE_REGION = "manage_region_partners"


def grant_partner(user: User, partner: Partner) -> None:
    """Make the person a channel manager of the partner; twice is once."""
    assign_perm(MANAGE_PARTNER, user, partner)


def revoke_partner(user: User, partner: Partner) -> None:
    remove_perm(MANAGE_PARTNER, user, partner)


def new_region_group(vendor_slug: str) -> Group:
    """A group for one region. Its name only has to be unique among all vendors; nobody reads it."""
    return Group.objects.create(name=f"region of {vendor_slug} {uuid4().hex}")


def open_region(region: Region) -> None:
    """Let the members of the region's group manage every partner in it; twice is once."""
    assign_perm(MANAGE_REGION, region.group, region)


# The same for many at once, as an import brings them.


def grant_partners(pairs: Iterable[tuple[int, int]]) -> None:
    """Make people (user id) channel managers of partners (partner id); twice is once."""
    permission = _permission(MANAGE_PARTNER)
    rows = [
        PartnerUserGrant(permission=permission, user_id=user_id, content_object_id=partner_id)
        for user_id, partner_id in pairs
    ]
    PartnerUserGrant.objects.bulk_create(rows, ignore_conflicts=True)


def open_regions(names: Iterable[str], vendor_slug: str) -> list[Region]:
    """New regions of the scope's vendor, each with its group and the group's grant."""
    regions = [Region(name=name) for name in names]
    groups = [Group(name=f"region of {vendor_slug} {uuid4().hex}") for _ in regions]
    for region, group in zip(regions, Group.objects.bulk_create(groups), strict=True):
        region.group = group
    Region.objects.bulk_create(regions)
    permission = _permission(MANAGE_REGION)
    RegionGroupGrant.objects.bulk_create(
        RegionGroupGrant(permission=permission, group=region.group, content_object=region)
        for region in regions
    )
    return regions


def _permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename, content_type__app_label="partners")
