"""Changing the address one signs in with: it counts once proved, and the old one can undo it for a week."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from portal.events.log import record
from portal.limits import Limit
from portal.notifications.email import composed
from portal.people.models import Membership, User
from portal.people.services import hash_token, is_address_taken
from portal.tenancy.access import reach_of
from portal.tenancy.links import lobby
from portal.tenancy.models import AddressChange
from portal.tenancy.scope import Scope, entered, system_scope
from portal.text import email_address

PROOF_HOURS: Final = 24
UNDO_DAYS: Final = 7
PER_PERSON: Final = Limit("address.person", 5, 24 * 60 * 60)
PER_ADDRESS: Final = Limit("address.target", 3, 24 * 60 * 60)
TOO_OFTEN = "You asked for this several times today. Try again tomorrow."


def waiting_change(user: User) -> AddressChange | None:
    """The change this person has asked for and not proved yet."""
    waiting = AddressChange.objects.filter(user=user, proved_at=None, cancelled_at=None)
    return waiting.filter(expires_at__gt=timezone.now()).order_by("-asked_at").first()


@transaction.atomic
def address_change_ask(*, user: User, email: str) -> None:
    """Mail a proof to the new address; nothing changes before it is opened there.

    An address that has an account gets a mail that says so: whoever asks learns nothing from the page.
    ValidationError for one's own address, and for asking too often.
    """
    email = email_address(email)
    if email == user.email.lower():
        raise ValidationError({"email": "This is the address you sign in with already."})
    if not PER_PERSON.allows(user.pk) or not PER_ADDRESS.allows(email):
        raise ValidationError({"email": TOO_OFTEN})
    now, token = timezone.now(), secrets.token_urlsafe(32)
    AddressChange.objects.filter(user=user, proved_at=None, cancelled_at=None).update(cancelled_at=now)
    AddressChange.objects.create(
        user=user,
        before=user.email,
        after=email,
        proof_hash=hash_token(token),
        asked_at=now,
        expires_at=now + timedelta(hours=PROOF_HOURS),
    )
    if is_address_taken(email, by_others_than=user):
        _mail("address_taken", email, {})
        return
    context = {"link": lobby("account_email_prove", token), "before": user.email, "hours": PROOF_HOURS}
    _mail("address_prove", email, context)


@transaction.atomic
def address_change_cancel(*, user: User) -> None:
    """Forget what was asked for; its link stops working."""
    waiting = AddressChange.objects.filter(user=user, proved_at=None, cancelled_at=None)
    waiting.update(cancelled_at=timezone.now())


def provable(token: str) -> AddressChange | None:
    """The change this link proves, while it may still be proved."""
    waiting = AddressChange.objects.filter(proof_hash=hash_token(token), proved_at=None, cancelled_at=None)
    change = waiting.filter(expires_at__gt=timezone.now()).select_related("user").first()
    return change if change and change.user.email == change.before else None


@transaction.atomic
def address_change_prove(*, token: str) -> AddressChange:
    """The new address counts from now; the old one is told, and how to undo it. ValidationError else."""
    change = provable(token)
    if change is None:
        raise ValidationError("This link has been used, or it is too old. Ask for the change again.")
    user = User.objects.select_for_update().get(pk=change.user_id)
    if user.email != change.before or is_address_taken(change.after, by_others_than=user):
        raise ValidationError("This address cannot be used any more. Ask for the change again.")
    undo = secrets.token_urlsafe(32)
    change.proved_at = timezone.now()
    change.undo_until = change.proved_at + timedelta(days=UNDO_DAYS)
    change.undo_hash = hash_token(undo)
    change.save(update_fields=["proved_at", "undo_until", "undo_hash"])
    _set_address(user, change.after)
    context = {"link": lobby("account_email_undo", undo), "after": change.after, "days": UNDO_DAYS}
    _mail("address_changed", change.before, context)
    _record("portal.address_changed", user, {"from": change.before, "to": change.after})
    return change


def undoable(token: str) -> AddressChange | None:
    """The change this link takes back, while it may."""
    proved = AddressChange.objects.filter(undo_hash=hash_token(token), undone_at=None)
    return proved.filter(undo_until__gt=timezone.now()).exclude(undo_hash="").select_related("user").first()


@transaction.atomic
def address_change_undo(*, token: str) -> AddressChange:
    """The old address counts again and every device is signed out; what came after is void as well.

    The password and second factors set since may be a thief's: a new one is chosen by mail.
    """
    change = undoable(token)
    if change is None:
        raise ValidationError("This link has been used, or it is too old. Ask your program admin for help.")
    user = User.objects.select_for_update().get(pk=change.user_id)
    if User.objects.filter(email=change.before).exclude(pk=user.pk).exists():
        raise ValidationError("Somebody else uses this address now. Ask your program admin for help.")
    now, after = timezone.now(), user.email
    later = AddressChange.objects.filter(user=user, asked_at__gte=change.asked_at)
    later.filter(proved_at=None).update(cancelled_at=now)
    later.exclude(proved_at=None).update(undone_at=now)
    Authenticator.objects.filter(user=user, created_at__gte=change.asked_at).delete()
    _set_address(user, change.before)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    _record("portal.address_restored", user, {"from": after, "to": change.before})
    return change


def _set_address(user: User, email: str) -> None:
    user.email = email
    user.save(update_fields=["email"])
    # allauth would go on accepting what it keeps in a table of its own.
    EmailAddress.objects.filter(user=user).delete()


def _record(what: str, user: User, data: Mapping[str, str]) -> None:
    """At every vendor the person belongs to: each of them knew the old address."""
    with entered(Scope(vendor_id=None, actor_id=user.pk)):
        memberships = list(Membership.objects.filter(user=user, is_active=True))
    for membership in memberships:
        with entered(system_scope(membership.vendor_id, user.pk)):
            home = reach_of(membership).home
            record(what, partner_id=home.pk if home else None, subject=membership, data=data)


def _mail(template: str, to: str, context: Mapping[str, Any]) -> None:
    """After commit, and not through a vendor's outbox: the account belongs to no vendor."""
    transaction.on_commit(partial(_send, template, to, dict(context)))


def _send(template: str, to: str, context: dict[str, Any]) -> None:
    composed(template, to=to, context=context).send()
