"""Leads of a simulated vendor: those its registrations came from, others that led nowhere, and today's.

Made from what is there already, by chance to be repeated; the vendor's own clocks decide what was late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q
from django.utils import timezone

from deals.deal.models import Deal, DealSource
from deals.leads.forms import DECLINES, DISQUALIFICATIONS
from deals.leads.models import (
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
from deals.leads.routing import country_name
from demo.simulation.names import COUNTRIES
from partners.models import Partner, PartnerStatus, Product, Tier
from portal.calendar.business_time import BusinessCalendar
from portal.calendar.selectors import calendar_of
from portal.events.log import Fact, record_many
from portal.people.models import Membership
from portal.references import scattered
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role

SEED: Final = "leads"
SOURCES: Final = ("Website", "Trade fair", "Webinar", "Newsletter", "Hotline", "Customer referral")
NOTES: Final = (
    "Asked for a demonstration and a price indication.",
    "Wants to replace the present system before the end of the year.",
    "Compares three suppliers; a local partner matters to them.",
    "Downloaded the buyer's guide and asked to be called back.",
)
CALLS: Final = (
    ("call", "Spoke to them: need confirmed, wants an offer."),
    ("call", "Reached the assistant; called back the same day."),
    ("email", "Sent references and a date for a first meeting."),
    ("meeting", "Met on site, requirements written down."),
)
#: How many leads led nowhere for each that became a registration.
IN_VAIN: Final = 0.9
PRIOR: Final = 0.35  # share of leads somebody else declined or left unanswered first
LATELY: Final = timedelta(days=6)
_BATCH: Final = 2_000


@dataclass(slots=True)
class _Desk:
    """Who and what takes part; collects the rows until they are written."""

    vendor: Vendor
    random: Random
    calendar: BusinessCalendar
    now: datetime
    partners: list[Any]
    managers: dict[int | None, int]
    products: list[Product]
    willing: dict[int, float] = field(default_factory=dict)  # how likely a partner accepts
    lines: list[tuple[Lead, list[tuple[int, int]]]] = field(default_factory=list)
    offers: list[LeadOffer] = field(default_factory=list)
    contacts: list[LeadContact] = field(default_factory=list)

    # Moments -----------------------------------------------------------------------------------------

    def between(self, low: float, high: float) -> timedelta:
        """Some hours."""
        return timedelta(hours=self.random.uniform(low, high))

    def open(self, moment: datetime) -> datetime:
        """A moment soon after when people work."""
        return self.calendar.add_hours(moment, self.random.uniform(0.05, 2))

    def due(self, moment: datetime) -> datetime:
        return self.calendar.add_hours(moment, self.vendor.lead_answer_hours)

    def contact_due(self, moment: datetime) -> datetime:
        return self.calendar.add_hours(moment, self.vendor.lead_contact_hours)

    # Rows --------------------------------------------------------------------------------------------

    def lead(self, partner: Any, created: datetime, like: Deal | None = None) -> Lead:
        lead = Lead(
            owner_id=self.managers.get(partner.region_id),
            region_id=partner.region_id,
            source=self.random.choice(SOURCES),
            notes=self.random.choice(NOTES),
            created_at=created,
            updated_at=created,
            **(self._customer_of(like) if like else self._customer(partner)),
        )
        lead.created_by_id = lead.owner_id
        products = self._products_of(like) if like else self._products()
        self.lines.append((lead, products))
        return lead

    def _customer_of(self, deal: Deal) -> dict[str, Any]:
        names = ("name", "domain", "country")
        customer = {f"customer_{name}": getattr(deal, f"customer_{name}") for name in names}
        contact = {"contact_name": deal.contact_name, "contact_email": deal.contact_email}
        return customer | contact | {"amount": deal.amount, "currency": deal.currency}

    def _customer(self, partner: Any) -> dict[str, Any]:
        code = str(partner.country)
        country = COUNTRIES.get(code) or next(iter(COUNTRIES.values()))
        name, _ = country.customer_name(self.random)
        given, family = country.person(self.random)
        worth = self.random.lognormvariate(0, 0.6) * 40_000 * 100
        return {
            "customer_name": name,
            "customer_country": code,
            "contact_name": f"{given} {family}",
            "amount": int(worth // 100_000 * 100_000) or 500_000,
            "currency": self.vendor.currency,
        }

    def _products_of(self, deal: Any) -> list[tuple[int, int]]:
        return [(line.product_id, line.quantity) for line in deal.lines.all()]

    def _products(self) -> list[tuple[int, int]]:
        return [(self.random.choice(self.products).pk, self.random.randint(1, 8))]

    def offer(self, lead: Lead, partner: Any, at: datetime, **fields: Any) -> LeadOffer:
        place = country_name(lead.customer_country)
        offer = LeadOffer(
            partner_id=partner.pk,
            lead=lead,
            customer_name=lead.customer_name,
            customer_domain=lead.customer_domain,
            customer_country=lead.customer_country,
            amount=lead.amount,
            currency=lead.currency,
            source=lead.source,
            notes=lead.notes,
            reason=f"It came to you because you work in {place}, where the customer is.",
            offered_at=at,
            answer_due_at=self.due(at),
            **fields,
        )
        self.offers.append(offer)
        lead.status, lead.clock_since, lead.due_at = LeadStatus.OFFERED, at, offer.answer_due_at
        lead.updated_at = at
        return offer

    def refused(self, lead: Lead, partner: Any, at: datetime) -> datetime:
        """Somebody declined or did not answer; returns when that was over."""
        offer = self.offer(lead, partner, at)
        if self.random.random() < 0.6:
            end = min(at + self.between(1, 20), offer.answer_due_at - timedelta(minutes=5))
            offer.outcome, offer.declined_at = OfferOutcome.DECLINED, end
            offer.decline_reason = self.random.choice(DECLINES[:-1])[0]
            offer.answered_by_id = self.random.choice(partner.people)
        else:
            end = offer.answer_due_at
            offer.outcome, offer.timed_out_at = OfferOutcome.TIMED_OUT, end
        offer.closed_at = end
        lead.status, lead.clock_since, lead.due_at = LeadStatus.NEW, None, None
        return end

    def accept(self, offer: LeadOffer, partner: Any, at: datetime) -> None:
        offer.outcome = OfferOutcome.ACCEPTED
        offer.accepted_at = min(at, offer.answer_due_at - timedelta(minutes=5))
        offer.answered_by_id = self.random.choice(partner.people)
        offer.contact_due_at = self.contact_due(offer.accepted_at)
        lead = offer.lead
        for name in ("contact_name", "contact_email"):
            setattr(offer, name, getattr(lead, name))
        lead.status, lead.clock_since = LeadStatus.ACCEPTED, offer.accepted_at
        lead.due_at = offer.contact_due_at

    def contact(self, offer: LeadOffer, at: datetime, times: int = 1) -> None:
        offer.contacted_at = at
        offer.lead.status, offer.lead.clock_since, offer.lead.due_at = LeadStatus.CONTACTED, None, None
        for number in range(times):
            kind, note = CALLS[(number + self.random.randrange(2)) % len(CALLS)]
            moment = min(at + number * timedelta(days=2), self.now)
            day = timezone.localdate(moment, self.vendor.zone)
            self.contacts.append(
                LeadContact(
                    partner_id=offer.partner_id, offer=offer, kind=kind, note=note, happened_on=day,
                    logged_at=moment, logged_by_id=offer.answered_by_id,
                )
            )  # fmt: skip

    def neighbour(self, partner: Any) -> Any | None:
        """Another partner of the same region."""
        near = [one for one in self.partners if one.region_id == partner.region_id and one is not partner]
        return self.random.choice(near) if near else None


def make(vendor: Vendor, now: datetime | None = None) -> int:
    """Rules and leads for a vendor without any; returns how many leads. Runs under its system scope."""
    if Lead.objects.exists():
        return 0
    _rules()
    desk = _desk(vendor, now or timezone.now())
    if not desk.partners:
        return 0
    for deal in _from_leads(desk):
        _became(desk, deal)
    for number in range(round(len(desk.lines) * IN_VAIN)):
        _in_vain(desk, number)
    for number, partner in enumerate(desk.partners[:12]):
        _today(desk, partner, featured=number == 0)
    for partner in desk.partners[1:4]:
        desk.lead(partner, desk.open(desk.now - desk.between(30, 80)))
    return _write(desk)


def _rules() -> None:
    LeadRule.objects.all().delete()
    tiers = list(Tier.objects.order_by("-rank")[:2])
    rows = [
        ("Higher tiers in the customer's country", Territory.COUNTRY, tiers[-1] if tiers else None, 8),
        ("Partners in the customer's country", Territory.COUNTRY, None, 6),
        ("Partners of the lead's region", Territory.REGION, None, 6),
    ]
    LeadRule.objects.bulk_create(
        LeadRule(position=position, name=name, territory=territory, least_tier=tier, capacity=capacity)
        for position, (name, territory, tier, capacity) in enumerate(rows, start=1)
    )


def _desk(vendor: Vendor, now: datetime) -> _Desk:
    at_work = Q(seats__left_at=None, seats__membership__is_active=True)
    people = ArrayAgg("seats__user_id", filter=at_work, order_by="seats__user_id")
    partners = Partner.objects.filter(status=PartnerStatus.ACTIVE).annotate(
        people=people, n=Count("seats", filter=at_work)
    )
    managers = Membership.objects.filter(
        role=Role.CHANNEL_MANAGER, is_active=True, user__groups__region__vendor=vendor
    )
    by_region = managers.order_by("-pk").values_list("user__groups__region", "user_id")
    desk = _Desk(
        vendor,
        Random(f"{SEED}/{vendor.slug}"),  # noqa: S311 (chance to be repeated, not secrets)
        calendar_of(vendor),
        now,
        [partner for partner in partners.order_by("pk") if partner.n],
        dict(by_region),
        list(Product.objects.filter(is_active=True).order_by("pk")),
    )
    desk.willing = {partner.pk: desk.random.uniform(0.45, 0.97) for partner in desk.partners}
    return desk


def _from_leads(desk: _Desk) -> Iterator[Deal]:
    """Registrations whose partner says that the vendor knew the customer first."""
    of_these = {partner.pk for partner in desk.partners}
    deals = Deal.objects.filter(source=DealSource.VENDOR_LEAD, submitted_at__isnull=False)
    for deal in deals.prefetch_related("lines").order_by("created_at", "pk"):
        if deal.partner_id in of_these:
            yield deal


def _became(desk: _Desk, deal: Deal) -> None:
    partner = next(one for one in desk.partners if one.pk == deal.partner_id)
    offered = desk.open(deal.created_at - desk.between(5 * 24, 16 * 24))
    accepted = offered + (desk.due(offered) - offered) * desk.random.uniform(0.03, 0.7)
    contacted = accepted + desk.between(1, 60)
    entered = offered - desk.between(0.2, 6)
    prior = desk.neighbour(partner) if desk.random.random() < PRIOR else None
    if prior:
        entered -= timedelta(days=6)
    lead = desk.lead(partner, entered, deal)
    if prior and desk.refused(lead, prior, desk.open(entered)) > offered:
        desk.offers[-1].declined_at = desk.offers[-1].timed_out_at = None
        _declined_by(desk, desk.offers[-1], prior, offered)
    offer = desk.offer(lead, partner, offered)
    desk.accept(offer, partner, accepted)
    desk.contact(offer, min(contacted, deal.created_at), desk.random.choice((1, 1, 2)))
    offer.deal, offer.converted_at, offer.closed_at = deal, deal.created_at, deal.created_at
    lead.status, lead.updated_at = LeadStatus.CONVERTED, deal.created_at


def _declined_by(desk: _Desk, offer: LeadOffer, partner: Any, before: datetime) -> None:
    """In time for the next one to be asked."""
    end = offer.offered_at + (before - offer.offered_at) / 2
    offer.outcome, offer.declined_at, offer.closed_at = OfferOutcome.DECLINED, end, end
    offer.decline_reason, offer.answered_by_id = DECLINES[0][0], desk.random.choice(partner.people)


def _in_vain(desk: _Desk, number: int) -> None:
    """Accepted, contacted and disqualified, or nobody wanted it and the vendor gave up."""
    partner = desk.random.choice(desk.partners)
    ago = timedelta(days=desk.random.uniform(0, 1) ** 1.6 * 480) + LATELY + timedelta(days=8)
    entered = desk.open(desk.now - ago)
    lead = desk.lead(partner, entered)
    offered = desk.open(entered)
    reason = desk.random.choice(DISQUALIFICATIONS[:-1])[0]
    if desk.random.random() < desk.willing[partner.pk]:
        offer = desk.offer(lead, partner, offered)
        desk.accept(offer, partner, offered + desk.between(0.5, 30))
        assert offer.accepted_at  # noqa: S101
        desk.contact(offer, offer.accepted_at + desk.between(1, 90), desk.random.choice((1, 2, 3)))
        assert offer.contacted_at  # noqa: S101
        ended = offer.contacted_at + desk.between(4, 80)
        offer.disqualify_reason = lead.disqualify_reason = reason
        offer.disqualified_at = offer.closed_at = ended
    else:
        ended = desk.refused(lead, partner, offered)
        second = desk.neighbour(partner)
        if second:
            ended = desk.refused(lead, second, desk.open(ended))
        lead.disqualify_reason = reason
    lead.status, lead.clock_since, lead.due_at, lead.updated_at = LeadStatus.DISQUALIFIED, None, None, ended


def _today(desk: _Desk, partner: Any, *, featured: bool) -> None:
    """What is under way now; the featured partner has some of everything."""
    hours = desk.vendor.lead_answer_hours
    steps = ["open", "contacted", "due", "late", "open"] if featured else [desk.random.choice(_STEPS)]
    for place, step in enumerate(steps):
        back = hours * (0.2 + 0.55 * desk.random.random()) if step == "open" else hours * (1.3 + place / 2)
        offered = desk.calendar.add_hours(desk.now, -back)
        lead = desk.lead(partner, offered - timedelta(minutes=40))
        if step == "unplaced":
            _nobody(desk, lead, partner, offered)
            continue
        offer = desk.offer(lead, partner, offered)
        if step == "open":
            continue
        # Late: so long ago that the contact window is over as well.
        share = {"late": 1.15, "due": 0.4, "contacted": 0.9}[step]
        window = desk.vendor.lead_contact_hours * share
        offer.offered_at = desk.calendar.add_hours(desk.now, -window - 3)
        offer.answer_due_at = desk.due(offer.offered_at)
        lead.created_at = offer.offered_at - timedelta(minutes=40)
        desk.accept(offer, partner, desk.calendar.add_hours(desk.now, -window))
        if step == "contacted":
            desk.contact(offer, desk.calendar.add_hours(desk.now, -1), 2)


_STEPS: Final = ("open", "open", "due", "late", "contacted", "unplaced")


def _nobody(desk: _Desk, lead: Lead, partner: Any, offered: datetime) -> None:
    """Declined by one, and the rules knew nobody else."""
    offer = desk.offer(lead, partner, offered)
    _declined_by(desk, offer, partner, desk.now)
    lead.status, lead.clock_since, lead.due_at = LeadStatus.UNPLACED, None, None


# Writing -------------------------------------------------------------------------------------------------


def _write(desk: _Desk) -> int:
    leads = sorted((lead for lead, _ in desk.lines), key=lambda lead: (lead.created_at, lead.customer_name))
    for number, lead in enumerate(leads, start=1):
        lead.reference = scattered("L", number)
    Lead.objects.bulk_create(leads, _BATCH)
    LeadLine.objects.bulk_create(
        [
            LeadLine(lead=lead, product_id=product, quantity=quantity)
            for lead, lines in desk.lines
            for product, quantity in lines
        ],
        _BATCH,
    )
    _write_offers(desk, {id(lead): lines for lead, lines in desk.lines})
    record_many(sorted(_facts(desk.offers), key=lambda fact: fact.occurred_at))
    return len(leads)


def _write_offers(desk: _Desk, lines: dict[int, list[tuple[int, int]]]) -> None:
    for offer in desk.offers:
        offer.reference = offer.lead.reference
        lead = offer.lead
        offer.lead = lead  # again, now that it has an id
    LeadOffer.objects.bulk_create(desk.offers, _BATCH)
    LeadOfferLine.objects.bulk_create(
        [
            LeadOfferLine(partner_id=offer.partner_id, offer=offer, product_id=product, quantity=quantity)
            for offer in desk.offers
            for product, quantity in lines[id(offer.lead)]
        ],
        _BATCH,
    )
    rule = LeadRule.objects.get(position=2)
    OfferBasis.objects.bulk_create(
        [OfferBasis(offer=offer, rule=rule, text=f"First by the rule “{rule}”.") for offer in desk.offers],
        _BATCH,
    )
    for contact in desk.contacts:
        offer = contact.offer
        contact.offer = offer
    LeadContact.objects.bulk_create(desk.contacts, _BATCH)


def _facts(offers: Sequence[LeadOffer]) -> Iterator[Fact]:
    told = {
        "offered_at": "offered",
        "accepted_at": "accepted",
        "declined_at": "declined",
        "timed_out_at": "timed_out",
        "contacted_at": "contacted",
        "disqualified_at": "disqualified",
        "converted_at": "converted",
    }
    for offer in offers:
        data = {"reference": offer.reference, "customer": offer.customer_name}
        for moment, what in told.items():
            if getattr(offer, moment):
                yield Fact(f"deals.lead_{what}", offer.partner_id, offer, getattr(offer, moment), data)
