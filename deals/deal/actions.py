"""What every action on a deal begins and ends with."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from deals.deal import policies
from deals.deal.models import Deal
from partners.policies import refuse_stopped
from portal.events.log import record
from portal.events.models import PortalEvent
from portal.requests.services import requests_lapse
from portal.tenancy.access import Actor

_DONE = {
    "edit": "changed",
    "submit": "submitted",
    "resubmit": "submitted again",
    "review": "taken into review",
    "approve": "approved",
    "return": "returned",
    "reject": "rejected",
    "withdraw": "withdrawn",
    "stage": "moved to another stage",
    "win": "marked as won",
    "lose": "marked as lost",
    "extend": "extended",
    "grant": "extended",
    "attach": "given files or lose them",
    "enclose": "given files or lose them",
    "note": "commented on",
    "amend": "changed",
    "remark": "commented on",
    "price": "given a special price",
    "share": "shared with a second partner",
    "credit": "shared with a second partner",
    "prove": "proved",
}


def locked(action: str, *, actor: Actor, deal: Deal) -> Deal:
    """The deal as it is now, locked until the transaction ends; PermissionDenied for who may not do this."""
    if not policies.may(action, actor, deal):
        raise PermissionDenied(f"You may not do this with {deal.reference}.")
    current = lock(deal)
    if not policies.may(action, actor, current):  # whose turn it is may have changed meanwhile
        raise PermissionDenied(f"You may not do this with {deal.reference}.")
    return current


def lock(deal: Deal) -> Deal:
    """The deal as it is now; whoever else writes it waits until this transaction ends."""
    deals = Deal.objects.select_for_update(of=("self",)).select_related("partner__tier")
    current: Deal = deals.get(pk=deal.pk)
    return current


def require(action: str, deal: Deal) -> None:
    """ValidationError when the deal, or its partner, is not in a state in which this can be done."""
    if action in policies.GIVING:
        refuse_stopped(deal.partner)
    if deal.status in policies.STARTS_FROM[action]:
        return
    status = deal.get_status_display().lower()
    raise ValidationError(
        f"{deal.reference} is {status} and can no longer be {_DONE[action]}.", code="illegal"
    )


def keep(deal: Deal, *fields: str) -> None:
    """Write these fields; with an end of the deal what waits about it lapses."""
    deal.updated_at = timezone.now()
    deal.save(update_fields=[*fields, "updated_at"])
    if "status" in fields:
        requests_lapse([deal])


def record_deal_event(key: str, actor: Actor | None, deal: Deal, **data: Any) -> PortalEvent:
    """Record what happened to the deal. `data` is read by the partner too: only what they may know.

    The vendor reads it as well, so what was never submitted is not named.
    """
    named = {"reference": deal.reference, "customer": deal.customer_name} if deal.submitted_at else {}
    told = {**named, **data}
    return record(key, actor=actor, partner_id=deal.partner_id, subject=deal, data=told)


def reasoned(reason: str) -> str:
    """A reason somebody else will read; ValidationError (on "reason") when there is none."""
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "Say why, so that the other side knows what to do."})
    return reason
