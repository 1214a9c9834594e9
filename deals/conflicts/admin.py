"""Django admin of the direct accounts."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django_countries import countries

from deals.conflicts.models import DirectAccount, DirectAccountProduct
from deals.customers.domains import domain_typed
from deals.customers.services import customer_named
from portal.backoffice.site import CappedPaginator, VendorInline, VendorModelAdmin
from portal.imports.admin import ImportAdminMixin
from portal.ui.forms import VendorModelForm


class AccountForm(VendorModelForm):
    """Whoever types an account names its customer, as a partner does; the customer is found or created."""

    domain = forms.CharField(required=False, max_length=253, help_text="Website or domain of the customer.")
    country = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country: Any = self.fields["country"]
        country.choices = [("", "Not given"), *countries]
        if self.instance.pk:
            customer = self.instance.customer
            self.initial.update(domain=customer.domain, country=str(customer.country))

    def clean_domain(self) -> str:
        return domain_typed(self.cleaned_data["domain"])


class ProductInline(VendorInline):
    model = DirectAccountProduct
    fields = ("product",)
    verbose_name_plural = "Products; without any, every product"


@admin.register(DirectAccount)
class DirectAccountAdmin(ImportAdminMixin, VendorModelAdmin):
    """The vendor's own accounts; registrations of partners are checked against them."""

    title = "Direct accounts"
    import_kind = "direct_accounts"
    form = AccountForm
    inlines = (ProductInline,)
    fields = ("name", "domain", "country", "owner", "external_key")
    list_display = ("name", "owner", "customer_domain")
    list_select_related = ("customer",)
    search_fields = ("name",)
    paginator = CappedPaginator

    def save_model(self, request: HttpRequest, obj: DirectAccount, form: Any, change: bool) -> None:
        if not change or {"name", "domain", "country"} & set(form.changed_data):
            typed = form.cleaned_data
            obj.customer = customer_named(typed["name"], typed["domain"], typed["country"])
        if DirectAccount.objects.filter(customer=obj.customer).exclude(pk=obj.pk).exists():
            raise ValidationError({"name": "This customer is among the direct accounts already."})
        super().save_model(request, obj, form, change)

    @admin.display(description="Domain")
    def customer_domain(self, account: DirectAccount) -> str:
        return account.customer.domain or "–"
