"""Reads of proofs of sale."""

from deals.deal.models import Deal
from deals.deal.selectors import deals_visible
from deals.proofs.models import Proof, ProofFile, SerialNumber
from portal.tenancy.access import Actor


def proofs(deal: Deal) -> list[Proof]:
    """Of one deal, the latest first, with everybody they name."""
    rows = Proof.objects.filter(deal=deal).select_related("owner", "requested_by", "decided_by")
    return list(rows.order_by("-requested_at", "-pk"))


def proof_of(actor: Actor, pk: int) -> Proof:
    """Proof.DoesNotExist for who cannot see its deal."""
    deals = deals_visible(actor).order_by().values("pk")
    found: Proof = Proof.objects.filter(deal__in=deals).select_related("deal__partner__tier").get(pk=pk)
    return found


def file_of(actor: Actor, pk: int) -> ProofFile:
    """ProofFile.DoesNotExist for who cannot see its deal."""
    deals = deals_visible(actor).order_by().values("pk")
    found: ProofFile = ProofFile.objects.filter(proof__deal__in=deals).get(pk=pk)
    return found


def files_of(proof: Proof) -> list[ProofFile]:
    return list(proof.files.all())


def serials_of(proof: Proof) -> list[SerialNumber]:
    return list(proof.serials.all())
