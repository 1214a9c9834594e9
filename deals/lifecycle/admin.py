"""Django admin of the registration terms: one row per vendor."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from deals.lifecycle.models import DealTerms
from portal.admin_site import VendorModelAdmin


@admin.register(DealTerms)
class DealTermsAdmin(VendorModelAdmin):
    """One row; before it is written, the usual terms hold."""

    title = "Registration terms"
    list_display = ("__str__", "resubmissions")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_add_permission(request)) and not DealTerms.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
