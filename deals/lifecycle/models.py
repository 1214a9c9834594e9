"""Files and notes of a registration, and what the programme allows."""

import uuid
from typing import Final

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from deals.models import Deal
from partners.models import Partner
from portal.rows import Rows, RowSecurity, TenantKey, TenantModel
from portal.uploads import StoredFile

#: What holds until the vendor says otherwise.
RESUBMISSIONS: Final = 3
AMENDMENT_PERCENT: Final = 20


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

    amendment_percent = models.PositiveSmallIntegerField(
        "amount may change by, per cent",
        default=AMENDMENT_PERCENT,
        null=True,
        blank=True,
        validators=[MaxValueValidator(1000)],
        help_text="Of an approved deal, before the change needs an approval. Empty: not limited by this.",
    )
    amendment_amount = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="The same in minor units of the vendor's currency.",
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
            models.UniqueConstraint(fields=["vendor", "deal", "key"], name="deals_note_once"),
        ]


class InternalNote(_AnyNote):
    """Of the vendor's people for themselves. A table of its own, so that row security hides it."""

    class Meta:
        ordering = ["-written_at", "-id"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_internalnote_rows"),
            models.UniqueConstraint(fields=["vendor", "deal", "key"], name="deals_internalnote_once"),
        ]
