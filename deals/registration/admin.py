"""Django admin of the registration terms: one row per vendor."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from deals.registration.list_values import list_prices_count
from deals.registration.models import DealTerms
from portal.backoffice.site import VendorModelAdmin
from portal.ui.forms import AmountField, AmountsForm


class TermsForm(AmountsForm):
    amounts: ClassVar[dict[str, str]] = {"by_amount": "amendment_amount"}

    by_amount = AmountField(
        label="Amount may change by",
        required=False,
        zero=True,
        help_text="In your currency. Empty: not limited by this.",
    )


@admin.register(DealTerms)
class DealTermsAdmin(VendorModelAdmin):
    """One row; before it is written, the usual terms hold."""

    title = "Registration terms"
    form = TermsForm
    fieldsets = (
        ("Returned registrations", {"fields": ("resubmissions",)}),
        ("Changes of approved deals", {"fields": ("amendment_percent", "by_amount")}),
        ("Deals without an amount", {"fields": ("counts_list_prices",)}),
    )
    list_display = ("__str__", "resubmissions", "amendment_percent")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_add_permission(request)) and not DealTerms.objects.exists()

    def save_model(self, request: HttpRequest, obj: DealTerms, form: Any, change: bool) -> None:
        """From now on; days before keep what they said."""
        super().save_model(request, obj, form, change)
        list_prices_count()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
