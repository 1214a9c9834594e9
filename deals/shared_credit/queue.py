"""Parts of other partners' deals that wait for the second partner's answer."""

from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse

from deals.shared_credit.presenters import share_text
from deals.shared_credit.selectors import shares
from portal.requests.queue import Row, Side, Source, add_source, waiting_rows
from portal.tenancy.access import Actor


def _offers(actor: Actor) -> QuerySet[Any]:
    return waiting_rows(
        shares(actor).filter(agreed_at=None, ended_at=None),
        title="customer_name",
        reference="reference",
        detail={"share": F("share"), "lead": F("lead_name")},
    )


def _step(row: Row) -> str:
    return f"{share_text(row.detail['share'])} of a deal of {row.detail['lead']} would be credited"


add_source(
    Source(
        key="deals.share",
        kind="Shared deal offered",
        icon="heart-handshake",
        action="Answer",
        side=Side.PARTNER,
        rows=_offers,
        step=_step,
        url=lambda row: reverse("deals:shared"),
    )
)
