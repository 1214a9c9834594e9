"""Reads of leads. Row security decides which rows; these add order, joins and what a page needs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Exists, F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from deals.deal.models import Deal
from deals.deal.selectors import deals_visible
from deals.leads import routing
from deals.leads.models import (
    HELD,
    Lead,
    LeadContact,
    LeadLine,
    LeadOffer,
    LeadOfferLine,
    LeadRule,
    LeadStatus,
    OfferBasis,
    OfferOutcome,
    Territory,
)
from deals.leads.routing import Case, Choice, Standing
from partners.models import Partner, PartnerStatus, Region, Seat
from portal.people.models import Membership, User
from portal.tenancy.access import Actor, reach_of
from portal.tenancy.roles import Role
from portal.tenancy.scope import ALL, PartnerIds
from portal.tenancy.tables import in_use
from portal.text import folded_key, folded_name

YEAR: Final = timedelta(days=365)
#: Partners of a rule that are compared; a rule that names more is no rule.
MOST_COMPARED: Final = 5_000
MOST_FOUND: Final = 20
#: What became of it, as the page tells a manager.
_HAD: Final = {
    OfferOutcome.DECLINED: "declined it",
    OfferOutcome.TIMED_OUT: "did not answer in time",
    OfferOutcome.WITHDRAWN: "had it, and you took it back",
    OfferOutcome.ACCEPTED: "had accepted it",
}


# The vendor's side ---------------------------------------------------------------------------------------


def leads_visible(actor: Actor) -> QuerySet[Lead]:
    """Leads this person of the vendor may read, the newest first.

    A channel manager's own, those nobody owns, and those one of the manager's partners has or had.
    """
    leads = Lead.objects.order_by("-created_at", "-id")
    if not actor.is_staff:
        return leads.none()
    if actor.role != Role.CHANNEL_MANAGER:
        return leads
    # Row security shows the offers of the manager's partners only.
    of_partners = Exists(LeadOffer.objects.filter(lead=OuterRef("pk")))
    return leads.filter(Q(owner=actor.user) | Q(owner=None) | of_partners)


def with_holders(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Each with `current`: the offers (one or none) that are open or being worked on, with their partner."""
    current = LeadOffer.objects.filter(closed_at=None).select_related("partner")
    current = current.only("lead_id", "outcome", "partner__name", "partner__slug")
    return leads.prefetch_related(Prefetch("offers", current, to_attr="current"))


def lead_for_page(actor: Actor, reference: str) -> Lead:
    """The lead with everybody its page names; Lead.DoesNotExist for who cannot see it."""
    return leads_visible(actor).select_related("owner", "region", "created_by").get(reference=reference)


def lines_of(lead: Lead) -> list[LeadLine]:
    return list(lead.lines.select_related("product"))


def offers_of(lead: Lead) -> list[LeadOffer]:
    """Every offer of the lead the reader may see, the newest first; `.why` says why this partner."""
    why = OfferBasis.objects.filter(offer=OuterRef("pk")).values("text")[:1]
    offers = LeadOffer.objects.filter(lead=lead).annotate(why=Subquery(why))
    return list(offers.select_related("partner", "offered_by", "answered_by", "deal"))


@dataclass(frozen=True, slots=True)
class Counts:
    """Leads by where they stand; `overdue` are those whose running clock has run out."""

    by_status: dict[str, int]
    overdue: int

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    def of(self, *statuses: str) -> int:
        return sum(self.by_status.get(status, 0) for status in statuses)


def counts(actor: Actor) -> Counts:
    """One statement."""
    late = Count("pk", filter=overdue())
    rows = leads_visible(actor).order_by().values("status").annotate(n=Count("pk"), late=late)
    found = list(rows)
    return Counts({row["status"]: row["n"] for row in found}, sum(row["late"] for row in found))


def overdue(now: datetime | None = None) -> Q:
    return Q(status__in=HELD, due_at__lte=now or timezone.now())


def needing_attention(actor: Actor, most: int = 8) -> list[Lead]:
    """What a manager should look at first: overdue, nobody left, still to be offered."""
    needed = leads_visible(actor).filter(overdue() | Q(status__in=(LeadStatus.UNPLACED, LeadStatus.NEW)))
    urgency = Coalesce("due_at", "created_at")
    return list(with_holders(needed.order_by(urgency, "id"))[:most])


def regions(kept: int | None = None) -> list[tuple[int, str]]:
    """Those in use, and the one that is chosen already."""
    return list(in_use(Region.objects.order_by("name"), kept).values_list("pk", "name"))


def managers() -> list[tuple[int, str]]:
    """(id, name) of who may own a lead."""
    roles = (Role.CHANNEL_MANAGER, Role.PROGRAM_ADMIN)
    staff = Membership.objects.filter(role__in=roles, is_active=True).select_related("user")
    people = [member.user for member in staff.order_by("user__last_name", "user__first_name", "pk")]
    return [(person.pk, str(person)) for person in people]


# The partner's side --------------------------------------------------------------------------------------


def offers_visible(actor: Actor) -> QuerySet[LeadOffer]:
    """The offers of the actor's partners, the newest first."""
    return LeadOffer.objects.select_related("partner").order_by("-offered_at", "-id")


def offer_for_page(actor: Actor, reference: str) -> LeadOffer:
    """The own partner's newest offer of the lead, else (a distributor's) a sub-partner's; DoesNotExist."""
    offers = offers_visible(actor).select_related("offered_by", "answered_by").filter(reference=reference)
    own = [offer for offer in offers if actor.partner and offer.partner_id == actor.partner.pk]
    found = next(iter(own), None) or offers.first()
    if found is None:
        raise LeadOffer.DoesNotExist
    return found


def offered_lines(offer: LeadOffer) -> list[LeadOfferLine]:
    return list(offer.lines.select_related("product"))


def contacts_of(offers: Collection[LeadOffer]) -> list[LeadContact]:
    contacts = LeadContact.objects.filter(offer__in=[offer.pk for offer in offers])
    return list(contacts.select_related("logged_by"))


def deal_of(actor: Actor, offer: LeadOffer) -> Deal | None:
    """The registration made of it, as far as this person may see it: a draft is the partner's own."""
    return deals_visible(actor).filter(pk=offer.deal_id).first() if offer.deal_id else None


def to_answer(actor: Actor) -> QuerySet[LeadOffer]:
    """What the own partner should accept or decline, the most urgent first."""
    return LeadOffer.objects.filter(partner=actor.partner, outcome="").order_by("answer_due_at", "id")


def to_do(actor: Actor, most: int = 5) -> list[LeadOffer]:
    """Leads of the own partner that wait for an answer or for the first contact, the most urgent first."""
    waiting = LeadOffer.objects.filter(partner=actor.partner, closed_at=None, contacted_at=None)
    due = Coalesce("contact_due_at", "answer_due_at")
    return list(waiting.annotate(due=due).order_by("due", "id")[:most])


def offers_of_partner(partner: Partner) -> QuerySet[LeadOffer]:
    return LeadOffer.objects.filter(partner=partner).order_by("-offered_at", "-id")


# Who may be asked ----------------------------------------------------------------------------------------


def active_rules() -> list[LeadRule]:
    rules_ = LeadRule.objects.filter(is_active=True).select_related("least_tier", "region", "product")
    return list(rules_.order_by("position"))


def case_of(lead: Lead, lines: Iterable[LeadLine] | None = None) -> Case:
    """What rules look at. One statement, for the products, unless the lead's `lines` were read before."""
    lines = lead.lines.all() if lines is None else lines
    return Case(
        str(lead.customer_country),
        lead.region_id,
        frozenset(line.product_id for line in lines),
        routing.country_name(lead.customer_country),
        str(lead.region) if lead.region_id else "",
    )


def considered(lead: Lead, case: Case, among: PartnerIds = ALL) -> list[Choice]:
    """Everybody the rules name for the lead, in the order in which they are asked. Three statements."""
    active = active_rules()
    fitting = [rule for rule in active if routing.fits_lead(rule, case)]
    if not fitting:
        return []
    return routing.choices(fitting, case, _standings(_named(fitting, case), among), had(lead))


def looked_for(lead: Lead, text: str) -> list[Choice]:
    """Active partners of this name (its first letters) or key, whatever the rules say. Two statements."""
    text = text.replace("\0", "")
    named = Q(name_key__prefix=folded_name(text)) | Q(slug=folded_key(text))
    return routing.by_hand(_standings(named)[:MOST_FOUND], had(lead, by_hand=True))


def standing_of(partner: Partner) -> Standing:
    return _standings(Q(pk=partner.pk))[0]


def had(lead: Lead, *, by_hand: bool = False) -> dict[int, str]:
    """{partner id: what became of it}, the latest offer of each.

    What was taken back before an answer a manager may offer again by hand; the rules never do.
    """
    offers = LeadOffer.objects.filter(lead=lead).order_by("offered_at", "id")
    if by_hand:
        offers = offers.exclude(outcome=OfferOutcome.WITHDRAWN)
    return {
        partner_id: _HAD.get(OfferOutcome(outcome), "") if outcome else "has it now"
        for partner_id, outcome in offers.values_list("partner_id", "outcome")
    }


def _named(fitting: Iterable[LeadRule], case: Case) -> Q:
    """Partners any of these rules may name: the rules' own conditions, so that few are read."""
    found = Q(pk__in=[])
    for rule in fitting:
        about = Q()
        if rule.territory == Territory.COUNTRY:
            about &= Q(country=case.country)
        if rule.territory == Territory.REGION:
            about &= Q(region=case.region_id)
        if rule.partner_type:
            about &= Q(type=rule.partner_type)
        if rule.least_tier:
            about &= Q(tier__rank__gte=rule.least_tier.rank)
        if not about:
            return Q()
        found |= about
    return found


def _standings(named: Q, among: PartnerIds = ALL, now: datetime | None = None) -> list[Standing]:
    now = now or timezone.now()
    partners = Partner.objects.filter(named, status=PartnerStatus.ACTIVE)
    if among is not ALL:
        partners = partners.filter(pk__in=sorted(among))  # type: ignore[arg-type]
    seats = Seat.objects.filter(partner=OuterRef("pk"), left_at=None, membership__is_active=True)
    rows = partners.annotate(
        people=Exists(seats),
        open=_of_offers(Count("pk", filter=Q(closed_at=None))),
        offered=_of_offers(Count("pk", filter=_answered(now))),
        accepted=_of_offers(Count("pk", filter=_answered(now, accepted_at__isnull=False))),
        last=_of_offers(Max("offered_at")),
        rank=Coalesce(F("tier__rank"), 0),
        priority=Coalesce(F("tier__lead_priority"), 0),
        tier_name=Coalesce(F("tier__name"), F("tier__name")),
    )
    found = rows.order_by("name_key", "pk").values_list(
        "pk", "slug", "name", "type", "country", "region_id", "tier_name", "rank", "priority", "people",
        "open", "offered", "accepted", "last",
    )  # fmt: skip
    return [_standing(row) for row in found[:MOST_COMPARED]]


def _standing(row: tuple[Any, ...]) -> Standing:
    pk, slug, name, kind, country, region, tier, rank, priority, people, opened, offered, accepted, last = row
    counted = opened or 0, offered or 0, accepted or 0
    return Standing(
        pk, slug, name, kind, str(country), region, tier or "", rank, priority, people, *counted, last
    )


def _answered(now: datetime, **more: Any) -> Q:
    """Offers of the trailing year whose answer window has closed; what the vendor withdrew is not counted."""
    return Q(answer_due_at__gt=now - YEAR, answer_due_at__lte=now, withdrawn_at=None, **more)


def _of_offers(what: Any) -> Any:
    offers = LeadOffer.objects.filter(partner=OuterRef("pk")).order_by().values("partner")
    return Subquery(offers.annotate(found=what).values("found"))


def partners_of_owner(owner: User | None) -> PartnerIds:
    """Among whom a lead is routed: its owner's partners; all of them where an admin or nobody owns it.

    Runs under the vendor's system scope.
    """
    member = Membership.objects.filter(user=owner, is_active=True).first() if owner else None
    if member is None or member.role != Role.CHANNEL_MANAGER:
        return ALL
    return reach_of(member).partner_ids


# People ---------------------------------------------------------------------------------------------------


def people_of(partner_id: int) -> list[User]:
    """Everybody who works at the partner and can sign in."""
    seats = Seat.objects.filter(partner=partner_id, left_at=None, membership__is_active=True)
    return [seat.user for seat in seats.select_related("user").order_by("pk")]
