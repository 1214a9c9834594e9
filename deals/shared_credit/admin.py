"""Django admin of co-selling: agreements and credit lines are looked at; they are made on the deal's page."""

from django.contrib import admin

from deals.shared_credit.models import CoSell, CreditLine
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin
from portal.requests.admin import RequestAdmin
from portal.ui.formatting import format_money, format_percent


@admin.register(CoSell)
class CoSellAdmin(RequestAdmin):
    title = "Co-sell agreements"
    listed = ("partner", "named", "part", "stage", "agreed_at", "ended_at")
    asked = ("named", "other", "part", "stage", "agreed_at", "ended_at")

    @admin.display(description="Share")
    def part(self, cosell: CoSell) -> str:
        return format_percent(cosell.ratio, 2)


@admin.register(CreditLine)
class CreditLineAdmin(ReadOnlyAdmin):
    title = "Credit lines"
    list_display = (
        "reference",
        "customer_name",
        "partner",
        "kind",
        "part",
        "expected",
        "won",
        "agreed_at",
        "ended_at",
    )
    list_filter = ("kind",)
    list_select_related = ("partner", "vendor")
    ordering = ("-pk",)
    sortable_by = ()
    paginator = CappedPaginator
    fields = (
        "reference", "customer_name", "partner", "lead_name", "kind", "part", "status", "expected", "won",
        "agreed_at", "ended_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description="Share")
    def part(self, line: CreditLine) -> str:
        return format_percent(line.ratio, 2)

    @admin.display(description="Expected")
    def expected(self, line: CreditLine) -> str:
        return "–" if line.amount is None else format_money(line.amount, line.vendor.currency)

    @admin.display(description="Won")
    def won(self, line: CreditLine) -> str:
        return "–" if line.booked is None else format_money(line.booked, line.vendor.currency)
