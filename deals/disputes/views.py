"""Conflict cases: the vendor's list and pages, and what a partner does on its own side."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from deals.conflicts.claims import claims_beside
from deals.deal import policies
from deals.disputes import decisions, presenters, services
from deals.disputes.forms import AppealForm, CaseFilter, CloseForm, DecideForm, PreferenceForm
from deals.disputes.models import CaseFile, CaseSide, CaseState, ConflictCase
from deals.disputes.selectors import both_sides, case_for_page, cases_visible, record_of, with_both
from deals.page.views import deal_or_404, deal_page, deal_page_refused
from portal.files.uploads import as_attachment
from portal.tenancy.http import PortalRequest
from portal.ui import keyset
from portal.ui.forms import add_objection
from portal.ui.keyset import Order

_OPENED = Order(F("opened_at"), datetime.fromisoformat, falling=True)
PAGE = 25


def _staff_only(request: PortalRequest) -> None:
    if not request.actor.is_staff:
        raise Http404("the vendor's own page")


@require_GET
def case_list(request: PortalRequest) -> HttpResponse:
    """Cases of the actor's partners, the newest first, and how they come out per fiscal quarter."""
    _staff_only(request)
    chosen = CaseFilter(request.GET, cases_visible(request.actor))
    with both_sides():
        page = keyset.page(with_both(chosen.qs), _OPENED, request.GET.get("page", ""), PAGE)
    query = request.GET.copy()
    query.pop("page", None)
    found = record_of(request.actor, request.vendor, timezone.now())
    context = {
        "filter": chosen,
        "filtered": chosen.form.has_changed(),
        "page": page,
        "query": query.urlencode(),
        "periods": found.periods,
        "now_period": found.periods[0],
        "headline": presenters.list_headline(
            page.rows, more=bool(page.next or page.previous), waiting=found.waiting
        ),
        "looks": presenters.LOOKS,
    }
    return render(request, "deals/disputes/cases.html", context, status=200 if chosen.is_valid() else 422)


@require_GET
def case(request: PortalRequest, pk: int) -> HttpResponse:
    return _case_page(request, _case_or_404(request, pk))


def _case_or_404(request: PortalRequest, pk: int) -> ConflictCase:
    _staff_only(request)
    try:
        return case_for_page(request.actor, pk)
    except ConflictCase.DoesNotExist as error:
        raise Http404("no such case") from error


def _case_page(
    request: PortalRequest,
    found: ConflictCase,
    *,
    status: int = 200,
    problems: list[str] | None = None,
    **forms: Any,
) -> HttpResponse:
    made: dict[str, Any] = {}
    if found.state == CaseState.OPEN and policies.may_settle("decide", request.actor, found):
        made["decide_form"] = DecideForm(case=found, auto_id="decide_%s")
    if found.state == CaseState.APPEALED and policies.may_settle("close", request.actor, found):
        made["close_form"] = CloseForm(auto_id="close_%s")
    context = {
        "case": found,
        "headline": presenters.headline(found),
        "look": presenters.look(found),
        "rows": presenters.side_by_side(found),
        "told": presenters.what_happened(found),
        "papers": _papers(found),
        "reaches": [request.actor.reaches(pk) for pk in (found.partner_id, found.rival_partner_id)],
        "problems": problems,
        **made,
        **forms,
    }
    return render(request, "deals/disputes/case.html", context, status=status)


def _papers(found: ConflictCase) -> list[tuple[str, CaseFile]]:
    """(reference of the deal it speaks for, document)."""
    references = {deal.pk: deal.reference for deal in (found.deal, found.rival) if deal}
    return [(references[side.deal_id], paper) for side in found.sides.all() for paper in side.files.all()]


@require_POST
def case_open(request: PortalRequest, reference: str) -> HttpResponseBase:
    """From the claims beside a registration; `claim` names one of them as the page does."""
    deal = deal_or_404(request, reference)
    if not policies.may("case", request.actor, deal):
        raise PermissionDenied("Only who decides about the registration opens a case.")
    wanted = request.POST.get("claim", "")
    claim = next((one for one in claims_beside(deal) if one.key == wanted), None)
    if claim is None:
        messages.warning(request, "This claim is gone: it was decided, withdrawn, or has ended.")
        return redirect("deals:detail", reference)
    try:
        opened = services.case_open(actor=request.actor, deal=deal, claim=claim)
    except ValidationError as error:
        return deal_page(request, deal_or_404(request, reference), status=422, problems=error.messages)
    messages.success(request, "The case is open. Partners were told that claims are compared, never by whom.")
    return redirect("deals:case", opened.pk)


@require_POST
def case_decide(request: PortalRequest, pk: int) -> HttpResponseBase:
    found = _case_or_404(request, pk)
    return _settle(request, found, "decide", DecideForm(request.POST, case=found, auto_id="decide_%s"))


@require_POST
def case_close(request: PortalRequest, pk: int) -> HttpResponseBase:
    found = _case_or_404(request, pk)
    return _settle(request, found, "close", CloseForm(request.POST, auto_id="close_%s"))


def _settle(request: PortalRequest, found: ConflictCase, action: str, form: Any) -> HttpResponseBase:
    if not policies.may_settle(action, request.actor, found):
        raise PermissionDenied("This case is somebody else's to decide.")
    service = decisions.case_decide if action == "decide" else decisions.case_close
    problems: list[str] = []
    if form.is_valid():
        try:
            service(actor=request.actor, case=found, **form.cleaned_data)
        except ValidationError as error:
            if hasattr(error, "error_dict"):
                add_objection(form, error)
            else:
                problems = error.messages
        else:
            messages.success(request, "Decided. Whom it concerns has been told.")
            return redirect("deals:case", found.pk)
    current = _case_or_404(request, found.pk)
    return _case_page(request, current, status=422, problems=problems, **{f"{action}_form": form})


# A partner's own side --------------------------------------------------------------------------------------


@require_POST
def case_appeal(request: PortalRequest, reference: str, pk: int) -> HttpResponseBase:
    side = _side_or_404(request, reference, pk)
    if not policies.may("appeal", request.actor, side.deal):
        raise PermissionDenied("Only the deal's partner appeals.")
    form = AppealForm(request.POST, auto_id="appeal_%s")
    if not form.is_valid():
        return deal_page(request, side.deal, status=422, appeal_form=form)
    try:
        services.case_appeal(actor=request.actor, side=side, **form.cleaned_data)
    except ValidationError as error:
        return deal_page_refused(request, side.deal, "appeal_form", form, error)
    messages.success(request, "Your appeal is on its way. You are told the answer.")
    return redirect("deals:detail", reference)


@require_POST
def case_attach(request: PortalRequest, reference: str, pk: int) -> HttpResponseBase:
    side = _side_or_404(request, reference, pk)
    if not policies.may("attach_to_case", request.actor, side.deal):
        raise PermissionDenied("Only the deal's partner and its managers add to its side.")
    form = PreferenceForm(request.POST, request.FILES, auto_id="preference_%s")
    if not form.is_valid():
        return deal_page(request, side.deal, status=422, preference_form=form)
    try:
        services.case_attach(actor=request.actor, side=side, **form.cleaned_data)
    except ValidationError as error:
        return deal_page_refused(request, side.deal, "preference_form", form, error)
    messages.success(request, "Added. It is read when the claims are compared.")
    return redirect("deals:detail", reference)


@require_GET
def case_file(request: PortalRequest, reference: str, pk: int) -> HttpResponse:
    """A document of one side; who does not see the deal does not learn that there is one."""
    deal = deal_or_404(request, reference)
    found = CaseFile.objects.filter(side__deal=deal, pk=pk).first()
    if found is None:
        raise Http404("no such file")
    return as_attachment(found, actor=request.actor)


@require_GET
def case_paper(request: PortalRequest, pk: int, file: int) -> HttpResponse:
    """A document of either side, for the vendor's people; one of the partners may be a colleague's."""
    found = _case_or_404(request, pk)
    papers = {paper.pk: paper for _, paper in _papers(found)}
    if file not in papers:
        raise Http404("no such file")
    return as_attachment(papers[file], actor=request.actor)


def _side_or_404(request: PortalRequest, reference: str, pk: int) -> CaseSide:
    deal = deal_or_404(request, reference)
    side = CaseSide.objects.filter(deal=deal, pk=pk).first()
    if side is None:
        raise Http404("no such case")
    side.deal = deal
    return side
