"""Django admin of the extension terms; extensions themselves are looked at."""

from django.contrib import admin

from deals.protection.models import Extension, ExtensionTerms
from portal.backoffice.site import VendorModelAdmin
from portal.requests.admin import RequestAdmin


@admin.register(ExtensionTerms)
class ExtensionTermsAdmin(VendorModelAdmin):
    """Without terms for a tier, those without a tier count; without any, two of 60 days each."""

    title = "Extension terms"
    fields = ("tier", "most_extensions", "most_days")
    list_display = ("applies_to", "most_extensions", "most_days")
    list_select_related = ("tier",)

    @admin.display(description="Tier")
    def applies_to(self, terms: ExtensionTerms) -> str:
        return str(terms.tier) if terms.tier else "Every other tier"


@admin.register(Extension)
class ExtensionAdmin(RequestAdmin):
    title = "Extensions of protection"
    listed = ("days",)
    asked = ("days", "until_before", "until_after")
