"""What deals, stages and shares were before they changed; past days are computed from here."""

from django.db import models

from deals.deal.models import COUNTED_AT, OPEN_UNTIL, Deal, Stage
from deals.shared_credit.models import CreditKind, CreditLine
from partners.keys import PartnerKey
from portal.history.models import Version
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey


class DealVersion(Version):
    """A deal as it was until its partner or an amount changed, or until it was opened again.

    The columns are called as on the deal, so that one condition asks both.
    """

    partner = PartnerKey(help_text="Whose deal it was then.")
    deal = TenantKey(Deal, models.CASCADE, related_name="versions")
    amount_vendor = models.BigIntegerField(null=True)
    at_list_price = models.BooleanField(default=False, db_default=False)
    won_amount_vendor = models.BigIntegerField(null=True)
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    won_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    proof_needed = models.BooleanField(default=False)
    proof_accepted_at = models.DateTimeField(null=True)
    counted_at = models.GeneratedField(
        expression=COUNTED_AT, output_field=models.DateTimeField(), db_persist=True
    )
    open_until = models.GeneratedField(
        expression=OPEN_UNTIL, output_field=models.DateTimeField(), db_persist=True
    )

    class Meta:
        ordering = ["held_until"]
        indexes = [
            models.Index(fields=["vendor", "held_until"], name="deals_dealversion_by_end"),
            models.Index(fields=["vendor", "deal", "held_until"], name="deals_dealversion_by_deal"),
        ]
        constraints = [RowSecurity(rows=Rows.PARTNER, name="deals_dealversion_rows")]

    def __str__(self) -> str:
        return f"{self.deal_id} until {self.held_until:%Y-%m-%d}"


class StageVersion(Version):
    """The likelihood a stage had until it was changed."""

    stage = TenantKey(Stage, models.CASCADE, related_name="versions")
    probability = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["held_until"]
        indexes = [models.Index(fields=["vendor", "stage"], name="deals_stageversion_by_stage")]
        constraints = [RowSecurity(rows=Rows.PROGRAMME, name="deals_stageversion_rows")]

    def __str__(self) -> str:
        return f"{self.stage_id} until {self.held_until:%Y-%m-%d}"


class CreditLineVersion(Version):
    """A partner's part of a deal as it was until the deal's amount changed."""

    line = TenantKey(CreditLine, models.CASCADE, related_name="versions")
    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=CreditKind.choices)
    agreed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    won_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField(null=True)
    amount = models.BigIntegerField(null=True)
    booked = models.BigIntegerField(null=True)
    amount_shift = models.BigIntegerField(default=0)
    booked_shift = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["held_until"]
        indexes = [models.Index(fields=["vendor", "line"], name="deals_lineversion_by_line")]
        constraints = [RowSecurity(rows=Rows.PARTNER, name="deals_creditlineversion_rows")]

    def __str__(self) -> str:
        return f"{self.line_id} until {self.held_until:%Y-%m-%d}"
