"""Django admin of end customers."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from deals.customers.domains import domain_typed
from deals.customers.match_keys import normalised_name
from deals.customers.models import Customer, OtherName, SharedDomain
from portal.backoffice.site import CappedPaginator, VendorModelAdmin
from portal.imports.admin import ImportAdminMixin
from portal.ui.forms import VendorModelForm


class CustomerForm(VendorModelForm):
    def clean_domain(self) -> str:
        return domain_typed(self.cleaned_data["domain"])


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

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        obj.normalised_name = normalised_name(obj.name)
        super().save_model(request, obj, form, change)


@admin.register(SharedDomain)
class SharedDomainAdmin(VendorModelAdmin):
    """What the vendor adds to the lists that come with the portal, and takes out of them."""

    title = "Domains many share"
    fields = ("domain", "is_shared")
    list_display = ("domain", "is_shared")
    list_filter = ("is_shared",)
    search_fields = ("domain",)


@admin.register(OtherName)
class OtherNameAdmin(VendorModelAdmin):
    """Former, short and foreign names of companies; a registration under one of them may be the other."""

    title = "Other names of companies"
    fields = ("name", "company")
    list_display = ("name", "company")
    search_fields = ("name", "company")
    ordering = ("company", "name")
