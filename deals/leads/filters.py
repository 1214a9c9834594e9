"""Filters of the lists of leads: the vendor's leads, a partner's offers."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from deals.leads.models import FREE, Lead, LeadOffer, LeadStatus, OfferOutcome
from deals.leads.selectors import Counts, overdue
from portal import references
from portal.text import folded_name
from portal.ui.formatting import format_number

#: What became of an offer, as its partner sorts them.
OFFERS: dict[str, tuple[str, Q]] = {
    "open": ("To answer", Q(outcome="")),
    "accepted": ("To contact", Q(outcome=OfferOutcome.ACCEPTED, closed_at=None, contacted_at=None)),
    "contacted": ("Contacted", Q(closed_at=None, contacted_at__isnull=False)),
    "converted": ("Registered", Q(converted_at__isnull=False)),
    "disqualified": ("Disqualified", Q(disqualified_at__isnull=False)),
    "declined": ("Declined", Q(outcome=OfferOutcome.DECLINED)),
    "timed_out": ("Not answered in time", Q(outcome=OfferOutcome.TIMED_OUT)),
    "withdrawn": ("Taken back", Q(withdrawn_at__isnull=False) | Q(taken_back_at__isnull=False)),
}


class _ByCustomer(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="found",
        label="Customer, from the first letters, or reference",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    state = django_filters.ChoiceFilter(method="in_state", label="State")

    def found(self, rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
        reference = references.meant("L", text)
        if reference:
            return rows.filter(reference=reference)
        return rows.filter(customer_key__prefix=folded_name(text))


class LeadFilter(_ByCustomer):
    """`counts` tell how many there are of each state."""

    class Meta:
        model = Lead
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[Lead], *, counts: Counts) -> None:
        super().__init__(data, queryset)
        special = [
            ("overdue", "Overdue", counts.overdue),
            ("free", "To be offered, or nobody left", counts.of(*FREE)),
        ]
        plain = [(value, label, counts.of(value)) for value, label in LeadStatus.choices]
        choices = [(value, f"{label} ({format_number(n)})") for value, label, n in [*special, *plain]]
        self.filters["state"].extra["choices"] = choices

    def in_state(self, rows: QuerySet[Lead], name: str, state: str) -> QuerySet[Lead]:
        if state == "overdue":
            return rows.filter(overdue())
        return rows.filter(status__in=FREE if state == "free" else [state])


class OfferFilter(_ByCustomer):
    class Meta:
        model = LeadOffer
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[LeadOffer]) -> None:
        super().__init__(data, queryset)
        self.filters["state"].extra["choices"] = [(key, label) for key, (label, _) in OFFERS.items()]

    def in_state(self, rows: QuerySet[LeadOffer], name: str, state: str) -> QuerySet[LeadOffer]:
        return rows.filter(OFFERS[state][1])
