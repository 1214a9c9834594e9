"""A second partner: proposed by the partner whose deal it is, confirmed by the vendor, who says which one."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F

from deals.deal.models import Deal
from deals.deal.policies import STARTS_FROM
from deals.deal.requests import DealRequestKind
from deals.shared_credit import notifications
from deals.shared_credit.models import CoSell
from deals.shared_credit.presenters import share_text
from deals.shared_credit.services import offers_lapse, refuse_pair, refuse_share, write_lines
from partners.models import Partner
from portal.requests.kinds import Verbs, register
from portal.requests.models import RequestStatus
from portal.tenancy.access import Actor
from portal.ui.formatting import format_percent


class CoSellKind(DealRequestKind[CoSell]):
    key = "deals.credit"
    model = CoSell
    label = "Second partner"
    icon = "heart-handshake"
    icons = {"requested": "heart-handshake", "granted": "send"}
    noun = "second partner"
    verbs = Verbs(requested="proposed", granted="confirmed", refused="declined")
    page = "deals:credit"
    ask = "share"
    same_by = ("named", "share")
    reason_value = ""  # both sides' people read the list

    def build(self, actor: Actor, subject: Deal, *, named: str, share: int, note: str = "") -> CoSell:
        """`named` is free text: whether a company is a partner here is not the proposer's to find out.

        `share` in basis points, for the second partner.
        """
        named = " ".join(named.split())
        if not named:
            raise ValidationError({"named": "Name the other partner."})
        refuse_share(share)
        return CoSell(named=named, share=share, reason=note.strip())

    def check(self, actor: Actor, request: CoSell) -> None:
        if CoSell.objects.filter(deal=request.deal, agreed_at=None, ended_at=None).exists():
            raise ValidationError(self.busy(request), code="busy")

    def busy(self, there: CoSell) -> str:
        return "A second partner is proposed already. Wait for the answer, or take it back first."

    def grant(
        self, actor: Actor, request: CoSell, now: datetime, *, other: Partner, share: int
    ) -> dict[str, Any]:
        """That partner is asked next."""
        if not actor.writes_for(other.pk):
            raise PermissionDenied("Only a partner you manage can be named.")
        refuse_pair(request.deal, other, share)
        request.other, request.share = other, share
        request.save(update_fields=["other", "share"])
        write_lines(request.deal, request, None)
        notifications.offered(actor, request)
        return {}

    def refuse(self, actor: Actor, request: CoSell, now: datetime) -> None:
        request.ended_at = now

    def ended(self, request: CoSell, now: datetime) -> None:
        request.ended_at = now

    def subjects_ended(self, subjects: Collection[Deal]) -> None:
        offers_lapse([deal for deal in subjects if deal.status not in STARTS_FROM["credit"]])

    def told(self, request: CoSell) -> dict[str, Any]:
        return {"with": request.named, "share": format_percent(request.share / 10_000, 2)}

    def asks(self, request: CoSell) -> str:
        return "proposes a second partner"

    def summary(self, request: CoSell) -> str:
        return f"{share_text(request.share)} to “{request.named}”"

    def summary_values(self) -> dict[str, Any]:
        return {"share": F("share"), "named": F("named")}

    def facts(self, request: CoSell) -> list[tuple[str, Any]]:
        return [("Share", self.summary(request))]

    def outcome(self, request: CoSell) -> str:
        return "That partner is asked now." if request.status == RequestStatus.GRANTED else ""


CREDIT = register(CoSellKind())
