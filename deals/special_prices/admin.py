"""Django admin of the terms for big deals; requests are looked at."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from deals.special_prices.models import BigDealTerms, PriceLine, PriceRequest, PriceRule
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, ReadOnlyInline, VendorModelAdmin
from portal.ui.formatting import format_money, format_percent
from portal.ui.forms import AmountField, AmountsForm


class TermsForm(AmountsForm):
    amounts: ClassVar[dict[str, str]] = {
        "special_prices_from": "special_price_from",
        "proof_of_sale_from": "proof_from",
    }

    special_prices_from = AmountField(
        required=False,
        zero=True,
        help_text="Deals of this amount and more, in your currency. Empty: no special prices.",
    )
    proof_of_sale_from = AmountField(
        required=False,
        zero=True,
        help_text="Wins of this amount and more count once their proof is accepted; those marked as won "
        "before are left as they are. Empty: no win needs one.",
    )


@admin.register(BigDealTerms)
class BigDealTermsAdmin(VendorModelAdmin):
    """One row: from which amount on a deal is a big one."""

    title = "Big deals: terms"
    form = TermsForm
    fields = (
        "special_prices_from", "special_price_hours", "special_price_days", "proof_of_sale_from",
        "proof_hours",
    )  # fmt: skip
    list_display = ("special_prices", "special_price_hours", "special_price_days", "proofs", "proof_hours")
    list_select_related = ("vendor",)

    @admin.display(description="Special prices from")
    def special_prices(self, terms: BigDealTerms) -> str:
        return _money(terms.special_price_from, terms.vendor.currency, "Not offered")

    @admin.display(description="Proof of sale from")
    def proofs(self, terms: BigDealTerms) -> str:
        return _money(terms.proof_from, terms.vendor.currency, "Not needed")


class PriceRuleForm(AmountsForm):
    amounts: ClassVar[dict[str, str]] = {"list_value_to": "amount_to"}

    discount = forms.DecimalField(
        label="Discount up to",
        required=False,
        min_value=0,
        max_value=100,
        decimal_places=2,
        help_text="Per cent off the list, inclusive. Empty: any discount.",
    )
    list_value_to = AmountField(
        label="List value up to", required=False, zero=True, help_text="In your currency. Empty: any."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.discount_to is not None:
            self.initial["discount"] = Decimal(self.instance.discount_to) / 100

    def clean_discount(self) -> Decimal | None:
        percent: Decimal | None = self.cleaned_data["discount"]
        self.instance.discount_to = None if percent is None else int(percent * 100)
        return percent


@admin.register(PriceRule)
class PriceRuleAdmin(VendorModelAdmin):
    """The first rule that fits says who decides; without one, a program admin does."""

    title = "Big deals: who grants which discount"
    form = PriceRuleForm
    fields = ("position", "discount", "list_value_to", "role")
    list_display = ("position", "discounts", "list_values", "role")
    list_select_related = ("vendor",)

    @admin.display(description="Discount")
    def discounts(self, rule: PriceRule) -> str:
        return "Any" if rule.discount_to is None else f"Up to {format_percent(rule.discount_to / 10_000, 2)}"

    @admin.display(description="List value")
    def list_values(self, rule: PriceRule) -> str:
        return _money(rule.amount_to, rule.vendor.currency, "Any", "Up to ")


def _money(minor: int | None, currency: str, without: str, before: str = "") -> str:
    return without if minor is None else before + format_money(minor, currency)


class PriceLineInline(ReadOnlyInline):
    model = PriceLine
    fields = ("product", "quantity", "list_price", "requested_price", "granted_price")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("product")


@admin.register(PriceRequest)
class PriceRequestAdmin(ReadOnlyAdmin):
    title = "Special prices"
    inlines = (PriceLineInline,)
    list_display = ("deal", "status", "off", "who", "due_at", "decided_by", "expires_at", "used_at")
    list_filter = ("status",)
    list_select_related = ("deal", "owner", "decided_by")
    ordering = ("-requested_at", "pk")
    sortable_by = ()
    paginator = CappedPaginator
    fields = (
        "deal", "partner", "status", "justification", "competitor", "off", "asked", "granted", "who",
        "requested_by", "requested_at", "due_at", "escalated_at", "decided_by", "decided_at", "reason",
        "expires_at", "used_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="Off the list")
    def off(self, one: PriceRequest) -> str:
        return format_percent(one.discount)

    @admin.display(description="Asked for")
    def asked(self, one: PriceRequest) -> str:
        return format_money(one.requested_total, one.currency)

    @admin.display(description="Granted")
    def granted(self, one: PriceRequest) -> str:
        return _money(one.granted_total, one.currency, "–")
