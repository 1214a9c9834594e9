"""Postings and their entries, the balances they make, reservations, and the nightly check of all of it."""

from django.db import models
from django.utils import timezone

from mdf.funds.models import Fund
from mdf.ledger.constraints import RefusesClosedPeriods, SumsToZero
from partners.keys import PartnerKey
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel


class Account(models.TextChoices):
    """Where money of a fund is. The first two belong to the fund, the others to it and one partner."""

    FUNDING = "funding", "Put into the fund"  # counter account: what came in stands below zero
    UNALLOCATED = "unallocated", "Not allocated"
    FREE = "free", "Free with partners"
    COMMITTED = "committed", "Committed"
    CLAIMED = "claimed", "Claimed"
    PAID = "paid", "Paid"
    EXPIRED = "expired", "Expired"


OF_FUND = (Account.FUNDING, Account.UNALLOCATED)
OF_PARTNER = tuple(account for account in Account if account not in OF_FUND)


class PostingKind(models.TextChoices):
    BUDGET = "budget", "Budget"
    ALLOCATION = "allocation", "Allocated"
    ACCRUAL = "accrual", "Accrued"
    COMMITMENT = "commitment", "Granted"
    RELEASE = "release", "Released"
    CLAIM = "claim", "Claimed"
    CLAIM_RETURN = "claim_return", "Claimed less"
    PAYMENT = "payment", "Paid"
    PAYMENT_RETURN = "payment_return", "Payment returned"
    EXPIRY = "expiry", "Expired"
    ROLL_OVER = "roll_over", "Rolled over"


class Posting(TenantModel):
    """One movement of money, told by whoever posts it under a key of theirs: the same key twice is once.

    Never changed or deleted; a mistake is posted back. Linked ones share `link` and stand or fall together.
    """

    append_only = True

    fund = TenantKey(Fund, related_name="+")
    partner = PartnerKey(null=True)
    key = models.CharField(max_length=120, help_text="Given by whoever posts; once per vendor.")
    link = models.CharField(max_length=120, blank=True, help_text="Key of the first of linked postings.")
    kind = models.CharField(max_length=14, choices=PostingKind.choices)
    reason = models.CharField(max_length=300)
    subject = models.CharField(max_length=40, blank=True, help_text="Reference of the activity it is about.")
    day = models.DateField(help_text="The day it counts on, which must not be closed.")
    actor = PersonKey(null=True, help_text="Empty: a rule of the fund.")
    posted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-posted_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "fund", "-posted_at", "-id"], name="mdf_posting_by_fund"),
            models.Index(fields=["vendor", "partner", "-posted_at", "-id"], name="mdf_posting_by_partner"),
        ]
        constraints = [
            RowSecurity(rows=Rows.BOOKS, name="mdf_posting_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="mdf_posting_key"),
            models.UniqueConstraint(fields=["vendor", "key"], name="mdf_posting_once"),
            models.CheckConstraint(condition=models.Q(kind__in=PostingKind.values), name="mdf_posting_kind"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="mdf_posting_reason"),
            SumsToZero(name="mdf_posting_has_entries", column="id"),
            RefusesClosedPeriods(name="mdf_posting_open_period"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}"


class Entry(TenantModel):
    """One side of a posting: so much more (or, below zero, less) on an account. Minor units of the fund."""

    append_only = True

    posting = TenantKey(Posting, related_name="entries")
    fund = TenantKey(Fund, related_name="+")
    partner = PartnerKey(null=True)
    account = models.CharField(max_length=11, choices=Account.choices)
    amount = models.BigIntegerField()
    day = models.DateField(help_text="That of its posting.")

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["vendor", "posting"], name="mdf_entry_by_posting"),
            models.Index(
                fields=["vendor", "fund", "partner", "day"],
                include=["account", "amount"],
                name="mdf_entry_by_day",
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.BOOKS, name="mdf_entry_rows"),
            models.CheckConstraint(condition=~models.Q(amount=0), name="mdf_entry_amount"),
            models.CheckConstraint(
                condition=models.Q(account__in=[str(one) for one in OF_FUND], partner__isnull=True)
                | models.Q(account__in=[str(one) for one in OF_PARTNER], partner__isnull=False),
                name="mdf_entry_account",
            ),
            SumsToZero(name="mdf_entry_sums_to_zero", column="posting_id"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount:+d}"


class Balance(TenantModel):
    """What stands on the accounts of a fund (without a partner) or of a partner in it; never below zero.

    Changed by conditional updates alone, in the transaction of the entries that say why.
    """

    fund = TenantKey(Fund, related_name="balances")
    partner = PartnerKey(null=True)
    funding = models.BigIntegerField(default=0)
    unallocated = models.BigIntegerField(default=0)
    free = models.BigIntegerField(default=0)
    committed = models.BigIntegerField(default=0)
    claimed = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["vendor", "partner"], name="mdf_balance_by_partner")]
        constraints = [
            RowSecurity(rows=Rows.BOOKS, name="mdf_balance_rows"),
            models.UniqueConstraint(
                fields=["vendor", "fund", "partner"], nulls_distinct=False, name="mdf_balance_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    funding__lte=0,
                    unallocated__gte=0,
                    free__gte=0,
                    committed__gte=0,
                    claimed__gte=0,
                    paid__gte=0,
                    expired__gte=0,
                ),
                name="mdf_balance_not_overdrawn",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fund}, {self.partner or 'the fund itself'}"

    @property
    def allocated(self) -> int:
        """Everything a partner was ever given and has not given back."""
        return self.free + self.committed + self.claimed + self.paid + self.expired


class Outcome(models.TextChoices):
    POSTED = "posted", "Used"
    VOIDED = "voided", "Given back"
    TIMED_OUT = "timed_out", "Time is up"


class Reservation(TenantModel):
    """Money that is held for one thing, and resolved once: posted in part or whole, voided, or timed out.

    A grant holds free money as committed; each claim under it holds some of that as claimed.
    """

    fund = TenantKey(Fund, related_name="+")
    partner = PartnerKey()
    parent = TenantKey("self", related_name="claims", null=True)
    key = models.CharField(max_length=100, help_text="Given by whoever reserves; once per vendor.")
    subject = models.CharField(max_length=40, blank=True)
    amount = models.BigIntegerField()
    drawn = models.BigIntegerField(default=0, help_text="Of a grant: held by its claims, or used by them.")
    used = models.BigIntegerField(null=True, help_text="What of it was used when it was resolved.")
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        indexes = [
            models.Index(
                fields=["vendor", "fund", "partner"],
                name="mdf_reservation_held",
                condition=models.Q(outcome=""),
            ),
            models.Index(fields=["vendor", "parent"], name="mdf_reservation_by_parent"),
        ]
        constraints = [
            RowSecurity(rows=Rows.BOOKS, name="mdf_reservation_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="mdf_reservation_key"),
            models.UniqueConstraint(fields=["vendor", "key"], name="mdf_reservation_once"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, drawn__gte=0, drawn__lte=models.F("amount")),
                name="mdf_reservation_amounts",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="", used__isnull=True, resolved_at__isnull=True)
                | models.Q(
                    outcome__in=Outcome.values,
                    used__gte=0,
                    used__lte=models.F("amount"),
                    resolved_at__isnull=False,
                ),
                name="mdf_reservation_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject or self.key}: {self.get_outcome_display() or 'held'}"

    @property
    def is_held(self) -> bool:
        return not self.outcome


class LedgerCheck(TenantModel):
    """One night's sum of all entries against the balances of a fund."""

    fund = TenantKey(Fund, models.CASCADE, related_name="checks")
    checked_at = models.DateTimeField(default=timezone.now)
    postings = models.PositiveIntegerField()
    difference = models.BigIntegerField(help_text="Sum of all deviations, minor units; 0 is right.")

    class Meta:
        ordering = ["-checked_at", "-id"]
        indexes = [models.Index(fields=["vendor", "fund", "-checked_at"], name="mdf_check_by_fund")]
        constraints = [RowSecurity(rows=Rows.STAFF, name="mdf_ledgercheck_rows")]

    def __str__(self) -> str:
        return f"{self.fund}, {self.difference} difference"
