"""A path leads through courses; a refresher is what to take when a module went wrong."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from enablement.audience import Audience, audience_constraints
from enablement.courses.models import COURSE_SLUG, Course
from partners.models import Product
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey, TenantModel


class LearningPath(Audience, TenantModel):
    """Courses in an order, for those it is meant for."""

    slug = models.CharField("key", max_length=80, validators=[COURSE_SLUG])
    name = models.CharField(max_length=120)
    summary = models.CharField(max_length=300, blank=True, help_text="What one is ready for at its end.")
    product = TenantKey(Product, related_name="+", null=True, blank=True, help_text="Empty: no single one.")
    position = models.PositiveSmallIntegerField(default=1, help_text="1 is listed first.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_path_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_path_key"),
            models.UniqueConstraint(
                fields=["vendor", "slug"],
                name="enablement_path_slug",
                violation_error_message="Another path has this key already.",
            ),
            *audience_constraints("enablement_path"),
        ]

    def __str__(self) -> str:
        return self.name


class PathStep(TenantModel):
    """A course on a path. Optional steps do not hold up what comes after them."""

    path = TenantKey(LearningPath, models.CASCADE, related_name="steps")
    course = TenantKey(Course, related_name="+")
    position = models.PositiveSmallIntegerField()
    is_optional = models.BooleanField("optional", default=False)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_pathstep_rows"),
            models.UniqueConstraint(
                fields=["vendor", "path", "course"],
                name="enablement_pathstep_once",
                violation_error_message="The course is on this path already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.course}"


class Refresher(TenantModel):
    """The course that helps whoever failed or skipped a module, in whatever version of its course."""

    course = TenantKey(Course, models.CASCADE, related_name="refreshers")
    module_key = models.UUIDField()
    suggests = TenantKey(Course, models.CASCADE, related_name="+")
    when_failed = models.BooleanField(default=True)
    when_skipped = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_refresher_rows"),
            models.UniqueConstraint(
                fields=["vendor", "course", "module_key", "suggests"],
                name="enablement_refresher_once",
                violation_error_message="This course is suggested for the module already.",
            ),
            models.CheckConstraint(
                condition=Q(when_failed=True) | Q(when_skipped=True), name="enablement_refresher_ever"
            ),
            models.CheckConstraint(
                condition=~Q(course=models.F("suggests")),
                name="enablement_refresher_other",
                violation_error_message="Suggest another course than the one that was failed.",
            ),
        ]

    def __str__(self) -> str:
        return str(self.suggests)
