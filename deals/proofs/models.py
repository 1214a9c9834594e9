"""Proofs of sale, their documents, and the serial numbers they claim."""

from django.db import models

from deals.deal.models import Deal
from partners.keys import PartnerKey
from portal.files.uploads import StoredFile
from portal.requests.models import Request, request_constraints, request_indexes
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey, TenantModel


class Evidence(models.TextChoices):
    INVOICE = "invoice", "Invoice"
    ORDER = "order", "Purchase order"
    SERIALS = "serials", "Serial numbers"


class Proof(Request):
    """What a partner handed in for a win. One waits or is accepted; after a refusal there may be another."""

    subject_field = "deal"

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="proofs")
    evidence = models.CharField(max_length=10, choices=Evidence.choices)
    number = models.CharField(max_length=80, blank=True, help_text="Of the invoice or purchase order.")

    class Meta(Request.Meta):
        indexes = request_indexes("deals_proof", "deal")
        constraints = [
            *request_constraints("deals_proof", "deal", taken="A proof was handed in already."),
            models.UniqueConstraint(
                fields=["vendor", "deal"],
                condition=models.Q(status="granted"),
                name="deals_proof_one_accepted",
                violation_error_message="A proof was accepted already.",
            ),
        ]


class ProofFile(StoredFile):
    """The document of a proof: whoever may see the deal may have it."""

    partner = PartnerKey()
    proof = TenantKey(Proof, models.CASCADE, related_name="files")

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_prooffile_rows"),
        ]


class SerialNumber(TenantModel):
    """A piece that was sold: claimed once per vendor, by the database, and free again after a refusal."""

    partner = PartnerKey()
    proof = TenantKey(Proof, models.CASCADE, related_name="serials")
    text = models.CharField(max_length=60, help_text="As it was typed.")
    key = models.CharField(max_length=60, help_text="Letters and digits alone, in upper case.")
    released_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_serialnumber_rows"),
            models.UniqueConstraint(
                fields=["vendor", "key"],
                condition=models.Q(released_at__isnull=True),
                name="deals_serialnumber_once",
                violation_error_message="This serial number is used already.",
            ),
            models.CheckConstraint(condition=~models.Q(key=""), name="deals_serialnumber_key"),
        ]

    def __str__(self) -> str:
        return self.text
