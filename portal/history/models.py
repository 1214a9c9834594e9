"""The base of all histories: what a row said until it was changed.

A history holds changes only. A row that never changed has none, and what it says has always held.
"""

from datetime import datetime

from django.db import models

from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantModel


class Version(TenantModel):
    """The values of a row from one change to the next. Written by the trigger of `KeepsHistory` alone."""

    held_from = models.DateTimeField(null=True, help_text="The change before; empty: since the row began.")
    held_until = models.DateTimeField(help_text="When these values were changed.")
    changed_by = PersonKey(null=True)

    class Meta:
        abstract = True


def held_at(end: datetime) -> models.Q:
    """The version that was in force just before `end`, the first moment of the next day."""
    began = models.Q(held_from=None) | models.Q(held_from__lt=end)
    return began & models.Q(held_until__gte=end)


class LateFact(TenantModel):
    """Something entered, corrected or deleted on one day that happened on an earlier one.

    Written by the triggers of `NotesLateFacts` alone. Like an event it outlives what it tells of, so
    `partner_id` and `subject_id` are plain numbers. `facts`: {column: [moment before, moment after]}.
    """

    class Kind(models.TextChoices):
        ADDED = "added", "Entered"
        CHANGED = "changed", "Changed"
        DELETED = "deleted", "Deleted"

    partner_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    subject_type = models.CharField(max_length=60, help_text="Label of the model.")
    subject_id = models.BigIntegerField()
    label = models.CharField(max_length=200, blank=True, help_text="By which people know it.")
    facts = models.JSONField(default=dict)
    holds_from = models.DateTimeField(help_text="The earliest moment it is about.")
    noted_at = models.DateTimeField()
    noted_by = PersonKey(null=True)
    settled_at = models.DateTimeField(
        null=True, help_text="Since when the days it touches are computed anew."
    )

    class Meta:
        ordering = ["-noted_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "partner_id", "holds_from"], name="portal_latefact_by_partner"),
            models.Index(
                fields=["vendor", "noted_at"],
                name="portal_latefact_unsettled",
                condition=models.Q(settled_at__isnull=True),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="portal_latefact_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.holds_from:%Y-%m-%d}, {self.kind} {self.noted_at:%Y-%m-%d}"
