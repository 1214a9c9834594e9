"""Reads of the partners app. Row security narrows every one of them to what the actor may see."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet

from partners.grants import MANAGE_PARTNER, MANAGE_REGION
from partners.models import Partner, PartnerUserGrant, Product, Region, Seat, SeatInvitation, Tier
from partners.policies import sees_own_deals_only
from portal.events.models import PortalEvent
from portal.people.models import Membership, User
from portal.tenancy.access import Actor
from portal.tenancy.roles import Role
from portal.tenancy.wall import across_the_wall
from portal.text import folded_key, folded_name, tidy

TIMELINE_PAGE = 30


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a seat; `last_seen` is the start of their latest session at this vendor, or None."""

    seat: Seat
    last_seen: datetime | None


def partners() -> QuerySet[Partner]:
    """Partners with what a list shows of them."""
    return Partner.objects.select_related("tier", "region", "parent")


def listed() -> QuerySet[Partner]:
    """The same with the columns of the list alone."""
    return partners().only(
        "slug", "name", "type", "status", "country", "city", "website", "joined_on", "tier__name",
        "region__name", "parent__name",
    )  # fmt: skip


def partners_called(among: QuerySet[Partner], text: str, most: int = 5) -> list[Partner]:
    """Those of that name or key, spelt exactly so; without any, those the same but for case and the like.

    Several are for the person who typed it to choose from; they are never guessed among. Two statements.
    """
    name = tidy(text)
    exact = list(among.filter(Q(name=name) | Q(slug=name))[:most])
    return exact or list(among.filter(Q(name_key=folded_name(name)) | Q(slug=folded_key(name)))[:most])


def tier_choices() -> list[tuple[int, str]]:
    """(id, name), the highest tier first."""
    return list(Tier.objects.order_by("-rank").values_list("pk", "name"))


def region_choices() -> list[tuple[int, str]]:
    return list(Region.objects.order_by("name").values_list("pk", "name"))


def people(partner: Partner) -> QuerySet[Seat]:
    """Seats of a partner, those with access first."""
    seats = Seat.objects.filter(partner=partner, left_at=None).select_related("user", "membership")
    return seats.order_by("-membership__is_active", "user__last_name", "user__first_name", "pk")


def with_last_seen(partner: Partner, seats: Iterable[Seat]) -> list[Person]:
    """Signing in is taken from this vendor's record: `User.last_login` would tell of other vendors'."""
    seats = list(seats)
    logins = PortalEvent.objects.filter(
        partner_id=partner.pk, type="portal.login", actor__in=[seat.user_id for seat in seats]
    )
    seen = dict(logins.order_by().values_list("actor").annotate(Max("occurred_at")))
    return [Person(seat, seen.get(seat.user_id)) for seat in seats]


def invitations(partner: Partner) -> QuerySet[SeatInvitation]:
    """Invitations into a partner that were neither accepted nor withdrawn, the newest first."""
    waiting = SeatInvitation.objects.filter(
        partner=partner, invitation__accepted_at=None, invitation__revoked_at=None
    )
    return waiting.select_related("invitation", "invitation__invited_by").order_by("-invitation__created_at")


def channel_managers(actor: Actor, partner: Partner) -> list[User]:
    """Who manages the partner, granted directly or through its region, by name.

    A partner's people may know their own managers' names, but not read the vendor's memberships.
    """
    wall = nullcontext() if actor.is_staff else across_the_wall("name a partner's managers", remember=False)
    with wall:
        return list(managers_of(partner))


def managers_of(partner: Partner) -> QuerySet[User]:
    """The same under the vendor's system scope, where there is no actor."""
    direct = PartnerUserGrant.objects.filter(
        content_object=partner, permission__codename=MANAGE_PARTNER
    ).values("user")
    by_region = User.groups.through.objects.filter(
        group__regiongroupgrant__content_object=partner.region_id,
        group__regiongroupgrant__permission__codename=MANAGE_REGION,
    ).values("user")
    working = Membership.objects.filter(role=Role.CHANNEL_MANAGER, is_active=True).values("user")
    managers = User.objects.filter(Q(pk__in=direct) | Q(pk__in=by_region), pk__in=working, is_active=True)
    return managers.order_by("last_name", "first_name", "email")


def events(actor: Actor, partner: Partner) -> QuerySet[PortalEvent]:
    """The golden record of a partner, newest first, as far as the actor may read it."""
    rows = PortalEvent.objects.filter(partner_id=partner.pk).select_related("actor")
    if sees_own_deals_only(actor):
        rows = rows.filter(Q(actor=actor.user.pk) | Q(type__startswith="partners."))
    return rows.order_by("-occurred_at", "-id")


def older_than(rows: QuerySet[PortalEvent], moment: datetime, event_id: int) -> QuerySet[PortalEvent]:
    """Events after this one in the list. The plain bound on time lets PostgreSQL skip later months."""
    after = Q(occurred_at__lt=moment) | Q(occurred_at=moment, pk__lt=event_id)
    return rows.filter(after, occurred_at__lte=moment)


def manager_choices() -> QuerySet[Membership]:
    """Memberships of the vendor's channel managers."""
    return _staff().order_by("user__last_name", "user__first_name", "user__email")


def managers_granted(partner: Partner) -> QuerySet[Membership]:
    """Memberships of those to whom the partner is granted directly."""
    return _staff().filter(
        user__partnerusergrant__content_object=partner,
        user__partnerusergrant__permission__codename=MANAGE_PARTNER,
    )


def managers_of_region(region: Region) -> QuerySet[Membership]:
    return _staff().filter(user__groups=region.group_id)


def _staff() -> QuerySet[Membership]:
    """Managers who are switched off keep what was granted; it waits for their return."""
    return Membership.objects.filter(role=Role.CHANNEL_MANAGER, is_active=True).select_related("user")


def managers_known() -> QuerySet[User]:
    """The vendor's channel managers as people, by name; to look them up among the members of groups."""
    known = Membership.objects.filter(role=Role.CHANNEL_MANAGER).values("user")
    return User.objects.filter(pk__in=known).order_by("last_name", "first_name", "email")


# What a registration is made of -----------------------------------------------------------------------


def products_on_offer() -> list[Product]:
    return list(Product.objects.filter(is_active=True).order_by("name"))
