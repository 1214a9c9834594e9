"""Writes of the kernel: inviting people, joining, switching access on and off."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.events.log import record
from portal.limits import Limit
from portal.notifications import email as notifications_email
from portal.people import policies
from portal.people.models import Invitation, Membership, User
from portal.tenancy.access import Actor
from portal.tenancy.links import absolute
from portal.tenancy.models import AddressChange, Vendor
from portal.tenancy.roles import STAFF_ROLES, Role
from portal.tenancy.scope import entered, system_scope
from portal.text import email_address

INVITATION_DAYS = 14
OPEN_ALREADY = "This person has an open invitation already."
#: The same button pressed again within this time is one press.
DOUBLE_CLICK = timedelta(minutes=1)
_DAY = 24 * 60 * 60
#: Invitations a day: of one person (of a partner, of the vendor), into one partner, to one address there.
PER_INVITER = {False: Limit("invite.partner_person", 20, _DAY), True: Limit("invite.staff", 200, _DAY)}
PER_PARTNER = Limit("invite.partner", 40, _DAY)
PER_ADDRESS = Limit("invite.address", 5, _DAY)
#: Called inside the joining transaction; the partners app seats the new member here.
JoinListener = Callable[[Invitation, Membership], None]
_join_listeners: list[JoinListener] = []


def on_join(listener: JoinListener) -> None:
    if listener not in _join_listeners:
        _join_listeners.append(listener)


@transaction.atomic
def invitation_create(*, actor: Actor, email: str, role: Role, partner_id: int | None = None) -> Invitation:
    """Invite a person by e-mail. PermissionDenied; ValidationError for too many, and among one's own people.

    Into a partner the answer is the same whoever the address belongs to: it would tell who works for a rival.
    Who belongs to the vendor already is told so by the link, and by it alone.
    """
    if not policies.may_invite(actor, role, partner_id):
        raise PermissionDenied("You cannot invite people into this role.")
    email = email_address(email)
    _count_invitation(actor, email, partner_id)
    if partner_id is None:
        _refuse_member(actor.vendor, email)
    invitation, token = _new_invitation(email, role, actor.user)
    record("portal.invited", actor=actor, partner_id=partner_id, subject=invitation, data={"role": role})
    _send_invitation(actor.vendor, invitation, token)
    return invitation


def first_admin_invite(*, vendor: Vendor, email: str) -> str:
    """Invite a vendor's first program admin from the command line; returns the link as well as mailing it."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        invitation, token = _new_invitation(email, Role.PROGRAM_ADMIN, None)
        record("portal.invited", subject=invitation, data={"role": invitation.role})
        return _send_invitation(vendor, invitation, token)


def _new_invitation(email: str, role: Role, invited_by: User | None) -> tuple[Invitation, str]:
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    invitation = Invitation.objects.create(
        email=email,
        role=role,
        token_hash=hash_token(token),
        invited_by=invited_by,
        created_at=now,
        expires_at=now + timedelta(days=INVITATION_DAYS),
    )
    return invitation, token


def invite_once(vendor: Vendor, email: str, partner_id: int | None) -> None:
    """Wait until nobody else invites this address here in a transaction of their own."""
    with connection.cursor() as cursor:
        name = f"invite {partner_id or 'staff'} {email_address(email)}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, %s))", [name, vendor.pk])


def open_invitation(invitations: QuerySet[Invitation], email: str) -> Invitation | None:
    """Of these, the one this address could still accept."""
    waiting = invitations.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return waiting.filter(email=email_address(email)).first()


def is_same_click(actor: Actor, invitation: Invitation, role: str) -> bool:
    """Whether this invitation was sent a moment ago by the very same button."""
    recent = timezone.now() - invitation.created_at < DOUBLE_CLICK
    return recent and invitation.invited_by_id == actor.user.pk and invitation.role == role


def staff_invite(*, actor: Actor, email: str, role: Role) -> Invitation:
    """Invite one of the vendor's own people; a double click is one invitation."""
    with transaction.atomic():
        invite_once(actor.vendor, email, None)
        found = open_invitation(Invitation.objects.filter(role__in=STAFF_ROLES), email)
        if found and is_same_click(actor, found, role):
            return found
        if found:
            raise ValidationError({"email": OPEN_ALREADY})
        return invitation_create(actor=actor, email=email, role=role)


def _count_invitation(actor: Actor, email: str, partner_id: int | None) -> None:
    """One person, one partner and one address: each only so often a day."""
    vendor = actor.vendor.pk
    allowed = [
        PER_INVITER[actor.is_staff].allows(vendor, actor.user.pk),
        PER_ADDRESS.allows(vendor, partner_id, email),
        actor.is_staff or PER_PARTNER.allows(vendor, partner_id),
    ]
    if not all(allowed):
        raise ValidationError(
            {"email": "Too many invitations today. Try again tomorrow, or ask the program admin."}
        )


def _refuse_member(vendor: Vendor, email: str) -> None:
    """For program admins, who read every membership anyway."""
    membership = Membership.objects.filter(user__email=email_address(email)).first()
    if membership is None:
        return
    if membership.is_active:
        raise ValidationError({"email": "This person already has access."})
    raise ValidationError(
        {"email": "This person's access is switched off. Switch it on again under “People and roles”."}
    )


def _send_invitation(vendor: Vendor, invitation: Invitation, token: str) -> str:
    context = {
        "link": absolute(vendor, "join", token),
        "role": invitation.get_role_display(),
        "invited_by": str(invitation.invited_by or vendor),
        "days": INVITATION_DAYS,
    }
    key = f"invitation:{invitation.pk}"
    notifications_email.send_email(
        "invitation", key=key, to=invitation.email, context=context, secrets=("link",)
    )
    return str(context["link"])


def hash_token(token: str) -> str:
    """Tokens are long and random, so a plain digest is enough; the token itself is never stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def invitation_find(vendor: Vendor, token: str) -> Invitation | None:
    """The open invitation of this token, or None. Runs under the vendor's system scope of its own."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        invitation = Invitation.objects.filter(token_hash=hash_token(token)).first()
    return invitation if invitation and invitation.is_open else None


def invitation_accept(
    *,
    vendor: Vendor,
    token: str,
    first_name: str,
    last_name: str,
    password: str | None,
    user: User | None = None,
) -> User:
    """Turn an invitation into a membership, creating the person if the address is new.

    `user` is the signed-in person accepting for themselves; a stranger must choose a `password`.
    An address that has an account already must sign in first: ValidationError. Accepting twice is once.
    """
    with entered(system_scope(vendor.pk)), transaction.atomic():
        invitation = Invitation.objects.select_for_update().filter(token_hash=hash_token(token)).first()
        if invitation is None or not invitation.is_open:
            raise ValidationError(
                "This invitation has been used, withdrawn or has expired. Ask for a new one."
            )
        person = user or _new_person(invitation.email, first_name, last_name, password)
        if person.email != invitation.email:
            raise ValidationError("This invitation was sent to another address. Sign out and open it again.")
        membership, is_new = Membership.objects.get_or_create(user=person, defaults={"role": invitation.role})
        if not is_new:
            _come_back(invitation, membership)
        for listener in _join_listeners:
            listener(invitation, membership)
        Invitation.objects.filter(pk=invitation.pk).update(accepted_at=timezone.now())
        record("portal.joined", subject=membership, data={"role": membership.role, "user": person.pk})
        return person


def _come_back(invitation: Invitation, membership: Membership) -> None:
    """Who had left is let in again by the vendor's people alone: a partner cannot undo what they decided."""
    if membership.is_active:
        raise ValidationError("You belong to this vendor already. Ask its program admin to change your role.")
    inviter = Membership.objects.filter(user=invitation.invited_by_id, is_active=True).first()
    if inviter is None or inviter.is_partner_person:
        raise ValidationError(
            "You had access before, and it was switched off. Ask the vendor's program admin or your channel "
            "manager for an invitation."
        )
    membership.role, membership.is_active, membership.left_at = invitation.role, True, None
    membership.save(update_fields=["role", "is_active", "left_at"])


@transaction.atomic
def invitation_revoke(*, actor: Actor, invitation: Invitation, partner_id: int | None = None) -> None:
    """Withdraw an invitation; its link stops working at once. One that was used stays as it is."""
    if not policies.may_invite(actor, Role(invitation.role), partner_id):
        raise PermissionDenied("You cannot withdraw this invitation.")
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at or invitation.revoked_at:
        return
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    data = {"email": invitation.email}
    record("portal.invitation_revoked", actor=actor, partner_id=partner_id, subject=invitation, data=data)


def is_address_taken(email: str, *, by_others_than: User | None = None) -> bool:
    """Somebody signs in with it, or gave it up so lately that they may still take it back."""
    people = User.objects.filter(email=email)
    lately = AddressChange.objects.filter(before=email, undone_at=None, undo_until__gt=timezone.now())
    if by_others_than is not None:
        people, lately = people.exclude(pk=by_others_than.pk), lately.exclude(user=by_others_than)
    return people.exists() or lately.exists()


def _new_person(email: str, first_name: str, last_name: str, password: str | None) -> User:
    if is_address_taken(email):
        raise ValidationError("You have an account already. Sign in, then open the invitation again.")
    return User.objects.create_user(email, password, first_name=first_name, last_name=last_name)


@transaction.atomic
def membership_set_active(
    *, actor: Actor, membership: Membership, active: bool, partner_id: int | None = None
) -> None:
    """Switch a person's access on or off; it takes effect with the person's next request."""
    if not policies.may_disable(actor, membership, partner_id):
        raise PermissionDenied("You cannot change this person's access.")
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    if membership.is_active == active:
        return
    membership.is_active = active
    membership.left_at = None if active else timezone.now()
    membership.save(update_fields=["is_active", "left_at"])
    what = "portal.member_enabled" if active else "portal.member_disabled"
    record(what, actor=actor, partner_id=partner_id, subject=membership)


@transaction.atomic
def membership_change_role(*, actor: Actor, membership: Membership, role: Role) -> None:
    """Give somebody of the vendor's staff another staff role; it takes effect with their next request."""
    if not policies.may_change_role(actor, membership, role):
        raise PermissionDenied("You cannot change this person's role.")
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    if membership.role == role:
        return
    before, membership.role = Role(membership.role).label, role
    membership.save(update_fields=["role"])
    data = {"person": str(membership.user), "from": before, "to": role.label}
    record("portal.role_changed", actor=actor, subject=membership, data=data)
