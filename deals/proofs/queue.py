"""Wins that do not count before their partner has handed in a proof of sale."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from deals.deal.models import DealStatus
from deals.deal.selectors import deals_visible
from deals.proofs.models import Proof
from portal.requests.queue import Side, Source, add_source, waiting_rows
from portal.tenancy.access import Actor


def _unproved(actor: Actor) -> QuerySet[Any]:
    won = deals_visible(actor).filter(status=DealStatus.WON, proof_needed=True, proof_accepted_at=None)
    waits = Proof.running().filter(deal=OuterRef("pk"))
    return waiting_rows(
        won.filter(~Exists(waits)), title="customer_name", reference="reference", since="won_at"
    )


add_source(
    Source(
        key="deals.proof_missing",
        kind="Proof of sale missing",
        icon="receipt",
        action="Hand it in",
        side=Side.PARTNER,
        rows=_unproved,
        step=lambda row: "the win counts once its proof is accepted",
        url=lambda row: reverse("deals:proof", args=[row.reference]),
    )
)
