"""Django admin of tests: tries are imported and looked at here."""

from django.contrib import admin

from enablement.quizzes.models import Attempt
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin
from portal.imports.admin import ImportAdminMixin


@admin.register(Attempt)
class AttemptAdmin(ImportAdminMixin, ReadOnlyAdmin):
    title = "Tries at tests"
    import_kind = "attempts"
    paginator = CappedPaginator
    sortable_by = ()
    list_display = ("user", "partner", "module", "number", "score", "passed", "submitted_at", "source")
    list_filter = ("source", "passed")
    list_select_related = ("user", "partner", "module")
    fields = (
        "user", "partner", "enrolment", "module", "source", "number", "allowed", "started_at", "submitted_at",
        "asked", "right", "score", "pass_mark", "passed", "external_key",
    )  # fmt: skip
    readonly_fields = fields
