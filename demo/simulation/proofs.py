"""Large wins of the demo that wait for their proof of sale, and one whose proof was accepted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone

from deals.deal.models import Deal
from deals.proofs.models import Evidence, Proof, ProofFile, SerialNumber
from deals.proofs.policies import serial_key
from deals.special_prices.models import BigDealTerms
from demo.simulation.plans import VendorPlan
from partners.models import Partner
from portal.calendar.selectors import calendar_of
from portal.events.models import PortalEvent
from portal.files.uploads import checked
from portal.history.moments import made_at
from portal.requests.models import RequestStatus
from portal.tenancy.models import Vendor
from portal.ui.formatting import to_minor

#: Wins of this many usual deals and more need a proof.
BIG: Final = Decimal("0.8")
#: The programme asks for proofs since then; earlier wins were left as they were.
SINCE: Final = timedelta(days=180)
REASON: Final = "The second page is missing, so the delivered quantity cannot be read."


@dataclass(frozen=True, slots=True)
class Story:
    """`kind` None: nothing was handed in yet."""

    evidence: Evidence | None
    status: RequestStatus = RequestStatus.OPEN


#: Of the featured partner's latest large wins, the newest first; then of others'.
OURS: Final = (
    Story(None),
    Story(Evidence.SERIALS),
    Story(Evidence.INVOICE, RequestStatus.REFUSED),
    Story(Evidence.ORDER, RequestStatus.GRANTED),
)
OTHERS: Final = (Story(Evidence.INVOICE), Story(Evidence.SERIALS), Story(None))


def proofs_of_sale(plan: VendorPlan, vendor: Vendor, featured: Partner) -> None:
    """Ask for proofs, and tell what became of the latest large wins; idempotent."""
    terms = BigDealTerms.objects.first() or BigDealTerms()
    if terms.proof_from is not None:
        return
    terms.proof_from = to_minor(Decimal(round(plan.deal_size * BIG, -3)), vendor.currency)
    terms.save()
    wins = Deal.objects.filter(won_at__gte=timezone.now() - SINCE, won_amount_vendor__gte=terms.proof_from)
    wins = wins.select_related("partner").order_by("-won_at", "pk")
    for stories, chosen in ((OURS, wins.filter(partner=featured)), (OTHERS, wins.exclude(partner=featured))):
        for story, deal in zip(stories, chosen[: len(stories)], strict=False):
            _play(vendor, terms, deal, story)


def _play(vendor: Vendor, terms: BigDealTerms, deal: Deal, story: Story) -> None:
    now = timezone.now()
    if deal.won_at is None:
        return
    with made_at(deal.won_at):
        Deal.objects.filter(pk=deal.pk).update(proof_needed=True)
    if story.evidence is None:
        return
    recent = now - timedelta(hours=20) if story.status == RequestStatus.OPEN else now - timedelta(days=5)
    sent = max(deal.won_at + timedelta(hours=2), recent)
    proof = Proof(
        partner_id=deal.partner_id,
        deal=deal,
        evidence=story.evidence,
        number="" if story.evidence == Evidence.SERIALS else f"{story.evidence[:1].upper()}-{deal.pk}",
        status=story.status,
        owner_id=deal.assigned_to_id,
        requested_by_id=deal.registered_by_id,
        requested_at=sent,
        due_at=calendar_of(vendor).add_hours(sent, terms.proof_hours),
    )
    if story.status != RequestStatus.OPEN:
        proof.decided_by_id, proof.decided_at = deal.assigned_to_id, min(sent + timedelta(hours=6), now)
        proof.decision_reason = REASON if story.status == RequestStatus.REFUSED else ""
    proof.save(force_insert=True)
    if story.status == RequestStatus.GRANTED:
        Deal.objects.filter(pk=deal.pk).update(proof_accepted_at=proof.decided_at)
    _hand_in(deal, proof)
    _record(deal, proof)


def _hand_in(deal: Deal, proof: Proof) -> None:
    if proof.evidence == Evidence.SERIALS:
        pieces = sum(deal.lines.values_list("quantity", flat=True))
        texts = [f"SN-{deal.pk:06}-{piece:03}" for piece in range(1, pieces + 1)]
        SerialNumber.objects.bulk_create(
            SerialNumber(partner_id=deal.partner_id, proof=proof, text=text, key=serial_key(text))
            for text in texts
        )
        return
    title = f"{proof.get_evidence_display()} {proof.number}, {deal.customer_name}"
    upload = checked(f"{proof.get_evidence_display().lower()} {proof.number}.pdf", a_page(title))
    fields = upload.as_fields(proof.requested_by) | {"uploaded_at": proof.requested_at}
    ProofFile.objects.create(partner_id=deal.partner_id, proof=proof, **fields)


def a_page(text: str) -> bytes:
    """One page of PDF with this line on it, in the 14 fonts every reader has."""
    line = text.encode("cp1252", "replace").replace(b"\\", b"").replace(b"(", b"").replace(b")", b"")
    drawn = b"BT /F1 14 Tf 60 780 Td (" + line + b") Tj ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 6\n0000000000 65535 f \n" + table
    return body + head + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def _record(deal: Deal, proof: Proof) -> None:
    """As the services tell it, but at its time in the demo's past."""
    what, why = {"proof": proof.get_evidence_display()}, {"reason": proof.decision_reason}
    told: list[tuple[str, datetime, int | None, dict[str, Any]]] = [
        ("deals.proof_requested", proof.requested_at, proof.requested_by_id, what)
    ]
    decided_at = proof.decided_at or proof.requested_at
    if proof.status == RequestStatus.REFUSED:
        told.append(("deals.proof_refused", decided_at, proof.decided_by_id, why))
    if proof.status == RequestStatus.GRANTED:
        told.append(("deals.proof_granted", decided_at, proof.decided_by_id, {}))
    PortalEvent.objects.bulk_create(
        PortalEvent(
            type=kind,
            partner_id=deal.partner_id,
            actor_id=actor_id,
            subject_type=deal._meta.label_lower,
            subject_id=deal.pk,
            occurred_at=moment,
            data={"reference": deal.reference, "customer": deal.customer_name, **more},
        )
        for kind, moment, actor_id, more in told
    )
