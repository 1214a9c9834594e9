"""Extensions of protection, the terms they are given on, and the reminders before it ends."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from deals.customers.models import Customer
from deals.deal.models import Deal
from partners.keys import PartnerKey
from partners.models import Product, Tier
from portal.requests.models import Request, request_constraints, request_indexes
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey, TenantModel
from portal.ui.formatting import format_days

#: What a vendor grants that has not said otherwise.
MOST_EXTENSIONS, MOST_DAYS = 2, 60


class ExtensionTerms(TenantModel):
    """How often and for how long protection may be extended: of a tier, or of everybody else."""

    tier = TenantKey(
        Tier,
        models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        help_text="Of the partner. Empty: every tier without terms of its own.",
    )
    most_extensions = models.PositiveSmallIntegerField(
        "extensions per deal",
        default=MOST_EXTENSIONS,
        validators=[MaxValueValidator(20)],
        help_text="How often one deal may be extended; 0: never.",
    )
    most_days = models.PositiveSmallIntegerField(
        "days at most",
        default=MOST_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text="For one extension.",
    )

    class Meta:
        ordering = ["tier__rank"]
        verbose_name_plural = "extension terms"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="deals_extensionterms_rows"),
            models.UniqueConstraint(
                fields=["vendor", "tier"],
                name="deals_extensionterms_once",
                nulls_distinct=False,
                violation_error_message="There are terms for this tier already.",
            ),
        ]

    def __str__(self) -> str:
        whom = self.tier or "Every other tier"
        return f"{whom}: {self.most_extensions} of {format_days(self.most_days)} at most"


class Extension(Request):
    """More days of protection a partner has asked for."""

    subject_field = "deal"

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="extensions")
    days = models.PositiveSmallIntegerField()
    until_before = models.DateTimeField(help_text="End of the protection when it was asked for.")
    until_after = models.DateTimeField(null=True, help_text="End of the protection it was extended to.")

    class Meta(Request.Meta):
        indexes = request_indexes("deals_extension", "deal")
        constraints = [
            *request_constraints("deals_extension", "deal", taken="An extension has been asked for already."),
            models.CheckConstraint(condition=models.Q(days__gte=1), name="deals_extension_days"),
            models.CheckConstraint(
                condition=~models.Q(status="granted") | models.Q(until_after__gt=models.F("until_before")),
                name="deals_extension_longer",
            ),
        ]


class ProtectionReminder(TenantModel):
    """That a partner was reminded, `days_before` the end: the row is what makes it happen once.

    The end is part of it, so that an extended deal is reminded of anew. Not `told`: it was passed over,
    because its day came before the protection of these days began.
    """

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="reminders")
    days_before = models.PositiveSmallIntegerField()
    until = models.DateTimeField(help_text="End of the protection it reminded of.")
    told = models.BooleanField(default=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_protectionreminder_rows"),
            models.UniqueConstraint(
                fields=["vendor", "deal", "until", "days_before"], name="deals_protectionreminder_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.days_before} days before {self.until:%Y-%m-%d}"


class ExtensionLink(TenantModel):
    """A link in a reminder by which its reader asks for an extension, once and until the protection ends."""

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", help_text="Whom it was sent to."
    )
    until = models.DateTimeField(help_text="End of the protection it was sent about; it expires with it.")
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        indexes = [models.Index(fields=["vendor", "deal"], name="deals_extensionlink_by_deal")]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_extensionlink_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} for {self.user_id}"


class Protection(TenantModel):
    """A partner's exclusive claim on a customer and a product; the database allows one active at most."""

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="protections")
    customer = TenantKey(Customer, related_name="+")
    product = TenantKey(Product, related_name="+")
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, help_text="When it ended: won, lost, withdrawn or expired.")

    class Meta:
        ordering = ["-starts_at"]
        indexes = [
            models.Index(fields=["vendor", "deal"], name="deals_protection_by_deal"),
            models.Index(
                fields=["vendor", "expires_at"],
                name="deals_protection_expiring",
                condition=models.Q(released_at__isnull=True),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_protection_rows"),
            models.UniqueConstraint(
                fields=["vendor", "customer", "product"],
                condition=models.Q(released_at__isnull=True),
                name="deals_protection_one_active",
                violation_error_message="This customer and product are protected already.",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("starts_at")), name="deals_protection_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.customer_id} x {self.product_id} until {self.expires_at:%Y-%m-%d}"
