"""Whose rows a membership reaches: guardian grants for channel managers, seats for partner people."""

from collections.abc import Collection
from datetime import timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.utils import timezone

from partners.models import STOPPED, Partner, PartnerStatus, PartnerType, Seat
from portal.events.models import PortalEvent
from portal.people.models import Membership
from portal.tenancy.access import Pause, Reach
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.ui.formatting import format_date


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
    seat = seats.select_related("partner__tier").first()
    if seat is None:
        return Reach()
    own = frozenset({seat.partner_id})
    read = own | frozenset(seat.below) if seat.partner.type == PartnerType.DISTRIBUTOR else own
    if seat.partner.status not in STOPPED:
        return Reach(partner_ids=read, own_partner_ids=own, home=seat.partner)
    # The one place that asks: with nothing to write for, every policy and the database say no.
    pause = _pause(seat.partner, membership.vendor)
    readable = read if pause.reads else frozenset()
    return Reach(partner_ids=readable, own_partner_ids=frozenset(), home=seat.partner, pause=pause)


def homes(user_ids: Collection[int]) -> dict[int, int]:
    """{user id: id of the partner they sit in}, in one statement."""
    seats = Seat.objects.filter(user__in=user_ids, left_at=None).order_by()
    return dict(seats.values_list("user_id", "partner_id"))


def _pause(partner: Partner, vendor: Vendor) -> Pause:
    """What is going on, for the partner's people; the reason is the one its timeline tells."""
    told = PortalEvent.objects.filter(partner_id=partner.pk, type="partners.status_changed")
    reason = told.order_by("-occurred_at", "-pk").values_list("data__reason", flat=True).first()
    since = format_date(timezone.localtime(partner.status_since, vendor.zone), "year")
    because = f": {reason.rstrip('.')}" if reason else ""
    if partner.status == PartnerStatus.SUSPENDED:
        title = f"{partner} has been suspended by {vendor} since {since}{because}."
        return Pause(title, _what_goes_on(vendor.suspended_partners_read), vendor.suspended_partners_read)
    title = f"The partnership of {partner} with {vendor} ended on {since}{because}."
    last = partner.status_since + timedelta(days=vendor.ended_partners_read_days)
    reads = timezone.now() < last
    until = format_date(timezone.localtime(last, vendor.zone), "year")
    return Pause(title, _what_goes_on(reads, f" until {until}"), reads)


def _what_goes_on(reads: bool, until: str = "") -> str:
    if reads:
        return f"You can look at everything that is yours{until}, but nothing can be changed."
    return "Your pages are closed. What you registered is kept."
