"""Co-sell: a second partner is proposed, confirmed and agreed, or named by the vendor; and it may end."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.deal import policies as deal_policies
from deals.deal.actions import lock, locked, reasoned, require, tell
from deals.deal.models import Deal
from deals.deal.people import as_the_vendor, manager_asked
from deals.shared_credit import notifications, policies
from deals.shared_credit.models import UNDECIDED, CoSell, CoSellStatus, CreditKind, CreditLine
from partners.models import Partner, PartnerStatus
from portal.calendar.selectors import decision_due
from portal.events.log import record
from portal.tenancy.access import Actor
from portal.ui.formatting import format_percent

# Credit is written as the vendor: a partner neither reads nor writes the other one's line.


@transaction.atomic
def credit_propose(*, actor: Actor, deal: Deal, named: str, share: int, note: str = "") -> CoSell:
    """The partner proposes to share its deal; the vendor says whether, and with which partner.

    `named` is free text: whether a company is a partner here is not the proposer's to find out. `share` in
    basis points, for the second partner. The same proposal twice is once.
    """
    deal = locked("share", actor=actor, deal=deal)
    require("share", deal)
    named = " ".join(named.split())
    if not named:
        raise ValidationError({"named": "Name the other partner."})
    _refuse_share(share)
    there = CoSell.objects.filter(deal=deal, status__in=UNDECIDED).first()
    if there:
        return _same(there, named, share)
    now = timezone.now()
    with as_the_vendor():
        owner = manager_asked(deal)
    cosell: CoSell = CoSell.objects.create(
        partner_id=deal.partner_id,
        deal=deal,
        status=CoSellStatus.PROPOSED,
        named=named,
        share=share,
        note=note.strip(),
        started_by=actor.user,
        started_at=now,
        due_at=decision_due(actor.vendor, now),
        owner=owner,
    )
    event = tell("deals.credit_proposed", actor, deal, **_told(cosell))
    notifications.proposed(actor, deal, cosell, event)
    return cosell


def _same(there: CoSell, named: str, share: int) -> CoSell:
    if (there.named, there.share) == (named, share):
        return there
    raise ValidationError("A second partner is proposed already. Wait for the answer, or take it back first.")


def _refuse_share(share: int) -> None:
    if not 0 < share < 10_000:
        raise ValidationError({"share": "Enter a share above 0 and below 100 per cent."})


@transaction.atomic
def credit_withdraw(*, actor: Actor, cosell: CoSell) -> CoSell:
    """The partner takes back what the second one has not accepted yet."""
    if not deal_policies.may_work(actor, cosell.deal):
        raise PermissionDenied("Only the partner takes its proposal back.")
    deal, cosell = _locked(cosell)
    if cosell.status == CoSellStatus.WITHDRAWN:
        return cosell
    _require_undecided(cosell)
    _end(cosell, CoSellStatus.WITHDRAWN, timezone.now())
    tell("deals.credit_withdrawn", actor, deal, **_told(cosell))
    return cosell


# The vendor's side ------------------------------------------------------------------------------------


@transaction.atomic
def credit_confirm(*, actor: Actor, cosell: CoSell, other: Partner, share: int) -> CoSell:
    """The vendor confirms a proposal and says which partner is meant; that partner is asked next."""
    deal, cosell = _settled_by(actor, cosell, other)
    if cosell.status == CoSellStatus.OFFERED and cosell.other_id == other.pk:
        return cosell
    if cosell.status != CoSellStatus.PROPOSED:
        raise ValidationError("This proposal was answered already.", code="illegal")
    require("credit", deal)
    _refuse_pair(deal, other, share)
    cosell.status, cosell.other, cosell.share = CoSellStatus.OFFERED, other, share
    cosell.decided_by, cosell.decided_at = actor.user, timezone.now()
    cosell.save(update_fields=["status", "other", "share", "decided_by", "decided_at"])
    _write_lines(deal, cosell, None)
    event = tell("deals.credit_confirmed", actor, deal, **_told(cosell))
    notifications.offered(actor, deal, cosell, event)
    return cosell


@transaction.atomic
def credit_name(*, actor: Actor, deal: Deal, other: Partner, share: int, note: str = "") -> CoSell:
    """The vendor names the second partner itself: in force at once, in place of what was in force before."""
    _refuse_stranger(actor, other)
    deal = locked("credit", actor=actor, deal=deal)
    require("credit", deal)
    _refuse_pair(deal, other, share)
    present: CoSell | None = CoSell.objects.filter(deal=deal, status=CoSellStatus.AGREED).first()
    if present and (present.other_id, present.share) == (other.pk, share):
        return present
    if CoSell.objects.filter(deal=deal, status__in=UNDECIDED).exists():
        raise ValidationError("Answer the proposal of the partner first.")
    now = timezone.now()
    cosell = CoSell(
        partner_id=deal.partner_id,
        deal=deal,
        named=other.name,
        other=other,
        share=share,
        note=note.strip(),
        started_by=actor.user,
        started_at=now,
        decided_by=actor.user,
        decided_at=now,
        status=CoSellStatus.PROPOSED,
    )
    cosell.save(force_insert=True)
    _agree(actor, deal, cosell, now)
    return cosell


@transaction.atomic
def credit_decline(*, actor: Actor, cosell: CoSell, reason: str) -> CoSell:
    """The vendor declines a proposal, with the reason the partner reads."""
    deal, cosell = _settled_by(actor, cosell)
    if cosell.status == CoSellStatus.DECLINED:
        return cosell
    _require_undecided(cosell)
    now = timezone.now()
    cosell.reason, cosell.decided_by, cosell.decided_at = reasoned(reason), actor.user, now
    _end(cosell, CoSellStatus.DECLINED, now)
    event = tell("deals.credit_declined", actor, deal, reason=cosell.reason, **_told(cosell))
    notifications.declined(actor, deal, cosell, event, by=str(actor.user))
    return cosell


@transaction.atomic
def credit_end(*, actor: Actor, cosell: CoSell, reason: str) -> CoSell:
    """The vendor ends what is in force: from now on the whole deal is its partner's again."""
    deal, cosell = _settled_by(actor, cosell)
    if cosell.status == CoSellStatus.ENDED:
        return cosell
    if cosell.status != CoSellStatus.AGREED:
        raise ValidationError("This agreement is not in force.", code="illegal")
    cosell.reason = reasoned(reason)
    _end(cosell, CoSellStatus.ENDED, timezone.now())
    event = tell("deals.credit_ended", actor, deal, reason=cosell.reason, **_told(cosell))
    tell_second("deals.share_ended", actor, deal, cosell)
    notifications.ended(actor, deal, cosell, event)
    return cosell


def _settled_by(actor: Actor, cosell: CoSell, other: Partner | None = None) -> tuple[Deal, CoSell]:
    if not deal_policies.may("credit", actor, cosell.deal):
        raise PermissionDenied("Only the partner's managers settle who is credited.")
    if other is not None:
        _refuse_stranger(actor, other)
    return _locked(cosell)


def _refuse_stranger(actor: Actor, other: Partner) -> None:
    if not actor.writes_for(other.pk):
        raise PermissionDenied("Only a partner you manage can be named.")


def _refuse_pair(deal: Deal, other: Partner, share: int) -> None:
    _refuse_share(share)
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
    if cosell.status != CoSellStatus.OFFERED:
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
    if cosell.status != CoSellStatus.OFFERED:
        raise ValidationError("This is in force: only the vendor ends it.", code="illegal")
    cosell.reason = reasoned(reason)
    with as_the_vendor():
        _end(cosell, CoSellStatus.DECLINED, timezone.now())
        event = _tell_lead("deals.credit_declined", actor, deal, cosell, reason=cosell.reason)
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


def _require_undecided(cosell: CoSell) -> None:
    if not cosell.is_undecided:
        raise ValidationError("This proposal was answered already.", code="illegal")


def _agree(actor: Actor, deal: Deal, cosell: CoSell, now: datetime) -> None:
    """In force from `now`; what was in force ends at the same moment."""
    for before in CoSell.objects.filter(deal=deal, status=CoSellStatus.AGREED).select_for_update():
        _end(before, CoSellStatus.ENDED, now)
        if before.other_id != cosell.other_id:
            tell_second("deals.share_ended", actor, deal, before)
            notifications.replaced(actor, deal, before)
    assert cosell.other  # noqa: S101  (said by the vendor before)
    cosell.status, cosell.agreed_at, cosell.named = CoSellStatus.AGREED, now, cosell.other.name
    cosell.save(update_fields=["status", "agreed_at", "named"])
    _write_lines(deal, cosell, now)
    event = _tell_lead("deals.credit_agreed", actor, deal, cosell)
    tell_second("deals.share_agreed", actor, deal, cosell)
    notifications.agreed(actor, deal, cosell, event)


def _write_lines(deal: Deal, cosell: CoSell, agreed_at: datetime | None) -> None:
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


def _end(cosell: CoSell, status: CoSellStatus, now: datetime) -> None:
    cosell.status, cosell.ended_at = status, now
    cosell.save(update_fields=["status", "ended_at", "reason", "decided_by", "decided_at"])
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
    return tell(key, actor, deal, **_told(cosell), **data)


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
        cosell = CoSell.objects.filter(deal=deal, status=CoSellStatus.AGREED).first()
        if cosell:
            tell_second(key, actor, deal, cosell)
