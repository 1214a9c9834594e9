"""More protection: asked for on the deal's page or from a reminder, decided on the deal's page."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from deals.deal import policies
from deals.deal.models import Deal
from deals.page.views import deal_or_404, deal_page, deal_page_refused, reason_form
from deals.protection.forms import ExtensionForm
from deals.protection.links import LinkState, link_find, link_state
from deals.protection.models import Extension, ExtensionLink
from deals.protection.policies import Room
from deals.protection.requests import EXTENSION
from deals.protection.selectors import extensions_of
from portal.requests.services import request_ask, request_grant, request_refuse
from portal.tenancy.http import PortalRequest

ASKED = "Asked for. You are told as soon as it is decided."


@require_POST
def extend(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    if not policies.may("extend", request.actor, deal):
        raise PermissionDenied("Only the deal's partner asks for more protection.")
    room = extensions_of(deal, may_ask=True).room
    assert room is not None  # noqa: S101  (asked for)
    form = ExtensionForm(request.POST, deal=deal, room=room, auto_id="extend_%s")
    if not form.is_valid():
        return deal_page(request, deal, status=422, extend_form=form)
    try:
        request_ask(actor=request.actor, kind=EXTENSION, subject=deal, **form.cleaned_data)
    except ValidationError as error:
        return deal_page_refused(request, deal, "extend_form", form, error)
    messages.success(request, ASKED)
    return redirect("deals:detail", reference)


@require_POST
def grant_extension(request: PortalRequest, reference: str, pk: int) -> HttpResponseBase:
    _, extension = _decided(request, reference, pk)
    try:
        request_grant(actor=request.actor, request=extension)
    except ValidationError as error:
        return deal_page(request, deal_or_404(request, reference), status=422, problems=error.messages)
    messages.success(request, "Extended. The partner has been told.")
    return redirect("deals:detail", reference)


@require_POST
def refuse_extension(request: PortalRequest, reference: str, pk: int) -> HttpResponseBase:
    deal, extension = _decided(request, reference, pk)
    form = reason_form("refuse", request.POST)
    if not form.is_valid():
        return deal_page(request, deal, status=422, refuse_form=form)
    try:
        request_refuse(actor=request.actor, request=extension, **form.cleaned_data)
    except ValidationError as error:
        return deal_page_refused(request, deal, "refuse_form", form, error)
    messages.success(request, "Refused. The partner has been told why.")
    return redirect("deals:detail", reference)


def _decided(request: PortalRequest, reference: str, pk: int) -> tuple[Deal, Extension]:
    deal = deal_or_404(request, reference)
    if not policies.may("grant", request.actor, deal):
        raise PermissionDenied("Only the partner's managers decide about protection.")
    try:
        return deal, Extension.objects.select_related("deal").get(pk=pk, deal=deal)
    except Extension.DoesNotExist as error:
        raise Http404("no such request") from error


# From the e-mail -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def extend_by_mail(request: PortalRequest, token: str) -> HttpResponseBase:
    """Where a reminder's link leads: looking changes nothing, the button does.

    Only for whom it was sent to, signed in: mails are forwarded, and read by machines that follow links.
    """
    link = link_find(token)
    if link is None or not request.actor.reaches(link.partner_id):
        return _closed(request, "unknown", status=404)
    if link.user_id != request.user.pk:
        return _closed(request, "somebody else's", status=403)
    deal, state = deal_or_404(request, link.deal.reference), link_state(link, link.deal)
    if state != LinkState.OPEN:
        return _closed(request, state, status=410, deal=deal)
    room = extensions_of(deal, may_ask=True).room
    if room is None or room.why_not:
        return _closed(request, "no room", status=410, deal=deal, room=room)
    return _confirm(request, deal, link, room)


def _confirm(request: PortalRequest, deal: Deal, link: ExtensionLink, room: Room) -> HttpResponseBase:
    data = request.POST if request.method == "POST" else None
    form = ExtensionForm(data, deal=deal, room=room, propose_reason=True, auto_id="extend_%s")
    problems: list[str] = []
    if form.is_valid():
        try:
            request_ask(actor=request.actor, kind=EXTENSION, subject=deal, link=link, **form.cleaned_data)
        except ValidationError as error:
            if getattr(error, "code", "") == "closed":
                return _closed(request, LinkState.USED, status=410, deal=deal)
            problems = error.messages
        else:
            messages.success(request, ASKED)
            return redirect("deals:detail", deal.reference)
    context = {"deal": deal, "form": form, "room": room, "problems": problems}
    return render(request, "deals/protection/extend.html", context, status=422 if form.is_bound else 200)


def _closed(
    request: PortalRequest, why: str, *, status: int, deal: Deal | None = None, room: Any = None
) -> HttpResponse:
    context = {"why": why, "deal": deal, "room": room}
    return render(request, "deals/protection/extend_closed.html", context, status=status)
