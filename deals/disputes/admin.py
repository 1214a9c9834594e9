"""Django admin of conflict cases: the terms are kept here, cases are looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from deals.disputes.models import CaseTerms, ConflictCase
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, VendorModelAdmin


@admin.register(CaseTerms)
class CaseTermsAdmin(VendorModelAdmin):
    """Without terms, ten days."""

    title = "Conflict terms"
    fields = ("appeal_days",)
    list_display = ("appeal_days",)


@admin.register(ConflictCase)
class ConflictCaseAdmin(ReadOnlyAdmin):
    title = "Conflict cases"
    list_display = ("deal", "rival", "account", "state", "rule", "winner", "outcome", "opened_at")
    list_filter = ("state", "rule", "outcome")
    list_select_related = ("deal", "rival", "account")
    ordering = ("-opened_at", "-pk")
    sortable_by = ()
    paginator = CappedPaginator
    fields = (
        "deal", "rival", "account", "products", "known_by", "state", "rule", "winner", "opened_at",
        "opened_by", "owner", "due_at", "decided_at", "decided_by", "reason", "told", "appeal_until",
        "appealed_at", "appealed_by", "appeal", "closed_at", "closed_by", "outcome", "closing_reason",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        related = ("deal", "rival", "account", "opened_by", "owner", "decided_by", "appealed_by", "closed_by")
        return super().get_queryset(request).select_related(*related)
