"""A learner's registration for a cmi5 package, where each unit stands in it, and its sessions."""

import uuid

from django.db import models
from django.utils import timezone

from enablement.courses.models import Enrolment, Module
from enablement.packages.models import Launch, Package
from enablement.records.models import StoreKey
from partners.keys import PartnerKey
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel


class LaunchMode(models.TextChoices):
    """What a launch is for; only in a normal one a result counts."""

    NORMAL = "Normal", "Normal"
    BROWSE = "Browse", "Browse"
    REVIEW = "Review", "Review"


class Cmi5Registration(TenantModel):
    """One person's way through the package of a module. Its id is what units know it by, in every launch.

    `iri` is where the ids of its activities begin, and `actor` the agent that units speak of: both stay, also
    when the vendor moves to another host. `satisfied` lists the ids of blocks, and of the course at the end.
    """

    user = PersonKey()
    partner = PartnerKey()
    enrolment = TenantKey(Enrolment, models.CASCADE, related_name="+")
    module = TenantKey(Module, related_name="+")
    package = TenantKey(Package, related_name="+")
    registration = models.UUIDField(default=uuid.uuid4)
    iri = models.CharField(max_length=200)
    actor = models.JSONField()
    satisfied = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["vendor", "partner"], name="enablement_cmi5reg_by_partner")]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_cmi5reg_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_cmi5reg_key"),
            models.UniqueConstraint(fields=["vendor", "registration"], name="enablement_cmi5reg_uuid"),
            models.UniqueConstraint(fields=["vendor", "enrolment", "module"], name="enablement_cmi5reg_once"),
        ]

    def __str__(self) -> str:
        return f"{self.package} by {self.user}"


class Cmi5Unit(TenantModel):
    """Where a unit (assignable unit of cmi5) stands in a registration. `unit` is the id its publisher gave.

    The first completed and the first passed stand; `score` is the one it was passed with, else the last.
    """

    user = PersonKey()
    partner = PartnerKey()
    registration = TenantKey(Cmi5Registration, models.CASCADE, related_name="units")
    unit = models.CharField(max_length=2000)
    position = models.PositiveSmallIntegerField(help_text="In the order of the package, from 1.")
    completed_at = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    score = models.PositiveSmallIntegerField(null=True, help_text="Basis points.")
    waived_at = models.DateTimeField(null=True)
    waived_by = PersonKey(null=True)
    waived_reason = models.CharField(max_length=40, blank=True)
    satisfied_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        indexes = [models.Index(fields=["vendor", "partner"], name="enablement_cmi5unit_by_partner")]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_cmi5unit_rows"),
            models.UniqueConstraint(
                fields=["vendor", "registration", "position"], name="enablement_cmi5unit_once"
            ),
            models.CheckConstraint(
                condition=models.Q(waived_at__isnull=True) | ~models.Q(waived_reason=""),
                name="enablement_cmi5unit_waived_why",
            ),
        ]

    def __str__(self) -> str:
        return self.unit


class Cmi5Session(TenantModel):
    """From one launch of a unit to its end. `launch` opens its content, `key` the learning record store.

    A session that never said anything ends without a word; one that did is abandoned when it goes quiet, or
    when the next one begins.
    """

    user = PersonKey()
    partner = PartnerKey()
    registration = TenantKey(Cmi5Registration, models.CASCADE, related_name="sessions")
    launch = TenantKey(Launch, models.CASCADE, related_name="+")
    key = TenantKey(StoreKey, related_name="+", null=True)
    position = models.PositiveSmallIntegerField(help_text="Of the unit, from 1.")
    session_id = models.UUIDField(default=uuid.uuid4)
    mode = models.CharField(max_length=6, choices=LaunchMode.choices, default=LaunchMode.NORMAL)
    fetched_at = models.DateTimeField(null=True)
    data_read_at = models.DateTimeField(null=True)
    preferences_read_at = models.DateTimeField(null=True)
    initialized_at = models.DateTimeField(null=True)
    spoke_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    terminated_at = models.DateTimeField(null=True)
    abandoned_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["vendor", "partner"], name="enablement_cmi5session_partner"),
            models.Index(fields=["vendor", "registration"], name="enablement_cmi5session_reg"),
            models.Index(
                fields=["vendor", "launch"],
                name="enablement_cmi5session_open",
                condition=models.Q(terminated_at__isnull=True, abandoned_at__isnull=True),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_cmi5session_rows"),
            models.UniqueConstraint(fields=["vendor", "launch"], name="enablement_cmi5session_once"),
            models.UniqueConstraint(fields=["vendor", "key"], name="enablement_cmi5session_key"),
            models.CheckConstraint(
                condition=models.Q(mode__in=LaunchMode.values), name="enablement_cmi5session_mode"
            ),
        ]

    def __str__(self) -> str:
        return str(self.session_id)

    @property
    def is_over(self) -> bool:
        return self.terminated_at is not None or self.abandoned_at is not None
