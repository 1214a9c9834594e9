"""What the clocks do: unanswered offers move on, late contacts are called to mind."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from deals.leads import notifications
from deals.leads.actions import locked_lead, move, one_at_a_time, record_offer_event
from deals.leads.models import LeadOffer, LeadStatus, OfferOutcome
from deals.leads.offers import ROUTING, route
from portal.tenancy.models import Vendor

#: Offers handled in one transaction; the next run takes the next.
BATCH: Final = 200


@transaction.atomic
def leads_time_out(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Close offers nobody answered in time and ask the next partner; returns how many.

    Runs under the vendor's system scope. Twice is once: whoever comes second finds them closed.
    """
    now = now or timezone.now()
    due = LeadOffer.objects.filter(outcome="", answer_due_at__lte=now).order_by("lead_id")
    late = list(due.values_list("pk", "lead_id")[:BATCH])
    if not late:
        return 0
    one_at_a_time(ROUTING)
    return sum(_time_out(vendor, pk, lead_id, now) for pk, lead_id in late)


def _time_out(vendor: Vendor, pk: int, lead_id: int, now: datetime) -> bool:
    lead = locked_lead(lead_id)
    offers = LeadOffer.objects.select_for_update(of=("self",)).select_related("partner")
    offer = offers.get(pk=pk)
    if not offer.is_open:  # answered, or timed out by another run, while we waited
        return False
    offer.outcome, offer.timed_out_at, offer.closed_at = OfferOutcome.TIMED_OUT, now, now
    offer.save(update_fields=["outcome", "timed_out_at", "closed_at"])
    event = record_offer_event("deals.lead_timed_out", None, offer)
    notifications.timed_out(vendor, lead, offer, event)
    move(lead, LeadStatus.NEW)
    route(vendor, lead)
    return True


@transaction.atomic
def contacts_remind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Tell both sides of accepted leads without a contact in time, once each; returns how many."""
    now = now or timezone.now()
    late = LeadOffer.objects.filter(
        closed_at=None, contacted_at=None, contact_due_at__lte=now, reminded_at=None
    )
    rows = late.select_related("partner", "lead__owner", "answered_by").order_by("pk")
    offers = list(rows.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for offer in offers:
        offer.reminded_at = now
        event = record_offer_event("deals.lead_contact_overdue", None, offer)
        notifications.contact_overdue(vendor, offer, event)
    LeadOffer.objects.bulk_update(offers, ["reminded_at"])
    return len(offers)
