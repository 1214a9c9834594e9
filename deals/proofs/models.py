"""Proofs of sale, their documents, and the serial numbers they claim."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from deals.models import Deal
from partners.models import Partner
from portal.rows import Rows, RowSecurity, TenantKey, TenantModel
from portal.uploads import StoredFile


class ProofKind(models.TextChoices):
    INVOICE = "invoice", "Invoice"
    ORDER = "order", "Purchase order"
    SERIALS = "serials", "Serial numbers"


class ProofStatus(models.TextChoices):
    OPEN = "open", "Waiting"
    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"


class Proof(TenantModel):
    """What a partner handed in for a win. One waits at a time; after a refusal there may be another."""

    partner = TenantKey(Partner, related_name="+")
    deal = TenantKey(Deal, models.CASCADE, related_name="proofs")
    kind = models.CharField(max_length=10, choices=ProofKind.choices)
    number = models.CharField(max_length=80, blank=True, help_text="Of the invoice or purchase order.")
    status = models.CharField(max_length=10, choices=ProofStatus.choices, default=ProofStatus.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    sent_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-sent_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "deal", "-sent_at"], name="deals_proof_by_deal"),
            models.Index(
                fields=["vendor", "due_at"], name="deals_proof_open", condition=models.Q(status="open")
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_proof_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_proof_key"),
            models.UniqueConstraint(
                fields=["vendor", "deal"],
                condition=models.Q(status__in=["open", "accepted"]),
                name="deals_proof_one",
                violation_error_message="A proof was handed in already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.get_kind_display().lower()}, {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status == ProofStatus.OPEN

    @property
    def who(self) -> str:
        """Whom both sides read of."""
        return str(self.owner) if self.owner else "Program admin"


class ProofFile(StoredFile):
    """The document of a proof: whoever may see the deal may have it."""

    partner = TenantKey(Partner, related_name="+")
    proof = TenantKey(Proof, models.CASCADE, related_name="files")

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_prooffile_rows"),
        ]


class SerialNumber(TenantModel):
    """A piece that was sold: claimed once per vendor, by the database, and free again after a refusal."""

    partner = TenantKey(Partner, related_name="+")
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
