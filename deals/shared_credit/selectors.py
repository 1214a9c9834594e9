"""Reads of co-selling. Row security shows each partner its own side, and the vendor's people both."""

from django.db.models import Q, QuerySet

from deals.deal.models import Deal
from deals.deal.policies import STARTS_FROM
from deals.deal.selectors import deals_visible
from deals.shared_credit.models import CoSell, CoSellStatus, CreditKind, CreditLine
from deals.shared_credit.policies import sees_shares
from partners.models import Partner, PartnerStatus
from partners.selectors import partners_called
from portal.tenancy.access import Actor
from portal.text import folded_name


def cosells(deal: Deal) -> list[CoSell]:
    """Of one deal, the latest first."""
    rows = CoSell.objects.filter(deal=deal).select_related("owner", "started_by", "decided_by")
    return list(rows.order_by("-started_at", "-pk"))


def cosell_of(actor: Actor, pk: int) -> CoSell:
    """CoSell.DoesNotExist for who cannot see its deal."""
    deals = deals_visible(actor).order_by().values("pk")
    found: CoSell = CoSell.objects.filter(deal__in=deals).select_related("deal__partner__tier").get(pk=pk)
    return found


def cosells_waiting(actor: Actor) -> QuerySet[CoSell]:
    """Proposals of the actor's partners that wait for the vendor, the most urgent first."""
    waiting = CoSell.objects.filter(status=CoSellStatus.PROPOSED, deal__status__in=STARTS_FROM["share"])
    return waiting.select_related("deal__partner", "owner").order_by("due_at", "pk")


def shares(actor: Actor) -> QuerySet[CreditLine]:
    """Parts of other partners' deals that the actor's partners have or were offered, the latest first."""
    lines = CreditLine.objects.filter(kind=CreditKind.INFLUENCED).select_related("partner")
    if not sees_shares(actor):
        return lines.none()
    never = Q(agreed_at=None, ended_at__isnull=False)
    return lines.exclude(never).order_by("-pk")


def own_line(deal: Deal) -> CreditLine | None:
    """What is credited to the deal's own partner while it is shared; None when it is not."""
    lines = CreditLine.objects.filter(deal=deal, kind=CreditKind.SOURCED, ended_at=None)
    found: CreditLine | None = lines.filter(agreed_at__isnull=False).first()
    return found


def partners_meant(text: str, most: int = 5) -> tuple[list[Partner], bool]:
    """(active partners within reach of that name or key, True); otherwise those that begin like it, False."""
    active = Partner.objects.filter(status=PartnerStatus.ACTIVE).order_by("name", "pk")
    if called := partners_called(active, text, most):
        return called, True
    return list(active.filter(name_key__prefix=folded_name(text)[:4])[:most]), False
