"""Conflict cases, which the vendor's people read, and each side of one, which its own partner reads."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from deals.conflicts.models import DirectAccount
from deals.deal.models import Deal
from partners.keys import PartnerKey
from portal.files.uploads import StoredFile
from portal.requests.models import Clock
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel
from portal.ui.formatting import format_days

APPEAL_DAYS = 10


class CaseTerms(TenantModel):
    """What a vendor says about appeals; one row."""

    appeal_days = models.PositiveSmallIntegerField(
        "days to appeal",
        default=APPEAL_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text="From the decision, by the calendar. A partner may appeal once.",
    )

    class Meta:
        verbose_name_plural = "conflict terms"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="deals_caseterms_rows"),
            models.UniqueConstraint(
                fields=["vendor"],
                name="deals_caseterms_once",
                violation_error_message="There are terms already; change those.",
            ),
        ]

    def __str__(self) -> str:
        return f"{format_days(self.appeal_days)} to appeal"


class CaseState(models.TextChoices):
    OPEN = "open", "Open"
    DECIDED = "decided", "Decided"
    APPEALED = "appealed", "Appealed"
    CLOSED = "closed", "Closed"


class CaseRule(models.TextChoices):
    FIRST = "first_submitted", "First submitted wins"
    HOLDER = "protection_holder", "Who is protected already"
    DIRECT = "direct_account", "Direct account of the vendor"
    OVERRIDE = "override", "Manager's decision against the rule"


class CaseWinner(models.TextChoices):
    DEAL = "deal", "The registration"
    RIVAL = "rival", "The other claim"


class CaseOutcome(models.TextChoices):
    STOOD = "stood", "Stood, nobody appealed"
    UPHELD = "upheld", "Upheld on appeal"
    REVERSED = "reversed", "Reversed on appeal"


class ConflictCase(Clock, TenantModel):
    """A registration and another claim to its customer: another partner's deal, or a direct account.

    No partner reads it; what a partner may know stands in its `CaseSide`. `winner` is who has the customer
    now, `reason` and `closing_reason` are for the vendor's people, `told` and `closing_told` for partners.
    """

    deal = TenantKey(Deal, related_name="+")
    partner = PartnerKey()
    rival = TenantKey(Deal, related_name="+", null=True)
    rival_partner = PartnerKey(null=True)
    account = TenantKey(DirectAccount, related_name="+", null=True)
    products = models.CharField(max_length=500, help_text="Claimed by both.")
    known_by = models.CharField(max_length=80, help_text="Why they are taken for one customer.")
    state = models.CharField(max_length=8, choices=CaseState.choices, default=CaseState.OPEN)
    rule = models.CharField(max_length=17, choices=CaseRule.choices, blank=True)
    winner = models.CharField(max_length=5, choices=CaseWinner.choices, blank=True)

    opened_at = models.DateTimeField(default=timezone.now, help_text="Since when there are two claims.")
    opened_by = PersonKey(null=True)
    owner = PersonKey(null=True, help_text="Who has to decide; empty: the program admins.")
    decided_at = models.DateTimeField(null=True)
    decided_by = PersonKey(null=True)
    reason = models.CharField(max_length=1000, blank=True)
    told = models.CharField(max_length=1000, blank=True)
    appeal_until = models.DateTimeField(null=True)
    appealed_at = models.DateTimeField(null=True)
    appealed_by = PersonKey(null=True)
    appeal = models.TextField(max_length=2000, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = PersonKey(null=True)
    outcome = models.CharField(max_length=8, choices=CaseOutcome.choices, blank=True)
    closing_reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "-opened_at", "-id"], name="deals_conflictcase_by_opened"),
            models.Index(
                fields=["vendor", "due_at"],
                name="deals_conflictcase_waiting",
                condition=models.Q(state__in=["open", "appealed"]),
            ),
            models.Index(
                fields=["vendor", "appeal_until"],
                name="deals_conflictcase_decided",
                condition=models.Q(state="decided"),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_conflictcase_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_conflictcase_key"),
            models.UniqueConstraint(
                fields=["vendor", "deal", "rival"],
                condition=models.Q(rival__isnull=False),
                name="deals_conflictcase_once",
            ),
            models.UniqueConstraint(
                fields=["vendor", "deal", "account"],
                condition=models.Q(account__isnull=False),
                name="deals_conflictcase_account_once",
            ),
            models.CheckConstraint(
                condition=models.Q(rival__isnull=False, rival_partner__isnull=False, account__isnull=True)
                | models.Q(rival__isnull=True, rival_partner__isnull=True, account__isnull=False),
                name="deals_conflictcase_one_rival",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", winner="", decided_at__isnull=True)
                | (~models.Q(state="open") & ~models.Q(winner="") & models.Q(decided_at__isnull=False)),
                name="deals_conflictcase_decision",
            ),
            models.CheckConstraint(
                condition=models.Q(state="closed", closed_at__isnull=False)
                | (~models.Q(state="closed") & models.Q(closed_at__isnull=True, outcome="")),
                name="deals_conflictcase_close",
            ),
        ]

    def __str__(self) -> str:
        return f"Conflict case {self.pk}"

    @property
    def waits(self) -> bool:
        """Whether the vendor has to decide something."""
        return self.state in (CaseState.OPEN, CaseState.APPEALED)

    @classmethod
    def running(cls) -> "models.QuerySet[ConflictCase]":
        """Waiting for the decision, or for the answer to an appeal."""
        return cls.objects.filter(state__in=(CaseState.OPEN, CaseState.APPEALED))

    @property
    def who(self) -> str:
        return str(self.owner) if self.owner else "Program admins"


class CaseSide(TenantModel):
    """What the partner of one of the claims knows of the case: its own claim, and nothing of the other."""

    case = TenantKey(ConflictCase, models.CASCADE, related_name="sides")
    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="case_sides")
    state = models.CharField(max_length=8, choices=CaseState.choices, default=CaseState.OPEN)
    won = models.BooleanField(null=True, help_text="Empty until it is decided.")
    told = models.CharField(max_length=1000, blank=True)
    due_at = models.DateTimeField(null=True, help_text="When the vendor answers.")
    appeal_until = models.DateTimeField(null=True, help_text="Only for who may appeal.")
    appealed_at = models.DateTimeField(null=True)
    appeal = models.TextField(max_length=2000, blank=True)
    outcome = models.CharField(max_length=8, choices=CaseOutcome.choices, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-changed_at", "-id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_caseside_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_caseside_key"),
            models.UniqueConstraint(fields=["vendor", "deal", "case"], name="deals_caseside_once"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} in case {self.case_id}"

    @property
    def may_appeal(self) -> bool:
        """Once, in time, and only against a decision against oneself."""
        until = self.appeal_until
        is_new = self.state == CaseState.DECIDED and self.appealed_at is None
        return self.won is False and is_new and until is not None and until > timezone.now()


class CaseFile(StoredFile):
    """A document for one side, such as the customer's written preference; its partner may read it."""

    partner = PartnerKey()
    side = TenantKey(CaseSide, models.CASCADE, related_name="files")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["vendor", "side"], name="deals_casefile_by_side")]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_casefile_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_casefile_key"),
        ]
