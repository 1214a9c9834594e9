"""Deals made the way people make them: through the services, each person under their own scope."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from deals.approvals import services as approvals_services
from deals.deal.models import Deal
from deals.registration import services as registration_services
from portal.events.models import PortalEvent
from tests.support.worlds import Person, VendorWorld, acting_as


def answers(**changes: Any) -> dict[str, Any]:
    """What a partner answers, as the service takes it."""
    return {
        "customer_name": "Tiroler Logistik AG",
        "customer_domain": "tiroler-logistik.at",
        "customer_country": "AT",
        "contact_name": "Chiara Moser",
        "amount": 86_000_00,
        "currency": "EUR",
        "expected_close": timezone.localdate() + timedelta(days=40),
        "use_case": "Replace two forklift routes.",
        **changes,
    }


def posted(world: VendorWorld, **changes: Any) -> dict[str, Any]:
    """What the form sends."""
    close = timezone.localdate() + timedelta(days=40)
    return {
        **answers(amount="86,000", expected_close=close.isoformat(), source="partner_sourced"),
        "form_key": "6f1c5d0e-0000-4000-8000-000000000001",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-product": str(world.products[0].pk),
        "lines-0-quantity": "6",
        **changes,
    }


def do(service: Callable[..., Any], person: Person, deal: Deal, **more: Any) -> Deal:
    """Call a service as this person; returns the deal as it is then."""
    with acting_as(person) as actor:
        done: Deal = service(actor=actor, deal=deal, **more)
        return done


def draft(person: Person, world: VendorWorld, products: tuple[int, ...] = (0,), **changes: Any) -> Deal:
    """`products` are places in `world.products`."""
    with acting_as(person) as actor:
        lines = [(world.products[place].pk, 6) for place in products]
        return registration_services.deal_draft_save(actor=actor, answers=answers(**changes), lines=lines)


def submitted(person: Person, world: VendorWorld, products: tuple[int, ...] = (0,), **changes: Any) -> Deal:
    return do(registration_services.deal_submit, person, draft(person, world, products, **changes))


def approved(
    world: VendorWorld, rep: str = "partner_rep", products: tuple[int, ...] = (0,), **changes: Any
) -> Deal:
    deal = submitted(world.people[rep], world, products, **changes)
    return do(approvals_services.deal_approve, world.people["manager"], deal)


def events(world: VendorWorld, deal: Deal) -> list[str]:
    """Types of what was recorded of a deal, in order."""
    with acting_as(world.people["program_admin"]):
        rows = PortalEvent.objects.filter(subject_type="deals.deal", subject_id=deal.pk)
        return list(rows.order_by("occurred_at", "id").values_list("type", flat=True))


def now_is(world: VendorWorld, deal: Deal) -> Deal:
    """The deal as it stands in the database."""
    with acting_as(world.people["program_admin"]):
        current: Deal = Deal.objects.get(pk=deal.pk)
        return current
