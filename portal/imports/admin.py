"""Importing in the administration: choose a file, see how it is read and what it would do, confirm.

The same resources, maps and error report as `manage.py load`; nothing is written before the confirmation.
"""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from portal.imports import kinds
from portal.imports.cells import Cell
from portal.imports.encodings import Unreadable
from portal.imports.forms import MOST_LINES, FileForm, ReadingForm
from portal.imports.kept_files import KeptFile, discard, keep, kept
from portal.imports.maps import BadMap, ImportMap, import_map
from portal.imports.meanings import meanings_of
from portal.imports.records import likely_header
from portal.imports.report import Report, write_faults
from portal.imports.services import load, table_of
from portal.tenancy.http import portal_request

SHOWN_FAULTS = 200
SHOWN_REASONS = 20
WRONG_ANSWERS = "Please correct what is said below."


class ImportAdminMixin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    """Gives a table of the administration an import page. `import_kind` names a registered kind."""

    import_kind: ClassVar[str]
    change_list_template = "admin/import_change_list.html"

    def get_urls(self) -> list[Any]:
        view, label = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path("import/", view(self.import_view), name=f"{label}_import"),
            path("import/check/", view(self.import_check_view), name=f"{label}_import_check"),
            path("import/confirm/", view(self.import_confirm_view), name=f"{label}_import_confirm"),
            path("import/rejected/", view(self.import_rejected_view), name=f"{label}_import_rejected"),
        ]
        return own + super().get_urls()

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return self._file_page(request, FileForm())
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._file_page(request, form, status=422)
        file, sections = form.cleaned_data["file"], form.cleaned_data["map"]
        data = file.read()
        try:
            table = table_of(data, self._mapping(sections), most_lines=MOST_LINES)
        except (BadMap, Unreadable) as error:
            form.add_error("map" if isinstance(error, BadMap) else "file", str(error))
            return self._file_page(request, form, status=422)
        upload = KeptFile(file.name, table, given=sections, sections=sections)
        token = keep(upload, data, actor=portal_request(request).actor, kind=self.import_kind)
        return self._checked_page(request, upload, token)

    @method_decorator(require_POST)
    def import_check_view(self, request: HttpRequest) -> HttpResponse:
        """The same file read in another way."""
        token = request.POST.get("token", "")
        upload = kept(token, actor=portal_request(request).actor, kind=self.import_kind)
        if upload is None:
            return self._gone(request)
        form = self._reading_form(request, upload, request.POST)
        if not form.is_valid():
            return self._preview_page(
                request, upload, token, form, problem="Please correct what is said below."
            )
        try:
            self._read_as(upload, form)
        except Unreadable as error:
            return self._preview_page(request, upload, token, form, problem=str(error))
        return self._checked_page(request, upload, token)

    def _read_as(self, upload: KeptFile, form: ReadingForm) -> None:
        """Take the answers into the upload's map; another part of the file is read anew."""
        section = form.section(upload.sections.get(self.import_kind, {}))
        if form.is_read_anew:
            section["columns"] = upload.given.get(self.import_kind, {}).get("columns", {})
            mapping = self._mapping({self.import_kind: section})
            upload.table = table_of(upload.data(), mapping, most_lines=MOST_LINES)
        upload.sections = {**upload.sections, self.import_kind: section}

    def _checked_page(self, request: HttpRequest, upload: KeptFile, token: str) -> HttpResponse:
        report, problem = None, ""
        try:
            report = self._load(request, upload, dry_run=True)
        except (BadMap, Unreadable) as error:
            problem = str(error)
        upload.faults = report.faults if report else []
        upload.save()
        form = self._reading_form(request, upload)
        if problem:
            form.initial["header"] = likely_header(upload.table, self._cells()) or upload.table.header
        return self._preview_page(request, upload, token, form, report, problem)

    @method_decorator(require_POST)
    def import_confirm_view(self, request: HttpRequest) -> HttpResponse:
        token = request.POST.get("token", "")
        upload = kept(token, actor=portal_request(request).actor, kind=self.import_kind)
        if upload is None:
            return self._gone(request)
        try:
            report = self._load(request, upload, dry_run=False)
        except (BadMap, Unreadable) as error:
            return self._preview_page(
                request, upload, token, self._reading_form(request, upload), problem=str(error)
            )
        discard(token)
        messages.success(request, f"Imported {upload.name}: {report.summary()}.")
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    @method_decorator(require_POST)
    def import_rejected_view(self, request: HttpRequest) -> HttpResponse:
        """The lines that the last check of a kept file rejected, as CSV."""
        upload = kept(
            request.POST.get("token", ""), actor=portal_request(request).actor, kind=self.import_kind
        )
        if upload is None:
            return self._gone(request)
        response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="rejected-{self.import_kind}.csv"'
        write_faults(upload.faults, response)
        return response

    def _load(self, request: HttpRequest, upload: KeptFile, *, dry_run: bool) -> Report:
        return load(
            kinds.kind(self.import_kind),
            upload.table,
            vendor=portal_request(request).vendor,
            file=upload.name,
            sections=upload.sections,
            dry_run=dry_run,
            actor=portal_request(request).actor,
        )

    def _cells(self) -> dict[str, Cell]:
        cells: dict[str, Cell] = kinds.kind(self.import_kind).resource_class.cells()
        return cells

    def _mapping(self, sections: dict[str, Any]) -> ImportMap:
        return import_map(sections, self.import_kind, set(self._cells()))

    def _reading_form(self, request: HttpRequest, upload: KeptFile, answers: Any = None) -> ReadingForm:
        mapping = self._mapping(upload.sections)
        meanings = meanings_of(
            kinds.kind(self.import_kind), portal_request(request).vendor, upload.table, mapping
        )
        return ReadingForm(
            answers, table=upload.table, mapping=mapping, cells=self._cells(), meanings=meanings
        )

    def _gone(self, request: HttpRequest) -> HttpResponse:
        messages.error(request, "The file was imported already, or kept too long. Choose it again.")
        return self._file_page(request, FileForm(), status=409)

    def _file_page(self, request: HttpRequest, form: FileForm, status: int = 200) -> HttpResponse:
        context = {**self._page(request), "form": form, "cells": self._cells().items()}
        return TemplateResponse(request, "admin/import.html", context, status=status)

    def _preview_page(
        self,
        request: HttpRequest,
        upload: KeptFile,
        token: str,
        form: ReadingForm,
        report: Report | None = None,
        problem: str = "",
    ) -> HttpResponse:
        context = {**self._page(request), "upload": upload, "token": token, "form": form, "problem": problem}
        if report:
            context |= _told(report)
        status = 200 if report else 422
        return TemplateResponse(request, "admin/import_preview.html", context, status=status)

    def _page(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": f"Import {self.import_kind}",
            "opts": self.opts,
            "module_name": getattr(self, "title", "") or str(self.opts.verbose_name_plural).capitalize(),
        }


def _told(report: Report) -> dict[str, Any]:
    faults, reasons = report.faults[:SHOWN_FAULTS], report.reasons
    return {
        "report": report,
        "reasons": reasons[:SHOWN_REASONS],
        "hidden_reasons": len(reasons) - SHOWN_REASONS,
        "faults": faults,
        "hidden_faults": len(report.faults) - len(faults),
        "hidden_changes": report.changed - len(report.changes),
    }
