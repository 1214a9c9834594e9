"""Filters of the deal list."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from deals.deal.models import Deal, DealStatus
from partners.models import Partner
from portal import references
from portal.text import folded_key, folded_name

#: More partners than this share the first letters: the list would be no help.
MOST_PARTNERS = 200


class DealFilter(django_filters.FilterSet):
    """`stages` are (id, name) pairs. The search takes a reference or the first letters of a customer."""

    q = django_filters.CharFilter(
        method="found",
        label="Customer, from the first letters, or reference",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    status = django_filters.ChoiceFilter(label="Status", choices=DealStatus.choices)
    stage = django_filters.ChoiceFilter(field_name="stage", label="Stage")
    partner = django_filters.CharFilter(
        method="of_partner",
        label="Partner",
        max_length=160,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = Deal
        fields: list[str] = []

    def __init__(
        self, data: Any, queryset: QuerySet[Deal], *, stages: list[tuple[int, str]], many_partners: bool
    ) -> None:
        super().__init__(data, queryset)
        self.filters["stage"].extra["choices"] = [(str(pk), name) for pk, name in stages]
        if not many_partners:
            del self.filters["partner"]

    def found(self, rows: QuerySet[Deal], name: str, text: str) -> QuerySet[Deal]:
        reference = references.meant("D", text)
        if reference:
            return rows.filter(reference=reference)
        return rows.filter(customer_key__prefix=folded_name(text))

    def of_partner(self, rows: QuerySet[Deal], name: str, text: str) -> QuerySet[Deal]:
        # Ids first: the planner then knows how few rows they mean.
        named = Partner.objects.filter(Q(name_key__prefix=folded_name(text)) | Q(slug=folded_key(text)))
        return rows.filter(partner_id__in=list(named.values_list("pk", flat=True)[:MOST_PARTNERS]))
