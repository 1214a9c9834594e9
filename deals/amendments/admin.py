"""Django admin of changes after approval: looked at; they are answered on the deal's page."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from deals.amendments.models import Amendment, AmendmentLine
from portal.backoffice.site import ReadOnlyInline
from portal.requests.admin import RequestAdmin


class AmendmentLineInline(ReadOnlyInline):
    model = AmendmentLine
    fields = ("product", "quantity_before", "quantity", "verdict")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("product")


@admin.register(Amendment)
class AmendmentAdmin(RequestAdmin):
    title = "Changes of approved deals"
    inlines = (AmendmentLineInline,)
    listed = ("why",)
    asked = ("why", "amount_before", "amount", "close_before", "expected_close")
