"""Leads that wait: for the partner's answer or first contact, and for somebody of the vendor."""

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from deals.leads.models import LeadOffer
from portal.requests.queue import Row, Side, Source, add_source, waiting_rows
from portal.tenancy.access import Actor


def _to_answer(actor: Actor) -> QuerySet[Any] | None:
    return None if actor.is_staff else _offers(LeadOffer.objects.filter(outcome=""), "answer_due_at")


def _to_contact(actor: Actor) -> QuerySet[Any] | None:
    accepted = LeadOffer.objects.filter(closed_at=None, contacted_at=None, accepted_at__isnull=False)
    return None if actor.is_staff else _offers(accepted, "contact_due_at")


def _offers(offers: QuerySet[Any], due: str) -> QuerySet[Any]:
    return waiting_rows(
        offers,
        title="customer_name",
        reference="reference",
        since=Coalesce(F("accepted_at"), F("offered_at")),
        due=due,
    )


def _url(row: Row) -> str:
    return reverse("leads:detail", args=[row.reference])


add_source(
    Source(
        key="leads.answer",
        kind="Lead offered",
        icon="magnet",
        action="Answer",
        side=Side.PARTNER,
        rows=_to_answer,
        step=lambda row: "accept or decline it",
        url=_url,
    ),
    Source(
        key="leads.contact",
        kind="First contact",
        icon="phone",
        action="Log a contact",
        side=Side.PARTNER,
        rows=_to_contact,
        step=lambda row: "get in touch with the customer",
        url=_url,
    ),
)
