"""Importing in the administration: choose a file, look at what it would do, confirm.

The same resources, maps and error report as `manage.py load`; nothing is written before the confirmation.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from portal.imports import kinds
from portal.imports.encodings import Unreadable
from portal.imports.kept_files import Upload, discard, keep, kept
from portal.imports.maps import BadMap, parse_map
from portal.imports.report import Report, write_faults
from portal.imports.services import load

LARGEST_UPLOAD = 10 * 1024 * 1024
LARGEST_MAP = 256 * 1024
#: What one request gets done well within a web server's patience; more is for `manage.py load`.
MOST_LINES = 10_000
SHOWN_FAULTS = 200


class ImportForm(forms.Form):
    file = forms.FileField(
        help_text=f"CSV or XLSX, at most {LARGEST_UPLOAD // 1024**2} MB and {MOST_LINES:,} lines.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.gz"}),
    )
    map = forms.FileField(
        label="Import map",
        required=False,
        help_text="Says which column is what (TOML). Without one, columns are recognised by their names.",
        widget=forms.ClearableFileInput(attrs={"accept": ".toml"}),
    )

    def clean_file(self) -> Any:
        return _not_larger(self.cleaned_data["file"], LARGEST_UPLOAD)

    def clean_map(self) -> str:
        given = _not_larger(self.cleaned_data["map"], LARGEST_MAP)
        if given is None:
            return ""
        try:
            text: str = given.read().decode()
            parse_map(text)
        except UnicodeDecodeError as error:
            raise ValidationError("A map is a text file in UTF-8.") from error
        except BadMap as error:
            raise ValidationError(str(error)) from error
        return text

    @property
    def upload(self) -> Upload:
        file = self.cleaned_data["file"]
        return Upload(file.name, file.read(), self.cleaned_data["map"])


def _not_larger(file: Any, most: int) -> Any:
    if file is not None and file.size > most:
        raise ValidationError(f"This file has {file.size / 1024**2:.1f} MB; at most {most / 1024**2:g} MB.")
    return file


class ImportAdminMixin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    """Gives a table of the administration an import page. `import_kind` names a registered kind."""

    import_kind: ClassVar[str]
    change_list_template = "admin/import_change_list.html"

    def get_urls(self) -> list[Any]:
        view, label = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path("import/", view(self.import_view), name=f"{label}_import"),
            path("import/confirm/", view(self.import_confirm_view), name=f"{label}_import_confirm"),
            path("import/rejected/", view(self.import_rejected_view), name=f"{label}_import_rejected"),
        ]
        return own + super().get_urls()

    def import_view(self, request: Any) -> HttpResponse:
        if request.method != "POST":
            return self._form_page(request, ImportForm())
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._form_page(request, form, status=422)
        upload = form.upload
        try:
            report = self._load(request, upload, dry_run=True)
        except BadMap as error:
            form.add_error("map", str(error))
        except Unreadable as error:
            form.add_error("file", str(error))
        else:
            token = keep(upload, actor=request.actor, kind=self.import_kind)
            return self._preview_page(request, report, token)
        return self._form_page(request, form, status=422)

    @method_decorator(require_POST)
    def import_confirm_view(self, request: Any) -> HttpResponse:
        token = request.POST.get("token", "")
        upload = kept(token, actor=request.actor, kind=self.import_kind)
        if upload is None:
            return self._gone(request)
        report = self._load(request, upload, dry_run=False)
        discard(token)
        messages.success(request, f"Imported {upload.name}: {report.summary()}.")
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    @method_decorator(require_POST)
    def import_rejected_view(self, request: Any) -> HttpResponse:
        """The rejected lines of a kept file, as CSV."""
        upload = kept(request.POST.get("token", ""), actor=request.actor, kind=self.import_kind)
        if upload is None:
            return self._gone(request)
        report = self._load(request, upload, dry_run=True)
        response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="rejected-{self.import_kind}.csv"'
        write_faults(report.faults, response)
        return response

    def _load(self, request: Any, upload: Upload, *, dry_run: bool) -> Report:
        return load(
            kinds.kind(self.import_kind),
            upload.data,
            vendor=request.vendor,
            file=upload.name,
            sections=parse_map(upload.map_text),
            dry_run=dry_run,
            actor=request.actor,
            most_lines=MOST_LINES,
        )

    def _gone(self, request: Any) -> HttpResponse:
        form = ImportForm()
        messages.error(request, "The file was imported already, or kept too long. Choose it again.")
        return self._form_page(request, form, status=409)

    def _form_page(self, request: HttpRequest, form: ImportForm, status: int = 200) -> HttpResponse:
        cells = kinds.kind(self.import_kind).resource_class.cells()
        context = {**self._page(request), "form": form, "cells": cells.items()}
        return TemplateResponse(request, "admin/import.html", context, status=status)

    def _preview_page(self, request: HttpRequest, report: Report, token: str) -> HttpResponse:
        faults = report.faults[:SHOWN_FAULTS]
        context = {
            **self._page(request),
            "report": report,
            "token": token,
            "faults": faults,
            "hidden_faults": len(report.faults) - len(faults),
            "hidden_changes": report.changed - len(report.changes),
        }
        return TemplateResponse(request, "admin/import_preview.html", context)

    def _page(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": f"Import {self.import_kind}",
            "opts": self.opts,
            "module_name": getattr(self, "title", "") or str(self.opts.verbose_name_plural).capitalize(),
        }
