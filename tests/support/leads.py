"""Leads made the way people make them: through the services, each person under their own scope."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from deals.leads import entry, services
from deals.leads import offers as leads_offers
from deals.leads.models import Lead, LeadContact, LeadOffer, LeadRule
from portal.events.models import PortalEvent
from tests.support.worlds import Person, VendorWorld, acting_as

CUSTOMER = "Steirische Werke AG"


def answers(**changes: Any) -> dict[str, Any]:
    """What a manager answers about a lead, as the service takes it."""
    return {
        "customer_name": CUSTOMER,
        "customer_domain": "steirische-werke.at",
        "customer_country": "AT",
        "contact_name": "Ada Moser",
        "contact_email": "ada@steirische-werke.at",
        "contact_phone": "+43 316 1000",
        "amount": 40_000_00,
        "currency": "EUR",
        "region_id": None,
        "source": "Trade fair",
        "notes": "Wants two arms for packing.",
        **changes,
    }


def lead(world: VendorWorld, by: str = "manager", products: tuple[int, ...] = (0,), **changes: Any) -> Lead:
    """`products` are places in `world.products`; entered, and owned, by this person."""
    with acting_as(world.people[by]) as actor:
        lines = [(world.products[place].pk, 2) for place in products]
        return entry.lead_save(actor=actor, answers=answers(**changes), lines=lines)


def rule(world: VendorWorld, **fields: Any) -> LeadRule:
    """Fits every lead and every partner."""
    with acting_as(world.people["program_admin"]):
        fields = {"position": LeadRule.objects.count() + 1, "name": "Anybody", "capacity": 10, **fields}
        made: LeadRule = LeadRule.objects.create(**fields)
        return made


def offered(world: VendorWorld, to: str = "beta", by: str = "manager", **changes: Any) -> LeadOffer:
    """Offered by hand."""
    made = lead(world, by, **changes)
    with acting_as(world.people[by]) as actor:
        return leads_offers.lead_offer(actor=actor, lead=made, partner=world.partners[to])


def accepted(world: VendorWorld, by: str = "partner_rep", **changes: Any) -> LeadOffer:
    return do(services.offer_accept, world.people[by], offered(world, **changes))


def contacted(world: VendorWorld, by: str = "partner_rep", **changes: Any) -> LeadOffer:
    return log(world, accepted(world, by, **changes), by)


def log(world: VendorWorld, offer: LeadOffer, by: str = "partner_rep", **changes: Any) -> LeadOffer:
    with acting_as(world.people[by]) as actor:
        services.contact_log(
            actor=actor, offer=offer, **{"kind": "call", "happened_on": today(), "note": "Spoke.", **changes}
        )
    return now_is(world, offer)


def today() -> date:
    return timezone.localdate()


def do(service: Callable[..., Any], person: Person, offer: LeadOffer, **more: Any) -> Any:
    """Call a service of the partner's side as this person."""
    with acting_as(person) as actor:
        return service(actor=actor, offer=offer, **more)


def manage(
    service: Callable[..., Any], world: VendorWorld, lead: Lead, by: str = "manager", **more: Any
) -> Any:
    """Call a service of the vendor's side."""
    with acting_as(world.people[by]) as actor:
        return service(actor=actor, lead=lead, **more)


def now_is(world: VendorWorld, offer: LeadOffer) -> LeadOffer:
    with acting_as(world.people["program_admin"]):
        found: LeadOffer = LeadOffer.objects.get(pk=offer.pk)
        return found


def lead_now(world: VendorWorld, made: Lead | LeadOffer) -> Lead:
    with acting_as(world.people["program_admin"]):
        found: Lead = Lead.objects.get(reference=made.reference)
        return found


def holders(world: VendorWorld, made: Lead | LeadOffer) -> list[tuple[str, str]]:
    """(partner's slug, outcome) of every offer of the lead, in order."""
    with acting_as(world.people["program_admin"]):
        offers = LeadOffer.objects.filter(reference=made.reference).order_by("offered_at", "id")
        return list(offers.values_list("partner__slug", "outcome"))


def events(world: VendorWorld, offer: LeadOffer) -> list[str]:
    with acting_as(world.people["program_admin"]):
        rows = PortalEvent.objects.filter(subject_type="deals.leadoffer", subject_id=offer.pk)
        return list(rows.order_by("occurred_at", "id").values_list("type", flat=True))


def contacts(world: VendorWorld, offer: LeadOffer) -> int:
    with acting_as(world.people["program_admin"]):
        return LeadContact.objects.filter(offer=offer).count()


def past(offer: LeadOffer) -> Any:
    """A moment after the answer was due."""
    return offer.answer_due_at + timedelta(minutes=1)
