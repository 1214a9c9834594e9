"""Where a lead stands, in words: for the vendor, and for the partner that has the offer. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from deals.leads.models import FREE, Lead, LeadOffer, LeadStatus, OfferOutcome
from deals.leads.selectors import Counts
from portal.ui.formatting import format_number, format_span, format_when


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock that runs: until when, since when, and what it asks for."""

    due: datetime
    since: datetime
    asks: str


def clock_of(offer: LeadOffer) -> Clock | None:
    """None where nothing is to be done in time."""
    if offer.is_open:
        return Clock(offer.answer_due_at, offer.offered_at, "Answer")
    if offer.is_held and offer.contacted_at is None and offer.contact_due_at and offer.accepted_at:
        return Clock(offer.contact_due_at, offer.accepted_at, "First contact")
    return None


def lead_headline(lead: Lead, holder: str) -> str:
    """`holder`: name of the partner that has it, "" where nobody (the reader knows of) has."""
    return f"{lead.customer_name}: {_of_lead(lead, holder or 'a partner')}"


def _of_lead(lead: Lead, holder: str) -> str:
    match lead.status:
        case LeadStatus.NEW:
            return "to be offered"
        case LeadStatus.UNPLACED:
            return "nobody is left to offer it to"
        case LeadStatus.OFFERED:
            return f"with {holder}, {_by('answer', lead.due_at)}"
        case LeadStatus.ACCEPTED:
            return f"accepted by {holder}, {_by('first contact', lead.due_at)}"
        case LeadStatus.CONTACTED:
            return f"{holder} is in touch with the customer"
        case LeadStatus.CONVERTED:
            return "turned into a registration"
    return "disqualified"


def offer_headline(offer: LeadOffer, *, own: bool) -> str:
    """`own`: the partner itself is reading."""
    return f"{offer.customer_name}: {_of_offer(offer, own)}"


def _of_offer(offer: LeadOffer, own: bool) -> str:
    match offer.status:
        case LeadStatus.OFFERED:
            if offer.answer_due_at <= timezone.now():
                return "the time to answer is over"
            return f"accept or decline by {format_when(offer.answer_due_at)}"
        case LeadStatus.ACCEPTED:
            return f"{'yours, ' if own else ''}{_by('first contact', offer.contact_due_at)}"
        case LeadStatus.CONTACTED:
            return "in touch with the customer"
        case LeadStatus.CONVERTED:
            return "turned into a registration"
        case LeadStatus.DISQUALIFIED:
            return "disqualified"
        case OfferOutcome.DECLINED:
            return "you declined it" if own else "declined"
        case OfferOutcome.TIMED_OUT:
            return "not answered in time"
    return "taken back"


def _by(what: str, due: datetime | None) -> str:
    if due is None:
        return f"{what} to come"
    now = timezone.now()
    return f"{what} {format_span(now - due)} overdue" if due <= now else f"{what} due {format_when(due)}"


def leads_headline(counts: Counts) -> str:
    """What needs a manager first."""
    free, late = counts.of(*FREE), counts.overdue
    parts = []
    if late:
        parts.append(f"{_leads(late)} {'is' if late == 1 else 'are'} overdue")
    if free:
        parts.append(f"{_leads(free)} {'waits' if free == 1 else 'wait'} for a partner")
    return " and ".join(parts) or (
        f"{_leads(counts.total)}, all in good hands" if counts.total else "No leads yet"
    )


def _leads(count: int) -> str:
    return "1 lead" if count == 1 else f"{format_number(count)} leads"


def offers_headline(waiting: Sequence[LeadOffer], total: int) -> str:
    """`waiting`: the own partner's open offers, the most urgent first."""
    if waiting:
        until = format_when(waiting[0].answer_due_at)
        one = len(waiting) == 1
        return f"{_leads(len(waiting))} to accept, {'' if one else 'the first '}by {until}"
    return "No lead waits for your answer" if total else "No leads yet"


def turn(lead: Lead) -> Any:
    """The clock of a row of the vendor's list, or None."""
    return (lead.due_at, lead.clock_since) if lead.due_at else None
