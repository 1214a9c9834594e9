"""Proof of sale: handed in by the partner, accepted or refused by the vendor."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, F, OuterRef, Subquery

from deals.deal.actions import keep
from deals.deal.models import Deal
from deals.deal.requests import DealRequestKind
from deals.proofs.models import Evidence, Proof, ProofFile, SerialNumber
from deals.proofs.policies import serial_key
from deals.shared_credit.services import shared_outcome
from deals.special_prices.selectors import big_deal_terms
from portal.files.uploads import Upload
from portal.requests.kinds import Verbs, register
from portal.requests.models import RequestStatus
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.wall import across_the_wall
from portal.ui.formatting import format_money

MOST_SERIALS: Final = 500
_NAMED: Final = 5


class ProofRequestKind(DealRequestKind[Proof]):
    key = "deals.proof"
    model = Proof
    label = "Proof of sale"
    icon = "receipt"
    icons = {"requested": "receipt", "granted": "circle-check"}
    noun = "proof of sale"
    verbs = Verbs(requested="handed in", granted="accepted")
    action = "Look at it"
    page = "deals:proof"
    ask = "prove"
    same_by = ("evidence", "number")

    def build(
        self,
        actor: Actor,
        subject: Deal,
        *,
        evidence: str,
        number: str = "",
        serials: Sequence[str] = (),
        upload: Upload | None = None,
    ) -> Proof:
        """A document for an invoice or purchase order, serial numbers otherwise."""
        proof = Proof(evidence=Evidence(evidence), number=number.strip())
        keyed = {serial_key(text): text.strip() for text in serials if text.strip()}
        _refuse_incomplete(Evidence(evidence), keyed, upload)
        about = {"partner_id": subject.partner_id, "proof": proof}
        proof.parts = [
            SerialNumber(text=text, key=key, **about)
            for key, text in sorted(keyed.items())  # in one order: two wait, never both
        ]
        if upload:
            proof.parts = [*proof.parts, ProofFile(**about, **upload.as_fields(actor.user))]
        return proof

    def sent_before(self, request: Proof, there: Proof | None) -> Proof | None:
        accepted: Proof | None = Proof.objects.filter(deal=request.deal, status=RequestStatus.GRANTED).first()
        return accepted or super().sent_before(request, there)

    def check(self, actor: Actor, request: Proof) -> None:
        if not request.deal.proof_needed:
            raise ValidationError(f"{request.deal.reference} counts already: it needs no proof of sale.")

    def busy(self, there: Proof) -> str:
        return "A proof was handed in already. Wait for the answer."

    def keep_parts(self, request: Proof) -> None:
        """The unique index decides who was first to claim a serial number."""
        serials = [part for part in request.parts if isinstance(part, SerialNumber)]
        try:
            with transaction.atomic():
                SerialNumber.objects.bulk_create(serials)
        except IntegrityError as error:
            raise ValidationError({"serials": _taken({one.key: one.text for one in serials})}) from error
        ProofFile.objects.bulk_create(part for part in request.parts if isinstance(part, ProofFile))

    def hours(self, vendor: Vendor, request: Proof) -> float:
        return big_deal_terms().proof_hours

    def grant(self, actor: Actor, request: Proof, now: datetime) -> dict[str, Any]:
        """From this moment the win counts, in the period in which it was won."""
        deal = request.deal
        deal.proof_accepted_at = now
        keep(deal, "proof_accepted_at")
        shared_outcome(actor, deal, "deals.share_counted")
        return {"amount": deal.won_amount, "currency": deal.currency}

    def refuse(self, actor: Actor, request: Proof, now: datetime) -> None:
        self.ended(request, now)

    def ended(self, request: Proof, now: datetime) -> None:
        """Its serial numbers are free again."""
        SerialNumber.objects.filter(proof=request, released_at=None).update(released_at=now)

    def told(self, request: Proof) -> dict[str, Any]:
        return {"proof": request.get_evidence_display()}

    def asks(self, request: Proof) -> str:
        return "has handed in a proof of sale"

    def summary(self, request: Proof) -> str:
        amount = format_money(request.deal.won_amount or 0, request.deal.currency)
        pieces = getattr(request, "pieces", None)
        return f"{Evidence(request.evidence).label.lower()}{f' ({pieces})' if pieces else ''}, {amount}"

    def summary_values(self) -> dict[str, Any]:
        serials = SerialNumber.objects.filter(proof=OuterRef("pk"), released_at=None).order_by()
        pieces = Subquery(serials.values("proof").annotate(pieces=Count("pk")).values("pieces"))
        names = ("evidence", "deal__won_amount", "deal__currency")
        return {**{name: F(name) for name in names}, "pieces": pieces}

    def facts(self, request: Proof) -> list[tuple[str, Any]]:
        return [("Proof", self.summary(request)), ("Until you answer", "the win does not count")]

    def outcome(self, request: Proof) -> str:
        accepted = request.status == RequestStatus.GRANTED
        return "The win counts from now on." if accepted else "You may hand in another one."


def _refuse_incomplete(evidence: str, keyed: dict[str, str], upload: Upload | None) -> None:
    if evidence == Evidence.SERIALS and not keyed:
        raise ValidationError({"serials": "Enter at least one serial number."})
    if evidence != Evidence.SERIALS and upload is None:
        raise ValidationError({"upload": "Choose the document."})
    if "" in keyed:
        raise ValidationError({"serials": f"“{keyed['']}” is no serial number."})
    if len(keyed) > MOST_SERIALS:
        raise ValidationError({"serials": f"Enter at most {MOST_SERIALS} serial numbers."})


def _taken(keyed: dict[str, str]) -> str:
    with across_the_wall("say which serial numbers are used already, not by whom", remember=False):
        used = SerialNumber.objects.filter(key__in=keyed, released_at=None).order_by("key")
        keys = list(used.values_list("key", flat=True)[: _NAMED + 1])
    if not keys:
        return "One of these serial numbers was used at the same moment. Try again."
    named = ", ".join(keyed[key] for key in keys[:_NAMED]) + (" and others" if len(keys) > _NAMED else "")
    return f"Used already: {named}. Each piece can prove one sale only."


PROOF = register(ProofRequestKind())
