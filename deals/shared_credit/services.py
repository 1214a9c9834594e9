"""Co-sell once it is confirmed, or named by the vendor itself: agreed, declined, and how it ends."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.deal import policies as deal_policies
from deals.deal.actions import lock, locked, reasoned, record_deal_event, require
from deals.deal.models import Deal
from deals.deal.people import as_the_vendor
from deals.shared_credit import notifications, policies
from deals.shared_credit.models import CoSell, CoSellStage, CreditKind, CreditLine
from partners.models import Partner, PartnerStatus
from portal.events.log import record
from portal.requests.models import RequestStatus
from portal.tenancy.access import Actor
from portal.ui.formatting import format_percent

# Credit is written as the vendor: a partner neither reads nor writes the other one's line.


@transaction.atomic
def credit_name(*, actor: Actor, deal: Deal, other: Partner, share: int, note: str = "") -> CoSell:
    """The vendor names the second partner itself: in force at once, in place of what was in force before."""
    if not actor.writes_for(other.pk):
        raise PermissionDenied("Only a partner you manage can be named.")
    deal = locked("credit", actor=actor, deal=deal)
    require("credit", deal)
    refuse_pair(deal, other, share)
    running = CoSell.objects.filter(deal=deal, ended_at=None)
    present: CoSell | None = running.filter(agreed_at__isnull=False).first()
    if present and (present.other_id, present.share) == (other.pk, share):
        return present
    if running.filter(agreed_at=None).exists():
        raise ValidationError("Answer the proposal of the partner first.")
    now = timezone.now()
    cosell = CoSell(
        partner_id=deal.partner_id,
        deal=deal,
        named=other.name,
        other=other,
        share=share,
        reason=note.strip(),
        requested_by=actor.user,
        requested_at=now,
        due_at=now,
        decided_by=actor.user,
        decided_at=now,
        status=RequestStatus.GRANTED,
    )
    cosell.save(force_insert=True)
    _agree(actor, deal, cosell, now)
    return cosell


@transaction.atomic
def offer_decline(*, actor: Actor, cosell: CoSell, reason: str) -> CoSell:
    """The vendor takes back what the second partner has not answered, with the reason the first one reads."""
    deal, cosell = _settled_by(actor, cosell)
    if cosell.stage == CoSellStage.DECLINED:
        return cosell
    _require_offered(cosell)
    cosell.decision_reason = reasoned(reason)
    _end(cosell, timezone.now(), RequestStatus.REFUSED)
    event = record_deal_event(
        "deals.credit_declined", actor, deal, reason=cosell.decision_reason, **_told(cosell)
    )
    notifications.declined(actor, deal, cosell, event, by=str(actor.user))
    return cosell


@transaction.atomic
def offer_withdraw(*, actor: Actor, cosell: CoSell) -> CoSell:
    """The partner whose deal it is takes back what the second one has not answered."""
    if not deal_policies.may_work(actor, cosell.deal):
        raise PermissionDenied("Only the partner takes its proposal back.")
    deal, cosell = _locked(cosell)
    if cosell.stage == CoSellStage.WITHDRAWN:
        return cosell
    _require_offered(cosell)
    _end(cosell, timezone.now(), RequestStatus.WITHDRAWN)
    record_deal_event("deals.credit_withdrawn", actor, deal, **_told(cosell))
    return cosell


def offers_lapse(deals: Collection[Deal]) -> None:
    """What no second partner has answered ends with its deal, in the transaction that ends it."""
    offered = CoSell.objects.filter(
        deal__in=deals, status=RequestStatus.GRANTED, agreed_at=None, ended_at=None
    )
    for cosell in offered.select_related("deal").select_for_update(of=("self",)) if deals else ():
        _end(cosell, timezone.now(), RequestStatus.LAPSED)
        record_deal_event("deals.credit_lapsed", None, cosell.deal, **_told(cosell))


@transaction.atomic
def credit_end(*, actor: Actor, cosell: CoSell, reason: str) -> CoSell:
    """The vendor ends what is in force: from now on the whole deal is its partner's again."""
    deal, cosell = _settled_by(actor, cosell)
    if cosell.stage == CoSellStage.ENDED:
        return cosell
    if cosell.stage != CoSellStage.AGREED:
        raise ValidationError("This agreement is not in force.", code="illegal")
    cosell.decision_reason = reasoned(reason)
    _end(cosell, timezone.now())
    event = record_deal_event(
        "deals.credit_ended", actor, deal, reason=cosell.decision_reason, **_told(cosell)
    )
    tell_second("deals.share_ended", actor, deal, cosell)
    notifications.ended(actor, deal, cosell, event)
    return cosell


def _settled_by(actor: Actor, cosell: CoSell) -> tuple[Deal, CoSell]:
    if not deal_policies.may("credit", actor, cosell.deal):
        raise PermissionDenied("Only the partner's managers settle who is credited.")
    return _locked(cosell)


def refuse_share(share: int) -> None:
    if not 0 < share < 10_000:
        raise ValidationError({"share": "Enter a share above 0 and below 100 per cent."})


def refuse_pair(deal: Deal, other: Partner, share: int) -> None:
    refuse_share(share)
    if other.pk == deal.partner_id:
        raise ValidationError({"other": "This is the partner whose deal it is. Name another one."})
    if other.status != PartnerStatus.ACTIVE:
        raise ValidationError({"other": f"{other.name} is not an active partner."})


# The second partner's side ------------------------------------------------------------------------------


@transaction.atomic
def share_accept(*, actor: Actor, line: CreditLine) -> CreditLine:
    """The second partner accepts: from now on credit is shared."""
    deal, cosell, line = _answered_by(actor, line)
    if line.agreed_at:
        return line
    if cosell.stage != CoSellStage.OFFERED:
        raise ValidationError("This offer stands no more.", code="illegal")
    with as_the_vendor():
        if deal.status not in deal_policies.STARTS_FROM["credit"]:
            raise ValidationError("This deal has ended meanwhile.")
        _agree(actor, deal, cosell, timezone.now())
    line.refresh_from_db()
    return line


@transaction.atomic
def share_decline(*, actor: Actor, line: CreditLine, reason: str) -> CreditLine:
    """The second partner declines; both the other partner and the vendor read the reason."""
    deal, cosell, line = _answered_by(actor, line)
    if line.ended_at:
        return line
    if cosell.stage != CoSellStage.OFFERED:
        raise ValidationError("This is in force: only the vendor ends it.", code="illegal")
    cosell.decision_reason = reasoned(reason)
    with as_the_vendor():
        _end(cosell, timezone.now(), RequestStatus.REFUSED)
        event = _tell_lead("deals.credit_declined", actor, deal, cosell, reason=cosell.decision_reason)
        notifications.declined(actor, deal, cosell, event, by=cosell.named)
    line.refresh_from_db()
    return line


def _answered_by(actor: Actor, line: CreditLine) -> tuple[Deal, CoSell, CreditLine]:
    if not policies.may_answer_share(actor, line):
        raise PermissionDenied("Only the partner it was offered to answers.")
    with as_the_vendor():
        deal, cosell = _locked(CoSell.objects.select_related("deal").get(pk=line.cosell_id))
    return deal, cosell, CreditLine.objects.get(pk=line.pk)


# What all of them write -----------------------------------------------------------------------------------


def _locked(cosell: CoSell) -> tuple[Deal, CoSell]:
    """The deal before the agreement: everybody locks in this order."""
    deal = lock(cosell.deal)
    current: CoSell = CoSell.objects.select_for_update(of=("self",)).get(pk=cosell.pk)
    current.deal = deal
    return deal, current


def _require_offered(cosell: CoSell) -> None:
    if cosell.stage != CoSellStage.OFFERED:
        raise ValidationError("This proposal was answered already.", code="illegal")


def _agree(actor: Actor, deal: Deal, cosell: CoSell, now: datetime) -> None:
    """In force from `now`; what was in force ends at the same moment."""
    in_force = CoSell.objects.filter(deal=deal, agreed_at__isnull=False, ended_at=None)
    for before in in_force.select_for_update(of=("self",)):
        _end(before, now)
        if before.other_id != cosell.other_id:
            tell_second("deals.share_ended", actor, deal, before)
            notifications.replaced(actor, deal, before)
    assert cosell.other  # noqa: S101  (said by the vendor before)
    cosell.agreed_at, cosell.named = now, cosell.other.name
    cosell.save(update_fields=["agreed_at", "named"])
    write_lines(deal, cosell, now)
    event = _tell_lead("deals.credit_agreed", actor, deal, cosell)
    tell_second("deals.share_agreed", actor, deal, cosell)
    notifications.agreed(actor, deal, cosell, event)


def write_lines(deal: Deal, cosell: CoSell, agreed_at: datetime | None) -> None:
    """The offered lines come into force, or new ones are written; triggers fill in the rest."""
    assert cosell.other_id  # noqa: S101  (said by the vendor before)
    with as_the_vendor():
        if CreditLine.objects.filter(cosell=cosell).update(agreed_at=agreed_at):
            return
        parts = (
            (CreditKind.SOURCED, deal.partner_id, cosell.rest),
            (CreditKind.INFLUENCED, cosell.other_id, cosell.share),
        )
        CreditLine.objects.bulk_create(
            CreditLine(
                partner_id=partner_id,
                cosell=cosell,
                deal=deal,
                kind=kind,
                share=share,
                agreed_at=agreed_at,
                lead_name=deal.partner.name,
            )
            for kind, partner_id, share in parts
        )


def _end(cosell: CoSell, now: datetime, status: RequestStatus | None = None) -> None:
    """What was in force stays granted; what was never agreed is refused, withdrawn or lapsed."""
    cosell.ended_at, cosell.status = now, status or cosell.status
    cosell.save(update_fields=["status", "ended_at", "decision_reason"])
    with as_the_vendor():
        CreditLine.objects.filter(cosell=cosell, ended_at=None).update(ended_at=now)


def _told(cosell: CoSell) -> dict[str, Any]:
    """Read by the partner whose deal it is: the other one under the name that partner knows."""
    return {"with": cosell.named, "share": format_percent(cosell.share / 10_000, 2)}


def _tell_lead(key: str, actor: Actor, deal: Deal, cosell: CoSell, **data: Any) -> Any:
    """In the record of the deal. Who acted for the second partner is not named to the first."""
    if actor.partner and actor.partner.pk == cosell.other_id:
        told = {"reference": deal.reference, "customer": deal.customer_name, **_told(cosell), **data}
        return record(key, partner_id=deal.partner_id, subject=deal, data=told)
    return record_deal_event(key, actor, deal, **_told(cosell), **data)


def tell_second(key: str, actor: Actor | None, deal: Deal, cosell: CoSell) -> None:
    """In the record of the second partner; what it says of the deal stands in its credit line as well."""
    with as_the_vendor():
        line = CreditLine.objects.get(cosell=cosell, kind=CreditKind.INFLUENCED)
        told = {
            "customer": deal.customer_name,
            "from": line.lead_name,
            "share": format_percent(cosell.share / 10_000, 2),
        }
        staff = (
            actor
            if actor and (actor.is_staff or line.partner_id == getattr(actor.partner, "pk", 0))
            else None
        )
        record(key, actor=staff, partner_id=line.partner_id, subject=line, data=told)


def shared_outcome(actor: Actor | None, deal: Deal, key: str) -> None:
    """Tell the second partner, if there is one, how a deal it shares has ended."""
    with as_the_vendor():
        cosell = CoSell.objects.filter(deal=deal, agreed_at__isnull=False, ended_at=None).first()
        if cosell:
            tell_second(key, actor, deal, cosell)
