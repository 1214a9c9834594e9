"""Packages, what plays them, and what they keep of each learner."""

from django.db import models
from django.utils import timezone

from enablement.courses.models import Course, Enrolment, Module
from enablement.packages.manifest import STANDARDS
from partners.keys import PartnerKey
from portal.files.uploads import StoredFile
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel


class Package(StoredFile):
    """A package as it was handed in, never unpacked. It belongs to the course; versions of it share it.

    `parts` are what can be launched: a list of `manifest.Part.as_json()`; `blocks` of cmi5 hold units, a list
    of `manifest.Block.as_json()`.
    """

    course = TenantKey(Course, models.CASCADE, related_name="packages")
    standard = models.CharField(max_length=9, choices=list(STANDARDS.items()))
    identifier = models.CharField(max_length=500)
    title = models.CharField(max_length=160)
    parts = models.JSONField(default=list)
    blocks = models.JSONField(default=list)

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        indexes = [models.Index(fields=["vendor", "course"], name="enablement_package_by_course")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_package_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_package_key"),
            models.CheckConstraint(
                condition=models.Q(standard__in=STANDARDS), name="enablement_package_standard"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ModulePackage(TenantModel):
    """The package a module plays."""

    module = TenantKey(Module, models.CASCADE, related_name="packages")
    package = TenantKey(Package, related_name="+")

    class Meta:
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_modulepackage_rows"),
            models.UniqueConstraint(fields=["vendor", "module"], name="enablement_modulepackage_once"),
        ]
        indexes = [models.Index(fields=["vendor", "package"], name="enablement_module_of_package")]

    def __str__(self) -> str:
        return str(self.package)


class Launch(TenantModel):
    """One time a learner began to play a package. Later ones take over from earlier ones."""

    user = PersonKey()
    partner = PartnerKey()
    enrolment = TenantKey(Enrolment, models.CASCADE, related_name="launches")
    module = TenantKey(Module, related_name="+")
    package = TenantKey(Package, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "partner", "started_at"], name="enablement_launch_by_partner"),
            models.Index(fields=["vendor", "enrolment", "module"], name="enablement_launch_by_module"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_launch_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_launch_key"),
        ]

    def __str__(self) -> str:
        return f"{self.package} by {self.user}"


class PartState(TenantModel):
    """Where a learner stands in one part of a package, in the words of its standard.

    `data` is the run-time model (SCORM's cmi) as the part left it. `launch` wrote last, `sequence` counts
    its writes; what arrives late or from an earlier launch is passed over.
    """

    user = PersonKey()
    partner = PartnerKey()
    enrolment = TenantKey(Enrolment, models.CASCADE, related_name="part_states")
    module = TenantKey(Module, related_name="+")
    part = models.CharField(max_length=500)
    launch = TenantKey(Launch, related_name="+")
    sequence = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict)
    is_completed = models.BooleanField(default=False)
    passed = models.BooleanField(null=True)
    score = models.PositiveSmallIntegerField(null=True, help_text="Basis points.")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["vendor", "partner"], name="enablement_state_by_partner")]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_partstate_rows"),
            models.UniqueConstraint(
                fields=["vendor", "enrolment", "module", "part"], name="enablement_partstate_once"
            ),
        ]

    def __str__(self) -> str:
        return self.part
