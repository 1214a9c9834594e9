"""Which key signs, replacing it, and an award's place in the status list."""

import secrets
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from openbadgeslib.ob3.credential import OpenBadgeCredential

from enablement.badges import credentials, keys, policies
from enablement.badges.addresses import Addresses, addresses_of
from enablement.badges.credentials import Signer
from enablement.badges.models import LIST_SIZE, Badge, IssuerKey
from enablement.certifications.models import Award, CertificationCourse
from enablement.courses.selectors import as_the_vendor
from portal.events.log import record
from portal.tenancy.access import Actor
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor

# Keys -----------------------------------------------------------------------------------------------------


def signer_for(vendor: Vendor, addresses: Addresses | None = None) -> Signer:
    """What signs now; the vendor's first key is made here. Raises `keys.Unreadable`.

    Under the vendor's system scope.
    """
    key = IssuerKey.objects.filter(retired_at=None).first() or _first(vendor)
    return Signer(addresses or addresses_of(vendor), key.number, keys.unseal(vendor.pk, key.sealed))


def _first(vendor: Vendor) -> IssuerKey:
    """Of two who come at once the second finds the key of the first: one is in use."""
    try:
        with transaction.atomic():
            return _made(vendor, None)
    except IntegrityError:
        found: IssuerKey = IssuerKey.objects.get(retired_at=None)
        return found


@transaction.atomic
def key_replace(*, actor: Actor, key: IssuerKey) -> IssuerKey:
    """Sign with a new key from now on; the old one stays published. Replaced twice is once.

    Returns the key in use.
    """
    if not policies.may_replace_keys(actor):
        raise PermissionDenied("Only a program admin replaces badge keys.")
    with as_the_vendor(actor):
        used: IssuerKey = IssuerKey.objects.select_for_update().get(pk=key.pk)
        if used.retired_at:
            return IssuerKey.objects.get(retired_at=None)  # type: ignore[no-any-return]
        used.retired_at = timezone.now()
        used.save(update_fields=["retired_at"])
        made = _made(actor.vendor, actor)
        told = {"title": str(made), "replaced": str(used), "public": made.public}
        record("enablement.badge_key_replaced", actor=actor, subject=made, data=told)
    return made


def _made(vendor: Vendor, actor: Actor | None) -> IssuerKey:
    public, pem = keys.new_key()
    last = IssuerKey.objects.aggregate(last=Max("number"))["last"] or 0
    made: IssuerKey = IssuerKey.objects.create(
        number=last + 1, public=public, sealed=keys.seal(vendor.pk, pem), created_by=actor and actor.user
    )
    return made


# Credentials ----------------------------------------------------------------------------------------------


def credential_of(
    award: Award,
    courses: Iterable[CertificationCourse],
    vendor: Vendor,
    addresses: Addresses,
    *,
    names_address: bool = False,
) -> OpenBadgeCredential:
    """The award as a credential, not signed yet. Under the vendor's system scope."""
    return credentials.credential(
        award=award, badge=badge_of(award), courses=courses, vendor=vendor, addresses=addresses,
        home=absolute(vendor, "home"), names_address=names_address,
    )  # fmt: skip


@transaction.atomic
def badge_of(award: Award) -> Badge:
    """Its place in the status list, drawn when its first credential is made and kept."""
    Award.objects.select_for_update(of=("self",), no_key=True).get(pk=award.pk)
    found: Badge | None = Badge.objects.filter(award=award).first()
    return found or Badge.objects.create(award=award, place=_free_place())


def _free_place() -> int:
    """By lot among lists that are half empty at least."""
    lists: Any = 1 + Badge.objects.count() // (LIST_SIZE // 2)
    while True:
        place = secrets.randbelow(lists * LIST_SIZE)
        if not Badge.objects.filter(place=place).exists():
            return place
