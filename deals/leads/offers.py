"""The vendor's side: offer a lead to a partner, by hand or by the rules, take it back, end it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.deal.people import as_the_vendor
from deals.leads import notifications, policies, routing, selectors
from deals.leads.actions import (
    current_offer,
    locked_lead,
    managed,
    move,
    one_at_a_time,
    reasoned,
    record_lead_event,
    record_offer_event,
)
from deals.leads.models import Lead, LeadOffer, LeadOfferLine, LeadStatus, OfferBasis, OfferOutcome
from deals.leads.routing import Choice
from partners.models import Partner
from portal.calendar.selectors import calendar_of
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor

ROUTING: Final = "route leads"
#: What an offer copies. Not who the contact is: that the partner reads once it has accepted.
_COPIED: Final = (
    "reference", "customer_name", "customer_domain", "customer_country", "amount", "currency", "source",
    "notes",
)  # fmt: skip


@transaction.atomic
def lead_offer(*, actor: Actor, lead: Lead, partner: Partner) -> LeadOffer:
    """Offer a lead to a partner the manager chose; its answer clock starts.

    Pressed twice it is one offer. ValidationError where the partner had it before or cannot answer.
    """
    one_at_a_time(ROUTING)
    with as_the_vendor():
        same: LeadOffer | None = LeadOffer.objects.filter(lead=lead, partner=partner, closed_at=None).first()
        if same and policies.may_manage(actor, lead):
            return same
        lead = managed("offer", actor, lead)
        if not policies.may_offer_to(actor, partner):
            raise PermissionDenied("You can offer leads to active partners in your care.")
        choice = routing.by_hand([selectors.standing_of(partner)], selectors.had(lead, by_hand=True))[0]
        if choice.obstacle:
            raise ValidationError({"partner": f"{partner}: {choice.obstacle}."}, code="had")
        why = f"Chosen by {actor.user}: {routing.record_of(choice.standing)}."
        told = f"{actor.user} of {actor.vendor} chose you for it."
        return _offer(actor.vendor, lead, choice, told, why, actor)


@transaction.atomic
def lead_route(*, actor: Actor, lead: Lead) -> LeadOffer | None:
    """Offer a lead to the partner the rules name first; None when they name nobody who is left."""
    one_at_a_time(ROUTING)
    with as_the_vendor():
        lead = managed("offer", actor, lead)
        return route(actor.vendor, lead, actor)


def route(vendor: Vendor, lead: Lead, actor: Actor | None = None) -> LeadOffer | None:
    """The next partner by the rules, or the manager is told that nobody is left.

    The caller holds `ROUTING` and the lead's lock, under the vendor's system scope. `actor` None: after a
    partner declined or did not answer.
    """
    case = selectors.case_of(lead)
    everybody = selectors.considered(lead, case, selectors.partners_of_owner(lead.owner))
    free = [choice for choice in everybody if not choice.obstacle]
    if not free:
        if lead.status != LeadStatus.UNPLACED:
            move(lead, LeadStatus.UNPLACED)
            event = record_lead_event("deals.lead_unplaced", actor, lead, considered=len(everybody))
            notifications.nobody_left(vendor, lead, event)
        return None
    told, why = routing.told(free[0], case), routing.explained(free[0], everybody)
    return _offer(vendor, lead, free[0], told, why, None)


def _offer(vendor: Vendor, lead: Lead, choice: Choice, told: str, why: str, by: Actor | None) -> LeadOffer:
    now = timezone.now()
    due = calendar_of(vendor).add_hours(now, vendor.lead_answer_hours)
    offer: LeadOffer = LeadOffer.objects.create(
        partner_id=choice.standing.partner_id,
        lead=lead,
        reason=told[:300],
        offered_at=now,
        offered_by=by.user if by else None,
        answer_due_at=due,
        **{name: getattr(lead, name) for name in _COPIED},
    )
    LeadOfferLine.objects.bulk_create(
        LeadOfferLine(partner_id=offer.partner_id, offer=offer, product_id=product, quantity=quantity)
        for product, quantity in lead.lines.values_list("product_id", "quantity")
    )
    OfferBasis.objects.create(offer=offer, rule=choice.rule, text=why[:1000])
    move(lead, LeadStatus.OFFERED, since=now, due=due)
    event = record_offer_event("deals.lead_offered", by, offer, due=due.isoformat())
    notifications.offered(vendor, offer, event)
    return offer


def leads_offer(
    *, actor: Actor, leads: Iterable[Lead], partner: Partner | None = None
) -> tuple[list[LeadOffer], list[tuple[Lead, str]]]:
    """Offer several, to one partner or (None) by the rules; returns the offers, and the others with why not.

    Each stands for itself: one that cannot be offered does not hold up the others.
    """
    offered: list[LeadOffer] = []
    refused: list[tuple[Lead, str]] = []
    for lead in sorted(leads, key=lambda lead: lead.pk):
        try:
            offer = (
                lead_offer(actor=actor, lead=lead, partner=partner)
                if partner
                else lead_route(actor=actor, lead=lead)
            )
        except ValidationError as error:
            refused.append((lead, " ".join(error.messages)))
        except PermissionDenied:
            refused.append((lead, "It is another manager's lead."))
        else:
            if offer:
                offered.append(offer)
            else:
                refused.append((lead, "The rules name nobody who is left."))
    return offered, refused


@transaction.atomic
def lead_withdraw(*, actor: Actor, lead: Lead) -> Lead:
    """Take a lead back from the partner that has it, accepted or not; it can be offered anew."""
    _refuse_strangers(actor, lead)
    with as_the_vendor():
        if locked_lead(lead.pk).is_free:
            return lead
        lead = managed("withdraw", actor, lead)
        _take_back(actor, lead, timezone.now())
        move(lead, LeadStatus.NEW)
    return lead


@transaction.atomic
def lead_end(*, actor: Actor, lead: Lead, reason: str) -> Lead:
    """Disqualify a lead for the vendor: nobody works on it any more. Who has it is told that it is gone."""
    _refuse_strangers(actor, lead)
    with as_the_vendor():
        if locked_lead(lead.pk).status == LeadStatus.DISQUALIFIED:
            return lead
        lead = managed("end", actor, lead)
        lead.disqualify_reason = reasoned(reason, "Say why, so that nobody enters it again.")
        _take_back(actor, lead, timezone.now())
        move(lead, LeadStatus.DISQUALIFIED)
        record_lead_event("deals.lead_ended", actor, lead, reason=lead.disqualify_reason)
    return lead


def _refuse_strangers(actor: Actor, lead: Lead) -> None:
    if not policies.may_manage(actor, lead):
        raise PermissionDenied(f"You may not do this with {lead.reference}.")


def _take_back(actor: Actor, lead: Lead, now: datetime) -> None:
    offer = current_offer(lead)
    if offer is None:
        return
    if offer.is_open and offer.answer_due_at <= now:  # the clock was faster; its minute's work is ours
        offer.outcome, offer.timed_out_at = OfferOutcome.TIMED_OUT, now
    elif offer.is_open:
        offer.outcome, offer.withdrawn_at = OfferOutcome.WITHDRAWN, now
    else:
        offer.taken_back_at = now
    offer.closed_at = now
    offer.save(update_fields=["outcome", "timed_out_at", "withdrawn_at", "taken_back_at", "closed_at"])
    event = record_offer_event("deals.lead_withdrawn", actor, offer)
    notifications.withdrawn(actor.vendor, offer, event)
