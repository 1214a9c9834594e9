"""Django admin of proofs of sale: looked at; they are answered on the deal's page."""

from django.contrib import admin

from deals.proofs.models import Proof, SerialNumber
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, ReadOnlyInline


class SerialInline(ReadOnlyInline):
    model = SerialNumber
    fields = ("text", "released_at")


@admin.register(Proof)
class ProofAdmin(ReadOnlyAdmin):
    title = "Proofs of sale"
    inlines = (SerialInline,)
    list_display = (
        "deal",
        "kind",
        "number",
        "status",
        "sent_at",
        "due_at",
        "who",
        "decided_by",
        "decided_at",
    )
    list_filter = ("status", "kind")
    list_select_related = ("deal", "owner", "decided_by")
    ordering = ("-sent_at", "pk")
    sortable_by = ()
    paginator = CappedPaginator
    fields = (
        "deal", "partner", "kind", "number", "status", "sent_by", "sent_at", "due_at", "who", "escalated_at",
        "decided_by", "decided_at", "reason",
    )  # fmt: skip
    readonly_fields = fields
