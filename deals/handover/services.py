"""What waits for somebody who left, or manages the partner no more, goes to who does: visibly, and once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db import models, transaction
from django.db.models import Q

from deals.amendments.models import Amendment
from deals.approvals.models import ApprovalStep
from deals.deal.models import PENDING, Deal, DealStatus
from deals.disputes.models import CaseState, ConflictCase
from deals.handover import notifications
from deals.leads.models import Lead, LeadOffer, LeadStatus
from deals.proofs.models import Proof
from deals.protection.models import Extension
from deals.shared_credit.models import CoSell
from deals.special_prices.models import PriceRequest
from partners.models import Partner
from partners.selectors import managers_of
from portal.events.log import record
from portal.notifications.readers import actor_of, present
from portal.people.models import User
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class _Kind:
    """What can wait for one person: open rows of `model`, whose `owner` that is, and how it is called."""

    model: Any
    open: Q
    what: str
    owner: str = "owner"


_KINDS: Final = (
    _Kind(ApprovalStep, Q(decided_at=None), "approval"),
    _Kind(Extension, Q(status="open"), "extension"),
    _Kind(PriceRequest, Q(status="open"), "special price"),
    _Kind(Proof, Q(status="open"), "proof of sale"),
    _Kind(Amendment, Q(status="open"), "change"),
    _Kind(CoSell, Q(status="open"), "shared credit"),
    _Kind(ConflictCase, ~Q(state=CaseState.CLOSED), "conflict case"),
    _Kind(Deal, Q(status__in=(*PENDING, DealStatus.APPROVED, DealStatus.RETURNED)), "deal", "assigned_to"),
)
_OVER: Final = (LeadStatus.CONVERTED, LeadStatus.DISQUALIFIED)


@transaction.atomic
def handover(*, vendor: Vendor) -> int:
    """Pass on what is with people who may not decide about it any more; returns how many things.

    To a channel manager of the partner, the one who has the deal already first, else to the program admins.
    Runs under the vendor's system scope and time zone; a second run finds nothing left.
    """
    reach = _Reach(vendor)
    return sum(_pass_on(vendor, kind, reach) for kind in _KINDS) + _pass_on_leads(vendor, reach)


class _Reach:
    """For which partners each person may decide now; every person is looked up once."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self._of: dict[int, Collection[int] | Any] = {}

    def learn(self, user_ids: Iterable[int]) -> None:
        unknown = set(user_ids) - self._of.keys()
        members = present(unknown) if unknown else {}
        for pk in unknown:
            decides = pk in members and members[pk].role in (Role.CHANNEL_MANAGER, Role.PROGRAM_ADMIN)
            self._of[pk] = actor_of(self.vendor, members[pk]).scope.partner_ids if decides else ()

    def decides(self, user_id: int | None, *partner_ids: int | None) -> bool:
        return any(
            partner_id in self._of[user_id or 0] for partner_id in partner_ids if partner_id is not None
        )

    def works(self, user_id: int) -> bool:
        return self._of[user_id] != ()


def _pass_on(vendor: Vendor, kind: _Kind, reach: _Reach) -> int:
    owner = f"{kind.owner}_id"
    rows = kind.model.objects.filter(kind.open).exclude(**{kind.owner: None})
    pairs = list(rows.order_by().values_list(owner, "partner_id").distinct())
    reach.learn(user for user, _ in pairs)
    stale = [pair for pair in pairs if not reach.decides(*pair)]
    if not stale:
        return 0
    lost = Q()
    for user, partner in stale:
        lost |= Q(**{owner: user, "partner_id": partner})
    found = list(rows.filter(lost).select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH])
    models.prefetch_related_objects(found, kind.owner, "partner")
    return sum(_pass_one(vendor, kind, row, reach) for row in found)


def _pass_one(vendor: Vendor, kind: _Kind, row: Any, reach: _Reach) -> bool:
    if isinstance(row, ConflictCase) and reach.decides(row.owner_id, row.rival_partner_id):
        return False  # the manager of the other side decides as well
    deal = row if isinstance(row, Deal) else Deal.objects.select_related("partner").get(pk=row.deal_id)
    former, now = getattr(row, kind.owner), _next(row, deal)
    setattr(row, kind.owner, now)
    changed = [kind.owner, *_follow(row, now)]
    row.save(update_fields=changed)
    if isinstance(row, ApprovalStep) and row.began_at is not None:
        deal.needs_role, deal.needs_person, deal.assigned_to = row.role, row.person, now
        deal.save(update_fields=["needs_role", "needs_person", "assigned_to"])
    told = {"what": kind.what, "from": str(former), "to": str(now or "program admins")}
    data = {"reference": deal.reference, "customer": deal.customer_name, **told}
    event = record("deals.handed_over", partner_id=deal.partner_id, subject=deal, data=data)
    notifications.handed_over(vendor, deal, now, former, kind.what, event)
    return True


def _next(row: Any, deal: Deal) -> User | None:
    """Who decides from now on; None for the program admins."""
    if getattr(row, "role", "") == Role.PROGRAM_ADMIN or getattr(row, "person_id", None):
        return None
    managers = list(managers_of(deal.partner))
    own = next((person for person in managers if person.pk == deal.assigned_to_id), None)
    return own or next(iter(managers), None)


def _follow(row: Any, now: User | None) -> list[str]:
    """An approval that was one person's, or that nobody manages, is the program admins' from now on."""
    if not isinstance(row, ApprovalStep) or now is not None:
        return []
    row.role, row.person = Role.PROGRAM_ADMIN, None
    return ["role", "person"]


def _pass_on_leads(vendor: Vendor, reach: _Reach) -> int:
    rows = Lead.objects.exclude(status__in=_OVER).exclude(owner=None)
    owners = list(rows.order_by().values_list("owner_id", flat=True).distinct())
    reach.learn(owners)
    gone = [user for user in owners if not reach.works(user)]
    if not gone:
        return 0
    found = list(
        rows.filter(owner__in=gone).select_for_update(of=("self",), skip_locked=True).order_by("pk")[:BATCH]
    )
    models.prefetch_related_objects(found, "owner")
    for lead in found:
        _pass_lead(vendor, lead)
    return len(found)


def _pass_lead(vendor: Vendor, lead: Lead) -> None:
    held = LeadOffer.objects.filter(lead=lead, closed_at=None).values("partner")
    partner = Partner.objects.filter(pk__in=held).first()
    former, lead.owner = lead.owner, next(iter(managers_of(partner)), None) if partner else None
    lead.save(update_fields=["owner"])
    data = {
        "reference": lead.reference,
        "customer": lead.customer_name,
        "what": "lead",
        "from": str(former),
        "to": str(lead.owner or "program admins"),
    }
    event = record("deals.lead_handed_over", subject=lead, data=data)
    notifications.lead_handed_over(vendor, lead, former, event)
