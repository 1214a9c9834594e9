"""Kernel tables: vendors, people, memberships, invitations, events and the outbox."""

import uuid
import zoneinfo
from datetime import time
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from portal.roles import PARTNER_ROLES, STAFF_ROLES, Role
from portal.rows import Rows, RowSecurity, TenantKey, TenantModel

#: Slugs become path segments and settings; the pattern leaves no room for anything else.
VENDOR_SLUG = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$", "Use lower-case letters, digits and hyphens."
)
COLOUR = RegexValidator(
    r"^#[0-9a-fA-F]{6}$", "Give a colour as # and six hexadecimal digits, for example #0b5cad."
)
CURRENCY = RegexValidator(r"^[A-Z]{3}$", "Give the three-letter ISO code, for example EUR.")


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError("Unknown time zone. Use an IANA name, for example Europe/Vienna.")


class Vendor(models.Model):
    """The tenant: the company whose channel this is."""

    slug = models.CharField(max_length=50, unique=True, validators=[VENDOR_SLUG])
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    currency = models.CharField(max_length=3, default="EUR", validators=[CURRENCY])
    fiscal_year_start = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
        help_text="Month in which the fiscal year begins (1 to 12).",
    )
    colour = models.CharField(
        max_length=7, default="#0b5cad", validators=[COLOUR], help_text="Accent colour."
    )
    support_email = models.EmailField(blank=True)
    requires_second_factor = models.BooleanField(
        default=False, help_text="Program admins and executives must sign in with a second factor."
    )
    protection_days = models.PositiveSmallIntegerField(
        default=90, help_text="Days a registration is protected from its approval; a tier may differ."
    )
    decision_hours = models.PositiveSmallIntegerField(
        default=16, help_text="Working hours within which a registration is decided."
    )
    lead_answer_hours = models.PositiveSmallIntegerField(
        default=16, help_text="Working hours a partner has to accept or decline a lead."
    )
    lead_contact_hours = models.PositiveSmallIntegerField(
        default=16, help_text="Working hours from accepting a lead to the first contact with the customer."
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(fiscal_year_start__range=(1, 12)), name="portal_vendor_fiscal_month"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def initial(self) -> str:
        return self.name[:1].upper()


class VendorHost(models.Model):
    """A host name under which a vendor's portal answers without the /v/<slug>/ prefix."""

    vendor = models.ForeignKey(Vendor, on_delete=models.CASCADE, related_name="hosts")
    host = models.CharField(
        max_length=253, unique=True, help_text="For example partners.example.com, no port."
    )

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host

    def clean(self) -> None:
        self.host = self.host.strip().lower().rstrip(".")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractUser):
    """One person, known by e-mail; what they may do is decided by their memberships."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[assignment,misc]

    class Meta:
        ordering = ["email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="portal_user_email_ci")]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    @property
    def initials(self) -> str:
        names = [self.first_name[:1], self.last_name[:1]]
        return "".join(names).upper() or self.email[:1].upper()


class Membership(TenantModel):
    """Ties a person to a vendor with one role. Where a partner person sits is the partners app's matter."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        # The vendor's few managers and admins among tens of thousands of partner people.
        indexes = [models.Index(fields=["vendor", "role"], name="portal_membership_by_role")]
        constraints = [
            RowSecurity(rows=Rows.STAFF, own="user_id", everywhere=True, name="portal_membership_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="portal_membership_key"),
            models.UniqueConstraint(
                fields=["vendor", "user"],
                name="portal_membership_once",
                violation_error_message="This person already belongs to the vendor.",
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="portal_membership_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    @property
    def is_partner_person(self) -> bool:
        return self.role in PARTNER_ROLES

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF_ROLES


class Invitation(TenantModel):
    """An invitation to join a vendor; only the hash of its token is kept."""

    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role.choices)
    token_hash = models.CharField(max_length=64, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, null=True
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, own="invited_by_id", name="portal_invitation_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="portal_invitation_key"),
            models.UniqueConstraint(fields=["vendor", "token_hash"], name="portal_invitation_token"),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_role_display()})"

    @property
    def is_open(self) -> bool:
        return not self.accepted_at and not self.revoked_at and self.expires_at > timezone.now()


class PortalEvent(TenantModel):
    """The golden record: one row per thing that happened. Append-only, partitioned by month.

    `partner_id` and `subject_id` are plain numbers on purpose: an event outlives what it tells of.
    """

    partner_id = models.BigIntegerField(null=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    type = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-occurred_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "partner_id", "-occurred_at"], name="portal_event_by_partner"),
            models.Index(fields=["vendor", "subject_type", "subject_id"], name="portal_event_by_subject"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="actor_id", name="portal_event_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.type} at {self.occurred_at:%Y-%m-%d %H:%M}"


class OutboxMessage(TenantModel):
    """An effect to be carried out after commit, exactly once by its key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(
                fields=["vendor", "created_at"],
                name="portal_outbox_unsent",
                condition=models.Q(sent_at__isnull=True),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.MAILBOX, name="portal_outbox_rows"),
            models.UniqueConstraint(fields=["vendor", "kind", "key"], name="portal_outbox_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Mail(models.TextChoices):
    """How a person wants to hear of one kind of thing by e-mail."""

    NOW = "now", "At once"
    DIGEST = "digest", "In the daily digest"
    NONE = "none", "Not at all"


class Notification(TenantModel):
    """Something one person should know, in the portal's inbox, by e-mail, or both.

    `page` and `target` name the page it leads to; `key` says what it is about: the same key for the same
    person is one notification.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    title = models.CharField(max_length=300)
    page = models.CharField(max_length=60)
    target = models.CharField(max_length=120, blank=True)
    in_app = models.BooleanField(default=True)
    mail = models.CharField(max_length=6, choices=Mail.choices, default=Mail.NOW)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    digested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["vendor", "user", "-created_at"],
                name="portal_notification_inbox",
                condition=models.Q(in_app=True),
            ),
            models.Index(
                fields=["vendor", "user"],
                name="portal_notification_unread",
                condition=models.Q(in_app=True, read_at__isnull=True),
            ),
            models.Index(
                fields=["vendor", "created_at"],
                name="portal_notification_digest",
                condition=models.Q(mail="digest", digested_at__isnull=True),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PERSONAL, own="user_id", name="portal_notification_rows"),
            models.UniqueConstraint(fields=["vendor", "user", "key"], name="portal_notification_once"),
            models.CheckConstraint(condition=models.Q(mail__in=Mail.values), name="portal_notification_mail"),
        ]

    def __str__(self) -> str:
        return self.title


class NotificationPreference(TenantModel):
    """How a person wants to hear of one kind of thing; without a row, as the kind itself says."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    mail = models.CharField(max_length=6, choices=Mail.choices, default=Mail.NOW)
    in_app = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind"]
        constraints = [
            RowSecurity(rows=Rows.PERSONAL, own="user_id", name="portal_preference_rows"),
            models.UniqueConstraint(fields=["vendor", "user", "kind"], name="portal_preference_once"),
            models.CheckConstraint(condition=models.Q(mail__in=Mail.values), name="portal_preference_mail"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.mail}"


class ExchangeRate(TenantModel):
    """Units of the vendor's currency for one unit of `currency`, on and after `day`."""

    currency = models.CharField(max_length=3, validators=[CURRENCY])
    day = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8, validators=[MinValueValidator(0.00000001)])

    class Meta:
        ordering = ["-day", "currency"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="portal_exchangerate_rows"),
            models.UniqueConstraint(
                fields=["vendor", "currency", "day"],
                name="portal_exchangerate_once",
                violation_error_message="There is a rate for this currency and day already.",
            ),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="portal_exchangerate_positive"),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate.normalize()} on {self.day}"


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class WorkingHours(TenantModel):
    """When the vendor's people work on a weekday; a day with a break has two rows. Vendor's wall clock."""

    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField(help_text="00:00 is midnight at the end of the day.")

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name = verbose_name_plural = "working hours"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="portal_workinghours_rows"),
            models.UniqueConstraint(
                fields=["vendor", "weekday", "opens"],
                name="portal_workinghours_once",
                violation_error_message="There are hours beginning then already.",
            ),
            models.CheckConstraint(
                condition=models.Q(weekday__in=Weekday.values), name="portal_workinghours_weekday"
            ),
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes=time(0)),
                name="portal_workinghours_order",
                violation_error_message="Closing comes after opening.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M} to {self.closes:%H:%M}"


class Holiday(TenantModel):
    """A day on which nobody at the vendor works."""

    day = models.DateField()
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["day"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="portal_holiday_rows"),
            models.UniqueConstraint(
                fields=["vendor", "day"],
                name="portal_holiday_once",
                violation_error_message="This day is a holiday already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.day:%d %b %Y}"


__all__ = [
    "ExchangeRate",
    "Holiday",
    "Invitation",
    "Mail",
    "Membership",
    "Notification",
    "NotificationPreference",
    "OutboxMessage",
    "PortalEvent",
    "TenantKey",
    "User",
    "Vendor",
    "VendorHost",
    "Weekday",
    "WorkingHours",
]
