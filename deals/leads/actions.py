"""What every action on a lead begins and ends with."""

from datetime import datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from deals.leads import policies
from deals.leads.models import Lead, LeadOffer, LeadStatus
from portal.events.log import record
from portal.events.models import PortalEvent
from portal.tenancy.access import Actor
from portal.tenancy.scope import current_vendor_id

_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended(%s, %s))"
_DONE: Final = {
    "edit": "changed",
    "offer": "offered",
    "withdraw": "taken back",
    "end": "disqualified",
}


def one_at_a_time(what: str) -> None:
    """Wait until nobody else does this for the vendor in a transaction of their own.

    Whoever may route takes this lock before any lead's: two that lock several leads never wait in a circle,
    and no two leads are given the same last free place of a partner.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [what, current_vendor_id()])


def locked_lead(pk: int) -> Lead:
    """The lead as it is now, locked until the transaction ends. Runs under the vendor's system scope."""
    leads = Lead.objects.select_for_update(of=("self",)).select_related("owner", "region")
    lead: Lead = leads.get(pk=pk)
    return lead


def managed(action: str, actor: Actor, lead: Lead) -> Lead:
    """`locked_lead` for the vendor's side; PermissionDenied for who may not, ValidationError for not now."""
    if not policies.may_manage(actor, lead):
        raise PermissionDenied(f"You may not do this with {lead.reference}.")
    current = locked_lead(lead.pk)
    if not policies.may_manage(actor, current):  # it may have another owner meanwhile
        raise PermissionDenied(f"You may not do this with {lead.reference}.")
    if current.status not in policies.STARTS_FROM[action]:
        status = current.get_status_display().lower()
        raise ValidationError(
            f"{current.reference} is {status} and cannot be {_DONE[action]} now.", code="illegal"
        )
    return current


def worked_on(actor: Actor, offer: LeadOffer) -> tuple[Lead, LeadOffer]:
    """The lead and its offer as they are now, locked in this order, for the partner's side.

    The policy is asked first; what follows runs under the vendor's system scope, because a partner cannot
    read the lead itself.
    """
    if not policies.may_work(actor, offer):
        raise PermissionDenied(f"You may not do this with {offer.reference}.")
    lead = locked_lead(offer.lead_id)
    current: LeadOffer = LeadOffer.objects.select_for_update(of=("self",)).get(pk=offer.pk)
    return lead, current


def current_offer(lead: Lead) -> LeadOffer | None:
    """The offer that is open or being worked on, locked; the lead is locked already."""
    offers = LeadOffer.objects.select_for_update(of=("self",)).select_related("partner")
    found: LeadOffer | None = offers.filter(lead=lead, closed_at=None).first()
    return found


def move(
    lead: Lead, status: LeadStatus, *, since: datetime | None = None, due: datetime | None = None
) -> None:
    """The lead follows its offer; `since` and `due` are the clock that runs from now on."""
    lead.status, lead.clock_since, lead.due_at = status, since, due
    lead.updated_at = timezone.now()
    lead.save(update_fields=["status", "clock_since", "due_at", "disqualify_reason", "updated_at"])


def record_offer_event(key: str, actor: Actor | None, offer: LeadOffer, **data: Any) -> PortalEvent:
    """Record what happened to an offer. The partner reads it: only what is its own."""
    told = {"reference": offer.reference, "customer": offer.customer_name, **data}
    return record(key, actor=actor, partner_id=offer.partner_id, subject=offer, data=told)


def record_lead_event(key: str, actor: Actor | None, lead: Lead, **data: Any) -> PortalEvent:
    """Record what happened to the lead itself: no partner reads that."""
    told = {"reference": lead.reference, "customer": lead.customer_name, **data}
    return record(key, actor=actor, subject=lead, data=told)


def reasoned(reason: str, why: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise ValidationError({"reason": why})
    if len(reason) > 300:
        raise ValidationError({"reason": "At most 300 characters."})
    return reason
