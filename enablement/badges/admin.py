"""Django admin of badge keys: which one signs, and replacing it. Private keys are on no page."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from enablement.badges import services
from enablement.badges.models import IssuerKey
from portal.backoffice.site import ReadOnlyAdmin
from portal.tenancy.http import portal_request


@admin.register(IssuerKey)
class IssuerKeyAdmin(ReadOnlyAdmin):
    """The first is made with the first badge. Replaced ones stay published: what they signed holds."""

    title = "Badge keys"
    fields = ("number", "public", "created_at", "created_by", "retired_at")
    readonly_fields = fields
    list_display = ("__str__", "state", "created_at", "retired_at", "public")
    list_select_related = ("created_by",)
    actions = ("replace",)

    @admin.display
    def state(self, key: IssuerKey) -> str:
        return "Published only" if key.retired_at else "Signs"

    @admin.action(description="Replace the key in use")
    def replace(self, request: HttpRequest, chosen: QuerySet[IssuerKey]) -> None:
        used = chosen.filter(retired_at=None).first()
        if used is None:
            self.message_user(request, "Choose the key that signs: the others are replaced already.")
            return
        made = services.key_replace(actor=portal_request(request).actor, key=used)
        self.message_user(request, f"{made} signs from now on. {used} stays published.")
