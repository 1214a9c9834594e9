"""Django admin of funds and whom they are for; their money moves on the fund's own page."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from mdf.funds.models import Eligibility, Fund
from portal.backoffice.site import VendorInline, VendorModelAdmin
from portal.ui.formatting import format_percent
from portal.ui.forms import VendorModelForm


class FundForm(VendorModelForm):
    """Shares are typed in per cent; the table keeps basis points."""

    shares: ClassVar[dict[str, str]] = {"share": "vendor_share", "goes_on": "roll_over"}

    share = forms.DecimalField(
        label="Vendor's share",
        min_value=0,
        max_value=100,
        decimal_places=2,
        help_text="Per cent of shared costs.",
    )
    goes_on = forms.DecimalField(
        label="Rolls over",
        min_value=0,
        max_value=100,
        decimal_places=2,
        help_text="Per cent of free money that goes on into the next fund; the rest expires.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, column in self.shares.items():
            self.initial[name] = Decimal(getattr(self.instance, column)) / 100

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        for name, column in self.shares.items():
            if name in self.cleaned_data:
                setattr(self.instance, column, int(self.cleaned_data[name] * 100))


class EligibilityInline(VendorInline):
    model = Eligibility
    fields = ("tier", "region", "partner_type")


@admin.register(Fund)
class FundAdmin(VendorModelAdmin):
    title = "MDF: funds"
    form = FundForm
    fields = (
        "name", "currency", "starts_on", "ends_on", "activities_until", "share", "claim_days", "goes_on",
        "rolls_into", "accrues",
    )  # fmt: skip
    list_display = ("name", "currency", "starts_on", "ends_on", "share", "accrues")
    inlines = (EligibilityInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Amounts of the ledger are in its currency."""
        return ("currency",) if obj and obj.balances.exists() else ()

    @admin.display(description="Vendor's share")
    def share(self, fund: Fund) -> str:
        return format_percent(fund.vendor_share / 10_000, 2)
