"""Reads of extensions: of one deal, and of what waits for the vendor."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from deals.models import Deal
from deals.protection.models import Extension, ExtensionOutcome
from deals.protection.terms import Room, room_for, terms_for
from portal.access import Actor
from portal.scope import ALL

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Extensions:
    """Of one deal: the request that waits, those decided (newest first), and what may still be asked for."""

    waiting: Extension | None
    decided: list[Extension]
    room: Room | None  # None for who may not ask

    @property
    def latest(self) -> Extension | None:
        return self.decided[0] if self.decided else None


def extensions_of(deal: Deal, *, may_ask: bool) -> Extensions:
    rows = list(deal.extensions.select_related("requested_by", "owner", "decided_by"))
    waiting = next((row for row in rows if row.is_waiting), None)
    decided = [row for row in rows if not row.is_waiting]
    room = None
    if may_ask:
        granted = sum(row.outcome == ExtensionOutcome.GRANTED for row in decided)
        room = room_for(deal, terms_for(deal), timezone.now(), waiting=waiting, granted=granted)
    return Extensions(waiting, decided, room)


def waiting_for_decision(actor: Actor) -> QuerySet[Extension]:
    """Extensions the actor's partners ask for, the most urgent first."""
    rows = Extension.objects.filter(outcome="").order_by("due_at", "id")
    if actor.scope.partner_ids is not ALL:
        rows = rows.filter(partner_id__in=sorted(actor.scope.partner_ids))  # type: ignore[arg-type]
    return rows.select_related("deal", "partner", "owner", "requested_by")
