"""Changes of approved deals, with what stood there before."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from deals.models import Deal, Verdict
from partners.models import Partner, Product
from portal.rows import Rows, RowSecurity, TenantKey, TenantModel


class AmendmentStatus(models.TextChoices):
    OPEN = "open", "Waiting"
    APPLIED = "applied", "Applied at once"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Taken back"
    LAPSED = "lapsed", "Lapsed with the deal"


class Amendment(TenantModel):
    """What the partner wants changed. Amounts in minor units of the deal's currency."""

    partner = TenantKey(Partner, related_name="+")
    deal = TenantKey(Deal, models.CASCADE, related_name="amendments")
    key = models.UUIDField(default=uuid.uuid4, help_text="Which form it came from: sent twice is one change.")
    status = models.CharField(max_length=9, choices=AmendmentStatus.choices, default=AmendmentStatus.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    why = models.CharField(
        max_length=500, blank=True, help_text="Why it needs an approval; empty: it did not."
    )

    amount_before = models.BigIntegerField(null=True)
    amount = models.BigIntegerField(null=True)
    close_before = models.DateField(null=True)
    expected_close = models.DateField(null=True)

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    requested_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "deal", "-requested_at"], name="deals_amendment_by_deal"),
            models.Index(
                fields=["vendor", "due_at"],
                name="deals_amendment_open",
                condition=models.Q(status="open"),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_amendment_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_amendment_key"),
            models.UniqueConstraint(fields=["vendor", "deal", "key"], name="deals_amendment_form"),
            models.UniqueConstraint(
                fields=["vendor", "deal"],
                condition=models.Q(status="open"),
                name="deals_amendment_one_open",
                violation_error_message="Another change of this deal waits already.",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=AmendmentStatus.values), name="deals_amendment_status"
            ),
            models.CheckConstraint(
                condition=~models.Q(status="open") | models.Q(due_at__isnull=False),
                name="deals_amendment_has_clock",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.get_status_display()}"

    @property
    def is_open(self) -> bool:
        return self.status == AmendmentStatus.OPEN

    @property
    def answered_at(self) -> datetime:
        return self.decided_at or self.requested_at


class AmendmentLine(TenantModel):
    """A product whose quantity changes: from 0 it is added, to 0 it goes."""

    partner = TenantKey(Partner, related_name="+")
    amendment = TenantKey(Amendment, models.CASCADE, related_name="lines")
    product = TenantKey(Product, related_name="+")
    quantity_before = models.PositiveIntegerField(default=0)
    quantity = models.PositiveIntegerField(default=0)
    verdict = models.CharField(
        max_length=8,
        choices=Verdict.choices,
        blank=True,
        help_text="Of the conflict check when it was asked for; of added products only.",
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_amendmentline_rows"),
            models.UniqueConstraint(
                fields=["vendor", "amendment", "product"], name="deals_amendmentline_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(quantity=models.F("quantity_before")), name="deals_amendmentline_changes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.quantity_before} to {self.quantity}"

    @property
    def is_added(self) -> bool:
        return self.quantity_before == 0
