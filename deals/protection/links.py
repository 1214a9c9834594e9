"""Links in reminders by which an extension is asked for: signed, for one person, once, and for a time."""

from enum import StrEnum
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature, Signer
from django.utils import timezone

from deals.deal.models import Deal, DealStatus
from deals.protection.models import ExtensionLink
from portal.people.models import User
from portal.tenancy.access import Actor

#: The row says whose it is and until when; the signature says that we gave it out.
_SIGNER: Final = Signer(sep="~", salt="deals.extension-link")


class LinkState(StrEnum):
    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"  # extended, or closed, in another way


def link_make(deal: Deal, user: User) -> str:
    """A new link for this person; returns its signed token."""
    link = ExtensionLink.objects.create(
        partner_id=deal.partner_id, deal=deal, user=user, until=deal.expires_at
    )
    return _SIGNER.sign(str(link.pk))


def link_find(token: str) -> ExtensionLink | None:
    """The link of a token, as far as the reader may see it; None for a token that was not given out."""
    try:
        number = _SIGNER.unsign(token)
    except BadSignature:
        return None
    found: ExtensionLink | None = (
        ExtensionLink.objects.select_related("deal__partner", "deal__stage").filter(pk=int(number)).first()
    )
    return found


def link_state(link: ExtensionLink, deal: Deal) -> LinkState:
    if link.used_at:
        return LinkState.USED
    if deal.status == DealStatus.EXPIRED or link.until <= timezone.now():
        return LinkState.EXPIRED
    if deal.status != DealStatus.APPROVED or deal.expires_at != link.until:
        return LinkState.OVERTAKEN
    return LinkState.OPEN


def link_take(actor: Actor, link: ExtensionLink, deal: Deal) -> None:
    """Use it up, in the transaction of what it is used for: what fails there leaves it as it was."""
    current = ExtensionLink.objects.select_for_update().get(pk=link.pk, deal=deal)
    if current.user_id != actor.user.pk:
        raise PermissionDenied("This link was sent to somebody else.")
    if link_state(current, deal) != LinkState.OPEN:
        raise ValidationError("This link does not work any more.", code="closed")
    current.used_at = timezone.now()
    current.save(update_fields=["used_at"])
