"""Files and notes of a deal."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from deals.notes import services
from deals.notes.forms import FilesForm
from deals.notes.models import Attachment
from deals.notes.services import attaching
from deals.page.actions import act, act_with_form
from deals.page.views import deal_or_404, note_form, remark_form
from portal.files.uploads import as_attachment
from portal.tenancy.http import PortalRequest


@require_POST
def attach(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    form = FilesForm(request.POST, request.FILES, auto_id="files_%s")
    action = attaching(request.actor)
    return act_with_form(request, deal, action, services.deal_files_add, "Added.", "files_form", form)


@require_GET
def file(request: PortalRequest, reference: str, pk: int) -> HttpResponse:
    """Download a file of a deal; who does not see the deal does not learn that there is one."""
    deal = deal_or_404(request, reference)
    return as_attachment(get_object_or_404(Attachment, deal=deal, pk=pk), actor=request.actor)


@require_POST
def file_remove(request: PortalRequest, reference: str, pk: int) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    row = Attachment.objects.filter(deal=deal, pk=pk).first()
    if row is None:  # removed a moment ago, or in another tab
        messages.info(request, "This file is gone already.")
        return redirect("deals:detail", deal.reference)
    return act(request, deal, services.deal_file_remove, f"{row.name} was removed.", file=row)


@require_POST
def note(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    form = note_form(request, deal, request.POST)
    done = "Your note is on its way to the other side."
    return act_with_form(request, deal, "note", services.deal_note, done, "note_form", form)


@require_POST
def remark(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal, form = deal_or_404(request, reference), remark_form(request.POST)
    done = "Kept as an internal note."
    return act_with_form(request, deal, "remark", services.deal_remark, done, "remark_form", form)
