"""The vendor's terms for big deals, who may grant which discount, and the requests themselves."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from deals.approvals.models import DECIDING_ROLES
from deals.deal.models import Deal
from partners.keys import PartnerKey
from partners.models import Product
from portal.money.models import CURRENCY
from portal.requests.models import Request, RequestStatus, request_constraints, request_indexes
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey, TenantModel

#: Shares are whole basis points: 10,000 are 100 %.
WHOLE = 10_000


class BigDealTerms(TenantModel):
    """From which amount on a deal is a big one, and how long the vendor takes; one row per vendor."""

    special_price_from = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Minor units of the vendor's currency. Empty: no special prices.",
    )
    special_price_hours = models.PositiveSmallIntegerField(
        default=16,
        validators=[MinValueValidator(1)],
        help_text="Working hours within which a special price is decided.",
    )
    special_price_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text="Days a granted price holds, unless whoever grants it says otherwise.",
    )

    proof_from = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Minor units of the vendor's currency. Empty: no win needs a proof of sale.",
    )
    proof_hours = models.PositiveSmallIntegerField(
        default=16,
        validators=[MinValueValidator(1)],
        help_text="Working hours within which a proof of sale is accepted or refused.",
    )

    class Meta:
        verbose_name_plural = "big deal terms"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="deals_bigdealterms_rows"),
            models.UniqueConstraint(
                fields=["vendor"],
                name="deals_bigdealterms_once",
                violation_error_message="The terms are there already: change them.",
            ),
        ]

    def __str__(self) -> str:
        return "terms for big deals"


class PriceRule(TenantModel):
    """Who may grant a discount; the first rule that fits decides, without one a program admin does."""

    position = models.PositiveSmallIntegerField(help_text="1 is looked at first.")
    discount_to = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Basis points off the list, inclusive. Empty: any discount."
    )
    amount_to = models.BigIntegerField(
        null=True, blank=True, help_text="List value in the vendor's currency, inclusive. Empty: any."
    )
    role = models.CharField(max_length=20, choices=DECIDING_ROLES)

    class Meta:
        ordering = ["position"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_pricerule_rows"),
            models.UniqueConstraint(
                fields=["vendor", "position"],
                name="deals_pricerule_position",
                violation_error_message="Another rule stands at this position already.",
            ),
            models.CheckConstraint(
                condition=models.Q(discount_to__isnull=True) | models.Q(discount_to__lte=WHOLE),
                name="deals_pricerule_discount",
            ),
        ]

    def __str__(self) -> str:
        return f"price rule {self.position}"


class PriceRequest(Request):
    """A partner asks for less than the list price of a deal's products.

    Amounts are minor units of the deal's currency; totals are over all lines.
    """

    subject_field = "deal"

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="price_requests")
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    competitor = models.CharField(max_length=120, blank=True)
    competitor_price = models.BigIntegerField(null=True)
    list_total = models.BigIntegerField()
    requested_total = models.BigIntegerField()
    granted_total = models.BigIntegerField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="First moment at which a granted price is gone.")
    ending_told_at = models.DateTimeField(null=True, help_text="When the partner was told that it ends soon.")
    used_at = models.DateTimeField(null=True, help_text="When the deal was won at this price.")

    class Meta(Request.Meta):
        indexes = [
            *request_indexes("deals_pricerequest", "deal"),
            models.Index(
                fields=["vendor", "expires_at"],
                name="deals_pricerequest_ending",
                condition=models.Q(status="granted", used_at__isnull=True, ending_told_at__isnull=True),
            ),
        ]
        constraints = [
            *request_constraints("deals_pricerequest", "deal", taken="A special price is asked for already."),
            models.CheckConstraint(
                condition=models.Q(requested_total__gt=0)
                & models.Q(requested_total__lt=models.F("list_total")),
                name="deals_pricerequest_totals",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="granted")
                | models.Q(granted_total__isnull=False, expires_at__isnull=False),
                name="deals_pricerequest_granted",
            ),
            # What has expired is never used, whoever writes.
            models.CheckConstraint(
                condition=models.Q(used_at__isnull=True)
                | models.Q(status="granted", used_at__lt=models.F("expires_at")),
                name="deals_pricerequest_used_in_time",
            ),
        ]

    @property
    def discount(self) -> float:
        """Off the list, as a ratio: what was granted, else what is asked for."""
        total = self.requested_total if self.granted_total is None else self.granted_total
        return 1 - total / self.list_total

    @property
    def is_reduced(self) -> bool:
        """Granted, but at another price than asked for."""
        return self.granted_total is not None and self.granted_total != self.requested_total

    @property
    def is_valid(self) -> bool:
        """Whether the deal can be won at this price now."""
        return bool(
            self.status == RequestStatus.GRANTED
            and self.used_at is None
            and self.expires_at
            and self.expires_at > timezone.now()
        )


class PriceLine(TenantModel):
    """The price of one product: of the list, asked for, granted. Minor units per piece."""

    partner = PartnerKey()
    request = TenantKey(PriceRequest, models.CASCADE, related_name="lines")
    product = TenantKey(Product, related_name="+")
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    list_price = models.BigIntegerField()
    requested_price = models.BigIntegerField()
    granted_price = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_priceline_rows"),
            models.UniqueConstraint(fields=["vendor", "request", "product"], name="deals_priceline_once"),
            models.CheckConstraint(
                condition=models.Q(requested_price__gt=0)
                & models.Q(requested_price__lte=models.F("list_price")),
                name="deals_priceline_requested",
            ),
            models.CheckConstraint(
                condition=models.Q(granted_price__isnull=True)
                | models.Q(granted_price__gte=models.F("requested_price"))
                & models.Q(granted_price__lte=models.F("list_price")),
                name="deals_priceline_granted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_id} at {self.requested_price}"

    @property
    def discount(self) -> float:
        """Asked for, off the list, as a ratio."""
        return 1 - self.requested_price / self.list_price

    @property
    def granted_discount(self) -> float | None:
        return None if self.granted_price is None else 1 - self.granted_price / self.list_price
