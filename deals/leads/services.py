"""The partner's side of a lead: the answer, contacts with the customer, and how it ends."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.deal.models import Deal, DealSource, DealStatus
from deals.deal.people import as_the_vendor
from deals.deal.policies import may_register
from deals.leads import notifications, policies
from deals.leads.actions import move, one_at_a_time, reasoned, record_offer_event, worked_on
from deals.leads.models import ContactKind, Lead, LeadContact, LeadOffer, LeadStatus, OfferOutcome
from deals.leads.offers import ROUTING, route
from deals.registration import services as deals
from portal.calendar.selectors import calendar_of
from portal.tenancy.access import Actor

#: What accepting shows the partner.
_CONTACT = ("contact_name", "contact_email", "contact_phone")


@transaction.atomic
def offer_accept(*, actor: Actor, offer: LeadOffer) -> LeadOffer:
    """Take a lead on: the partner learns who to talk to, and the contact clock starts.

    Accepted twice is once. ValidationError when the answer window has closed or the lead is gone.
    """
    if not policies.may_accept(actor, offer):
        raise PermissionDenied("Only people of an active partner accept leads, for that partner.")
    with as_the_vendor():
        lead, offer = worked_on(actor, offer)
        if offer.outcome == OfferOutcome.ACCEPTED:
            return offer
        now = timezone.now()
        _require_open(offer, now)
        due = calendar_of(actor.vendor).add_hours(now, actor.vendor.lead_contact_hours)
        offer.outcome, offer.accepted_at, offer.answered_by = OfferOutcome.ACCEPTED, now, actor.user
        offer.contact_due_at = due
        for name in _CONTACT:
            setattr(offer, name, getattr(lead, name))
        offer.save(update_fields=["outcome", "accepted_at", "answered_by", "contact_due_at", *_CONTACT])
        move(lead, LeadStatus.ACCEPTED, since=now, due=due)
        event = record_offer_event("deals.lead_accepted", actor, offer, due=due.isoformat())
        notifications.accepted(actor, lead, offer, event)
    return offer


@transaction.atomic
def offer_decline(*, actor: Actor, offer: LeadOffer, reason: str) -> LeadOffer:
    """Decline a lead with a reason the vendor reads; the rules' next partner is asked at once."""
    with as_the_vendor():
        one_at_a_time(ROUTING)
        lead, offer = worked_on(actor, offer)
        if offer.outcome == OfferOutcome.DECLINED:
            return offer
        now = timezone.now()
        _require_open(offer, now)
        offer.decline_reason = reasoned(reason, "Say why: it helps to send you the right leads.")
        offer.outcome, offer.declined_at, offer.closed_at = OfferOutcome.DECLINED, now, now
        offer.answered_by = actor.user
        offer.save(update_fields=["outcome", "declined_at", "closed_at", "answered_by", "decline_reason"])
        event = record_offer_event("deals.lead_declined", actor, offer, reason=offer.decline_reason)
        notifications.declined(actor, lead, offer, event)
        _next(actor, lead)
    return offer


def _next(actor: Actor, lead: Lead) -> None:
    """Who is asked next is none of the decliner's business: nothing of it reaches their pages."""
    move(lead, LeadStatus.NEW)
    route(actor.vendor, lead)


def _require_open(offer: LeadOffer, now: datetime) -> None:
    if offer.is_open and offer.answer_due_at > now:
        return
    if offer.is_open or offer.outcome == OfferOutcome.TIMED_OUT:
        raise ValidationError(
            f"{offer.reference} was to be answered in time, and its window has closed.", code="illegal"
        )
    what = offer.get_outcome_display().lower()
    raise ValidationError(f"{offer.reference} is {what} already.", code="illegal")


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
        record_offer_event("deals.lead_contacted", actor, offer, kind=contact.get_kind_display(), first=first)
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
        event = record_offer_event("deals.lead_disqualified", actor, offer, reason=offer.disqualify_reason)
        notifications.disqualified(actor, lead, offer, event)
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
        record_offer_event("deals.lead_converted", actor, offer)
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
