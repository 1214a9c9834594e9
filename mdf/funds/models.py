"""Funds and their rules: periods, shares, who may draw on them, and what an activity has to prove."""

from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from partners.models import PartnerType, Region, Tier
from portal.calendar.days import months_after
from portal.money.models import CURRENCY
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey, TenantModel

#: Shares are whole basis points: 10,000 are 100 %.
WHOLE = 10_000
_SHARE = [MaxValueValidator(WHOLE)]


class Fund(TenantModel):
    """Money for activities within a period of whole fiscal quarters; its amounts stand in the ledger."""

    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3, validators=[CURRENCY])
    starts_on = models.DateField(help_text="First day of a fiscal quarter.")
    ends_on = models.DateField(help_text="Last day of a fiscal quarter; what is free then ends.")
    activities_until = models.DateField(
        null=True, blank=True, help_text="Last day of activities it pays for. Empty: the day it ends."
    )
    vendor_share = models.PositiveSmallIntegerField(
        default=5_000,
        validators=_SHARE,
        help_text="Basis points of shared costs, unless the kind of activity says otherwise.",
    )
    claim_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text="Days after an activity within which it is claimed; moved to a working day.",
    )
    roll_over = models.PositiveSmallIntegerField(
        default=0, validators=_SHARE, help_text="Basis points of free money that go on into the next fund."
    )
    rolls_into = TenantKey(
        "self", related_name="+", null=True, blank=True, help_text="The fund that takes over what goes on."
    )
    accrues = models.BooleanField(
        "accrues by bookings",
        default=False,
        help_text="Every night partners are given their tier's percentage of what they booked in its period.",
    )
    closed_through = models.DateField(
        null=True, blank=True, editable=False, help_text="Nothing is posted on this day or before."
    )
    ended_at = models.DateTimeField(null=True, editable=False, help_text="When what was free has ended.")

    class Meta:
        ordering = ["-ends_on", "name"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="mdf_fund_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="mdf_fund_key"),
            models.UniqueConstraint(
                fields=["vendor", "name"],
                name="mdf_fund_name",
                violation_error_message="There is a fund of this name already.",
            ),
            models.CheckConstraint(
                condition=models.Q(starts_on__lt=models.F("ends_on")),
                name="mdf_fund_period",
                violation_error_message="A fund ends after it starts.",
            ),
            models.CheckConstraint(
                condition=models.Q(activities_until__isnull=True)
                | models.Q(activities_until__gte=models.F("ends_on")),
                name="mdf_fund_activities",
                violation_error_message="Activities may be held until the fund ends, or longer.",
            ),
            models.CheckConstraint(
                condition=models.Q(vendor_share__lte=WHOLE, roll_over__lte=WHOLE), name="mdf_fund_shares"
            ),
            models.CheckConstraint(
                condition=models.Q(roll_over=0) | models.Q(rolls_into__isnull=False),
                name="mdf_fund_roll_over",
                violation_error_message="Say into which fund it rolls over.",
            ),
            models.CheckConstraint(
                condition=models.Q(rolls_into__isnull=True) | ~models.Q(rolls_into=models.F("id")),
                name="mdf_fund_rolls_into_other",
                violation_error_message="A fund cannot roll over into itself.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def last_activity_day(self) -> date:
        return self.activities_until or self.ends_on

    def clean(self) -> None:
        """Periods are whole fiscal quarters of the vendor, and money rolls into the same currency."""
        problems: dict[str, str] = {}
        if self.starts_on and not _begins_quarter(self.starts_on, self.vendor.fiscal_year_start):
            problems["starts_on"] = "Choose the first day of a fiscal quarter."
        if self.ends_on and not _begins_quarter(_next(self.ends_on), self.vendor.fiscal_year_start):
            problems["ends_on"] = "Choose the last day of a fiscal quarter."
        if self.accrues and self.currency and self.currency != self.vendor.currency:
            problems["accrues"] = f"Bookings are in {self.vendor.currency}: so must be the fund."
        if self.roll_over and not self.rolls_into:
            problems["rolls_into"] = "Say into which fund it rolls over."
        if self.rolls_into and self.rolls_into.currency != self.currency:
            problems["rolls_into"] = f"Choose a fund in {self.currency}."
        if problems:
            raise ValidationError(problems)


def _next(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _begins_quarter(day: date, first_month: int) -> bool:
    return day.day == 1 and (day.month - first_month) % 3 == 0


def quarters(start: date, end: date) -> list[tuple[date, date]]:
    """(first day, last day) of each quarter between two days that begin and end one."""
    firsts = [start]
    while (following := months_after(firsts[-1], 3)) <= end:
        firsts.append(following)
    return [(first, date.fromordinal(months_after(first, 3).toordinal() - 1)) for first in firsts]


class Eligibility(TenantModel):
    """Partners that may draw on a fund: all that is said here must fit. A fund with none is for everybody."""

    fund = TenantKey(Fund, models.CASCADE, related_name="eligibility")
    tier = TenantKey(Tier, related_name="+", null=True, blank=True, help_text="Empty: any tier.")
    region = TenantKey(Region, related_name="+", null=True, blank=True, help_text="Empty: any region.")
    partner_type = models.CharField(
        max_length=20, choices=PartnerType.choices, blank=True, help_text="Empty: any type."
    )

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "eligibility"
        indexes = [models.Index(fields=["vendor", "fund"], name="mdf_eligibility_by_fund")]
        constraints = [RowSecurity(rows=Rows.PROGRAMME, name="mdf_eligibility_rows")]

    def __str__(self) -> str:
        said = (str(self.tier or ""), str(self.region or ""), self.get_partner_type_display())
        return ", ".join(filter(None, said)) or "everybody"


class ActivityType(TenantModel):
    """A kind of activity: what it is worth to the vendor, and what a claim has to prove."""

    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=1, help_text="1 stands first on the form.")
    vendor_share = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=_SHARE, help_text="Basis points. Empty: as the fund says."
    )
    most = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Minor units of the vendor's currency that one activity may be given. Empty: no limit.",
    )
    notice_days = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(366)], help_text="Days ahead it has to be asked for."
    )
    is_active = models.BooleanField("offered", default=True)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="mdf_activitytype_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="mdf_activitytype_key"),
            models.UniqueConstraint(
                fields=["vendor", "name"],
                name="mdf_activitytype_name",
                violation_error_message="There is a kind of activity of this name already.",
            ),
            models.CheckConstraint(
                condition=models.Q(vendor_share__isnull=True) | models.Q(vendor_share__lte=WHOLE),
                name="mdf_activitytype_share",
            ),
            models.CheckConstraint(
                condition=models.Q(most__isnull=True) | models.Q(most__gt=0), name="mdf_activitytype_most"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def share_in(self, fund: Fund) -> int:
        """Basis points of shared costs."""
        return fund.vendor_share if self.vendor_share is None else self.vendor_share


class ProofKind(models.TextChoices):
    INVOICE = "invoice", "Invoices"
    ATTENDEES = "attendees", "Attendee list"
    PHOTOS = "photos", "Photos"
    RECORDING = "recording", "Recording"
    SPECIMEN = "specimen", "Copy of what was printed or shown"
    REPORT = "report", "Report of results"


class RequiredProof(TenantModel):
    """What a claim for an activity of this kind has to show."""

    activity_type = TenantKey(ActivityType, models.CASCADE, related_name="proofs")
    kind = models.CharField(max_length=12, choices=ProofKind.choices)
    note = models.CharField(max_length=200, blank=True, help_text="What must be on it, as partners read it.")

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="mdf_requiredproof_rows"),
            models.UniqueConstraint(
                fields=["vendor", "activity_type", "kind"],
                name="mdf_requiredproof_once",
                violation_error_message="This proof is asked for already.",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ProofKind.values), name="mdf_requiredproof_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class CostKind(TenantModel):
    """What a cost is for; one that is not shared stays the partner's own."""

    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=1, help_text="1 stands first on the form.")
    is_shared = models.BooleanField("shared by the vendor", default=True)
    is_active = models.BooleanField("offered", default=True)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="mdf_costkind_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="mdf_costkind_key"),
            models.UniqueConstraint(
                fields=["vendor", "name"],
                name="mdf_costkind_name",
                violation_error_message="There is a kind of cost of this name already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
