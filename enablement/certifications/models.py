"""What one can be certified in, who holds it, and how many holders a tier asks of a partner."""

from datetime import datetime, timedelta
from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from enablement.audience import Audience, audience_constraints
from enablement.courses.models import FULL_MARKS, Course
from partners.keys import PartnerKey
from partners.models import Tier
from portal.history.constraints import KeepsHistory, NotesLateFacts
from portal.history.models import Version
from portal.tenancy.constraints import ReadThrough, Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel

#: What ends within this time is about to end, on every page.
SOON: Final = timedelta(days=60)


class Certification(Audience, TenantModel):
    """Earned by finishing its courses; an award of it is in force for a number of calendar months."""

    name = models.CharField(max_length=120)
    summary = models.CharField(max_length=300, blank=True, help_text="What its holders can do.")
    courses = models.ManyToManyField(Course, through="CertificationCourse", related_name="+")
    pass_mark = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(FULL_MARKS)],
        help_text="Least result in the test of each course, 8000 is 80%. Empty: what each test asks.",
    )
    validity_months = models.PositiveSmallIntegerField(
        "months in force",
        null=True,
        blank=True,
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text="Empty: it does not end.",
    )
    renewal_days = models.PositiveSmallIntegerField(
        "days to renew in",
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text="Before the end. Courses taken again from then on renew it, and no time is lost.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(
        "no longer given since", null=True, blank=True, help_text="What people hold stays theirs."
    )

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_certification_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_certification_key"),
            models.UniqueConstraint(
                fields=["vendor", "name"],
                name="enablement_certification_name",
                violation_error_message="Another certification has this name already.",
            ),
            models.CheckConstraint(
                condition=Q(pass_mark__isnull=True) | Q(pass_mark__gte=1, pass_mark__lte=FULL_MARKS),
                name="enablement_certification_marks",
            ),
            *audience_constraints("enablement_certification"),
        ]

    def __str__(self) -> str:
        return self.name


class CertificationCourse(TenantModel):
    """A course that must be finished."""

    certification = TenantKey(Certification, models.CASCADE, related_name="course_links")
    course = TenantKey(Course, related_name="certification_links")
    position = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = "required course"
        indexes = [models.Index(fields=["vendor", "course"], name="enablement_certcourse_course")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_certcourse_rows"),
            models.UniqueConstraint(
                fields=["vendor", "certification", "course"],
                name="enablement_certcourse_once",
                violation_error_message="This course is required already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certification}: {self.course}"


class Award(TenantModel):
    """A certification one person holds. It is theirs and goes with them; a renewal is another award.

    `partner` is where the person sat when it was earned. `expires_on` is a day of the vendor's calendar and
    `expires_at` the last moment of that day there; both are empty for what does not end.
    """

    user = PersonKey(related_name="awards")
    partner = PartnerKey()
    certification = TenantKey(Certification, related_name="awards")
    reference = models.CharField("number", max_length=20)
    renews = TenantKey("self", related_name="renewals", null=True)
    score = models.PositiveSmallIntegerField(null=True, help_text="Lowest result of its tests, of 10000.")
    awarded_at = models.DateTimeField()
    expires_on = models.DateField(null=True)
    expires_at = models.DateTimeField(null=True)
    reminded_days = models.PositiveSmallIntegerField(
        null=True, help_text="Days before the end at which the last reminder went out; 0 once it ended."
    )
    revoked_at = models.DateTimeField(null=True)
    revoked_by = PersonKey(null=True)
    revoked_reason = models.CharField(max_length=300, blank=True)
    # What its holder lets others see, and under which unguessable address; empty: nobody sees anything.
    token = models.CharField(max_length=40, null=True)
    shared_at = models.DateTimeField(null=True)
    shows_employer = models.BooleanField(default=False)
    shows_score = models.BooleanField(default=False)
    external_key = models.CharField(max_length=120, null=True, blank=True)

    class Meta:
        ordering = ["-awarded_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "user", "certification"], name="enablement_award_by_user"),
            models.Index(fields=["vendor", "partner"], name="enablement_award_by_partner"),
            models.Index(fields=["vendor", "certification"], name="enablement_award_by_cert"),
            models.Index(fields=["vendor", "expires_at"], name="enablement_award_by_end"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_award_rows"),
            # People take their certificates along: they count, and are seen, where they sit now.
            ReadThrough(
                name="enablement_award_of_colleagues",
                table="enablement_award",
                link="partners_seat",
                on=("user_id", "user_id"),
                where="link.left_at is null",
            ),
            NotesLateFacts(
                name="enablement_award_late", dated=["awarded_at", "revoked_at"], label="reference"
            ),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_award_key"),
            models.UniqueConstraint(fields=["vendor", "reference"], name="enablement_award_reference"),
            models.UniqueConstraint(fields=["vendor", "token"], name="enablement_award_token"),
            models.UniqueConstraint(fields=["vendor", "external_key"], name="enablement_award_external_key"),
            models.UniqueConstraint(fields=["vendor", "renews"], name="enablement_award_renewed_once"),
            models.UniqueConstraint(
                fields=["vendor", "user", "certification", "awarded_at"], name="enablement_award_once"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("awarded_at")),
                name="enablement_award_order",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True, expires_on__isnull=True)
                | Q(expires_at__isnull=False, expires_on__isnull=False),
                name="enablement_award_end",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoked_reason=""),
                name="enablement_award_revoked_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certification} of {self.user}"

    def state(self, now: datetime) -> str:
        """revoked, ended, soon (it ends within 60 days) or valid."""
        if self.revoked_at:
            return "revoked"
        if self.expires_at is None:
            return "valid"
        if self.expires_at < now:
            return "ended"
        return "soon" if self.expires_at - now <= SOON else "valid"


class AccreditationRule(TenantModel):
    """How many certified people a tier asks of a partner, in one certification."""

    tier = TenantKey(Tier, models.CASCADE, related_name="accreditations")
    certification = TenantKey(Certification, related_name="accreditations")
    people = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(1_000)]
    )
    since = models.DateTimeField(
        null=True, default=timezone.now, editable=False, help_text="Asked for since then; empty: always."
    )

    class Meta:
        ordering = ["tier", "certification"]
        verbose_name = "accreditation"
        indexes = [models.Index(fields=["vendor", "certification"], name="enablement_accreditation_cert")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_accreditation_rows"),
            models.UniqueConstraint(
                fields=["vendor", "tier", "certification"],
                name="enablement_accreditation_once",
                violation_error_message="This tier asks for this certification already.",
            ),
            models.CheckConstraint(condition=Q(people__gte=1), name="enablement_accreditation_people"),
            KeepsHistory(
                name="enablement_accreditation_history",
                into="enablement_accreditationversion",
                key="rule_id",
                edited=["tier_id", "certification_id", "people", "since"],
                deleted=True,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier}: {self.people} certified in {self.certification}"


class AccreditationVersion(Version):
    """What a tier asked for until that was changed or dropped: the rule itself may be gone."""

    rule_id = models.BigIntegerField()
    tier = TenantKey(Tier, models.CASCADE, related_name="+")
    certification = TenantKey(Certification, related_name="+")
    people = models.PositiveSmallIntegerField()
    since = models.DateTimeField(null=True)

    class Meta:
        ordering = ["held_until"]
        indexes = [
            models.Index(fields=["vendor", "rule_id", "held_until"], name="enablement_accredversion_rule")
        ]
        constraints = [RowSecurity(rows=Rows.PROGRAMME, name="enablement_accredversion_rows")]

    def __str__(self) -> str:
        return f"{self.rule_id} until {self.held_until:%Y-%m-%d}"
