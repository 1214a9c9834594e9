"""Approval rules of the vendor, the steps they make of a deal, and how fast the vendor decides."""

from django.conf import settings
from django.db import models

from deals.deal.models import Deal, DealSource
from partners.keys import PartnerKey
from partners.models import Product, Tier
from portal.requests.models import Clock
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.roles import Role
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel

#: Roles that may decide registrations at all.
DECIDING_ROLES = [(role.value, role.label) for role in (Role.CHANNEL_MANAGER, Role.PROGRAM_ADMIN)]


class Outcome(models.TextChoices):
    APPROVE = "approve", "Approve at once"
    STEPS = "steps", "Needs the approvals below, in order"


class Approver(models.TextChoices):
    PARTNER_MANAGER = "partner_manager", "Channel manager of the partner"
    ROLE = "role", "Anybody of a role"
    PERSON = "person", "A named person"


class ApprovalRule(TenantModel):
    """How registrations that fit all that is named here are approved; the first rule that fits counts."""

    position = models.PositiveSmallIntegerField(help_text="1 is looked at first.")
    name = models.CharField(max_length=120, help_text="Whoever decides reads it: why it came to them.")
    is_active = models.BooleanField(default=True)
    tier = TenantKey(
        Tier, related_name="+", null=True, blank=True, help_text="Of the partner. Empty: any tier."
    )
    amount_from = models.BigIntegerField(
        null=True, blank=True, help_text="Minor units of the vendor's currency, inclusive."
    )
    amount_to = models.BigIntegerField(
        null=True, blank=True, help_text="Minor units of the vendor's currency, not included."
    )
    product = TenantKey(
        Product,
        related_name="+",
        null=True,
        blank=True,
        help_text="Empty: any. To be approved at once, a deal must hold nothing else.",
    )
    source = models.CharField(max_length=20, choices=DealSource.choices, blank=True, help_text="Empty: any.")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.STEPS)

    class Meta:
        ordering = ["position"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_approvalrule_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_approvalrule_key"),
            models.UniqueConstraint(
                fields=["vendor", "position"],
                name="deals_approvalrule_position",
                violation_error_message="Another rule stands at this position already.",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_from__isnull=True)
                | models.Q(amount_to__isnull=True)
                | models.Q(amount_to__gt=models.F("amount_from")),
                name="deals_approvalrule_amounts",
                violation_error_message="The upper amount must be above the lower one.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApprovalRuleStep(TenantModel):
    """One of the approvals a rule asks for."""

    rule = TenantKey(ApprovalRule, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=1)
    approver = models.CharField(max_length=16, choices=Approver.choices, default=Approver.PARTNER_MANAGER)
    role = models.CharField(max_length=20, choices=DECIDING_ROLES, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_approvalrulestep_rows"),
            models.UniqueConstraint(
                fields=["vendor", "rule", "position"],
                name="deals_approvalrulestep_position",
                violation_error_message="The rule has a step at this position already.",
            ),
            models.CheckConstraint(
                condition=models.Q(approver=Approver.PARTNER_MANAGER)
                | (models.Q(approver=Approver.ROLE) & ~models.Q(role=""))
                | models.Q(approver=Approver.PERSON, person__isnull=False),
                name="deals_approvalrulestep_who",
                violation_error_message="Say which role, or which person.",
            ),
        ]

    def __str__(self) -> str:
        return self.who

    @property
    def who(self) -> str:
        if self.approver == Approver.ROLE:
            return self.get_role_display()
        return str(self.person) if self.person else "channel manager"


class StepOutcome(models.TextChoices):
    APPROVED = "approved", "Approved"
    RETURNED = "returned", "Returned"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ApprovalStep(Clock, TenantModel):
    """One approval a submitted deal needs: whose, by when, and how it was decided.

    `round` counts submissions. A step begins when those before it are approved; the deal is approved
    with its last one. `role` and `person` say who may decide, `owner` who was asked.
    """

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="approval_steps")
    round = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=20, choices=DECIDING_ROLES, blank=True)
    person = PersonKey(null=True)
    owner = PersonKey(null=True)
    reason = models.CharField(max_length=300, help_text="Why it came to this person.")
    half_at = models.DateTimeField(null=True, help_text="Half of the working time is gone.")
    half_told_at = models.DateTimeField(null=True, help_text="When whoever is asked was reminded of that.")
    outcome = models.CharField(max_length=10, choices=StepOutcome.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = PersonKey(null=True)

    class Meta:
        ordering = ["round", "position"]
        indexes = [
            models.Index(
                fields=["vendor", "due_at"],
                name="deals_approvalstep_running",
                condition=models.Q(decided_at__isnull=True, began_at__isnull=False),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_approvalstep_rows"),
            models.UniqueConstraint(
                fields=["vendor", "deal", "round", "position"], name="deals_approvalstep_once"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_at__isnull=True, outcome="")
                | (models.Q(decided_at__isnull=False) & ~models.Q(outcome="")),
                name="deals_approvalstep_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: approval {self.position} of round {self.round}"

    @classmethod
    def running(cls) -> "models.QuerySet[ApprovalStep]":
        return cls.objects.filter(decided_at=None, began_at__isnull=False)

    @property
    def who(self) -> str:
        """Whom both sides read of: the person asked, else the role that decides."""
        return str(self.owner) if self.owner else self.get_role_display() or "Channel manager"


class DecisionTime(TenantModel):
    """How fast the vendor decides, published to its partners: working hours, trailing 90 days."""

    median_hours = models.FloatField(null=True)
    p90_hours = models.FloatField(null=True)
    decisions = models.PositiveIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="deals_decisiontime_rows"),
            models.UniqueConstraint(fields=["vendor"], name="deals_decisiontime_once"),
        ]

    def __str__(self) -> str:
        return f"median of {self.decisions} decisions: {self.median_hours} h"
