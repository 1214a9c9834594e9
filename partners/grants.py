"""Who manages which partner: guardian's permissions, given to a person or to the group of a region.

These tables, like Django's groups, stand outside row security. Give these functions only partners and
regions that were read under a scope, and people who have a membership there; the services see to it.
"""

from uuid import uuid4

from django.contrib.auth.models import Group
from guardian.shortcuts import assign_perm, remove_perm

from partners.models import Partner, Region
from portal.models import User

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
