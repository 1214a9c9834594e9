"""Django admin of assignments: made and changed on the team's page, looked at here."""

from django.contrib import admin

from enablement.assignments.models import Assignment
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    title = "Assigned courses"
    paginator = CappedPaginator
    sortable_by = ()
    list_display = ("user", "partner", "course", "due_on", "assigned_by", "completed_at", "withdrawn_at")
    list_filter = ("by_vendor",)
    list_select_related = ("user", "partner", "course", "assigned_by")
    fields = (
        "user", "partner", "course", "due_on", "due_at", "note", "by_vendor", "assigned_by", "assigned_at",
        "enrolment", "completed_at", "withdrawn_at",
    )  # fmt: skip
    readonly_fields = fields
