"""More days of protection: asked for by the partner, granted or refused by the vendor."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from deals.deal.actions import keep
from deals.deal.models import Deal
from deals.deal.requests import DealRequestKind
from deals.protection.links import link_take
from deals.protection.models import Extension, ExtensionLink, Protection
from deals.protection.policies import days_allowed, days_asked_for, room_for, terms_for
from portal.calendar.days import end_of_day_after
from portal.requests.kinds import register
from portal.requests.models import RequestStatus
from portal.tenancy.access import Actor
from portal.ui.formatting import format_date, format_days, format_money


class ExtensionKind(DealRequestKind[Extension]):
    key = "deals.extension"
    model = Extension
    label = "Extension"
    icon = "calendar-plus"
    noun = "more protection"
    page = "deals:detail"
    anchor = "protection"
    ask = "extend"
    icons = {"granted": "calendar-plus", "refused": "calendar-x"}
    same_by = ("days", "reason")

    def build(
        self, actor: Actor, subject: Deal, *, days: int, reason: str, link: ExtensionLink | None = None
    ) -> Extension:
        """So many days more than the protection has now. `link` is the one in a reminder, used up by it."""
        if link is not None:
            link_take(actor, link, subject)
        request = Extension(days=days, reason=reason.strip())
        if subject.expires_at:  # else `check` refuses it
            request.until_before = subject.expires_at
        return request

    def busy(self, there: Extension) -> str:
        asked = format_date(there.requested_at)
        return f"{days_asked_for(there.days)} on {asked}. Wait for the answer before you ask again."

    def check(self, actor: Actor, request: Extension) -> None:
        granted = Extension.objects.filter(deal=request.deal, status=RequestStatus.GRANTED).count()
        room = room_for(request.deal, terms_for(request.deal), timezone.now(), waiting=None, granted=granted)
        if room.why_not:
            raise ValidationError(room.why_not)
        problems: dict[str, str] = {}
        if not 1 <= request.days <= room.most_days:
            problems["days"] = days_allowed(room.most_days)
        if not request.reason:
            problems["reason"] = "Say why you need more time."
        if problems:
            raise ValidationError(problems)

    def latest(self, request: Extension) -> datetime | None:
        return request.until_before

    def grant(self, actor: Actor, request: Extension, now: datetime) -> dict[str, Any]:
        """The days are counted from where the protection ends now."""
        deal = request.deal
        if deal.expires_at is None or deal.expires_at <= now:
            raise ValidationError("The protection has run out: it can be registered again, not extended.")
        request.until_before = deal.expires_at
        request.until_after = deal.expires_at = end_of_day_after(
            deal.expires_at, request.days, actor.vendor.zone
        )
        Protection.objects.filter(deal=deal, released_at=None).update(expires_at=deal.expires_at)
        keep(deal, "expires_at")
        return {"until": format_date(deal.expires_at, "year")}

    def told(self, request: Extension) -> dict[str, Any]:
        return {"more": format_days(request.days)}

    def asks(self, request: Extension) -> str:
        return f"asks for {self.summary(request)}"

    def summary(self, request: Extension) -> str:
        return f"{format_days(request.days)} more"

    def summary_values(self) -> dict[str, Any]:
        return {"days": F("days")}

    def facts(self, request: Extension) -> list[tuple[str, Any]]:
        deal = request.deal
        amount = "" if deal.amount is None else format_money(deal.amount, deal.currency)
        return [
            *super().facts(request),
            ("Amount", amount),
            ("Protected until", format_date(request.until_before, "year")),
        ]

    def outcome(self, request: Extension) -> str:
        if request.until_after:
            return f"It is protected until {format_date(request.until_after, 'year')}."
        return f"The protection ends {format_date(request.until_before, 'year')}, as before."


EXTENSION = register(ExtensionKind())
