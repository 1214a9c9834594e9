"""Writes of the kernel: inviting people, joining, switching access on and off."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from portal.events.log import record
from portal.notifications import email as notifications_email
from portal.people import policies
from portal.people.models import Invitation, Membership, User
from portal.tenancy.access import Actor
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope

INVITATION_DAYS = 14
#: Called inside the joining transaction; the partners app seats the new member here.
JoinListener = Callable[[Invitation, Membership], None]
_join_listeners: list[JoinListener] = []


def on_join(listener: JoinListener) -> None:
    if listener not in _join_listeners:
        _join_listeners.append(listener)


@transaction.atomic
def invitation_create(*, actor: Actor, email: str, role: Role, partner_id: int | None = None) -> Invitation:
    """Invite a person by e-mail. PermissionDenied; ValidationError for somebody who is in already."""
    if not policies.may_invite(actor, role, partner_id):
        raise PermissionDenied("You cannot invite people into this role.")
    email = email.strip().lower()
    if _is_member(actor.vendor, email):
        raise ValidationError({"email": "This person already has access."})
    invitation, token = _new_invitation(email, role, actor.user)
    record("portal.invited", actor=actor, partner_id=partner_id, subject=invitation, data={"role": role})
    _send_invitation(actor.vendor, invitation, token)
    return invitation


def first_admin_invite(*, vendor: Vendor, email: str) -> str:
    """Invite a vendor's first program admin from the command line; returns the link as well as mailing it."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        invitation, token = _new_invitation(email.strip().lower(), Role.PROGRAM_ADMIN, None)
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


def _is_member(vendor: Vendor, email: str) -> bool:
    # Under the system scope: a partner's admin cannot see who else belongs to the vendor.
    with entered(system_scope(vendor.pk)):
        return Membership.objects.filter(user__email__iexact=email).exists()


def _send_invitation(vendor: Vendor, invitation: Invitation, token: str) -> str:
    context = {
        "link": absolute(vendor, "join", token),
        "role": invitation.get_role_display(),
        "invited_by": str(invitation.invited_by or vendor),
        "days": INVITATION_DAYS,
    }
    notifications_email.send_email(
        "invitation", key=f"invitation:{invitation.pk}", to=invitation.email, context=context
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
        if person.email.lower() != invitation.email:
            raise ValidationError("This invitation was sent to another address. Sign out and open it again.")
        membership, is_new = Membership.objects.get_or_create(user=person, defaults={"role": invitation.role})
        if not is_new:
            raise ValidationError(
                "You belong to this vendor already. Ask its program admin to change your role."
            )
        for listener in _join_listeners:
            listener(invitation, membership)
        Invitation.objects.filter(pk=invitation.pk).update(accepted_at=timezone.now())
        record("portal.joined", subject=membership, data={"role": membership.role, "user": person.pk})
        return person


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


def _new_person(email: str, first_name: str, last_name: str, password: str | None) -> User:
    if User.objects.filter(email__iexact=email).exists():
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
