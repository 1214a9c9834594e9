"""Django admin of the learning record store: keys, learners, what statements mean, and what came of them."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from enablement.records import learners, results, services
from enablement.records.forms import ActivityLinkForm, LearnerForm, VerbMeaningForm
from enablement.records.models import (
    OWN_KEY,
    ActivityLink,
    Learner,
    LearningResult,
    Statement,
    StoreKey,
    VerbMeaning,
)
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, VendorModelAdmin
from portal.tenancy.http import portal_request
from portal.tenancy.links import absolute
from portal.ui.formatting import format_when


@admin.register(StoreKey)
class StoreKeyAdmin(VendorModelAdmin):
    """Keys of tools. A key is made, its secret shown once, and later revoked; it is never changed."""

    title = "Learning record keys"
    records_itself = True
    fields = ("name", "scope")
    list_display = ("name", "key", "scope", "version", "used", "state")
    list_display_links = None
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoreKey]:
        # Those of single launches come and go by themselves, and the portal's own opens nothing.
        return super().get_queryset(request).filter(registration=None).exclude(key=OWN_KEY)

    @admin.display(description="Last used", ordering="last_used_at")
    def used(self, key: StoreKey) -> str:
        return format_when(key.last_used_at) if key.last_used_at else "Never"

    @admin.display
    def state(self, key: StoreKey) -> str:
        return "Revoked" if key.revoked_at else "Open"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StoreKey, form: Any, change: bool) -> None:
        secret = services.key_create(actor=portal_request(request).actor, key=obj)
        text = "Endpoint {} User name {} Password {} Copy the password now: nobody can show it again."
        endpoint = absolute(portal_request(request).vendor, "records:about").removesuffix("about")
        self.message_user(request, format_html(text, endpoint, obj.key, secret), messages.WARNING)

    @admin.action(description="Revoke the chosen keys")
    def revoke(self, request: HttpRequest, chosen: QuerySet[StoreKey]) -> None:
        for key in chosen:
            services.key_revoke(actor=portal_request(request).actor, key=key)
        self.message_user(request, "Revoked: tools with these keys are refused from now on.")


class KnownFilter(admin.SimpleListFilter):
    title = "known"
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Nobody knows them"), ("yes", "Known")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Learner]) -> QuerySet[Learner]:
        if self.value() is None:
            return queryset
        return queryset.filter(user__isnull=self.value() == "no")


@admin.register(Learner)
class LearnerAdmin(VendorModelAdmin):
    """People in learning records. Who is not known by e-mail is identified here, once."""

    title = "Learners in records"
    form = LearnerForm
    paginator = CappedPaginator
    records_itself = True
    fields = ("shown", "email")
    readonly_fields = ("shown",)
    list_display = ("shown", "user", "first_seen_at")
    list_filter = (KnownFilter,)
    list_select_related = ("user",)

    @admin.display(description="Sent as", ordering="agent_key")
    def shown(self, learner: Learner) -> str:
        return learner.shown

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Learner, form: Any, change: bool) -> None:
        learners.learner_identify(
            actor=portal_request(request).actor, learner=obj, user=form.cleaned_data["email"]
        )


@admin.register(VerbMeaning)
class VerbMeaningAdmin(VendorModelAdmin):
    """What counts as completed, passed, failed or scored. It holds for records that come from now on."""

    title = "Meanings of verbs"
    form = VerbMeaningForm
    list_display = ("verb", "outcome")


@admin.register(ActivityLink)
class ActivityLinkAdmin(VendorModelAdmin):
    """Which course or module an activity of another tool stands for; earlier records then count as well."""

    title = "Activities of courses"
    form = ActivityLinkForm
    fields = ("activity", "stands_for")
    list_display = ("activity", "course", "part")
    list_select_related = ("course",)

    @admin.display
    def part(self, link: ActivityLink) -> str:
        return "One module" if link.module_key else "All of it"

    def save_model(self, request: HttpRequest, obj: ActivityLink, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        results.results_reopen(statement__activity=obj.activity)


@admin.register(LearningResult)
class LearningResultAdmin(ReadOnlyAdmin):
    """What records meant, and why some do not count yet."""

    title = "Results from records"
    paginator = CappedPaginator
    fields = (
        ("person", "activity"),
        ("outcome", "mark"),
        ("course", "module"),
        ("state", "received_at", "applied_at"),
    )
    list_display = ("received_at", "person", "outcome", "mark", "activity", "course", "state")
    list_filter = ("state", "outcome")
    list_select_related = ("statement__user", "course")

    @admin.display
    def person(self, result: LearningResult) -> str:
        return str(result.statement.user or result.statement.agent_key.partition(" ")[2])

    @admin.display
    def activity(self, result: LearningResult) -> str:
        return result.statement.activity

    @admin.display(description="Score")
    def mark(self, result: LearningResult) -> str:
        return "" if result.score is None else f"{result.score / 100:g}%"

    def get_queryset(self, request: HttpRequest) -> QuerySet[LearningResult]:
        return super().get_queryset(request).select_related("statement__user")


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    """The records themselves, as they were sent."""

    title = "Learning records"
    paginator = CappedPaginator
    fields = ("statement_id", "stored", "timestamp", "person", "source", "is_voided", "text")
    list_display = ("stored", "person", "verb", "activity", "is_voided")
    list_filter = ("is_voided",)
    list_select_related = ("user",)

    @admin.display
    def person(self, statement: Statement) -> str:
        return str(statement.user or statement.agent_key.partition(" ")[2])

    @admin.display(description="Statement")
    def text(self, statement: Statement) -> str:
        return format_html("<pre>{}</pre>", json.dumps(statement.body, indent=2, ensure_ascii=False))
