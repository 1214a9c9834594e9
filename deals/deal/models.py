"""Deal registrations, their products and their stages."""

from datetime import UTC, date, datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import timezone
from django_countries.fields import CountryField

from deals.customers.models import Customer
from partners.keys import PartnerKey
from partners.models import Product
from portal.fields import AddressField
from portal.history.constraints import KeepsHistory, NotesLateFacts
from portal.money.models import CURRENCY
from portal.tenancy.constraints import Rows, RowSecurity, SharesRow
from portal.tenancy.lookups import FoldedName
from portal.tenancy.tables import PersonKey, Retirable, TenantKey, TenantModel


class Stage(Retirable, TenantModel):
    """A step of an approved deal on its way to a decision, with the likelihood of a win."""

    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField()
    probability = models.PositiveSmallIntegerField(
        validators=[MaxValueValidator(100)], help_text="Likelihood of a win in this stage, per cent."
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="deals_stage_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_stage_key"),
            models.UniqueConstraint(
                fields=["vendor", "name"],
                name="deals_stage_name",
                violation_error_message="There is a stage of this name already.",
            ),
            models.UniqueConstraint(
                fields=["vendor", "position"],
                name="deals_stage_position",
                violation_error_message="Another stage stands at this position already.",
            ),
            models.CheckConstraint(condition=models.Q(probability__lte=100), name="deals_stage_probability"),
            KeepsHistory(
                name="deals_stage_history",
                into="deals_stageversion",
                key="stage_id",
                edited=["probability"],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DealStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    UNDER_REVIEW = "under_review", "Under review"
    RETURNED = "returned", "Returned"
    REJECTED = "rejected", "Rejected"
    APPROVED = "approved", "Approved"
    WON = "won", "Won"
    LOST = "lost", "Lost"
    EXPIRED = "expired", "Expired"
    WITHDRAWN = "withdrawn", "Withdrawn"


class DealSource(models.TextChoices):
    PARTNER = "partner_sourced", "Partner-sourced"
    VENDOR_LEAD = "vendor_lead", "Vendor lead"
    CO_SELL = "co_sell", "Co-sell"


#: Waiting for the vendor's decision.
PENDING = (DealStatus.SUBMITTED, DealStatus.UNDER_REVIEW)


#: What the list is sorted by where a column may be empty: no amount is the least, no date the last.
AMOUNT_KEY = Coalesce(
    "won_amount_vendor", "amount_vendor", models.Value(-1), output_field=models.BigIntegerField()
)
CLOSE_KEY = Coalesce("expected_close", models.Value(date(9999, 12, 31)), output_field=models.DateField())
#: PostgreSQL's LEAST passes over what is empty: the first of the four that has a date, "never" without any.
OPEN_UNTIL = Coalesce(
    Least("won_at", "lost_at", "withdrawn_at", "expires_at"),
    models.Value(datetime(9999, 1, 1, tzinfo=UTC)),
    output_field=models.DateTimeField(),
)
#: A win counts from its own moment, or from that of its accepted proof where one is needed.
COUNTED_AT = models.Case(
    models.When(proof_needed=True, proof_accepted_at=None, then=None),
    default=Greatest("won_at", "proof_accepted_at"),
    output_field=models.DateTimeField(),
)
#: The moments by which a deal counts in metrics, but for the end of its protection.
DATED = ("submitted_at", "approved_at", "won_at", "lost_at", "withdrawn_at", "proof_accepted_at")
#: The last of the three that has happened.
DECIDED_AT = Greatest("approved_at", "returned_at", "rejected_at", output_field=models.DateTimeField())


class Deal(TenantModel):
    """A deal registration. Metrics read its timestamps; `status` only says where it stands now."""

    partner = PartnerKey(related_name="deals")
    reference = models.CharField(max_length=20, help_text="Human reference, for example D-4F7HQ2X.")
    external_key = models.CharField(max_length=120, null=True, blank=True, editable=False)
    form_key = models.UUIDField(
        null=True, editable=False, help_text="Which form and answers it came from: sent twice is one deal."
    )
    registered_by = PersonKey(null=True)

    customer = TenantKey(Customer, related_name="deals", null=True, blank=True)
    customer_name = models.CharField(max_length=200, help_text="As the partner wrote it.")
    customer_key = models.GeneratedField(
        expression=FoldedName("customer_name", length=200),
        # "C": one index then serves both the order of a list and the search by prefix.
        output_field=models.CharField(max_length=200, db_collation="C"),
        db_persist=True,
    )
    customer_domain = models.CharField("customer's website or domain", max_length=253, blank=True)
    customer_country = CountryField("customer's country", blank=True)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = AddressField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)

    amount = models.BigIntegerField(null=True, help_text="Expected amount in minor units; empty: not stated.")
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    amount_vendor = models.BigIntegerField(
        null=True,
        help_text="The amount in minor units of the vendor's currency, at the rate of the day it was fixed.",
    )
    at_list_price = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="No amount was stated: `amount_vendor` is list price x quantity. See DealTerms.",
    )
    won_amount = models.BigIntegerField(null=True, help_text="Minor units of `currency`, fixed at the win.")
    won_amount_vendor = models.BigIntegerField(null=True, help_text="Minor units of the vendor's currency.")

    expected_close = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=20, choices=DealSource.choices, default=DealSource.PARTNER)
    use_case = models.CharField(max_length=500, blank=True)
    competitor = models.CharField(max_length=120, blank=True)
    notes = models.TextField(max_length=4000, blank=True)

    status = models.CharField(max_length=12, choices=DealStatus.choices, default=DealStatus.DRAFT)
    stage = TenantKey(Stage, related_name="deals", null=True, blank=True)
    assigned_to = PersonKey(null=True, help_text="The channel manager who owns the decision.")
    needs_role = models.CharField(
        max_length=20,
        blank=True,
        editable=False,
        help_text="Role whose approval it waits for; empty: a channel manager's. See ApprovalStep.",
    )
    needs_person = PersonKey(
        null=True, editable=False, help_text="The one person whose approval it waits for."
    )
    decision_reason = models.TextField(max_length=1000, blank=True)
    loss_reason = models.CharField(max_length=200, blank=True)
    withdrawal_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    resubmissions = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="How often it was submitted again."
    )

    special_price_until = models.DateTimeField(
        null=True, editable=False, help_text="First moment at which the price granted last is gone."
    )

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    revised_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Last change of what has no date of its own; what it said before is kept as a version.",
    )
    submitted_at = models.DateTimeField(null=True, editable=False, help_text="First submission.")
    pending_since = models.DateTimeField(
        null=True, editable=False, help_text="Last submission: since when the vendor's clock runs."
    )
    decision_due_at = models.DateTimeField(null=True, editable=False)
    returned_at = models.DateTimeField(null=True, editable=False)
    rejected_at = models.DateTimeField(null=True, editable=False)
    approved_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)
    won_at = models.DateTimeField(null=True, editable=False)
    lost_at = models.DateTimeField(null=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    proof_needed = models.BooleanField(
        default=False, editable=False, help_text="By the vendor's terms on the day of the win."
    )
    proof_accepted_at = models.DateTimeField(null=True, editable=False)
    counted_at = models.GeneratedField(
        expression=COUNTED_AT,
        output_field=models.DateTimeField(),
        db_persist=True,
        help_text="Since when the win counts in metrics; empty: it does not.",
    )
    open_until = models.GeneratedField(
        expression=OPEN_UNTIL,
        output_field=models.DateTimeField(),
        db_persist=True,
        help_text="First of win, loss, withdrawal and expiry; an approved deal is open pipeline before it.",
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # What the long list filters by is included: ids are found without a look at the rows.
            models.Index(
                fields=["vendor", "partner", "-created_at", "-id"],
                include=["status", "submitted_at"],
                name="deals_deal_by_partner",
            ),
            models.Index(
                fields=["vendor", "-created_at", "-id"],
                include=["partner", "status", "submitted_at"],
                name="deals_deal_by_created",
            ),
            models.Index(fields=["vendor", "customer"], name="deals_deal_by_customer"),
            # One index per order and filter of the long list, so that its last page is as near as its first.
            models.Index(
                fields=["vendor", "status", "-created_at", "-id"],
                include=["partner", "submitted_at"],
                name="deals_deal_by_status",
            ),
            models.Index(
                fields=["vendor", "customer_key", "id"],
                include=["partner", "created_at", "status", "submitted_at"],
                name="deals_deal_by_customer_key",
            ),
            models.Index("vendor", AMOUNT_KEY, "id", name="deals_deal_by_amount"),
            models.Index("vendor", CLOSE_KEY, "id", name="deals_deal_by_close"),
            models.Index(
                "vendor",
                CLOSE_KEY,
                "id",
                # The next money; in the index of all deals it lies behind everything closed long ago.
                condition=models.Q(status="approved"),
                name="deals_deal_open_by_close",
            ),
            models.Index(
                fields=["vendor", "expires_at"],
                name="deals_deal_open",
                condition=models.Q(status="approved"),
            ),
            models.Index(
                "vendor",
                DECIDED_AT,
                # What a month's decisions are counted from, so that nothing else is read of them.
                include=[
                    "partner",
                    "approved_at",
                    "returned_at",
                    "rejected_at",
                    "decision_due_at",
                    "pending_since",
                ],
                name="deals_deal_decided",
                condition=models.Q(pending_since__isnull=False),
            ),
            models.Index(
                fields=["vendor", "decision_due_at"],
                include=["partner", "status", "submitted_at", "id"],
                name="deals_deal_pending",
                condition=models.Q(status__in=["submitted", "under_review"]),
            ),
            models.Index(
                fields=["vendor", "won_at"],
                include=["partner", "won_amount_vendor", "approved_at", "counted_at", "revised_at"],
                name="deals_deal_won",
                condition=models.Q(won_at__isnull=False),
            ),
            models.Index(
                fields=["vendor", "won_at"],
                include=["partner", "won_amount_vendor", "counted_at", "revised_at"],
                name="deals_deal_proof_needed",
                condition=models.Q(proof_needed=True),
            ),
            models.Index(
                fields=["vendor", "lost_at"],
                include=["partner", "revised_at"],
                name="deals_deal_lost",
                condition=models.Q(lost_at__isnull=False),
            ),
            models.Index(
                fields=["vendor", "submitted_at"],
                include=["partner", "revised_at"],
                name="deals_deal_submitted",
                condition=models.Q(submitted_at__isnull=False),
            ),
            models.Index(
                fields=["vendor", "withdrawn_at"],
                include=["partner", "revised_at"],
                name="deals_deal_withdrawn",
                condition=models.Q(withdrawn_at__isnull=False),
            ),
            models.Index(
                fields=["vendor", "expires_at"],
                include=["partner", "won_at", "lost_at", "withdrawn_at", "revised_at"],
                name="deals_deal_expired",
                condition=models.Q(open_until=models.F("expires_at")),
            ),
            models.Index(
                fields=["vendor", "open_until"],
                include=["partner", "approved_at", "amount_vendor", "at_list_price", "id", "revised_at"],
                name="deals_deal_open_until",
                condition=models.Q(approved_at__isnull=False),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_deal_rows"),
            SharesRow(field="customer", name="deals_deal_customer"),
            KeepsHistory(
                name="deals_deal_history",
                into="deals_dealversion",
                key="deal_id",
                edited=["partner_id"],
                dated=[*DATED, "rejected_at"],
                told_with={
                    "amount_vendor": "submitted_at",
                    "at_list_price": "submitted_at",
                    "won_amount_vendor": "won_at",
                    "proof_needed": "won_at",
                },
                ends=["expires_at"],
                mark="revised_at",
            ),
            NotesLateFacts(name="deals_deal_late", dated=[*DATED, "expires_at"], label="reference"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_deal_key"),
            models.UniqueConstraint(fields=["vendor", "reference"], name="deals_deal_reference"),
            models.UniqueConstraint(fields=["vendor", "external_key"], name="deals_deal_external_key"),
            models.UniqueConstraint(
                fields=["vendor", "partner", "form_key"],
                condition=models.Q(form_key__isnull=False),
                name="deals_deal_form_key",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=DealStatus.values), name="deals_deal_status"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__isnull=True) | models.Q(amount__gte=0), name="deals_deal_amount"
            ),
            models.CheckConstraint(
                condition=models.Q(won_at__isnull=True) | models.Q(won_amount_vendor__isnull=False),
                name="deals_deal_won_has_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(won_at__isnull=True) | models.Q(lost_at__isnull=True),
                name="deals_deal_one_outcome",
            ),
            models.CheckConstraint(
                condition=models.Q(proof_accepted_at__isnull=True)
                | models.Q(proof_needed=True, won_at__isnull=False),
                name="deals_deal_proof_of_a_win",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.customer_name}"

    @property
    def worth(self) -> int | None:
        """What it was won for, else what is expected; minor units of `currency`, None where not stated."""
        return self.amount if self.won_amount is None else self.won_amount

    @property
    def is_editable(self) -> bool:
        return self.status in (DealStatus.DRAFT, DealStatus.RETURNED)

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING

    @property
    def is_open(self) -> bool:
        return self.status == DealStatus.APPROVED


class Verdict(models.TextChoices):
    """What the partner learns of a customer and a product; never by whom."""

    CLEAR = "clear", "Clear"
    OWN = "own", "Your own"
    POSSIBLE = "possible", "Possibly claimed"
    CLAIMED = "claimed", "Claimed"


#: People look at these before anything is approved.
CONTESTED = (Verdict.POSSIBLE, Verdict.CLAIMED)


class DealLine(TenantModel):
    """A product of a deal and how many of it."""

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="lines")
    product = TenantKey(Product, related_name="+")
    quantity = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(1_000_000)]
    )
    verdict = models.CharField(
        max_length=8,
        choices=Verdict.choices,
        blank=True,
        editable=False,
        help_text="Of the conflict check when it was last submitted.",
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_dealline_rows"),
            models.UniqueConstraint(
                fields=["vendor", "deal", "product"],
                name="deals_dealline_once",
                violation_error_message="This product is on the deal already.",
            ),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="deals_dealline_quantity"),
            models.CheckConstraint(
                condition=models.Q(verdict__in=["", *Verdict.values]), name="deals_dealline_verdict"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product}"

    @property
    def is_contested(self) -> bool:
        """Whether somebody else may have had a claim when it was submitted."""
        return self.verdict in CONTESTED


class StageChange(TenantModel):
    """When an approved deal entered a stage; the history the weighted pipeline is computed from."""

    partner = PartnerKey()
    deal = TenantKey(Deal, models.CASCADE, related_name="stage_changes")
    stage = TenantKey(Stage, related_name="+")
    changed_by = PersonKey(null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-changed_at", "-id"]
        indexes = [
            models.Index(
                fields=["vendor", "deal", "-changed_at", "-id"],
                include=["stage", "partner"],
                name="deals_stagechange_by_deal",
            )
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_stagechange_rows"),
            NotesLateFacts(name="deals_stagechange_late", dated=["changed_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} to {self.stage_id}"
