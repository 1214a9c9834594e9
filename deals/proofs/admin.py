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
        "evidence",
        "number",
        "status",
        "requested_at",
        "due_at",
        "who",
        "decided_by",
        "decided_at",
    )
    list_filter = ("status", "evidence")
    list_select_related = ("deal", "owner", "decided_by")
    ordering = ("-requested_at", "pk")
    sortable_by = ()
    paginator = CappedPaginator
    fields = (
        "deal", "partner", "evidence", "number", "status", "requested_by", "requested_at", "due_at", "who",
        "escalated_at", "decided_by", "decided_at", "decision_reason",
    )  # fmt: skip
    readonly_fields = fields
