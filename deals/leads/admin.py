"""Django admin of leads: the rules are kept here, leads and their offers are looked at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from deals.leads.models import Lead, LeadContact, LeadLine, LeadOffer, LeadRule
from deals.leads.routing import conditions
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, ReadOnlyInline, VendorModelAdmin
from portal.imports.admin import ImportAdminMixin
from portal.ui.formatting import format_money
from portal.ui.forms import VendorModelForm


class RuleForm(VendorModelForm):
    capacity = forms.IntegerField(
        label="Most open leads",
        min_value=1,
        max_value=1000,
        initial=10,
        help_text="A partner with this many open leads is passed over.",
    )


@admin.register(LeadRule)
class LeadRuleAdmin(VendorModelAdmin):
    """The first rule that names a partner who can take the lead decides; then the next, and so on."""

    title = "Lead rules"
    form = RuleForm
    fieldsets = (
        (None, {"fields": ("position", "name", "is_active")}),
        ("Which leads", {"fields": ("country", "region", "product")}),
        ("Which partners", {"fields": ("territory", "partner_type", "least_tier", "capacity")}),
    )
    list_display = ("position", "name", "applies_to", "is_active")
    list_display_links = ("name",)
    list_select_related = ("region", "product", "least_tier")

    @admin.display(description="Applies to")
    def applies_to(self, rule: LeadRule) -> str:
        text = conditions(rule)
        return text[:1].upper() + text[1:]


class LineInline(ReadOnlyInline):
    model = LeadLine
    fields = ("product", "quantity")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("product")


class _LeadLike(ReadOnlyAdmin):
    paginator = CappedPaginator
    sortable_by = ()
    search_fields = ("reference",)
    search_help_text = "The first characters of the reference"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        wanted = search_term.strip().upper()
        return (queryset.filter(reference__prefix=wanted) if wanted else queryset), False

    @admin.display(description="Estimate")
    def estimate(self, lead: Any) -> str:
        return "–" if lead.amount is None else format_money(lead.amount, lead.currency)


@admin.register(Lead)
class LeadAdmin(ImportAdminMixin, _LeadLike):
    """Leads are worked on in the portal, where every step leaves its event; here they are imported."""

    title = "Leads"
    import_kind = "leads"
    inlines = (LineInline,)
    list_display = ("reference", "customer_name", "status", "estimate", "owner", "created_at")
    list_filter = ("status",)
    list_select_related = ("owner",)
    fields = (
        "reference", "status", "customer_name", "customer_domain", "customer_country", "contact_name",
        "contact_email", "contact_phone", "estimate", "region", "source", "notes", "owner", "due_at",
        "disqualify_reason", "created_by", "created_at", "external_key",
    )  # fmt: skip
    readonly_fields = fields


class ContactInline(ReadOnlyInline):
    model = LeadContact
    fields = ("happened_on", "kind", "note", "logged_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("logged_by")


@admin.register(LeadOffer)
class LeadOfferAdmin(_LeadLike):
    title = "Lead offers"
    inlines = (ContactInline,)
    list_display = ("reference", "customer_name", "partner", "outcome", "offered_at", "answer_due_at")
    list_filter = ("outcome",)
    list_select_related = ("partner",)
    fields = (
        "reference", "partner", "customer_name", "estimate", "reason", "offered_at", "offered_by",
        "answer_due_at", "outcome", "accepted_at", "declined_at", "timed_out_at", "withdrawn_at",
        "answered_by", "decline_reason", "contact_due_at", "contacted_at", "reminded_at", "taken_back_at",
        "disqualified_at", "disqualify_reason", "converted_at", "closed_at",
    )  # fmt: skip
    readonly_fields = fields
