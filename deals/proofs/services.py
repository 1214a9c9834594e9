"""Proof of sale: whether a win needs one, handing it in, accepting and refusing it."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.deal import policies
from deals.deal.actions import keep, lock, locked, reasoned, require, tell
from deals.deal.models import Deal
from deals.deal.people import as_the_vendor, manager_asked
from deals.proofs import notifications
from deals.proofs.models import Proof, ProofFile, ProofKind, ProofStatus, SerialNumber
from deals.shared_credit.services import shared_outcome
from deals.special_prices.models import BigDealTerms
from deals.special_prices.selectors import big_deal_terms
from portal.calendar.selectors import calendar_of
from portal.files.uploads import Upload
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.wall import across_the_wall

MOST_SERIALS: Final = 500
BATCH: Final = 200
_NAMED: Final = 5


def needs_proof(terms: BigDealTerms, won_amount_vendor: int) -> bool:
    return terms.proof_from is not None and won_amount_vendor >= terms.proof_from


def serial_key(text: str) -> str:
    """What two spellings of one serial number have in common: "ab-12 34" and "AB1234"."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).upper()


@transaction.atomic
def proof_send(
    *,
    actor: Actor,
    deal: Deal,
    kind: str,
    number: str = "",
    serials: Sequence[str] = (),
    upload: Upload | None = None,
) -> Proof:
    """Hand in the proof of a win; the vendor's clock runs. The same proof twice is once.

    A document for an invoice or purchase order, serial numbers otherwise; a ValidationError names the
    serial numbers that are used already, and never by whom.
    """
    deal = locked("prove", actor=actor, deal=deal)
    require("prove", deal)
    kind, number = ProofKind(kind), number.strip()
    keyed = {serial_key(text): text.strip() for text in serials if text.strip()}
    _refuse_incomplete(deal, kind, keyed, upload)
    there = Proof.objects.filter(deal=deal).exclude(status=ProofStatus.REFUSED).first()
    if there:
        return _same(there, kind, number)
    now = timezone.now()
    with as_the_vendor():
        owner = manager_asked(deal)
    due = calendar_of(actor.vendor).add_hours(now, big_deal_terms().proof_hours)
    proof: Proof = Proof.objects.create(
        partner_id=deal.partner_id, deal=deal, kind=kind, number=number, owner=owner,
        sent_by=actor.user, sent_at=now, due_at=due,
    )  # fmt: skip
    _claim(proof, keyed)
    if upload:
        ProofFile.objects.create(partner_id=deal.partner_id, proof=proof, **upload.as_fields(actor.user))
    event = tell("deals.proof_sent", actor, deal, proof=proof.get_kind_display(), pieces=len(keyed))
    notifications.sent(actor, deal, proof, event)
    return proof


def _refuse_incomplete(deal: Deal, kind: str, keyed: dict[str, str], upload: Upload | None) -> None:
    if not deal.proof_needed:
        raise ValidationError(f"{deal.reference} counts already: it needs no proof of sale.")
    if kind == ProofKind.SERIALS and not keyed:
        raise ValidationError({"serials": "Enter at least one serial number."})
    if kind != ProofKind.SERIALS and upload is None:
        raise ValidationError({"upload": "Choose the document."})
    if "" in keyed:
        raise ValidationError({"serials": f"“{keyed['']}” is no serial number."})
    if len(keyed) > MOST_SERIALS:
        raise ValidationError({"serials": f"Enter at most {MOST_SERIALS} serial numbers."})


def _same(there: Proof, kind: str, number: str) -> Proof:
    if there.status == ProofStatus.ACCEPTED or (there.kind, there.number) == (kind, number):
        return there
    raise ValidationError("A proof was handed in already. Wait for the answer.")


def _claim(proof: Proof, keyed: dict[str, str]) -> None:
    """The unique index decides who was first."""
    rows = [
        SerialNumber(partner_id=proof.partner_id, proof=proof, text=text, key=key)
        for key, text in sorted(keyed.items())  # in one order, so that two wait for each other and never both
    ]
    try:
        with transaction.atomic():
            SerialNumber.objects.bulk_create(rows)
    except IntegrityError as error:
        raise ValidationError({"serials": _taken(keyed)}) from error


def _taken(keyed: dict[str, str]) -> str:
    with across_the_wall("say which serial numbers are used already, not by whom", remember=False):
        used = SerialNumber.objects.filter(key__in=keyed, released_at=None).order_by("key")
        keys = list(used.values_list("key", flat=True)[: _NAMED + 1])
    if not keys:
        return "One of these serial numbers was used at the same moment. Try again."
    named = ", ".join(keyed[key] for key in keys[:_NAMED]) + (" and others" if len(keys) > _NAMED else "")
    return f"Used already: {named}. Each piece can prove one sale only."


@transaction.atomic
def proof_accept(*, actor: Actor, proof: Proof) -> Proof:
    """Accept it: from this moment the win counts, in the period in which it was won."""
    deal, proof = _decided_by(actor, proof)
    if proof.status == ProofStatus.ACCEPTED:
        return proof
    _require_open(proof)
    now = timezone.now()
    proof.status, proof.decided_at, proof.decided_by = ProofStatus.ACCEPTED, now, actor.user
    proof.save(update_fields=["status", "decided_at", "decided_by"])
    deal.proof_accepted_at = now
    keep(deal, "proof_accepted_at")
    event = tell("deals.proof_accepted", actor, deal, amount=deal.won_amount, currency=deal.currency)
    shared_outcome(actor, deal, "deals.share_counted")
    notifications.answered(actor, deal, proof, event)
    return proof


@transaction.atomic
def proof_refuse(*, actor: Actor, proof: Proof, reason: str) -> Proof:
    """Refuse it with the reason the partner reads; its serial numbers are free again."""
    deal, proof = _decided_by(actor, proof)
    if proof.status == ProofStatus.REFUSED:
        return proof
    _require_open(proof)
    proof.reason, now = reasoned(reason), timezone.now()
    proof.status, proof.decided_at, proof.decided_by = ProofStatus.REFUSED, now, actor.user
    proof.save(update_fields=["reason", "status", "decided_at", "decided_by"])
    SerialNumber.objects.filter(proof=proof, released_at=None).update(released_at=now)
    notifications.answered(actor, deal, proof, tell("deals.proof_refused", actor, deal, reason=proof.reason))
    return proof


def _decided_by(actor: Actor, proof: Proof) -> tuple[Deal, Proof]:
    if not policies.may("judge", actor, proof.deal):
        raise PermissionDenied("Only the partner's managers accept a proof of sale.")
    deal = lock(proof.deal)
    current: Proof = Proof.objects.select_for_update(of=("self",)).get(pk=proof.pk)
    current.deal = deal
    return deal, current


def _require_open(proof: Proof) -> None:
    if not proof.is_open:
        raise ValidationError(f"This proof was {proof.status} already.", code="illegal")


@transaction.atomic
def proofs_mind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Tell the program admins of proofs that wait too long, each once; returns how many.

    Silence accepts nothing. Runs under the vendor's system scope.
    """
    now = now or timezone.now()
    late = Proof.objects.filter(status=ProofStatus.OPEN, escalated_at=None, due_at__lte=now)
    late = late.select_related("deal__partner", "owner").order_by("pk")
    proofs = list(late.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for proof in proofs:
        proof.escalated_at = now
        notifications.overdue(vendor, proof)
    Proof.objects.bulk_update(proofs, ["escalated_at"])
    return len(proofs)
