"""How the lists of leads sort and look, and what they take along as files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.db.models import DateTimeField, F, QuerySet, Value
from django.db.models.functions import Coalesce

from deals.leads.models import LeadOffer, LeadStatus, OfferOutcome
from portal.ui.formatting import from_minor
from portal.ui.keyset import Order
from portal.ui.widgets import Look

PAGE: Final = 50
#: A longer list is asked to be narrowed down, not cut off silently.
MOST_EXPORTED: Final = 50_000
NEWEST: Final = "-entered"
LATEST_OFFER: Final = "-offered"
_NEVER: Final = datetime.fromisoformat("9999-01-01T00:00:00+00:00")

_OF_LEADS: Final[Mapping[str, Order]] = {
    "entered": Order(F("created_at"), datetime.fromisoformat),
    "customer": Order(F("customer_key"), str),
    "amount": Order(Coalesce("amount", Value(-1)), int),
    "due": Order(Coalesce("due_at", Value(_NEVER), output_field=DateTimeField()), datetime.fromisoformat),
}
_OF_OFFERS: Final[Mapping[str, Order]] = {
    "offered": Order(F("offered_at"), datetime.fromisoformat),
    "customer": Order(F("customer_key"), str),
    "amount": Order(Coalesce("amount", Value(-1)), int),
}

LOOKS: Final[dict[str, Look]] = {
    LeadStatus.NEW: ("watch", "To be offered", "magnet"),
    LeadStatus.OFFERED: ("neutral", "Offered", "send"),
    LeadStatus.UNPLACED: ("bad", "Nobody left", "alert-triangle"),
    LeadStatus.ACCEPTED: ("ok", "Accepted", "check"),
    LeadStatus.CONTACTED: ("ok", "Contacted", "phone-call"),
    LeadStatus.CONVERTED: ("ok", "Registered", "briefcase"),
    LeadStatus.DISQUALIFIED: ("neutral", "Disqualified", "user-x"),
    OfferOutcome.DECLINED: ("neutral", "Declined", "hand-stop"),
    OfferOutcome.TIMED_OUT: ("watch", "Not answered in time", "clock-off"),
    OfferOutcome.WITHDRAWN: ("neutral", "Taken back", "arrow-back"),
}


def order_of_leads(sort: str) -> Order:
    """The order of a `sort` parameter ("-amount"); the newest first for anything unknown."""
    return _order(_OF_LEADS, sort, NEWEST)


def order_of_offers(sort: str) -> Order:
    return _order(_OF_OFFERS, sort, LATEST_OFFER)


def _order(orders: Mapping[str, Order], sort: str, usual: str) -> Order:
    if sort.removeprefix("-") not in orders:
        sort = usual
    return replace(orders[sort.removeprefix("-")], falling=sort.startswith("-"))


LEAD_HEADER: Final = (
    "reference", "status", "customer", "domain", "country", "region", "contact", "contact_email",
    "contact_phone", "amount", "currency", "source", "owner", "partner", "entered", "due",
)  # fmt: skip
OFFER_HEADER: Final = (
    "reference", "partner", "state", "customer", "domain", "country", "contact", "contact_email",
    "contact_phone", "amount", "currency", "offered", "answer_due", "accepted", "contact_due", "contacted",
)  # fmt: skip


def exported_leads(leads: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Leads read `with_holders`; amounts in major units, times as ISO text in UTC."""
    for lead in leads:
        partner = next((offer.partner.name for offer in lead.current), None)
        yield (
            lead.reference, lead.get_status_display(), *_customer(lead, lead.region and lead.region.name),
            lead.source, lead.owner and str(lead.owner), partner, _iso(lead.created_at), _iso(lead.due_at),
        )  # fmt: skip


def exported_offers(offers: QuerySet[LeadOffer]) -> Iterator[tuple[Any, ...]]:
    for offer in offers.iterator(chunk_size=2000):
        yield (
            offer.reference, offer.partner.name, LOOKS[offer.status][1], *_customer(offer),
            _iso(offer.offered_at), _iso(offer.answer_due_at), _iso(offer.accepted_at),
            _iso(offer.contact_due_at), _iso(offer.contacted_at),
        )  # fmt: skip


def _customer(of: Any, *region: Any) -> tuple[Any, ...]:
    amount = None if of.amount is None else f"{from_minor(of.amount, of.currency):f}"
    return (
        of.customer_name, of.customer_domain, str(of.customer_country), *region, of.contact_name,
        of.contact_email, of.contact_phone, amount, of.currency,
    )  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
