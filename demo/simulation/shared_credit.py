"""Shared deals of the demo: in force, offered, proposed, declined."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from deals.deal.models import Deal, DealStatus
from deals.shared_credit.models import CoSell, CoSellStage, CreditKind, CreditLine
from deals.special_prices.models import WHOLE
from partners.models import Partner, PartnerStatus
from portal.calendar.selectors import decision_due
from portal.events.models import PortalEvent
from portal.requests.models import RequestStatus
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_percent

NOTE: Final = "They know the plant and deliver on site; we hold the contract and the licences."
NO: Final = "No engineers free before spring."


@dataclass(frozen=True, slots=True)
class Story:
    """`ours`: the deal is the featured partner's, else the featured partner is the second one."""

    ours: bool
    deal: DealStatus
    stage: CoSellStage
    share: int  # basis points
    days_ago: int


STORIES: Final = (
    Story(True, DealStatus.APPROVED, CoSellStage.AGREED, 3_000, 25),
    Story(False, DealStatus.APPROVED, CoSellStage.OFFERED, 2_500, 1),
    Story(True, DealStatus.APPROVED, CoSellStage.PROPOSED, 4_000, 1),
    Story(False, DealStatus.WON, CoSellStage.AGREED, 3_333, 80),
    Story(True, DealStatus.APPROVED, CoSellStage.DECLINED, 5_000, 14),
    Story(False, DealStatus.APPROVED, CoSellStage.AGREED, 2_000, 40),
)


_STATUS: Final = {
    CoSellStage.PROPOSED: RequestStatus.OPEN,
    CoSellStage.DECLINED: RequestStatus.REFUSED,
}


def shared_deals(vendor: Vendor, featured: Partner) -> None:
    """A handful of shared deals between the featured partner and its neighbours; idempotent."""
    if CoSell.objects.exists():
        return
    active = Partner.objects.filter(region=featured.region, status=PartnerStatus.ACTIVE, parent=None)
    neighbours = list(active.exclude(pk=featured.pk).order_by("pk")[:6])
    taken: set[int] = set()
    for place, story in enumerate(STORIES):
        other = neighbours[place % len(neighbours)]
        lead, second = (featured, other) if story.ours else (other, featured)
        deal = _deal_of(lead, story, taken)
        if deal:
            taken.add(deal.pk)
            _play(vendor, deal, second, story)


def _deal_of(lead: Partner, story: Story, taken: set[int]) -> Deal | None:
    """The largest fitting one that was approved before the story begins, and won after."""
    since = timezone.now() - timedelta(days=story.days_ago)
    deals = Deal.objects.filter(partner=lead, status=story.deal, approved_at__lt=since).exclude(pk__in=taken)
    if story.deal == DealStatus.WON:
        deals = deals.filter(won_at__gt=since)
    found: Deal | None = deals.select_related("partner").order_by("-amount_vendor", "pk").first()
    return found


def _play(vendor: Vendor, deal: Deal, second: Partner, story: Story) -> None:
    started = timezone.now() - timedelta(days=story.days_ago, hours=3)
    decided = started + timedelta(hours=2)
    answered = decided + timedelta(hours=1)
    cosell = CoSell(
        partner_id=deal.partner_id,
        deal=deal,
        status=_STATUS.get(story.stage, RequestStatus.GRANTED),
        named=second.name,
        share=story.share,
        reason=NOTE,
        requested_by_id=deal.registered_by_id,
        requested_at=started,
        due_at=decision_due(vendor, started),
        owner_id=deal.assigned_to_id,
    )
    if story.stage != CoSellStage.PROPOSED:
        cosell.other, cosell.decided_by_id, cosell.decided_at = second, deal.assigned_to_id, decided
    if story.stage == CoSellStage.AGREED:
        cosell.agreed_at = answered
    if story.stage == CoSellStage.DECLINED:
        cosell.ended_at, cosell.decision_reason = answered, NO
    cosell.save(force_insert=True)
    if cosell.other_id:
        CreditLine.objects.bulk_create(_lines(deal, cosell))
    PortalEvent.objects.bulk_create(_events(deal, cosell, answered))


def _lines(deal: Deal, cosell: CoSell) -> Sequence[CreditLine]:
    parts = (
        (CreditKind.SOURCED, deal.partner_id, WHOLE - cosell.share),
        (CreditKind.INFLUENCED, cosell.other_id, cosell.share),
    )
    return [
        CreditLine(
            partner_id=partner_id,
            cosell=cosell,
            deal=deal,
            kind=kind,
            share=share,
            agreed_at=cosell.agreed_at,
            ended_at=cosell.ended_at,
            lead_name=deal.partner.name,
        )
        for kind, partner_id, share in parts
        if partner_id
    ]


def _events(deal: Deal, cosell: CoSell, answered: datetime) -> Sequence[PortalEvent]:
    """As the services tell them, but at their time in the demo's past."""
    told: list[tuple[str, datetime, int | None, dict[str, str]]] = [
        ("deals.credit_requested", cosell.requested_at, cosell.requested_by_id, {})
    ]
    if cosell.decided_at:
        told.append(("deals.credit_granted", cosell.decided_at, cosell.decided_by_id, {}))
    if cosell.agreed_at:
        told.append(("deals.credit_agreed", answered, None, {}))
    if cosell.ended_at:
        told.append(("deals.credit_declined", answered, None, {"reason": cosell.decision_reason}))
    about = {
        "reference": deal.reference,
        "customer": deal.customer_name,
        "with": cosell.named,
        "share": format_percent(cosell.ratio, 2),
    }
    return [_event(deal, kind, moment, actor_id, about | more) for kind, moment, actor_id, more in told]


def _event(
    deal: Deal, kind: str, moment: datetime, actor_id: int | None, data: dict[str, Any]
) -> PortalEvent:
    return PortalEvent(
        type=kind,
        partner_id=deal.partner_id,
        actor_id=actor_id,
        subject_type=deal._meta.label_lower,
        subject_id=deal.pk,
        occurred_at=moment,
        data=data,
    )
