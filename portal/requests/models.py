"""The clock of whatever waits for an answer, and the request: each kind makes a table of its own of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone

from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.roles import Role
from portal.tenancy.tables import PersonKey, TenantModel


class Clock(models.Model):
    """By when an answer is due, and whom silence was told to. Nothing is ever granted by silence.

    Hours are the vendor's working hours; `latest_at` caps what they give: no answer is due after what it is
    about has ended. Rows without hours keep the moment they were given.
    """

    began_at = models.DateTimeField(null=True, help_text="From when the hours run; empty: not yet.")
    hours = models.FloatField(null=True, help_text="Working hours promised.")
    latest_at = models.DateTimeField(null=True, help_text="Due by then, whatever the hours say.")
    due_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, help_text="When whoever is asked is reminded.")
    reminded_at = models.DateTimeField(null=True)
    is_silent = models.BooleanField(
        default=False, help_text="It was overdue elsewhere when it was loaded: nobody is told."
    )
    escalated_at = models.DateTimeField(
        null=True, help_text="When the program admins were told it is overdue."
    )

    class Meta:
        abstract = True

    @classmethod
    def running(cls) -> "models.QuerySet[Self]":
        """Rows that wait for an answer now."""
        raise NotImplementedError


class RequestStatus(models.TextChoices):
    OPEN = "open", "Waiting"
    GRANTED = "granted", "Granted"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Taken back"
    LAPSED = "lapsed", "Lapsed"


class Request(Clock, TenantModel):
    """Something a partner asks for and the vendor decides; about one subject, of which one waits at most.

    A kind adds `partner`, its subject (named in `subject_field`) and what is asked for; its Meta takes
    `request_indexes` and `request_constraints`.
    """

    subject_field: ClassVar[str]
    get_status_display: ClassVar[Any]
    #: Rows of other tables that are written with it.
    parts: Sequence[models.Model] = ()

    status = models.CharField(max_length=9, choices=RequestStatus.choices, default=RequestStatus.OPEN)
    reason = models.TextField(max_length=1000, blank=True, help_text="Why it is asked for.")
    requested_by = PersonKey(null=True)
    requested_at = models.DateTimeField(default=timezone.now)
    role = models.CharField(
        max_length=20,
        choices=[(role.value, role.label) for role in (Role.CHANNEL_MANAGER, Role.PROGRAM_ADMIN)],
        blank=True,
        help_text="Whose decision it is; empty: anybody's who manages the partner.",
    )
    owner = PersonKey(null=True, help_text="Who was asked; empty: the program admins.")
    decided_by = PersonKey(null=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(max_length=1000, blank=True)

    class Meta:
        abstract = True
        ordering = ["-requested_at", "-id"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}, {self.get_status_display().lower()}"

    @classmethod
    def running(cls) -> "models.QuerySet[Self]":
        return cls._default_manager.filter(status=RequestStatus.OPEN)

    @property
    def subject(self) -> Any:
        return getattr(self, self.subject_field)

    @property
    def is_open(self) -> bool:
        return self.status == RequestStatus.OPEN

    @property
    def who(self) -> str:
        """Whom both sides read of."""
        return str(self.owner) if self.owner else "a program admin"

    @property
    def answered_at(self) -> datetime:
        return self.decided_at or self.requested_at


def request_indexes(prefix: str, subject: str) -> list[models.Index]:
    """`prefix` is the table's name; what waits is found by due time, what was asked by subject."""
    return [
        models.Index(
            fields=["vendor", "due_at"],
            include=["partner"],
            name=f"{prefix}_open",
            condition=models.Q(status="open"),
        ),
        models.Index(fields=["vendor", subject, "-requested_at"], name=f"{prefix}_by_{subject}"),
    ]


def request_constraints(prefix: str, subject: str, *, taken: str) -> list[models.BaseConstraint]:
    """Row security, the key others point to, one open per subject (else `taken`), times of decisions."""
    return [
        RowSecurity(rows=Rows.PARTNER, name=f"{prefix}_rows"),
        models.UniqueConstraint(fields=["vendor", "id"], name=f"{prefix}_key"),
        models.UniqueConstraint(
            fields=["vendor", subject],
            condition=models.Q(status="open"),
            name=f"{prefix}_one_open",
            violation_error_message=taken,
        ),
        models.CheckConstraint(
            condition=models.Q(status="open", decided_at__isnull=True)
            | models.Q(status__in=["granted", "refused", "withdrawn", "lapsed"], decided_at__isnull=False),
            name=f"{prefix}_status",
        ),
    ]
