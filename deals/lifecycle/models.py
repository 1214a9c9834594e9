"""Files and notes of a registration, and what the programme allows."""

import uuid
from typing import Final

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from deals.models import Deal
from partners.models import Partner
from portal.rows import CompositeForeignKey, Rows, RowSecurity, TenantKey, TenantModel
from portal.uploads import StoredFile

#: What holds until the vendor says otherwise.
RESUBMISSIONS: Final = 3


class DealTerms(TenantModel):
    """What the programme allows with a registration: one row per vendor, the usual without one."""

    resubmissions = models.PositiveSmallIntegerField(
        "most resubmissions",
        default=RESUBMISSIONS,
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="How often a returned registration may be submitted again. Empty: as often as needed.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "registration terms"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="deals_dealterms_rows"),
            models.UniqueConstraint(
                fields=["vendor"],
                name="deals_dealterms_once",
                violation_error_message="The terms exist already: change those.",
            ),
        ]

    def __str__(self) -> str:
        return "Registration terms"

    def may_be_returned(self, deal: Deal) -> bool:
        """Whether the partner may answer once more."""
        return self.resubmissions is None or deal.resubmissions < self.resubmissions


class Attachment(StoredFile):
    """A file of a registration: whoever may see the registration may have it."""

    partner = TenantKey(Partner, related_name="+")
    deal = TenantKey(Deal, models.CASCADE, related_name="attachments")
    by_vendor = models.BooleanField(default=False, help_text="Handed in by the vendor's people.")

    class Meta:
        ordering = ["uploaded_at", "id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_attachment_rows"),
            CompositeForeignKey(field="partner", name="deals_attachment_partner_fk"),
            CompositeForeignKey(field="deal", name="deals_attachment_deal_fk"),
            models.UniqueConstraint(fields=["vendor", "deal", "sha256"], name="deals_attachment_once"),
        ]


class _AnyNote(TenantModel):
    """Something somebody wrote about a registration; never changed, never deleted."""

    partner = TenantKey(Partner, related_name="+")
    deal = TenantKey(Deal, models.CASCADE, related_name="+")
    text = models.TextField(max_length=4000)
    key = models.UUIDField(default=uuid.uuid4, help_text="Which form it came from: sent twice is one note.")
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    written_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.text[:60]


class Note(_AnyNote):
    """Between the partner and the vendor: both read it."""

    by_vendor = models.BooleanField(default=False)

    class Meta:
        ordering = ["-written_at", "-id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_note_rows"),
            CompositeForeignKey(field="partner", name="deals_note_partner_fk"),
            CompositeForeignKey(field="deal", name="deals_note_deal_fk"),
            models.UniqueConstraint(fields=["vendor", "deal", "key"], name="deals_note_once"),
        ]


class InternalNote(_AnyNote):
    """Of the vendor's people for themselves. A table of its own, so that row security hides it."""

    class Meta:
        ordering = ["-written_at", "-id"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_internalnote_rows"),
            CompositeForeignKey(field="partner", name="deals_internalnote_partner_fk"),
            CompositeForeignKey(field="deal", name="deals_internalnote_deal_fk"),
            models.UniqueConstraint(fields=["vendor", "deal", "key"], name="deals_internalnote_once"),
        ]
