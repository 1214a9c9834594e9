"""Extensions of protection, the terms they are given on, and the reminders before it ends."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from deals.models import Deal
from partners.models import Partner, Tier
from portal.rows import Rows, RowSecurity, TenantKey, TenantModel

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
        return f"{self.tier or 'Every other tier'}: {self.most_extensions} of {self.most_days} days at most"


class ExtensionOutcome(models.TextChoices):
    GRANTED = "granted", "Granted"
    REFUSED = "refused", "Refused"
    LAPSED = "lapsed", "Lapsed"


class Extension(TenantModel):
    """More days of protection a partner has asked for; one deal has one waiting at most.

    A deal that closes, or whose protection ends, takes an undecided request along: it lapses.
    """

    partner = TenantKey(Partner, related_name="+")
    deal = TenantKey(Deal, models.CASCADE, related_name="extensions")
    days = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=1000, help_text="Why the partner needs more time.")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    requested_at = models.DateTimeField(default=timezone.now)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The channel manager who was asked; empty: the program admins.",
    )
    due_at = models.DateTimeField(help_text="By when it is decided, never after the protection ends.")
    last_call_at = models.DateTimeField(help_text="One working hour is left.")
    nudges = models.PositiveSmallIntegerField(
        default=0, help_text="0 nobody was reminded, 1 before due, 2 the program admins were told."
    )
    outcome = models.CharField(max_length=8, choices=ExtensionOutcome.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    decision_reason = models.CharField(max_length=1000, blank=True)
    until_before = models.DateTimeField(help_text="End of the protection when it was asked for.")
    until_after = models.DateTimeField(null=True, help_text="End of the protection it was extended to.")

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [
            models.Index(
                fields=["vendor", "due_at"],
                include=["partner"],
                name="deals_extension_waiting",
                condition=models.Q(outcome=""),
            ),
            models.Index(fields=["vendor", "deal"], name="deals_extension_by_deal"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_extension_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_extension_key"),
            models.UniqueConstraint(
                fields=["vendor", "deal"],
                condition=models.Q(outcome=""),
                name="deals_extension_one_waiting",
                violation_error_message="An extension has been asked for already.",
            ),
            models.CheckConstraint(condition=models.Q(days__gte=1), name="deals_extension_days"),
            models.CheckConstraint(
                condition=models.Q(outcome="", decided_at__isnull=True)
                | models.Q(outcome__in=ExtensionOutcome.values, decided_at__isnull=False),
                name="deals_extension_outcome",
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome="granted") | models.Q(until_after__gt=models.F("until_before")),
                name="deals_extension_longer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.days} days, {self.outcome or 'waiting'}"

    @property
    def is_waiting(self) -> bool:
        return not self.outcome

    @property
    def who(self) -> str:
        """Whom both sides read of."""
        return str(self.owner) if self.owner else "a program admin"


class ProtectionReminder(TenantModel):
    """That a partner was reminded, `days_before` the end: the row is what makes it happen once.

    The end is part of it, so that an extended deal is reminded of anew. Not `told`: it was passed over,
    because its day came before the protection of these days began.
    """

    partner = TenantKey(Partner, related_name="+")
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

    partner = TenantKey(Partner, related_name="+")
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
