"""Django admin of stages; deals are looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from deals.deal.models import Deal, DealLine, Stage
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, ReadOnlyInline, VendorModelAdmin
from portal.imports.admin import ImportAdminMixin
from portal.ui.formatting import format_money


@admin.register(Stage)
class StageAdmin(VendorModelAdmin):
    list_display = ("name", "position", "probability", "is_active")


class LineInline(ReadOnlyInline):
    model = DealLine
    fields = ("product", "quantity")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("product")


@admin.register(Deal)
class DealAdmin(ImportAdminMixin, ReadOnlyAdmin):
    """Deals are worked on in the portal, where every step leaves its event."""

    import_kind = "deals"
    inlines = (LineInline,)
    list_display = ("reference", "customer_name", "partner", "status", "expected", "created_at")
    list_filter = ("status", "source")
    list_select_related = ("partner",)
    search_fields = ("reference",)
    search_help_text = "The first characters of the reference"
    paginator = CappedPaginator
    sortable_by = ()
    fields = (
        "reference", "partner", "registered_by", "customer", "customer_name", "customer_domain",
        "customer_country", "expected", "won", "expected_close", "source", "use_case", "competitor",
        "status", "stage", "assigned_to", "decision_reason", "loss_reason",
        "withdrawal_reason", "resubmissions", "created_at", "submitted_at",
        "decision_due_at", "returned_at", "rejected_at", "approved_at", "expires_at", "won_at", "lost_at",
        "withdrawn_at", "external_key",
    )  # fmt: skip
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        wanted = search_term.strip().upper()
        return (queryset.filter(reference__prefix=wanted) if wanted else queryset), False

    @admin.display(description="Expected amount")
    def expected(self, deal: Deal) -> str:
        return "–" if deal.amount is None else format_money(deal.amount, deal.currency)

    @admin.display(description="Amount won")
    def won(self, deal: Deal) -> str:
        return "–" if deal.won_amount is None else format_money(deal.won_amount, deal.currency)
