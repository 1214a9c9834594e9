"""After approval: stages, and how it ended."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from deals.deal.actions import keep, locked, record_deal_event, require
from deals.deal.models import Deal, DealStatus, Stage, StageChange
from deals.proofs import notifications
from deals.proofs.policies import needs_proof
from deals.protection.services import release
from deals.shared_credit.services import shared_outcome
from deals.special_prices.selectors import big_deal_terms
from deals.special_prices.services import price_use
from portal.events.models import PortalEvent
from portal.money.exchange import in_vendor_currency
from portal.tenancy.access import Actor


@transaction.atomic
def deal_stage_change(*, actor: Actor, deal: Deal, stage: Stage) -> Deal:
    """Move an approved deal to another stage; the history is kept."""
    deal = locked("stage", actor=actor, deal=deal)
    require("stage", deal)
    if deal.stage_id == stage.pk:
        return deal
    before = deal.stage
    deal.stage = stage
    keep(deal, "stage")
    StageChange.objects.create(
        partner_id=deal.partner_id, deal=deal, stage=stage, changed_by=actor.user, changed_at=deal.updated_at
    )
    record_deal_event("deals.stage_changed", actor, deal, **{"from": _stage(before), "to": _stage(stage)})
    return deal


def _stage(stage: Stage | None) -> str:
    return f"{stage.name}, {stage.probability}%" if stage else ""


@transaction.atomic
def deal_win(*, actor: Actor, deal: Deal, amount: int, closed_on: date, special_price: bool = False) -> Deal:
    """Mark as won. `amount` in minor units of the deal's currency; `closed_on` a day in the vendor's zone.

    The amount in the vendor's currency is fixed at that day's rate. `special_price`: sold at the price that
    was granted, which must hold at this moment. A win above the vendor's limit counts once it is proved.
    """
    deal = locked("win", actor=actor, deal=deal)
    if deal.status == DealStatus.WON:
        return deal
    require("win", deal)
    now = timezone.now()
    if amount <= 0:
        raise ValidationError({"amount": "Enter an amount above zero."})
    _refuse_impossible_day(actor, deal, closed_on, now)
    if special_price:
        price_use(deal, now)
    won_at = _moment(deal, closed_on, now, actor.vendor.zone)
    deal.status, deal.won_at, deal.won_amount = DealStatus.WON, won_at, amount
    deal.won_amount_vendor = in_vendor_currency(amount, deal.currency, closed_on, actor.vendor)
    deal.proof_needed = needs_proof(big_deal_terms(), deal.won_amount_vendor)
    keep(deal, "status", "won_at", "won_amount", "won_amount_vendor", "proof_needed")
    release(deal, now)
    told = {"amount": amount, "currency": deal.currency, "closed_on": closed_on.isoformat()}
    event = record_deal_event(
        "deals.won", actor, deal, **told, **({"special_price": True} if special_price else {})
    )
    if deal.proof_needed:
        notifications.missing(actor.vendor, deal, event)
    shared_outcome(actor, deal, "deals.share_won")
    return deal


@transaction.atomic
def deal_lose(*, actor: Actor, deal: Deal, reason: str, competitor: str = "") -> Deal:
    """Mark as lost, with the reason and, if known, to whom."""
    deal = locked("lose", actor=actor, deal=deal)
    if deal.status == DealStatus.LOST:
        return deal
    require("lose", deal)
    if not reason.strip():
        raise ValidationError({"reason": "Choose why it was lost."})
    now = timezone.now()
    deal.status, deal.lost_at, deal.loss_reason = DealStatus.LOST, now, reason.strip()
    deal.competitor = competitor.strip() or deal.competitor
    deal.clean_fields(exclude={f.name for f in deal._meta.fields} - {"loss_reason", "competitor"})
    keep(deal, "status", "lost_at", "loss_reason", "competitor")
    release(deal, now)
    record_deal_event("deals.lost", actor, deal, reason=deal.loss_reason, competitor=deal.competitor)
    shared_outcome(actor, deal, "deals.share_lost")
    return deal


def _refuse_impossible_day(actor: Actor, deal: Deal, day: date, now: datetime) -> None:
    zone = actor.vendor.zone
    if day > now.astimezone(zone).date():
        raise ValidationError({"closed_on": "This day is still to come. Choose today or earlier."})
    if deal.approved_at and day < deal.approved_at.astimezone(zone).date():
        raise ValidationError({"closed_on": "This day is before the approval. Choose a later one."})


def _moment(deal: Deal, day: date, now: datetime, zone: ZoneInfo) -> datetime:
    """What happens today happens now. An earlier day has no hour: noon, or after all that is known of it.

    So whoever stopped sharing the deal on that day does not share the win, whenever it is entered.
    """
    if day == now.astimezone(zone).date():
        return now
    known = [deal.approved_at, _last_known(deal, day, zone)]
    return max([datetime.combine(day, time(12), tzinfo=zone), *filter(None, known)])


def _last_known(deal: Deal, day: date, zone: ZoneInfo) -> datetime | None:
    """When the last thing happened to the deal on that day, as its events tell."""
    start, end = (datetime.combine(day + timedelta(days=n), time(), tzinfo=zone) for n in (0, 1))
    events = PortalEvent.objects.filter(subject_type=deal._meta.label_lower, subject_id=deal.pk)
    on_the_day = events.filter(occurred_at__gte=start, occurred_at__lt=end)
    last: datetime | None = on_the_day.aggregate(last=Max("occurred_at"))["last"]
    return last
