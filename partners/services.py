"""Writes of the partners app: one function per business action."""

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from partners import grants, policies
from partners.models import STOPPED, Partner, PartnerStatus, PartnerType, Region, Seat, SeatInvitation, Tier
from portal.events.log import record
from portal.people import services as people
from portal.people.models import Invitation, Membership
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import PARTNER_ROLES, Role
from portal.tenancy.wall import across_the_wall
from portal.text import email_address

#: What a channel manager may change of a partner; the rest is arranged by the program admin.
DETAILS = frozenset({"name", "type", "country", "city", "website"})
ARRANGEMENT = frozenset({"slug", "region", "parent", "external_key", "joined_on"})


# Partners -------------------------------------------------------------------------------------------


@transaction.atomic
def partner_create(*, actor: Actor, **fields: Any) -> Partner:
    """Add a partner to the programme. ValidationError names the fields that cannot stand."""
    _require(policies.may_arrange(actor), "Only a program admin adds partners.")
    partner = Partner(**fields)
    _check(partner, fields.keys() | {"slug", "name"})
    partner.save(force_insert=True)
    record("partners.joined", actor=actor, partner_id=partner.pk, subject=partner)
    return partner


@transaction.atomic
def partner_change(*, actor: Actor, partner: Partner, changes: Mapping[str, Any]) -> Partner:
    """Change details ({field: value}); what is the same already is left alone and leaves no event."""
    _require(policies.may_change(actor, partner), "Only its channel managers change a partner.")
    if not changes.keys() <= DETAILS:
        _require(policies.may_arrange(actor), "Only a program admin changes this.")
    unknown = changes.keys() - DETAILS - ARRANGEMENT
    if unknown:
        raise ValueError(f"not to be changed here: {', '.join(sorted(unknown))}")
    partner = _locked(partner)
    changed = {field: value for field, value in changes.items() if getattr(partner, field) != value}
    if not changed:
        return partner
    for field, value in changed.items():
        setattr(partner, field, value)
    _check(partner, changed.keys())
    partner.save(update_fields=list(changed))
    record("partners.changed", actor=actor, partner_id=partner.pk, subject=partner, data=_told(changed))
    return partner


def _told(changed: Mapping[str, Any]) -> dict[str, str]:
    """What a timeline tells of changed fields: {"Tier": "Gold"}; names, because keys mean nothing later."""
    fields = {field.name: field for field in Partner._meta.fields}
    return {str(fields[name].verbose_name): _named(fields[name], value) for name, value in changed.items()}


def _named(field: Any, value: Any) -> str:
    """A value as people read it: "Reseller", not the key it is kept as."""
    return str(dict(field.flatchoices or ()).get(value, "" if value is None else value))


@transaction.atomic
def tier_change(*, actor: Actor, partner: Partner, tier: Tier | None, reason: str = "") -> Partner:
    """Move a partner to a tier, or out of all tiers."""
    _require(policies.may_change(actor, partner), "Only its channel managers change a partner's tier.")
    partner = _locked(partner)
    before = partner.tier
    if before == tier:
        return partner
    partner.tier = tier
    partner.save(update_fields=["tier"])
    data = {"from": str(before or "no tier"), "to": str(tier or "no tier"), "reason": reason}
    record("partners.tier_changed", actor=actor, partner_id=partner.pk, subject=partner, data=data)
    return partner


@transaction.atomic
def status_change(*, actor: Actor, partner: Partner, status: str, reason: str = "") -> Partner:
    """Suspending or ending a partnership needs a reason: ValidationError {"reason": ...} without one."""
    _require(policies.may_change(actor, partner), "Only its channel managers change a partner's status.")
    status = PartnerStatus(status)
    partner = _locked(partner)
    before = PartnerStatus(partner.status)
    if before == status:
        return partner
    if status in STOPPED and not reason.strip():
        raise ValidationError({"reason": "Give a reason: the partner reads it on its timeline."})
    partner.status, partner.status_since = status, timezone.now()
    partner.save(update_fields=["status", "status_since"])
    data = {"from": before.label, "to": status.label, "reason": reason.strip()}
    record("partners.status_changed", actor=actor, partner_id=partner.pk, subject=partner, data=data)
    return partner


@transaction.atomic
def own_deals_only_set(*, actor: Actor, partner: Partner, on: bool) -> Partner:
    """Let the partner's reps see only the deals they registered themselves, or all of them again."""
    _require(policies.may_limit_reps(actor, partner), "The partner's own admin decides this.")
    partner = _locked(partner)
    if partner.own_deals_only == on:
        return partner
    partner.own_deals_only = on
    partner.save(update_fields=["own_deals_only"])
    what = "partners.deals_limited" if on else "partners.deals_shared"
    record(what, actor=actor, partner_id=partner.pk, subject=partner)
    return partner


def _locked(partner: Partner) -> Partner:
    locked: Partner = Partner.objects.select_for_update().get(pk=partner.pk)
    return locked


def _check(partner: Partner, changed: Collection[str]) -> None:
    """Rules of the changed fields, unique keys, and the hierarchy: one level, under distributors.

    What stays as it is may point to rows the actor does not see, such as a distributor managed by others.
    """
    kept = {field.name for field in Partner._meta.fields} - set(changed) - {"vendor"}
    partner.full_clean(exclude=kept)
    if partner.type == PartnerType.DISTRIBUTOR and partner.parent_id is not None:
        raise ValidationError({"type": "A distributor does not buy through another distributor."})
    if "parent" in changed and partner.parent and partner.parent.type != PartnerType.DISTRIBUTOR:
        raise ValidationError({"parent": "Choose a distributor."})
    if "type" in changed and partner.type != PartnerType.DISTRIBUTOR and _has_sub_partners(partner):
        raise ValidationError({"type": "Others buy through it, so it must stay a distributor."})


def _has_sub_partners(partner: Partner) -> bool:
    if partner.pk is None:
        return False
    with across_the_wall("look for sub-partners that others manage", remember=False):
        return Partner.objects.filter(parent=partner.pk).exists()


# People of a partner --------------------------------------------------------------------------------


@transaction.atomic
def person_invite(*, actor: Actor, partner: Partner, email: str, role: str) -> Invitation:
    """Invite somebody into a seat at the partner.

    PermissionDenied for another partner's admin or a role of the vendor's staff; ValidationError for
    somebody who sits in this partner or has an open invitation to it. Pressed twice is once.
    """
    if role not in PARTNER_ROLES:
        raise PermissionDenied("A partner's people are reps or admins.")
    _require(policies.may_manage_people(actor, partner), "You cannot invite people into this partner.")
    policies.refuse_stopped(partner)
    people.invite_once(actor.vendor, email, partner.pk)
    found = people.open_invitation(Invitation.objects.filter(seat_invitation__partner=partner), email)
    if found and people.is_same_click(actor, found, role):
        return found
    if found:
        raise ValidationError({"email": people.OPEN_ALREADY})
    _refuse_colleague(partner, email)
    invitation = people.invitation_create(actor=actor, email=email, role=Role(role), partner_id=partner.pk)
    SeatInvitation.objects.create(invitation=invitation, partner=partner)
    return invitation


def _refuse_colleague(partner: Partner, email: str) -> None:
    """Who sits here already is no secret to who invites: they stand in the same list."""
    seats = Seat.objects.filter(partner=partner, user__email=email_address(email), left_at=None)
    seat = seats.select_related("membership").first()
    if seat is None:
        return
    if seat.membership.is_active:
        raise ValidationError({"email": "This person is among the people of this partner already."})
    raise ValidationError(
        {"email": "This person's access is switched off. Switch it on again in the list of people."}
    )


def person_invitation_revoke(*, actor: Actor, invited: SeatInvitation) -> None:
    """Withdraw an open invitation; its link stops working at once."""
    people.invitation_revoke(actor=actor, invitation=invited.invitation, partner_id=invited.partner_id)


def seat_on_join(invitation: Invitation, membership: Membership) -> None:
    """Seat somebody who joined through an invitation that leads to a partner."""
    target = SeatInvitation.objects.filter(invitation=invitation).first()
    if target is None:
        return
    seat, is_new = Seat.objects.get_or_create(
        membership=membership, defaults={"partner_id": target.partner_id, "user_id": membership.user_id}
    )
    if not is_new:  # somebody who had left comes back, perhaps to another partner
        seat.partner_id, seat.since, seat.left_at = target.partner_id, timezone.now(), None
        seat.save(update_fields=["partner", "since", "left_at"])


def person_disable(*, actor: Actor, seat: Seat) -> None:
    """Switch a person's access off; it takes effect with their next request."""
    people.membership_set_active(
        actor=actor, membership=seat.membership, active=False, partner_id=seat.partner_id
    )


def person_enable(*, actor: Actor, seat: Seat) -> None:
    people.membership_set_active(
        actor=actor, membership=seat.membership, active=True, partner_id=seat.partner_id
    )


@transaction.atomic
def person_change_role(*, actor: Actor, seat: Seat, role: str) -> None:
    """Make a rep an admin of the partner, or the other way round."""
    _require(policies.may_change_person(actor, seat), "You cannot change this person's role.")
    if role not in PARTNER_ROLES:
        raise PermissionDenied("A partner's people are reps or admins.")
    membership = Membership.objects.select_for_update().get(pk=seat.membership_id)
    if membership.role == role:
        return
    before, membership.role = Role(membership.role).label, Role(role)
    membership.save(update_fields=["role"])
    data = {"person": str(seat.user), "from": before, "to": Role(role).label}
    record("partners.role_changed", actor=actor, partner_id=seat.partner_id, subject=membership, data=data)


@transaction.atomic
def seat_move(*, actor: Actor, seat: Seat, partner: Partner) -> Seat:
    """Seat a person at another partner of the programme; what they did stays with the former one."""
    _require(policies.may_arrange(actor), "Only a program admin moves people between partners.")
    seat = Seat.objects.select_for_update().get(pk=seat.pk)
    if seat.partner_id == partner.pk:
        return seat
    policies.refuse_stopped(partner)
    before, seat.partner, seat.since = seat.partner, partner, timezone.now()
    seat.save(update_fields=["partner", "since"])
    data = {"person": str(seat.user), "from": before.name, "to": partner.name}
    for partner_id in (before.pk, partner.pk):
        record("partners.seat_moved", actor=actor, partner_id=partner_id, subject=seat, data=data)
    return seat


# Channel managers and regions -----------------------------------------------------------------------


@transaction.atomic
def channel_manager_grant(*, actor: Actor, partner: Partner, membership: Membership) -> None:
    """Give a channel manager this partner; it shows on their next request."""
    _require(policies.may_arrange(actor), "Only a program admin assigns channel managers.")
    _must_manage(membership, "manager")
    grants.grant_partner(membership.user, partner)
    _record_manager("partners.manager_granted", actor, partner, membership)


@transaction.atomic
def channel_manager_revoke(*, actor: Actor, partner: Partner, membership: Membership) -> None:
    _require(policies.may_arrange(actor), "Only a program admin assigns channel managers.")
    grants.revoke_partner(membership.user, partner)
    _record_manager("partners.manager_revoked", actor, partner, membership)


@transaction.atomic
def region_create(*, actor: Actor, name: str, code: str = "") -> Region:
    """Open a region with a group of its own, whose members manage every partner in it."""
    _require(policies.may_arrange(actor), "Only a program admin opens regions.")
    region = Region(name=name, code=code)
    region.full_clean(exclude={"group"})
    region.group = grants.new_region_group(actor.vendor.slug)
    region.save(force_insert=True)
    grants.open_region(region)
    record("partners.region_opened", actor=actor, subject=region, data={"region": name})
    return region


@transaction.atomic
def region_manager_add(*, actor: Actor, region: Region, membership: Membership) -> None:
    """Give a channel manager every partner of the region, those that join later included."""
    _require(policies.may_arrange(actor), "Only a program admin assigns regions.")
    _must_manage(membership, "manager")
    membership.user.groups.add(region.group_id)
    _record_region("partners.region_manager_added", actor, region, membership)


@transaction.atomic
def region_manager_remove(*, actor: Actor, region: Region, membership: Membership) -> None:
    _require(policies.may_arrange(actor), "Only a program admin assigns regions.")
    membership.user.groups.remove(region.group_id)
    _record_region("partners.region_manager_removed", actor, region, membership)


def _must_manage(membership: Membership, field: str) -> None:
    if membership.role != Role.CHANNEL_MANAGER:
        raise ValidationError({field: "Choose a channel manager."})


def _record_manager(what: str, actor: Actor, partner: Partner, membership: Membership) -> None:
    data = {"person": str(membership.user)}
    record(what, actor=actor, partner_id=partner.pk, subject=partner, data=data)


def _record_region(what: str, actor: Actor, region: Region, membership: Membership) -> None:
    data = {"person": str(membership.user), "region": region.name}
    record(what, actor=actor, subject=region, data=data)


def _require(allowed: bool, why_not: str) -> None:
    if not allowed:
        raise PermissionDenied(why_not)


# A new vendor ---------------------------------------------------------------------------------------


def programme_defaults(vendor: Vendor) -> None:
    """The tier everybody begins in, where the vendor has none yet.

    Runs under the vendor's system scope in the caller's transaction.
    """
    if not Tier.objects.exists():
        Tier.objects.create(name="Registered", rank=1)
