"""Changes of an approved deal: asked for by the partner, answered by the vendor where an answer is needed."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from deals.amendments.forms import AmendmentForm
from deals.amendments.models import Amendment
from deals.amendments.requests import AMENDMENT
from deals.amendments.selectors import amendments_of, changes_of
from deals.deal import policies, presenters, selectors
from deals.deal.forms import ReasonForm
from deals.deal.models import Deal
from deals.page.views import deal_or_404
from deals.registration.selectors import terms
from deals.registration.views import lines_typed, other_lines, product_lines, watch_lines
from portal.requests.services import request_ask, request_grant, request_refuse, request_withdraw
from portal.tenancy.http import PortalRequest
from portal.ui.forms import place_objections


@require_http_methods(["GET", "POST"])
def amend(request: PortalRequest, reference: str) -> HttpResponseBase:
    """What was changed so far, and what waits; posted, the partner's next change."""
    deal = deal_or_404(request, reference)
    if not deal.approved_at:
        raise Http404("before an approval the registration itself is changed")
    if request.method == "GET":
        return _page(request, deal)
    if not policies.may("amend", request.actor, deal):
        raise PermissionDenied("Only the partner asks for changes.")
    if "add_line" in request.POST or "remove_line" in request.POST:
        form = AmendmentForm(initial=request.POST.dict(), deal=deal, today=request.vendor.today)
        return _page(request, deal, form=form, lines=other_lines(request.POST))
    return _sent(request, deal)


def _sent(request: PortalRequest, deal: Deal) -> HttpResponseBase:
    form = AmendmentForm(request.POST, deal=deal, today=request.vendor.today)
    present = selectors.lines_of(deal)
    watch_lines(form, present, request.POST)
    lines = product_lines(data=request.POST)
    if not all([form.is_valid(), lines.is_valid()]):
        lines = product_lines(initial=lines_typed(present)) if "products" in form.left_alone else lines
        return _page(request, deal, form=form, lines=lines, status=422)
    try:
        amendment = request_ask(
            actor=request.actor, kind=AMENDMENT, subject=deal, lines=lines.pairs, **form.cleaned_data
        )
    except ValidationError as error:
        _objected(form, lines, error)
        return _page(request, deal, form=form, lines=lines, status=422)
    messages.success(request, _done(request, amendment))
    return redirect("deals:amend", deal.reference)


def _done(request: PortalRequest, amendment: Amendment) -> str:
    if amendment.is_open:
        return f"{request.vendor.name} was asked. Until then the deal stays as it is."
    return "Changed. It did not need an approval."


def _objected(form: AmendmentForm, lines: Any, error: ValidationError) -> None:
    problems = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for name, texts in problems.items():
        if name == "products":
            lines.forms[0].add_error("product", texts)
        else:
            form.add_error(name if name in form.fields else None, texts)


def _page(
    request: PortalRequest,
    deal: Deal,
    *,
    form: AmendmentForm | None = None,
    lines: Any = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    amendments = amendments_of(deal)
    waiting = next((one for one in amendments if one.is_open), None)
    asks = "amend" in policies.actions(request.actor, deal)
    decides = waiting is not None and deal.is_open and AMENDMENT.may_decide(request.actor, waiting)
    if form is None and asks and waiting is None:
        present = selectors.lines_of(deal)
        form = AmendmentForm(deal=deal, today=request.vendor.today)
        watch_lines(form, present)
        lines = product_lines(initial=lines_typed(present))
    if lines is not None:
        lines.ask_for_answers()
    context = {
        "deal": deal,
        "headline": _headline(deal, waiting),
        "waiting": waiting,
        "told": [(one, changes_of(one), AMENDMENT.look(one)) for one in amendments if not one.is_open],
        "changes": changes_of(waiting) if waiting else [],
        "added": [line for line in waiting.lines.all() if line.is_added] if waiting else [],
        "verdicts": presenters.VERDICTS,
        "form": form,
        "lines": lines,
        "terms": terms() if form else None,
        "decides": decides,
        "takes_back": waiting is not None and asks,
        "reject_form": _refusal() if decides else None,
        **more,
    }
    return render(request, "deals/amendments/amend.html", context, status=status)


def _headline(deal: Deal, waiting: Amendment | None) -> str:
    if waiting:
        return f"A change of {deal.customer_name} waits for an approval"
    return f"Changes of {deal.customer_name}"


def _refusal(data: Any = None) -> ReasonForm:
    return ReasonForm(data, label="Why is it rejected?", auto_id="reject_%s")


@require_POST
def amendment_approve(request: PortalRequest, pk: int) -> HttpResponseBase:
    amendment = _amendment_or_404(request, pk)
    try:
        request_grant(actor=request.actor, request=amendment)
    except ValidationError as error:
        return _page(request, amendment.deal, status=422, problems=error.messages)
    messages.success(request, "Approved. The deal has changed, and the partner was told.")
    return redirect("deals:amend", amendment.deal.reference)


@require_POST
def amendment_reject(request: PortalRequest, pk: int) -> HttpResponseBase:
    amendment, form = _amendment_or_404(request, pk), _refusal(request.POST)
    if not AMENDMENT.may_decide(request.actor, amendment):
        raise PermissionDenied("Only the partner's managers answer.")
    if not form.is_valid():
        return _page(request, amendment.deal, status=422, reject_form=form)
    try:
        request_refuse(actor=request.actor, request=amendment, **form.cleaned_data)
    except ValidationError as error:
        problems = place_objections(form, error)
        return _page(request, amendment.deal, status=422, problems=problems, reject_form=form)
    messages.success(request, "Rejected. The deal stays as it is, and the partner was told why.")
    return redirect("deals:amend", amendment.deal.reference)


@require_POST
def amendment_withdraw(request: PortalRequest, pk: int) -> HttpResponseBase:
    amendment = _amendment_or_404(request, pk)
    try:
        request_withdraw(actor=request.actor, request=amendment)
    except ValidationError as error:
        return _page(request, amendment.deal, status=422, problems=error.messages)
    messages.success(request, "Taken back. The deal stays as it is.")
    return redirect("deals:amend", amendment.deal.reference)


def _amendment_or_404(request: PortalRequest, pk: int) -> Amendment:
    """Its deal is read as its page reads it: who does not see that one does not see this."""
    amendment = get_object_or_404(Amendment.objects.select_related("deal"), pk=pk)
    amendment.deal = deal_or_404(request, amendment.deal.reference)
    return amendment
