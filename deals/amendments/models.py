"""Changes of approved deals, with what stood there before."""

import uuid

from django.db import models

from deals.deal.models import Deal, Verdict
from partners.keys import PartnerKey
from partners.models import Product
from portal.requests.models import Request, RequestStatus, request_constraints, request_indexes
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey, TenantModel


class Amendment(Request):
    """What the partner wants changed. Amounts in minor units of the deal's currency."""

    subject_field = "deal"

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="amendments")
    key = models.UUIDField(default=uuid.uuid4, help_text="Which form it came from: sent twice is one change.")
    why = models.CharField(
        max_length=500, blank=True, help_text="Why it needs an approval; empty: it did not."
    )

    amount_before = models.BigIntegerField(null=True)
    amount = models.BigIntegerField(null=True)
    close_before = models.DateField(null=True)
    expected_close = models.DateField(null=True)

    class Meta(Request.Meta):
        indexes = request_indexes("deals_amendment", "deal")
        constraints = [
            *request_constraints("deals_amendment", "deal", taken="Another change waits already."),
            models.UniqueConstraint(fields=["vendor", "deal", "key"], name="deals_amendment_form"),
        ]

    @property
    def is_at_once(self) -> bool:
        """It was small enough to need nobody's approval."""
        return self.status == RequestStatus.GRANTED and not self.why


class AmendmentLine(TenantModel):
    """A product whose quantity changes: from 0 it is added, to 0 it goes."""

    partner = PartnerKey()
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
