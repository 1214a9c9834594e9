"""The golden record, and effects that wait to be carried out."""

import uuid

from django.db import models
from django.utils import timezone

from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantModel


class PortalEvent(TenantModel):
    """The golden record: one row per thing that happened. Append-only, partitioned by month.

    `partner_id` and `subject_id` are plain numbers on purpose: an event outlives what it tells of.
    """

    append_only = True

    partner_id = models.BigIntegerField(null=True)
    actor = PersonKey(null=True)
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
