"""Leads, their offers to partners, what partners did about them, and the rules that route them.

A lead is the vendor's own row. A partner reads only its offer: a copy made when the lead was offered to it,
which nothing that happens to the lead elsewhere ever touches.
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django_countries.fields import CountryField

from deals.deal.models import Deal
from partners.keys import PartnerKey
from partners.models import PartnerType, Product, Region, Tier
from portal.fields import AddressField
from portal.history.constraints import NotesLateFacts
from portal.money.models import CURRENCY
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.lookups import FoldedName
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel


class LeadStatus(models.TextChoices):
    NEW = "new", "To be offered"
    OFFERED = "offered", "Offered"
    UNPLACED = "unplaced", "Nobody left"
    ACCEPTED = "accepted", "Accepted"
    CONTACTED = "contacted", "Contacted"
    CONVERTED = "converted", "Registered"
    DISQUALIFIED = "disqualified", "Disqualified"


#: No partner has it.
FREE = (LeadStatus.NEW, LeadStatus.UNPLACED)
#: A partner has it.
HELD = (LeadStatus.OFFERED, LeadStatus.ACCEPTED, LeadStatus.CONTACTED)


class _Customer(models.Model):
    """What a lead says of the customer, as in a registration."""

    customer_name = models.CharField(max_length=200)
    customer_key = models.GeneratedField(
        expression=FoldedName("customer_name", length=200),
        output_field=models.CharField(max_length=200, db_collation="C"),
        db_persist=True,
    )
    customer_domain = models.CharField("customer's website or domain", max_length=253, blank=True)
    customer_country = CountryField("customer's country", blank=True)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = AddressField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    amount = models.BigIntegerField(null=True, help_text="Estimate in minor units; empty: not stated.")
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    source = models.CharField(max_length=120, blank=True, help_text="Where it comes from, such as a fair.")
    notes = models.TextField(max_length=4000, blank=True)

    class Meta:
        abstract = True


class Lead(_Customer, TenantModel):
    """Somebody who may buy. Only the vendor's people read this row; see `LeadOffer`."""

    reference = models.CharField(max_length=20, help_text="Human reference, for example L-4F7HQ2X.")
    external_key = models.CharField(max_length=120, null=True, blank=True, editable=False)
    form_key = models.UUIDField(
        null=True, editable=False, help_text="Which form it came from: sent twice is one lead."
    )
    owner = PersonKey(
        null=True,
        blank=True,
        help_text="The manager who distributes it; it is routed among their partners. Empty: the admins.",
    )
    region = TenantKey(Region, related_name="+", null=True, blank=True)
    status = models.CharField(max_length=12, choices=LeadStatus.choices, default=LeadStatus.NEW)
    clock_since = models.DateTimeField(null=True, editable=False)
    due_at = models.DateTimeField(
        null=True, editable=False, help_text="End of the clock that runs: on the answer, else on the contact."
    )
    disqualify_reason = models.CharField(max_length=300, blank=True)
    created_by = PersonKey(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "-created_at", "-id"], name="deals_lead_by_created"),
            models.Index(fields=["vendor", "status", "-created_at", "-id"], name="deals_lead_by_status"),
            models.Index(fields=["vendor", "customer_key", "id"], name="deals_lead_by_customer"),
            models.Index(
                fields=["vendor", "due_at", "id"],
                name="deals_lead_by_due",
                condition=models.Q(due_at__isnull=False),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_lead_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_lead_key"),
            models.UniqueConstraint(fields=["vendor", "reference"], name="deals_lead_reference"),
            models.UniqueConstraint(fields=["vendor", "external_key"], name="deals_lead_external_key"),
            models.UniqueConstraint(
                fields=["vendor", "form_key"],
                condition=models.Q(form_key__isnull=False),
                name="deals_lead_form_key",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=LeadStatus.values), name="deals_lead_status"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__isnull=True) | models.Q(amount__gte=0), name="deals_lead_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.customer_name}"

    @property
    def is_free(self) -> bool:
        return self.status in FREE

    @property
    def is_held(self) -> bool:
        return self.status in HELD


class LeadLine(TenantModel):
    """A product the lead is interested in."""

    lead = TenantKey(Lead, models.CASCADE, related_name="lines")
    product = TenantKey(Product, related_name="+")
    quantity = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(1_000_000)]
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_leadline_rows"),
            models.UniqueConstraint(fields=["vendor", "lead", "product"], name="deals_leadline_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="deals_leadline_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product}"


class OfferOutcome(models.TextChoices):
    """How an offer was answered; "" while it is not."""

    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    TIMED_OUT = "timed_out", "Not answered in time"
    WITHDRAWN = "withdrawn", "Withdrawn"


class LeadOffer(_Customer, TenantModel):
    """A lead as it was offered to one partner, and what the partner made of it.

    Who the contact is stands here only once the partner has accepted.
    """

    partner = PartnerKey()
    lead = TenantKey(Lead, models.CASCADE, related_name="offers")
    reference = models.CharField(max_length=20, help_text="The lead's.")
    reason = models.CharField(max_length=300, help_text="Why it came to this partner, for the partner.")
    offered_at = models.DateTimeField()
    offered_by = PersonKey(null=True, help_text="Empty: the vendor's rules.")
    answer_due_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=OfferOutcome.choices, blank=True)
    accepted_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    timed_out_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    answered_by = PersonKey(null=True)
    decline_reason = models.CharField(max_length=300, blank=True)
    contact_due_at = models.DateTimeField(null=True)
    contacted_at = models.DateTimeField(null=True, help_text="When the first contact was logged.")
    reminded_at = models.DateTimeField(null=True, help_text="When both sides heard that it is overdue.")
    taken_back_at = models.DateTimeField(null=True, help_text="The vendor took it back after the acceptance.")
    disqualified_at = models.DateTimeField(null=True)
    disqualify_reason = models.CharField(max_length=300, blank=True)
    converted_at = models.DateTimeField(null=True)
    deal = TenantKey(Deal, related_name="leads", null=True)
    closed_at = models.DateTimeField(null=True, help_text="From here on the partner is done with it.")

    class Meta:
        ordering = ["-offered_at", "-id"]
        indexes = [
            models.Index(
                fields=["vendor", "partner", "-offered_at", "-id"],
                include=["accepted_at", "withdrawn_at", "answer_due_at", "contacted_at"],
                name="deals_leadoffer_by_partner",
            ),
            models.Index(fields=["vendor", "lead"], name="deals_leadoffer_by_lead"),
            models.Index(fields=["vendor", "reference"], name="deals_leadoffer_by_reference"),
            models.Index(
                fields=["vendor", "deal"],
                name="deals_leadoffer_by_deal",
                condition=models.Q(deal__isnull=False),
            ),
            models.Index(
                fields=["vendor", "partner", "answer_due_at"],
                name="deals_leadoffer_open",
                condition=models.Q(closed_at__isnull=True),
            ),
            models.Index(
                fields=["vendor", "answer_due_at"],
                include=["partner", "accepted_at", "withdrawn_at"],
                name="deals_leadoffer_by_due",
            ),
            models.Index(
                fields=["vendor", "offered_at"],
                include=["partner", "declined_at", "withdrawn_at", "contacted_at"],
                name="deals_leadoffer_by_offered",
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_leadoffer_rows"),
            NotesLateFacts(
                name="deals_leadoffer_late",
                dated=["offered_at", "accepted_at", "declined_at", "withdrawn_at", "contacted_at"],
                label="reference",
            ),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_leadoffer_key"),
            models.UniqueConstraint(
                fields=["vendor", "lead"],
                condition=models.Q(closed_at__isnull=True),
                name="deals_leadoffer_one_open",
                violation_error_message="This lead is offered to a partner already.",
            ),
            models.UniqueConstraint(
                fields=["vendor", "lead"],
                condition=models.Q(accepted_at__isnull=False, taken_back_at__isnull=True),
                name="deals_leadoffer_one_accepted",
            ),
            # Never back to who had it: only an offer the vendor itself withdrew may be made again.
            models.UniqueConstraint(
                fields=["vendor", "lead", "partner"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="deals_leadoffer_never_again",
                violation_error_message="This partner had the lead already.",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=["", *OfferOutcome.values]), name="deals_leadoffer_outcome"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="accepted", accepted_at__isnull=False)
                | models.Q(outcome="declined", declined_at__isnull=False, closed_at__isnull=False)
                | models.Q(outcome="timed_out", timed_out_at__isnull=False, closed_at__isnull=False)
                | models.Q(outcome="withdrawn", withdrawn_at__isnull=False, closed_at__isnull=False)
                | models.Q(outcome="", closed_at__isnull=True, accepted_at__isnull=True),
                name="deals_leadoffer_answered",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True)
                | models.Q(accepted_at__lt=models.F("answer_due_at")),
                name="deals_leadoffer_in_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.customer_name}"

    @property
    def is_open(self) -> bool:
        """Not answered yet."""
        return self.outcome == ""

    @property
    def is_held(self) -> bool:
        """Accepted, and still to be worked on."""
        return self.outcome == OfferOutcome.ACCEPTED and self.closed_at is None

    @property
    def status(self) -> str:
        """Where it stands for this partner: a `LeadStatus` or an `OfferOutcome`."""
        if self.taken_back_at:
            return OfferOutcome.WITHDRAWN
        if self.outcome != OfferOutcome.ACCEPTED:
            return self.outcome or LeadStatus.OFFERED
        if self.converted_at:
            return LeadStatus.CONVERTED
        if self.disqualified_at:
            return LeadStatus.DISQUALIFIED
        return LeadStatus.CONTACTED if self.contacted_at else LeadStatus.ACCEPTED


class LeadOfferLine(TenantModel):
    """A product of the lead, as it was offered."""

    partner = PartnerKey()
    offer = TenantKey(LeadOffer, models.CASCADE, related_name="lines")
    product = TenantKey(Product, related_name="+")
    quantity = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_leadofferline_rows"),
            models.UniqueConstraint(fields=["vendor", "offer", "product"], name="deals_leadofferline_once"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product}"


class OfferBasis(TenantModel):
    """Why this partner and no other: for the vendor's people, because it names the others."""

    offer = TenantKey(LeadOffer, models.CASCADE, related_name="bases")
    rule = TenantKey("deals.LeadRule", models.SET_NULL, related_name="+", null=True)
    text = models.CharField(max_length=1000)

    class Meta:
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_offerbasis_rows"),
            models.UniqueConstraint(fields=["vendor", "offer"], name="deals_offerbasis_once"),
        ]

    def __str__(self) -> str:
        return self.text


class ContactKind(models.TextChoices):
    CALL = "call", "Call"
    EMAIL = "email", "E-mail"
    MEETING = "meeting", "Meeting"
    OTHER = "other", "Other"


class LeadContact(TenantModel):
    """Something the partner did about the customer. The first one stops the contact clock."""

    partner = PartnerKey()
    offer = TenantKey(LeadOffer, models.CASCADE, related_name="contacts")
    form_key = models.UUIDField(null=True, editable=False)
    kind = models.CharField(max_length=8, choices=ContactKind.choices)
    happened_on = models.DateField()
    note = models.CharField(max_length=500)
    logged_by = PersonKey(null=True)
    logged_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-logged_at", "-id"]
        indexes = [models.Index(fields=["vendor", "offer", "-logged_at"], name="deals_leadcontact_by_offer")]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_leadcontact_rows"),
            models.UniqueConstraint(
                fields=["vendor", "offer", "form_key"],
                condition=models.Q(form_key__isnull=False),
                name="deals_leadcontact_form_key",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ContactKind.values), name="deals_leadcontact_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.note}"


class Territory(models.TextChoices):
    ANY = "", "Anywhere"
    COUNTRY = "country", "In the customer's country"
    REGION = "region", "In the lead's region"


class LeadRule(TenantModel):
    """Which partners may be asked about which leads. Rules are looked at in order until one has somebody."""

    position = models.PositiveSmallIntegerField(help_text="1 is looked at first.")
    name = models.CharField(max_length=120, help_text="Managers read it: why a lead went to a partner.")
    is_active = models.BooleanField(default=True)
    region = TenantKey(
        Region, related_name="+", null=True, blank=True, help_text="Of the lead. Empty: any region."
    )
    country = CountryField(blank=True, help_text="Of the customer. Empty: any country.")
    product = TenantKey(
        Product, related_name="+", null=True, blank=True, help_text="The lead asks for it. Empty: any."
    )
    territory = models.CharField(
        "where partners are", max_length=8, choices=Territory.choices, blank=True, default=Territory.ANY
    )
    partner_type = models.CharField(
        max_length=20, choices=PartnerType.choices, blank=True, help_text="Empty: any type."
    )
    least_tier = TenantKey(
        Tier, related_name="+", null=True, blank=True, help_text="This tier or a higher one. Empty: any."
    )
    capacity = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="A partner with this many open leads is passed over.",
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_leadrule_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_leadrule_key"),
            models.UniqueConstraint(
                fields=["vendor", "position"],
                name="deals_leadrule_position",
                violation_error_message="Another rule stands at this position already.",
            ),
            models.CheckConstraint(condition=models.Q(capacity__gte=1), name="deals_leadrule_capacity"),
        ]

    def __str__(self) -> str:
        return self.name
