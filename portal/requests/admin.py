"""Django admin of requests: they are looked at here, and decided on their own pages."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest

from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin

_LIFE = (
    "status", "requested_by", "requested_at", "who", "due_at", "reminded_at", "escalated_at", "decided_by",
    "decided_at", "decision_reason",
)  # fmt: skip


class RequestAdmin(ReadOnlyAdmin):
    """Base of each kind's; `asked` are the fields of what is asked for, `listed` those in the list."""

    asked: ClassVar[tuple[str, ...]] = ()
    listed: ClassVar[tuple[str, ...]] = ()
    list_filter = ("status",)
    ordering = ("-requested_at", "-pk")
    sortable_by = ()
    paginator = CappedPaginator

    def get_list_display(self, request: HttpRequest) -> Any:
        return (self._subject, *self.listed, "status", "requested_at", "who", "due_at", "decided_by")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (self._subject, "partner", "reason", *self.asked, *_LIFE)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        named = (self._subject, "partner", "owner", "requested_by", "decided_by")
        return super().get_queryset(request).select_related(*named)

    @property
    def _subject(self) -> str:
        return str(self.model.subject_field)
