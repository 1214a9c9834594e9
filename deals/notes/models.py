"""Files and notes of a registration."""

import uuid

from django.db import models
from django.utils import timezone

from deals.deal.models import Deal
from partners.keys import PartnerKey
from portal.files.uploads import StoredFile
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel


class Attachment(StoredFile):
    """A file of a registration: whoever may see the registration may have it."""

    partner = PartnerKey()
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

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="+")
    text = models.TextField(max_length=4000)
    key = models.UUIDField(default=uuid.uuid4, help_text="Which form it came from: sent twice is one note.")
    written_by = PersonKey(null=True)
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
