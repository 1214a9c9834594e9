"""Django admin of the registration terms: one row per vendor."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from deals.registration.models import DealTerms
from portal.backoffice.site import VendorModelAdmin
from portal.ui.formatting import from_minor, to_minor
from portal.ui.forms import VendorModelForm


class TermsForm(VendorModelForm):
    """The amount in whole money, as people write it; the table keeps minor units."""

    by_amount = forms.DecimalField(label="Amount may change by", required=False, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = self.instance.vendor.currency
        self.fields["by_amount"].help_text = f"The same in {currency}. Empty: not limited by this."
        if self.instance.amendment_amount is not None:
            self.initial["by_amount"] = from_minor(self.instance.amendment_amount, currency)

    def clean_by_amount(self) -> Decimal | None:
        amount: Decimal | None = self.cleaned_data["by_amount"]
        try:
            minor = None if amount is None else to_minor(amount, self.instance.vendor.currency)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        self.instance.amendment_amount = minor
        return amount


@admin.register(DealTerms)
class DealTermsAdmin(VendorModelAdmin):
    """One row; before it is written, the usual terms hold."""

    title = "Registration terms"
    form = TermsForm
    fieldsets = (
        ("Returned registrations", {"fields": ("resubmissions",)}),
        ("Changes of approved deals", {"fields": ("amendment_percent", "by_amount")}),
    )
    list_display = ("__str__", "resubmissions", "amendment_percent")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_add_permission(request)) and not DealTerms.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
