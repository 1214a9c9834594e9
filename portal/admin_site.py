"""Django admin at each vendor's address. Row security shows that vendor's rows only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.shortcuts import redirect


class VendorAdminSite(admin.AdminSite):
    site_title = "Program administration"
    index_title = "Program administration"
    enable_nav_sidebar = True

    def has_permission(self, request: Any) -> bool:
        actor = getattr(request, "actor", None)
        return actor is not None and actor.is_admin

    def each_context(self, request: Any) -> dict[str, Any]:
        vendor = request.vendor
        return {
            **super().each_context(request),
            "site_header": vendor.name,
            "site_url": request.META["SCRIPT_NAME"] + "/",
        }

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        # The portal's own sign-in, second factor included, is the only way in.
        return redirect("home" if request.user.is_authenticated else "account_login")


class VendorModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """For tables of the vendor's programme: who may enter the site may work on them.

    The vendor itself is never a field: rows take it from the scope.
    """

    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)


class VendorInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)
