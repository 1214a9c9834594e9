"""Many registrations from one file: hand it in, look at what the check says, register what was chosen."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deals.deal import policies, presenters
from deals.deal.models import CONTESTED
from deals.registration.bulk import services
from deals.registration.bulk.forms import BulkForm
from deals.registration.bulk.models import BulkUpload
from deals.registration.bulk.rows import COLUMNS, MOST_ROWS, NEEDED, rows_of
from partners import selectors
from portal.tenancy.http import PortalRequest
from portal.ui.exports import csv_response
from portal.ui.formatting import format_count
from portal.ui.forms import add_objection


@require_http_methods(["GET", "POST"])
def bulk(request: PortalRequest) -> HttpResponseBase:
    _refuse_others(request)
    if request.method == "GET":
        return _upload_page(request, BulkForm())
    form = BulkForm(request.POST, request.FILES)
    if not form.is_valid():
        return _upload_page(request, form, status=422)
    try:
        row = services.bulk_check(actor=request.actor, upload=form.cleaned_data["upload"])
    except ValidationError as error:
        add_objection(form, error)
        return _upload_page(request, form, status=422)
    return redirect("deals:bulk_rows", row.pk)


def _upload_page(request: PortalRequest, form: BulkForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "columns": [(names[0], name in NEEDED) for name, names in COLUMNS.items()],
        "products": selectors.products_on_offer(),
        "most": MOST_ROWS,
    }
    return render(request, "deals/registration/bulk/bulk.html", context, status=status)


def _refuse_others(request: PortalRequest) -> None:
    if not policies.may_register(request.actor):
        raise PermissionDenied("Only people of an active partner register deals.")


@require_GET
def bulk_template(request: PortalRequest) -> HttpResponse:
    """The column names, and nothing below them that could be registered by mistake."""
    _refuse_others(request)
    header = [names[0] for names in COLUMNS.values()]
    return csv_response("registrations", header, [], actor=request.actor)


@require_GET
def bulk_rows(request: PortalRequest, pk: int) -> HttpResponse:
    return _rows_page(request, _own_or_404(request, pk))


def _own_or_404(request: PortalRequest, pk: int) -> BulkUpload:
    if not policies.may_register(request.actor):
        raise Http404("of the partner's person who sent it")
    return get_object_or_404(BulkUpload, pk=pk, partner=request.actor.partner, uploaded_by=request.actor.user)


def _rows_page(request: PortalRequest, upload: BulkUpload, *, status: int = 200, **more: Any) -> HttpResponse:
    outcome = {one["line"]: one for one in upload.outcome}
    rows = [_shown(row, outcome.get(row["line"])) for row in upload.rows]
    registered = sum("reference" in one for one in upload.outcome)
    ready = sum(row["can"] for row in rows)
    context = {
        "upload": upload,
        "rows": rows,
        "ready": ready,
        "wrong": len(rows) - ready,
        "twins": sum(row["can"] and bool(row["twin"]) for row in rows),
        "registered": registered,
        "headline": _headline(upload, len(rows), ready, registered),
        "verdicts": presenters.VERDICTS,
        **more,
    }
    return render(request, "deals/registration/bulk/bulk_rows.html", context, status=status)


def _shown(row: dict[str, Any], outcome: dict[str, Any] | None) -> dict[str, Any]:
    contested = any(one["verdict"] in CONTESTED for one in row["verdicts"])
    return {**row, "can": not row["faults"], "contested": contested, "outcome": outcome}


def _headline(upload: BulkUpload, rows: int, ready: int, registered: int) -> str:
    if upload.confirmed_at:
        return f"{registered} of {format_count(rows, 'row')} registered"
    if ready == rows:
        return "1 row can be registered" if rows == 1 else f"All {rows} rows can be registered"
    return f"{ready} of {format_count(rows, 'row')} can be registered"


@require_POST
def bulk_register(request: PortalRequest, pk: int) -> HttpResponseBase:
    upload = _own_or_404(request, pk)
    chosen = {int(line) for line in request.POST.getlist("line") if line.isdecimal() and len(line) < 7}
    try:
        services.bulk_register(actor=request.actor, bulk=upload, lines=chosen)
    except ValidationError as error:
        return _rows_page(request, upload, status=422, problems=error.messages)
    messages.success(request, "Registered. Each row is decided like any other registration.")
    return redirect("deals:bulk_rows", upload.pk)


@require_GET
def bulk_rejected(request: PortalRequest, pk: int) -> HttpResponse:
    """What was wrong, as a file to correct and hand in again: the cells as they were, and why."""
    upload = _own_or_404(request, pk)
    with upload.file.open("rb") as file:
        rows = rows_of(request.actor, file.read(), request.vendor.today, check=False)
    header = [*(names[0] for names in COLUMNS.values()), "Line", "What is wrong"]
    lines = [
        [*(row.texts.get(name, "") for name in COLUMNS), row.line, _why(row.faults)]
        for row in rows
        if row.faults
    ]
    return csv_response("registrations-to-correct", header, lines, actor=request.actor)


def _why(faults: list[Any]) -> str:
    return " ".join(f"{fault.column}: {fault.reason}" if fault.column else fault.reason for fault in faults)
