"""Agreements to share a deal, and the credit lines they make. Row security shows each side its own row."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from deals.deal.models import Deal, DealStatus
from deals.special_prices.models import WHOLE
from partners.keys import PartnerKey
from portal.history.constraints import KeepsHistory, NotesLateFacts
from portal.requests.models import Request, RequestStatus, request_constraints, request_indexes
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey, TenantModel


class CoSellStage(models.TextChoices):
    """How far an agreement has come: the vendor decides first, the second partner after."""

    PROPOSED = "proposed", "Proposed"
    OFFERED = "offered", "Offered"  # confirmed by the vendor, waits for the second partner
    AGREED = "agreed", "In force"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Taken back"
    LAPSED = "lapsed", "Lapsed with the deal"
    ENDED = "ended", "Ended"


_NOT_GRANTED = {
    RequestStatus.OPEN: CoSellStage.PROPOSED,
    RequestStatus.REFUSED: CoSellStage.DECLINED,
    RequestStatus.WITHDRAWN: CoSellStage.WITHDRAWN,
    RequestStatus.LAPSED: CoSellStage.LAPSED,
}


class CoSell(Request):
    """That a second partner shares a deal: the side of the partner whose deal it is, and of the vendor.

    As a request it is the vendor's to decide; once granted, the second partner is asked, and from `agreed_at`
    to `ended_at` it is in force. The second partner does not see this row, nor the deal: what it may know
    stands in its credit line.
    """

    subject_field = "deal"

    partner = PartnerKey(help_text="Whose deal it is.")
    deal = TenantKey(Deal, models.CASCADE, related_name="cosells")
    named = models.CharField(max_length=160, help_text="The second partner, as it was typed or is called.")
    other = PartnerKey(null=True, help_text="Once the vendor has said which one.")
    share = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(WHOLE - 1)],
        help_text="Of the second partner, in basis points.",
    )
    agreed_at = models.DateTimeField(null=True, help_text="From here on credit is shared.")
    ended_at = models.DateTimeField(null=True)

    class Meta(Request.Meta):
        indexes = request_indexes("deals_cosell", "deal")
        constraints = [
            *request_constraints("deals_cosell", "deal", taken="A second partner is proposed already."),
            models.UniqueConstraint(
                fields=["vendor", "deal"],
                condition=models.Q(agreed_at__isnull=True, ended_at__isnull=True),
                name="deals_cosell_one_undecided",
                violation_error_message="A second partner is proposed already.",
            ),
            models.UniqueConstraint(
                fields=["vendor", "deal"],
                condition=models.Q(agreed_at__isnull=False, ended_at__isnull=True),
                name="deals_cosell_one_in_force",
            ),
            models.CheckConstraint(
                condition=models.Q(share__gt=0, share__lt=WHOLE), name="deals_cosell_share"
            ),
            models.CheckConstraint(
                condition=models.Q(other__isnull=True) | ~models.Q(other=models.F("partner")),
                name="deals_cosell_two_partners",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: shared with {self.named}"

    @property
    def stage(self) -> CoSellStage:
        if self.status != RequestStatus.GRANTED:
            return _NOT_GRANTED[RequestStatus(self.status)]
        if self.ended_at:
            return CoSellStage.ENDED
        return CoSellStage.AGREED if self.agreed_at else CoSellStage.OFFERED

    @property
    def is_undecided(self) -> bool:
        """Waits for somebody's answer."""
        return self.stage in (CoSellStage.PROPOSED, CoSellStage.OFFERED)

    @property
    def rest(self) -> int:
        """What stays with the partner whose deal it is, in basis points."""
        return WHOLE - self.share

    @property
    def ratio(self) -> float:
        """Of the second partner."""
        return self.share / WHOLE


class CreditKind(models.TextChoices):
    SOURCED = "sourced", "Sourced"  # who registered the deal
    INFLUENCED = "influenced", "Influenced"  # who was named on it


class CreditLine(TenantModel):
    """One partner's part of one deal, with the few facts that partner may know of it.

    Facts and amounts are copies, kept by triggers of the database: a partner named on a deal reads this
    row and never the deal. Lines of one agreement sum to `WHOLE`, and their amounts to the deal's, at the
    end of every transaction. Never removed: a line counts from `agreed_at` until `ended_at`.
    """

    partner = PartnerKey(help_text="Who is credited.")
    cosell = TenantKey(CoSell, models.CASCADE, related_name="lines")
    deal = TenantKey(Deal, models.CASCADE, related_name="credit_lines")
    kind = models.CharField(max_length=10, choices=CreditKind.choices)
    share = models.PositiveSmallIntegerField(help_text="Basis points.")
    agreed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    lead_name = models.CharField(max_length=160, help_text="Of the partner whose deal it is.")
    reference = models.CharField(max_length=20, blank=True)
    customer_name = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12, choices=DealStatus.choices, blank=True)
    approved_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    won_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField(null=True)
    amount = models.BigIntegerField(null=True, help_text="Of the expected amount, in the vendor's currency.")
    booked = models.BigIntegerField(null=True, help_text="Of the won amount, in the vendor's currency.")
    amount_shift = models.BigIntegerField(
        default=0, help_text="What it changes in the partner's sum of expected amounts."
    )
    booked_shift = models.BigIntegerField(default=0, help_text="The same for won amounts.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["vendor", "deal"], name="deals_creditline_by_deal"),
            models.Index(fields=["vendor", "partner", "-id"], name="deals_creditline_by_partner"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_creditline_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_creditline_key"),
            KeepsHistory(
                name="deals_creditline_history",
                into="deals_creditlineversion",
                key="line_id",
                edited=["partner_id", "deal_id", "kind"],
                dated=["agreed_at", "ended_at", "approved_at", "won_at", "counted_at"],
                told_with={
                    "amount": "agreed_at",
                    "amount_shift": "agreed_at",
                    "booked": "won_at",
                    "booked_shift": "won_at",
                },
                ends=["open_until"],
                complete="reference",
            ),
            NotesLateFacts(
                name="deals_creditline_late", dated=["agreed_at", "won_at", "counted_at"], label="reference"
            ),
            models.UniqueConstraint(fields=["vendor", "cosell", "partner"], name="deals_creditline_once"),
            models.CheckConstraint(
                condition=models.Q(share__gt=0, share__lt=WHOLE), name="deals_creditline_share"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=CreditKind.values), name="deals_creditline_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.share / 100:g} % {self.kind}"

    @property
    def is_offer(self) -> bool:
        return self.agreed_at is None and self.ended_at is None

    @property
    def ratio(self) -> float:
        return self.share / WHOLE
