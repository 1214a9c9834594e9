"""Django admin of proofs of sale: looked at; they are answered on the deal's page."""

from django.contrib import admin

from deals.proofs.models import Proof, SerialNumber
from portal.backoffice.site import ReadOnlyInline
from portal.requests.admin import RequestAdmin


class SerialInline(ReadOnlyInline):
    model = SerialNumber
    fields = ("text", "released_at")


@admin.register(Proof)
class ProofAdmin(RequestAdmin):
    title = "Proofs of sale"
    inlines = (SerialInline,)
    listed = asked = ("evidence", "number")
