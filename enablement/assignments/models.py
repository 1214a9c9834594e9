"""Who is asked to finish which course by when."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from enablement.courses.models import Course, Enrolment
from partners.keys import PartnerKey
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel


class Assignment(TenantModel):
    """A course for one person, with a due day. Done by finishing the course, however it was begun.

    `due_on` is a day of the vendor's calendar and `due_at` the last second of that day there.
    """

    user = PersonKey()
    partner = PartnerKey()
    course = TenantKey(Course, related_name="assignments")
    enrolment = TenantKey(Enrolment, related_name="+", null=True)
    due_on = models.DateField()
    due_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    by_vendor = models.BooleanField(default=False, help_text="By the vendor's people, not the partner's.")
    assigned_by = PersonKey(null=True)
    assigned_at = models.DateTimeField(default=timezone.now)
    reminded_days = models.PositiveSmallIntegerField(
        null=True, help_text="Days before the end at which the last reminder went out; 0 once overdue."
    )
    completed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(
                fields=["vendor", "due_at"],
                condition=Q(completed_at__isnull=True, withdrawn_at__isnull=True),
                name="enablement_assignment_due",
            ),
            models.Index(fields=["vendor", "partner", "due_at"], name="enablement_assignment_partner"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_assignment_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_assignment_key"),
            models.UniqueConstraint(
                fields=["vendor", "user", "course"],
                condition=Q(completed_at__isnull=True, withdrawn_at__isnull=True),
                name="enablement_assignment_one_open",
            ),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="enablement_assignment_one_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course} for {self.user}"

    @property
    def is_open(self) -> bool:
        return self.completed_at is None and self.withdrawn_at is None
