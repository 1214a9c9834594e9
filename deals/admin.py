"""Django admin of the deals app: stages and customers are kept here, deals are looked at."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

import deals.approvals.admin
import deals.bigdeals.admin
import deals.cases.admin
import deals.conflicts.admin
import deals.cosell.admin
import deals.leads.admin
import deals.lifecycle.admin
import deals.proofs.admin
import deals.protection.admin  # noqa: F401  (all register their tables)
from deals.matching import normalised_name, registrable_domain
from deals.models import Customer, Deal, DealLine, Stage
from portal.admin_site import CappedPaginator, ReadOnlyAdmin, ReadOnlyInline, VendorModelAdmin
from portal.formatting import format_money
from portal.forms import VendorModelForm
from portal.imports.admin import ImportAdminMixin


@admin.register(Stage)
class StageAdmin(VendorModelAdmin):
    list_display = ("name", "position", "probability")


class CustomerForm(VendorModelForm):
    def clean_domain(self) -> str:
        typed = self.cleaned_data["domain"].strip()
        domain = registrable_domain(typed) if typed else ""
        if typed and not domain:
            raise ValidationError("Give a domain, for example example.com.")
        return domain


@admin.register(Customer)
class CustomerAdmin(ImportAdminMixin, VendorModelAdmin):
    """The match keys follow the name and the domain, so that the next registration finds the customer."""

    import_kind = "customers"
    form = CustomerForm
    fields = ("name", "domain", "country", "sector", "external_key")
    list_display = ("name", "domain", "country", "sector")
    search_fields = ("normalised_name",)
    search_help_text = "The first letters of the name"
    ordering = ("normalised_name", "pk")
    paginator = CappedPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        wanted = normalised_name(search_term)
        return (queryset.filter(normalised_name__prefix=wanted) if wanted else queryset), False

    def save_model(self, request: Any, obj: Customer, form: Any, change: bool) -> None:
        obj.normalised_name = normalised_name(obj.name)
        super().save_model(request, obj, form, change)


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
