"""Django admin of the extension terms; extensions themselves are looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from deals.protection.models import Extension, ExtensionTerms
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, VendorModelAdmin


@admin.register(ExtensionTerms)
class ExtensionTermsAdmin(VendorModelAdmin):
    """Without terms for a tier, those without a tier count; without any, two of 60 days each."""

    title = "Extension terms"
    fields = ("tier", "most_extensions", "most_days")
    list_display = ("applies_to", "most_extensions", "most_days")
    list_select_related = ("tier",)

    @admin.display(description="Tier")
    def applies_to(self, terms: ExtensionTerms) -> str:
        return str(terms.tier) if terms.tier else "Every other tier"


@admin.register(Extension)
class ExtensionAdmin(ReadOnlyAdmin):
    title = "Extensions of protection"
    list_display = ("deal", "days", "requested_at", "who", "due_at", "status", "decided_by")
    list_filter = ("status",)
    list_select_related = ("deal", "owner", "decided_by")
    ordering = ("-requested_at", "-pk")
    sortable_by = ()
    paginator = CappedPaginator
    fields = (
        "deal", "days", "reason", "requested_by", "requested_at", "who", "due_at", "status", "decided_at",
        "decided_by", "decision_reason", "until_before", "until_after",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        related = ("deal", "owner", "decided_by", "requested_by")
        return super().get_queryset(request).select_related(*related)
