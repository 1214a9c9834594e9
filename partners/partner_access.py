"""Whose rows a membership reaches: guardian grants for channel managers, seats for partner people."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q

from partners.models import Partner, PartnerType, Seat
from portal.people.models import Membership
from portal.tenancy.access import Reach
from portal.tenancy.roles import Role


def reach(membership: Membership) -> Reach:
    """One query either way, nothing kept: a revoked grant takes effect with the next request."""
    if membership.role == Role.CHANNEL_MANAGER:
        return Reach(partner_ids=_granted(membership))
    return _seated(membership)


def _granted(membership: Membership) -> frozenset[int]:
    """Partners granted directly, or through the group of their region."""
    user_id = membership.user_id
    direct = Q(partnerusergrant__user=user_id, partnerusergrant__permission__codename="manage_partner")
    by_region = Q(
        region__regiongroupgrant__group__user=user_id,
        region__regiongroupgrant__permission__codename="manage_region_partners",
    )
    partners = Partner.objects.order_by().values_list("pk", flat=True)
    return frozenset(partners.filter(direct).union(partners.filter(by_region)))


def _seated(membership: Membership) -> Reach:
    """The seat, its partner, and what a distributor has below it, in one statement."""
    below = ArraySubquery(Partner.objects.filter(parent=OuterRef("partner")).order_by().values("pk"))
    seats = Seat.objects.filter(membership=membership, left_at=None).annotate(below=below)
    seat = seats.select_related("partner").first()
    if seat is None:
        return Reach()
    own = frozenset({seat.partner_id})
    if seat.partner.type != PartnerType.DISTRIBUTOR:
        return Reach(partner_ids=own, home=seat.partner)
    return Reach(partner_ids=own | frozenset(seat.below), own_partner_ids=own, home=seat.partner)
