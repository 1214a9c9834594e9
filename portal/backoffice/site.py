"""Django admin at each vendor's address. Row security shows that vendor's rows only."""

import json
from collections.abc import Iterable
from functools import update_wrapper
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import IntegrityError, connection, models, transaction
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property

from portal.events import log
from portal.events.log import record
from portal.events.models import PortalEvent
from portal.fields import AddressFormField, LineField
from portal.history.models import Version
from portal.tenancy.http import portal_request
from portal.tenancy.models import Vendor
from portal.tenancy.tables import Retirable, TenantModel
from portal.ui.formatting import format_money
from portal.ui.forms import VendorInlineFormSet, VendorModelForm

HISTORY = 200
#: Of what uses a row, so many are named and so many are counted.
USES_NAMED, MOST_COUNTED = 3, 1000
#: The rooms of the house in their order; within one, tables by name.
_ORDER = ("portal", "partners", "deals", "enablement", "mdf", "scorecards")


class VendorAdminSite(admin.AdminSite):
    site_title = "Program administration"
    index_title = "Program administration"
    index_template = "admin/vendor_index.html"

    def register(self, model_or_iterable: Any, admin_class: type[Any] | None = None, **options: Any) -> None:
        """Takes the vendor's own settings and walled tables only.

        Other packages register tables without a vendor as well (groups, e-mail addresses, second
        factors). Here they would list every vendor's rows, so they are left out without a word.
        """
        given = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else model_or_iterable
        walled = [model for model in given if issubclass(model, TenantModel) or model is Vendor]
        if walled:
            super().register(walled, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        actor = getattr(request, "actor", None)
        return actor is not None and actor.is_admin

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A member who is no program admin is told so, instead of being asked to sign in once more."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self.has_permission(request):
                raise PermissionDenied("The administration is for program admins.")
            if "%00" in request.GET.urlencode():
                # Django's own filters hand it on, and PostgreSQL takes no NUL in a text.
                raise BadRequest("An address cannot hold a NUL.")
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, inner)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **super().each_context(request),
            "site_header": portal_request(request).vendor.name,
            "site_url": request.META["SCRIPT_NAME"] + "/",
        }

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        rooms = super().get_app_list(request, app_label)
        for room in rooms:
            for table in room["models"]:
                title = getattr(self._registry[table["model"]], "title", "")
                table["name"] = title or table["name"]
            room["models"].sort(key=lambda table: table["name"])
        return sorted(rooms, key=lambda room: _ORDER.index(room["app_label"]))

    # The portal's own sign-in, second factor included, is the only way in and out.

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.user.is_authenticated:
            return redirect("home")
        after = request.GET.get("next") or reverse("admin:index")
        return redirect_to_login(after, reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("admin:index")


class _ForProgramAdmins:
    """Who may enter the site may work on its tables; what a table forbids to all, it says itself."""

    admin_site: admin.AdminSite

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)


class VendorModelAdmin(_ForProgramAdmins, admin.ModelAdmin):  # type: ignore[type-arg]
    """For tables of the vendor.

    What is done here leaves portal events, not Django's log: that table knows no vendor. Services may be
    called from `save_model` and `save_related`; what they object to appears on the form, nothing is kept
    and nothing typed is lost.
    """

    form = VendorModelForm
    show_full_result_count = False
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False
    formfield_overrides = {
        models.TextField: {"widget": forms.Textarea(attrs={"rows": 4, "cols": 60})},
        models.URLField: {"form_class": forms.URLField, "assume_scheme": "https"},
        models.CharField: {"form_class": LineField},
        # What is a text of a kind of its own keeps its own field.
        models.SlugField: {"form_class": forms.SlugField},
        models.EmailField: {"form_class": AddressFormField},
    }
    #: The table's name in the list of tables, where the model's is not what people say.
    title = ""
    #: The services behind this table record what they do; a second event would only repeat it.
    records_itself = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        title = self.title or str(self.opts.verbose_name_plural).capitalize()
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.objection = getattr(request, "objection", None)
        return form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Plain selects: what they point to is kept in a table of its own, one click away on the left."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        try:
            with transaction.atomic():
                response = super().changeform_view(request, object_id, form_url, extra_context)
                _check_keys(request)
        except (ValidationError, IntegrityError) as error:
            request.objection = _objection(error)  # type: ignore[attr-defined]  # read by the form below
            response = super().changeform_view(request, object_id, form_url, extra_context)
        if request.method == "POST" and _has_errors(response):
            response.status_code = 422
        return response

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What is in use is not deleted, and the page says by what: how many, and some by name."""
        used = [line for obj in objs for line in _uses(obj)]
        return ([], {}, set(), used) if used else super().get_deleted_objects(objs, request)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        if request.method == "POST" and "retire" in request.POST and issubclass(self.model, Retirable):
            return self._retired(request, object_id)
        extra_context = {**(extra_context or {}), "may_retire": issubclass(self.model, Retirable)}
        try:
            with transaction.atomic():
                response = super().delete_view(request, object_id, extra_context)
                _check_keys(request)
        except (ValidationError, IntegrityError) as error:
            self.message_user(request, _objection(error).messages[0], messages.ERROR)
            return redirect(request.get_full_path())
        if request.method == "POST" and isinstance(response, TemplateResponse):
            response.status_code = 422  # the page says once more by what it is used
        return response

    def _retired(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Taken out of use instead of deleted."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None or not self.has_change_permission(request, obj):
            raise PermissionDenied
        obj.is_active = False
        obj.save(update_fields=["is_active"])
        self._record("portal.row_changed", request, obj, "Taken out of use.")
        self.message_user(request, f"{obj} is no longer offered. What has it keeps it.", messages.SUCCESS)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    # History ----------------------------------------------------------------------------------------

    def partner_id_of(self, obj: Any) -> int | None:
        """The partner in whose timeline a change of this row belongs."""
        return None

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record("portal.row_added", request, obj, _in_words(message))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if message:
            self._record("portal.row_changed", request, obj, _in_words(message))

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> Any:
        for obj in queryset:
            self._record("portal.row_deleted", request, obj, "")

    def _record(self, key: str, request: HttpRequest, obj: Any, words: str) -> None:
        if self.records_itself:
            return
        data = {"title": f"{obj._meta.verbose_name} {obj}", "changes": words}
        record(
            key,
            actor=portal_request(request).actor,
            partner_id=self.partner_id_of(obj),
            subject=obj,
            data=data,
        )

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        rows = PortalEvent.objects.filter(subject_type=self.opts.label_lower, subject_id=obj.pk)
        latest = rows.select_related("actor").order_by("-occurred_at", "-id")[:HISTORY]
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {obj}",
            "entries": [(event, log.event_type(event.type).label, told(event)) for event in latest],
            "module_name": str(self.opts.verbose_name_plural).capitalize(),
            "object": obj,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/history.html", context)


class ReadOnlyAdmin(VendorModelAdmin):
    """For what happened elsewhere and is only looked at here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VendorInline(_ForProgramAdmins, admin.TabularInline):  # type: ignore[type-arg]
    template = "admin/edit_inline/vendor_tabular.html"
    form = VendorModelForm
    formset = VendorInlineFormSet
    extra = 0


class ReadOnlyInline(VendorInline):
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts to ten thousand and no further: beyond that people filter, they do not turn pages."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[: self.MOST].count()


def told(event: PortalEvent) -> str:
    """The details of an event in one line, for people who administer the programme."""
    data = dict(event.data)
    if "changes" in data:
        return str(data["changes"])
    if isinstance(data.get("amount"), int) and data.get("currency"):
        data["amount"] = format_money(data["amount"], data.pop("currency"))
    first = [str(data.pop(name)) for name in ("reference", "customer", "person") if data.get(name)]
    if data.get("from") and data.get("to"):
        first.append(f"{data.pop('from')} → {data.pop('to')}")
    rest = [f"{name.replace('_', ' ')}: {value}" for name, value in data.items() if value not in ("", None)]
    return ", ".join(first + rest)


def _uses(obj: Any) -> list[str]:
    """What keeps a row from being deleted, in words: "3 partners: Alpha, Beta, Gamma"."""
    relations = [
        one for one in obj._meta.get_fields(include_hidden=True) if one.one_to_many or one.one_to_one
    ]
    kept = [one for one in relations if getattr(one, "on_delete", None) in (models.PROTECT, models.RESTRICT)]
    return list(filter(None, (_using(obj, relation) for relation in kept)))


def _using(obj: Any, relation: Any) -> str:
    model = relation.related_model
    rows = model._base_manager.filter(**{relation.field.name: obj})[: MOST_COUNTED + 1]
    count = rows.count()
    if not count:
        return ""
    noun = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
    number = f"more than {MOST_COUNTED:,}" if count > MOST_COUNTED else f"{count:,}"
    if issubclass(model, Version):
        values = "kept value" if count == 1 else "kept values"
        return f"scorecards of earlier days, which still read it ({number} {values})"
    named = [str(row) for row in rows[:USES_NAMED]]
    return f"{number} {noun}: {', '.join(named)}{', ...' if count > len(named) else ''}"


def _check_keys(request: HttpRequest) -> None:
    """Composite keys are checked at commit; asked now, a row that has just gone can still be told."""
    if request.method == "POST":
        connection.check_constraints()


def _objection(error: ValidationError | IntegrityError) -> ValidationError:
    if isinstance(error, ValidationError):
        return error
    return ValidationError("Somebody else changed or removed something here at the same moment. Look again.")


def _has_errors(response: Any) -> bool:
    return isinstance(response, TemplateResponse) and bool((response.context_data or {}).get("errors"))


def _in_words(message: Any) -> str:
    """Django's description of what was changed on a form, as a sentence."""
    return LogEntry(change_message=json.dumps(message)).get_change_message()
