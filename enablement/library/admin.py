"""Django admin of the library: looked at here; it is kept on its own pages."""

from django.contrib import admin

from enablement.library.models import Asset, Collection, CollectionItem
from portal.backoffice.site import ReadOnlyAdmin, ReadOnlyInline


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin):
    title = "Library"
    list_display = ("title", "type", "language", "version", "ends_on", "owner", "retired_at")
    list_filter = ("type", "language")
    list_select_related = ("owner",)
    fields = (
        "title", "summary", "type", "language", "role", "partner_type", "least_tier", "region", "url", "file",
        "version", "version_at", "ends_on", "owner", "created_at", "retired_at",
    )  # fmt: skip
    readonly_fields = fields


class ItemInline(ReadOnlyInline):
    model = CollectionItem
    fields = ("position", "asset")


@admin.register(Collection)
class CollectionAdmin(ReadOnlyAdmin):
    title = "Collections"
    inlines = (ItemInline,)
    list_display = ("name", "position")
    fields = ("name", "summary", "position")
    readonly_fields = fields
