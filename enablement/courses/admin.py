"""Django admin of courses: imported and looked at here; they are written in the editor."""

from django.contrib import admin

from enablement.courses.models import Course, Enrolment, ModuleProgress
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, ReadOnlyInline
from portal.imports.admin import ImportAdminMixin


@admin.register(Course)
class CourseAdmin(ImportAdminMixin, ReadOnlyAdmin):
    title = "Courses"
    import_kind = "courses"
    list_display = ("title", "language", "first_tries", "first_passes", "retired_at")
    list_filter = ("language",)
    fields = (
        "slug", "title", "summary", "language", "role", "partner_type", "least_tier", "published",
        "external_key", "first_tries", "first_passes", "created_at", "retired_at",
    )  # fmt: skip
    readonly_fields = fields


class ProgressInline(ReadOnlyInline):
    model = ModuleProgress
    fields = ("module", "opened_at", "place", "done_at", "skipped_at")


@admin.register(Enrolment)
class EnrolmentAdmin(ImportAdminMixin, ReadOnlyAdmin):
    title = "Enrolments"
    import_kind = "enrolments"
    paginator = CappedPaginator
    inlines = (ProgressInline,)
    sortable_by = ()
    list_display = ("user", "partner", "course", "enrolled_at", "completed_at", "source")
    list_filter = ("source",)
    list_select_related = ("user", "partner", "course")
    fields = (
        "user", "partner", "course", "version", "source", "enrolled_at", "completed_at", "left_at", "module",
        "saved_at", "external_key",
    )  # fmt: skip
    readonly_fields = fields
