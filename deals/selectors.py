"""Reads of the deals app. Row security decides which rows; these add order, joins and what a page needs."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import (
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    prefetch_related_objects,
)  # fmt: skip
from django.utils import timezone

from deals.approvals.models import ApprovalStep, DecisionTime
from deals.cases.reads import with_sides
from deals.leads.models import LeadOffer
from deals.matching import normalised_name, registrable_domain
from deals.models import PENDING, Deal, DealLine, DealStatus, Protection, Stage, StageChange
from deals.protection.reads import with_extensions
from partners.models import Partner, Product, Seat
from partners.policies import sees_own_deals_only
from partners.selectors import managers_of
from portal.access import Actor
from portal.models import ExchangeRate, Membership, User
from portal.roles import Role
from portal.scope import ALL, Scope, current_vendor_id, entered, system_scope
from portal.wall import across_the_wall

#: Neither decided against nor ended.
OPEN: Final = (DealStatus.DRAFT, *PENDING, DealStatus.RETURNED, DealStatus.APPROVED)
SOON: Final = timedelta(days=14)  # protection "ends soon"
CLOSING: Final = timedelta(days=30)  # "the next money"
#: Drafts, and those that were thrown away.
_NEVER_SENT: Final = Q(status=DealStatus.DRAFT) | Q(status=DealStatus.WITHDRAWN, submitted_at=None)

_OF_A_ROW: Final = (
    "reference", "customer", "customer_name", "partner__name", "status", "stage__name", "amount", "currency",
    "expected_close", "created_at", "submitted_at", "pending_since", "decision_due_at", "expires_at",
    "assigned_to", "won_at", "counted_at",
)  # fmt: skip
_OF_A_DECISION: Final = (*_OF_A_ROW, "needs_role", "needs_person")


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


def waiting_for_decision(actor: Actor) -> QuerySet[Deal]:
    """Registrations of the actor's partners that wait for the vendor, the most urgent first."""
    waiting = deals_visible(actor).filter(status__in=PENDING)
    return waiting.select_related("assigned_to").order_by("decision_due_at", "id").only(*_OF_A_DECISION)


def with_lines(deals: list[Deal]) -> list[Deal]:
    """The same deals with their products at hand, in one query for all."""
    prefetch_related_objects(deals, Prefetch("lines", DealLine.objects.select_related("product")))
    return deals


def protection_ending(actor: Actor, within: timedelta = SOON) -> QuerySet[Deal]:
    """Approved deals whose protection ends soon, the first to end first."""
    now = timezone.now()
    ending = deals_visible(actor).filter(status=DealStatus.APPROVED)
    return ending.filter(expires_at__gt=now, expires_at__lte=now + within).order_by("expires_at", "id")


def closing_soon(actor: Actor, within: timedelta = CLOSING) -> QuerySet[Deal]:
    """Approved deals expected to close by then (or before today already), the first first."""
    last_day = timezone.localdate() + within
    closing = deals_visible(actor).filter(status=DealStatus.APPROVED, expected_close__lte=last_day)
    return closing.order_by("expected_close", "id")


def deals_of(actor: Actor, partner: Partner) -> QuerySet[Deal]:
    """A partner's deals, newest first."""
    return deals_visible(actor).filter(partner=partner)


# What waits for whom: the partner's home --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Deals of one kind: how many, worth what, the most urgent few.

    Amounts in minor units of the vendor's currency; `weighted` by the likelihood of each deal's stage.
    """

    count: int
    amount: int
    weighted: int
    deals: list[Deal]


@dataclass(frozen=True, slots=True)
class Today:
    """What a partner person looks for first."""

    pending: Group  # with the vendor, by due time
    returned: Group  # with the partner, the longest waiting first
    draft: Group  # begun and not sent, the longest untouched first
    ending: Group  # protection ends within 14 days
    closing: Group  # "the next money": expected to close within 30 days, or overdue
    open: Group  # approved and still running; no list


#: In SQL, because putting five lists and eighteen sums together from querysets took half of the page. One
#: line for each kind: whether a deal is of it, and by which moment it is urgent.
_TODAY: Final = """
select
    kind,
    count(*),
    coalesce(sum(amount_vendor), 0)::bigint,
    coalesce(sum(amount_vendor * probability), 0)::bigint,
    case when kind = 'open' then '{}' else (array_agg(deal.id order by urgent_at, deal.id))[:%(most)s] end
from deals_deal deal
left join deals_stage stage on stage.vendor_id = deal.vendor_id and stage.id = stage_id
cross join lateral (values
    ('pending', status in ('submitted', 'under_review'), decision_due_at),
    ('returned', status = 'returned', returned_at),
    ('draft', status = 'draft', updated_at),
    ('ending', status = 'approved' and expires_at > %(now)s and expires_at <= %(soon)s, expires_at),
    ('closing', status = 'approved' and expected_close <= %(last_day)s, expected_close::timestamptz),
    ('open', status = 'approved', null)
) as kinds (kind, holds, urgent_at)
where deal.vendor_id = %(vendor)s and partner_id = %(partner)s and status = any(%(open)s) and holds
    and (%(registrant)s is null or registered_by_id = %(registrant)s)
group by kind
"""


def partner_today(actor: Actor, most: int = 5) -> Today:
    """The own partner's (a distributor's without its sub-partners') next money, in two statements."""
    now = timezone.now()
    parameters = {
        "vendor": actor.vendor.pk,
        "partner": actor.partner.pk,
        "registrant": actor.user.pk if sees_own_deals_only(actor) else None,
        "open": [status.value for status in OPEN],
        "now": now,
        "soon": now + SOON,
        "last_day": timezone.localdate(now) + CLOSING,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TODAY, parameters)
        found = {kind: rest for kind, *rest in cursor.fetchall()}
    listed = {pk for *_, ids in found.values() for pk in ids}
    deals = Deal.objects.select_related("partner", "stage", "assigned_to").in_bulk(listed)
    return Today(**{kind.name: _group(found.get(kind.name), deals) for kind in fields(Today)})


def _group(found: list[Any] | None, deals: dict[int, Deal]) -> Group:
    if found is None:
        return Group(0, 0, 0, [])
    count, amount, percents, ids = found
    return Group(count, amount, round(percents / 100), [deals[pk] for pk in ids])


# Claims: who else has the customer and the product -----------------------------------------------------


def claims_against(deal: Deal) -> list[Protection]:
    """Active protection of other deals on this deal's customer and any of its products.

    Only for those who decide: the claims of partners outside their reach are among them, which is why
    this looks across the wall.
    """
    return claims_against_each([deal]).get(deal.pk, [])


def claims_against_each(deals: Collection[Deal]) -> dict[int, list[Protection]]:
    """`claims_against` for several deals read `with_lines`: {deal id: claims}, deals without one left out."""
    customers = {deal.pk: deal.customer_id for deal in deals if deal.customer_id}
    if not customers:
        return {}
    products = {deal.pk: {line.product_id for line in deal.lines.all()} for deal in deals}
    with across_the_wall("show who decides which protected claims stand in the way"):
        active = Protection.objects.filter(customer_id__in=set(customers.values()), released_at=None)
        active = active.filter(expires_at__gt=timezone.now()).select_related("deal", "partner", "product")
        claims = list(active.order_by("starts_at", "id"))
    found = {
        pk: [
            c
            for c in claims
            if c.customer_id == customer and c.deal_id != pk and c.product_id in products[pk]
        ]
        for pk, customer in customers.items()
    }
    return {pk: against for pk, against in found.items() if against}


def own_duplicates(actor: Actor, name: str, domain: str, other_than: Deal | None = None) -> list[Deal]:
    """The own partner's open deals for the same customer, by domain, by name, or spelled the same."""
    name, domain = name.replace("\0", ""), domain.replace("\0", "")  # may come as typed, unjudged
    name_key, domain_key = normalised_name(name), registrable_domain(domain)
    same = Q(customer_key=name.strip().lower()) if name.strip() else Q(pk__in=[])
    if name_key:
        same |= Q(customer__normalised_name=name_key)
    if domain_key:
        same |= Q(customer__domain=domain_key)
    own = deals_visible(actor).filter(same, partner=actor.partner, status__in=OPEN)
    if other_than is not None:
        own = own.exclude(pk=other_than.pk)
    return list(own.select_related("registered_by")[:5])


def deal_of_form(actor: Actor, key: UUID) -> Deal | None:
    """The own partner's deal that came from this form with these answers, if it was sent before."""
    found: Deal | None = deals_visible(actor).filter(partner=actor.partner, form_key=key).first()
    return found


# What a registration is made of -----------------------------------------------------------------------


def products_on_offer() -> list[Product]:
    return list(Product.objects.filter(is_active=True).order_by("name"))


def currencies_with_rates() -> list[str]:
    """Currencies other than the vendor's that amounts can be stated in."""
    return list(ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct())


# People ---------------------------------------------------------------------------------------------------


def as_the_vendor() -> AbstractContextManager[Scope]:
    vendor_id = current_vendor_id()
    if vendor_id is None:
        raise RuntimeError("no vendor in scope")
    return entered(system_scope(vendor_id))


def decision_owners(deal: Deal) -> list[User]:
    """Whom to tell that a registration waits: whoever it is assigned to, else every program admin."""
    return [deal.assigned_to] if deal.assigned_to else program_admins()


def deciders(deal: Deal) -> list[User]:
    """Who looks after the partner: whoever the deal is assigned to, else its managers, else the admins."""
    if deal.assigned_to:
        return [deal.assigned_to]
    with as_the_vendor():
        return list(managers_of(deal.partner)) or program_admins()


def program_admins() -> list[User]:
    # Partner people cannot read memberships; whom they wait for is written to, not shown.
    with as_the_vendor():
        admins = Membership.objects.filter(role=Role.PROGRAM_ADMIN, is_active=True).select_related("user")
        return [membership.user for membership in admins.order_by("pk")]


def manager_asked(deal: Deal) -> User | None:
    """The channel manager who has the deal already while still granted, else the first by name.

    Runs as the vendor: grants are no partner's to read.
    """
    managers = managers_of(deal.partner)
    owner = next((user for user in managers if user.pk == deal.assigned_to_id), None)
    return owner or next(iter(managers), None)


def registrants(deal: Deal) -> list[User]:
    """Whom to tell what was decided: who registered it, or the partner's admins once that person has left."""
    seats = Seat.objects.filter(partner=deal.partner_id, left_at=None, membership__is_active=True)
    seats = seats.select_related("user").order_by("pk")
    own = [seat.user for seat in seats.filter(user=deal.registered_by_id)]
    return own or [seat.user for seat in seats.filter(membership__role=Role.PARTNER_ADMIN)]


# One deal ------------------------------------------------------------------------------------------------


def deal_for_page(actor: Actor, reference: str) -> Deal:
    """The deal with all its page names, and `lead_reference`; Deal.DoesNotExist for who cannot see it."""
    deals = deals_visible(actor).select_related("partner__tier", "stage", "registered_by", "assigned_to")
    lead = LeadOffer.objects.filter(deal=OuterRef("pk")).order_by("pk").values("reference")[:1]
    deals = with_sides(with_extensions(deals)).annotate(lead_reference=Subquery(lead))
    found: Deal = deals.get(reference=reference)
    return found


def lines_of(deal: Deal) -> list[DealLine]:
    return list(deal.lines.select_related("product"))


def stages() -> list[Stage]:
    return list(Stage.objects.order_by("position"))


def stage_history(deal: Deal) -> list[StageChange]:
    """Newest first."""
    return list(deal.stage_changes.select_related("stage", "changed_by"))


def approval_steps(deal: Deal) -> list[ApprovalStep]:
    """Who approves the deal, in order, as of its last submission."""
    steps = ApprovalStep.objects.filter(deal=deal).select_related("owner", "decided_by")
    rows = list(steps.order_by("-round", "position"))
    return [step for step in rows if step.round == rows[0].round]


def decision_time() -> DecisionTime | None:
    """What the vendor publishes about its speed; None before the first night."""
    published: DecisionTime | None = DecisionTime.objects.first()
    return published


def keeps_amounts() -> bool:
    """Whether this vendor has deals or prices: its currency cannot change any more then."""
    return Deal.objects.exists() or Product.objects.filter(list_price__isnull=False).exists()
