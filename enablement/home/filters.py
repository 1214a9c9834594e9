"""Filters of the catalogue."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from enablement.courses.models import Course, Language


class CatalogueFilter(django_filters.FilterSet):
    """`products` are (id, name) pairs. Titles and summaries are searched after the vendor's few courses."""

    q = django_filters.CharFilter(
        method="found",
        label="Course or topic",
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    product = django_filters.ChoiceFilter(field_name="products", label="Product")
    language = django_filters.ChoiceFilter(label="Language", choices=Language.choices)

    class Meta:
        model = Course
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[Course], *, products: Iterable[tuple[int, str]]) -> None:
        super().__init__(data, queryset)
        self.filters["product"].extra["choices"] = [(str(pk), name) for pk, name in products]

    def found(self, rows: QuerySet[Course], name: str, text: str) -> QuerySet[Course]:
        words = text.replace("\0", "").strip()
        return rows.filter(Q(title__icontains=words) | Q(summary__icontains=words))
