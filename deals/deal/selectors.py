"""Reads of deals. Row security decides which rows; these add order, joins and what a page needs."""

from typing import Final

from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from deals.deal.models import PENDING, Deal, DealLine, DealStatus, Stage, StageChange
from partners.models import Partner, Product
from partners.policies import sees_own_deals_only
from portal.tenancy.access import Actor
from portal.tenancy.scope import ALL
from portal.tenancy.tables import in_use

#: Neither decided against nor ended.
OPEN: Final = (DealStatus.DRAFT, *PENDING, DealStatus.RETURNED, DealStatus.APPROVED)
#: Drafts, and those that were thrown away.
_NEVER_SENT: Final = Q(status=DealStatus.DRAFT) | Q(status=DealStatus.WITHDRAWN, submitted_at=None)

_OF_A_ROW: Final = (
    "reference", "customer", "customer_name", "partner__name", "status", "stage__name", "amount", "currency",
    "expected_close", "created_at", "submitted_at", "pending_since", "decision_due_at", "expires_at",
    "assigned_to", "won_at", "counted_at", "won_amount",
)  # fmt: skip


def within_reach(actor: Actor) -> QuerySet[Deal]:
    """The deals of the actor's partners, bare and in no order: for counting and adding up."""
    if actor.scope.partner_ids is ALL:
        return Deal.objects.order_by()
    # Row security says the same; said here, the planner knows how few rows it means.
    return Deal.objects.order_by().filter(partner_id__among=actor.scope.partner_ids)


def deals_visible(actor: Actor) -> QuerySet[Deal]:
    """Every deal this person may read, newest first, with partner and stage.

    What a partner has not sent yet is no business of the vendor's people, nor of its distributor's.
    """
    deals = within_reach(actor).select_related("partner", "stage").order_by("-created_at", "-id")
    if actor.is_staff:
        return deals.exclude(_NEVER_SENT)
    if actor.is_distributor:
        deals = deals.exclude(~Q(partner=actor.partner) & _NEVER_SENT)
    if sees_own_deals_only(actor):
        return deals.filter(registered_by=actor.user)
    return deals


def for_list(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """The same deals with only what rows of lists show."""
    return deals.only(*_OF_A_ROW)


def with_lines(deals: list[Deal]) -> list[Deal]:
    """The same deals with their products at hand, in one query for all."""
    prefetch_related_objects(deals, Prefetch("lines", DealLine.objects.select_related("product")))
    return deals


def deals_of(actor: Actor, partner: Partner) -> QuerySet[Deal]:
    """A partner's deals, newest first."""
    return deals_visible(actor).filter(partner=partner)


def lines_of(deal: Deal) -> list[DealLine]:
    return list(deal.lines.select_related("product"))


def stages() -> list[Stage]:
    return list(Stage.objects.order_by("position"))


def stages_offered(deal: Deal) -> list[Stage]:
    """Where it may be moved: the stages in use, and the one it is in."""
    return list(in_use(Stage.objects.order_by("position"), deal.stage_id))


def stage_history(deal: Deal) -> list[StageChange]:
    """Newest first."""
    return list(deal.stage_changes.select_related("stage", "changed_by"))


def keeps_amounts() -> bool:
    """Whether this vendor has deals or prices: its currency cannot change any more then."""
    return Deal.objects.exists() or Product.objects.filter(list_price__isnull=False).exists()
