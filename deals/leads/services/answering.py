"""The partner's answer: accept or decline, in time."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.leads import notices, policies
from deals.leads.models import Lead, LeadOffer, LeadStatus, OfferOutcome
from deals.leads.services.offering import ROUTING, route
from deals.leads.services.steps import move, one_at_a_time, reasoned, tell, worked_on
from deals.selectors import as_the_vendor
from portal.access import Actor
from portal.business_calendars import calendar_of

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
        event = tell("deals.lead_accepted", actor, offer, due=due.isoformat())
        notices.accepted(actor, lead, offer, event)
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
        event = tell("deals.lead_declined", actor, offer, reason=offer.decline_reason)
        notices.declined(actor, lead, offer, event)
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
