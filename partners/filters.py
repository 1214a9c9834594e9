"""Filters of the partner list."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from partners.models import Partner, PartnerStatus, PartnerType
from portal.text import folded_name

Choices = Iterable[tuple[int, str]]


class PartnerFilter(django_filters.FilterSet):
    """`tiers` and `regions` are (id, name) pairs."""

    q = django_filters.CharFilter(
        method="named",
        label="Partner, from its first letters",
        max_length=160,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    tier = django_filters.ChoiceFilter(field_name="tier", label="Tier")
    region = django_filters.ChoiceFilter(field_name="region", label="Region")
    type = django_filters.ChoiceFilter(label="Type", choices=PartnerType.choices)
    status = django_filters.ChoiceFilter(label="Status", choices=PartnerStatus.choices)

    class Meta:
        model = Partner
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[Partner], *, tiers: Choices, regions: Choices) -> None:
        super().__init__(data, queryset)
        self.filters["tier"].extra["choices"] = [(str(pk), name) for pk, name in tiers]
        self.filters["region"].extra["choices"] = [(str(pk), name) for pk, name in regions]

    def named(self, rows: QuerySet[Partner], name: str, text: str) -> QuerySet[Partner]:
        return rows.filter(name_key__prefix=folded_name(text))
