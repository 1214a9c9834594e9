"""Filters of the portfolio."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from partners.models import PartnerType
from portal.text import folded_name
from scorecards.models import Standing
from scorecards.scoring import HEALTHY, WATCH

#: (key, label, lowest health, health below which it ends).
BANDS = (
    ("healthy", "Healthy", HEALTHY, 101),
    ("watch", "Watch", WATCH, HEALTHY),
    ("poor", "Poor", -1, WATCH),
)
Choices = Iterable[tuple[int, str]]


class PortfolioFilter(django_filters.FilterSet):
    """`tiers` and `regions` are (id, name) pairs: the page has read them already."""

    q = django_filters.CharFilter(
        method="named",
        label="Partner, from its first letters",
        max_length=160,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    tier = django_filters.ChoiceFilter(field_name="partner__tier", label="Tier")
    region = django_filters.ChoiceFilter(field_name="partner__region", label="Region")
    type = django_filters.ChoiceFilter(field_name="partner__type", label="Type", choices=PartnerType.choices)
    band = django_filters.ChoiceFilter(
        label="Health",
        method="within_band",
        choices=[(*band[:2],) for band in BANDS] + [("none", "Not scored")],
    )

    class Meta:
        model = Standing
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[Standing], *, tiers: Choices, regions: Choices) -> None:
        super().__init__(data, queryset)
        self.filters["tier"].extra["choices"] = [(str(pk), name) for pk, name in tiers]
        self.filters["region"].extra["choices"] = [(str(pk), name) for pk, name in regions]

    def named(self, rows: QuerySet[Standing], name: str, text: str) -> QuerySet[Standing]:
        return rows.filter(partner__name_key__prefix=folded_name(text))

    def within_band(self, rows: QuerySet[Standing], name: str, key: str) -> QuerySet[Standing]:
        if key == "none":
            return rows.filter(health__isnull=True)
        low, high = next((low, high) for band, _, low, high in BANDS if band == key)
        return rows.filter(health__gte=low, health__lt=high)
