"""After the acceptance: contacts with the customer, and how the lead ends."""

from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals import services as deals
from deals.leads import notices
from deals.leads.models import ContactKind, LeadContact, LeadOffer, LeadStatus
from deals.leads.services.steps import move, reasoned, tell, worked_on
from deals.models import Deal, DealSource, DealStatus
from deals.policies import may_register
from deals.selectors import as_the_vendor
from portal.access import Actor

#: What a registration takes over as it stands on the lead.
_TAKEN_OVER = (
    "customer_name", "customer_domain", "customer_country", "contact_name", "contact_email", "contact_phone",
    "amount", "currency",
)  # fmt: skip


@transaction.atomic
def contact_log(
    *,
    actor: Actor,
    offer: LeadOffer,
    kind: str,
    happened_on: date,
    note: str,
    key: UUID | None = None,
) -> LeadContact:
    """Log a contact with the customer; the first one stops the contact clock at this very moment.

    `happened_on` is a day of the vendor's; what counts for the clock is when it is logged, which nobody can
    set back. `key` names the form: sent twice it is one contact.
    """
    with as_the_vendor():
        lead, offer = worked_on(actor, offer)
        sent_before: LeadContact | None = offer.contacts.filter(form_key=key).first() if key else None
        if sent_before:
            return sent_before
        _require_held(offer)
        now = timezone.now()
        _refuse_impossible(actor, offer, kind, happened_on)
        contact: LeadContact = LeadContact.objects.create(
            partner_id=offer.partner_id,
            offer=offer,
            form_key=key,
            kind=kind,
            happened_on=happened_on,
            note=reasoned_note(note),
            logged_by=actor.user,
            logged_at=now,
        )
        first = offer.contacted_at is None
        if first:
            offer.contacted_at = now
            offer.save(update_fields=["contacted_at"])
            move(lead, LeadStatus.CONTACTED)
        tell("deals.lead_contacted", actor, offer, kind=contact.get_kind_display(), first=first)
    return contact


def reasoned_note(note: str) -> str:
    note = " ".join(note.split())
    if not note:
        raise ValidationError({"note": "Say in a few words what came of it."})
    if len(note) > 500:
        raise ValidationError({"note": "At most 500 characters."})
    return note


def _refuse_impossible(actor: Actor, offer: LeadOffer, kind: str, day: date) -> None:
    assert offer.accepted_at  # noqa: S101  (it is held)
    zone = actor.vendor.zone
    if kind not in ContactKind.values:
        raise ValidationError({"kind": "Choose how you were in touch."})
    if day > timezone.localdate(timezone=zone):
        raise ValidationError({"happened_on": "This day is still to come. Choose today or earlier."})
    if day < timezone.localdate(offer.accepted_at, zone):
        raise ValidationError({"happened_on": "This is before you accepted the lead. Choose a later day."})


@transaction.atomic
def offer_disqualify(*, actor: Actor, offer: LeadOffer, reason: str) -> LeadOffer:
    """End a lead that leads nowhere, after a contact with the customer; the vendor reads why."""
    with as_the_vendor():
        lead, offer = worked_on(actor, offer)
        if offer.disqualified_at:
            return offer
        _require_held(offer, contacted=True)
        now = timezone.now()
        offer.disqualify_reason = reasoned(reason, "Say why, so that nobody works on it again.")
        offer.disqualified_at = offer.closed_at = now
        offer.save(update_fields=["disqualify_reason", "disqualified_at", "closed_at"])
        lead.disqualify_reason = offer.disqualify_reason
        move(lead, LeadStatus.DISQUALIFIED)
        event = tell("deals.lead_disqualified", actor, offer, reason=offer.disqualify_reason)
        notices.disqualified(actor, lead, offer, event)
    return offer


@transaction.atomic
def offer_convert(*, actor: Actor, offer: LeadOffer) -> Deal:
    """Turn a lead into the draft of a registration with everything already known; the link stays.

    Twice is the same draft, unless it was discarded.
    """
    if not may_register(actor):
        raise PermissionDenied("Only people of an active partner register deals.")
    with as_the_vendor():
        lead, offer = worked_on(actor, offer)
        known = Deal.objects.filter(pk=offer.deal_id).first() if offer.deal_id else None
        if known and not _discarded(known):
            found: Deal = known
            return found
        if known is None:
            _require_held(offer, contacted=True)
        lines = list(offer.lines.values_list("product_id", "quantity"))
    deal = deals.deal_draft_save(actor=actor, answers=_answers(offer), lines=lines)
    with as_the_vendor():
        now = timezone.now()
        offer.deal, offer.converted_at = deal, offer.converted_at or now
        offer.closed_at = offer.closed_at or now
        offer.save(update_fields=["deal", "converted_at", "closed_at"])
        move(lead, LeadStatus.CONVERTED)
        # Which draft is the partner's own business; that there is one ends the lead.
        tell("deals.lead_converted", actor, offer)
    return deal


def _answers(offer: LeadOffer) -> dict[str, Any]:
    said = {name: getattr(offer, name) for name in _TAKEN_OVER}
    return said | {
        "customer_country": str(offer.customer_country),
        "source": DealSource.VENDOR_LEAD,
        "use_case": offer.notes[:500],
        "notes": f"Lead {offer.reference}" + (f", {offer.source}" if offer.source else ""),
    }


def _discarded(deal: Deal) -> bool:
    return deal.status == DealStatus.WITHDRAWN and deal.submitted_at is None


def _require_held(offer: LeadOffer, *, contacted: bool = False) -> None:
    if not offer.is_held:
        raise ValidationError(f"{offer.reference} is not with you any more.", code="illegal")
    if contacted and offer.contacted_at is None:
        raise ValidationError("Log your first contact with the customer before that.", code="illegal")
