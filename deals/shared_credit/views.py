"""Who is credited with a deal: the page of the deal's two sides, and the second partner's own."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deals.deal import policies as deal_policies
from deals.deal.forms import ReasonForm
from deals.deal.models import Deal
from deals.page.views import deal_or_404
from deals.shared_credit import policies, presenters, services
from deals.shared_credit.forms import NamingForm, ProposalForm
from deals.shared_credit.models import CoSell, CoSellStage, CreditLine
from deals.shared_credit.requests import CREDIT
from deals.shared_credit.selectors import cosell_of, cosells, own_line, shares
from portal.requests.services import request_ask, request_grant, request_refuse, request_withdraw
from portal.tenancy.access import Actor
from portal.tenancy.http import PortalRequest
from portal.ui.forms import add_objection, place_objections

MOST = 200


@require_http_methods(["GET", "POST"])
def credit(request: PortalRequest, reference: str) -> HttpResponseBase:
    """Posted by the partner it is a proposal, by its manager it names the second partner at once."""
    deal, actor = deal_or_404(request, reference), request.actor
    if request.method == "GET":
        return _page(request, deal)
    if deal_policies.may("credit", actor, deal):
        form: Form = NamingForm(request.POST)
        return _done(
            request, deal, services.credit_name, "naming_form", form, "Shared. Both partners were told."
        )
    if deal_policies.may("share", actor, deal):
        form = ProposalForm(request.POST)
        done = "Proposed. Your channel manager answers first, then the other partner."
        return _done(request, deal, request_ask, "proposal_form", form, done, kind=CREDIT, subject=deal)
    raise PermissionDenied("Only the partner and its managers settle who is credited.")


@require_POST
def credit_confirm(request: PortalRequest, pk: int) -> HttpResponseBase:
    cosell, form = _cosell_or_404(request, pk), NamingForm(request.POST)
    return _settle(request, cosell, request_grant, "naming_form", form, "Confirmed. That partner is asked.")


@require_POST
def credit_decline(request: PortalRequest, pk: int) -> HttpResponseBase:
    cosell, form = _cosell_or_404(request, pk), _reason("decline", request.POST)
    return _settle(request, cosell, _decline, "decline_form", form, "Declined. The partner was told.")


@require_POST
def credit_end(request: PortalRequest, pk: int) -> HttpResponseBase:
    cosell, form = _cosell_or_404(request, pk), _reason("end", request.POST)
    return _settle(request, cosell, _end, "end_form", form, "Ended. Both partners were told.")


@require_POST
def credit_withdraw(request: PortalRequest, pk: int) -> HttpResponseBase:
    cosell = _cosell_or_404(request, pk)
    try:
        _withdraw(actor=request.actor, request=cosell)
    except ValidationError as error:
        return _page(request, cosell.deal, status=422, problems=error.messages)
    messages.success(request, "Taken back.")
    return redirect("deals:credit", cosell.deal.reference)


def _cosell_or_404(request: PortalRequest, pk: int) -> CoSell:
    try:
        return cosell_of(request.actor, pk)
    except CoSell.DoesNotExist as error:
        raise Http404("no such agreement") from error


def _settle(
    request: PortalRequest, cosell: CoSell, service: Any, name: str, form: Form, done: str
) -> HttpResponseBase:
    if not deal_policies.may("credit", request.actor, cosell.deal):
        raise PermissionDenied("Only the partner's managers settle who is credited.")
    return _done(request, cosell.deal, service, name, form, done, request=cosell)


def _decline(*, actor: Actor, request: CoSell, reason: str) -> CoSell:
    """A proposal, or the offer that was made of it."""
    if request.is_open:
        return request_refuse(actor=actor, request=request, reason=reason)
    return services.offer_decline(actor=actor, cosell=request, reason=reason)


def _withdraw(*, actor: Actor, request: CoSell) -> CoSell:
    if request.is_open:
        return request_withdraw(actor=actor, request=request)
    return services.offer_withdraw(actor=actor, cosell=request)


def _end(*, actor: Actor, request: CoSell, reason: str) -> CoSell:
    return services.credit_end(actor=actor, cosell=request, reason=reason)


def _done(
    page: Any, deal: Deal, service: Any, name: str, form: Form, done: str, **what: Any
) -> HttpResponseBase:
    """Call the service with the form's answers, about `what` (the deal itself unless given)."""
    if not form.is_valid():
        return _page(page, deal, status=422, **{name: form})
    try:
        service(actor=page.actor, **(what or {"deal": deal}), **form.cleaned_data)
    except ValidationError as error:
        add_objection(form, error)
        return _page(page, deal, status=422, **{name: form})
    messages.success(page, done)
    return redirect("deals:credit", deal.reference)


def _reason(what: str, data: Any = None) -> ReasonForm:
    label = {"decline": "Why is it declined?", "end": "Why does it end?", "share": "Why do you decline?"}[
        what
    ]
    return ReasonForm(data, label=label, auto_id=f"{what}_%s")


def _page(request: PortalRequest, deal: Deal, *, status: int = 200, **given: Any) -> HttpResponse:
    """`given` forms take the place of the page's own, to show what was wrong with them."""
    rows = cosells(deal)
    here, asked = presenters.current(rows), presenters.undecided(rows)
    context: dict[str, Any] = {
        "deal": deal,
        "headline": f"{deal.customer_name}: {presenters.finding(rows)}",
        "here": here,
        "asked": asked,
        "line": own_line(deal) if here else None,
        "share": presenters.share_text(here.share) if here else "",
        "rest": presenters.share_text(here.rest) if here else "",
        "rest_width": here.rest / 100 if here else 0,
        "asked_share": presenters.share_text(asked.share) if asked else "",
        "rows": [row for row in rows if row not in (here, asked)],
        "looks": presenters.LOOKS,
        "is_partner": deal_policies.may_work(request.actor, deal),
        **dict.fromkeys(("proposal_form", "naming_form", "decline_form", "end_form")),
        **_forms(request, deal, here, asked),
    }
    return render(request, "deals/shared_credit/credit.html", context | given, status=status)


def _forms(request: PortalRequest, deal: Deal, here: CoSell | None, asked: CoSell | None) -> dict[str, Any]:
    """Only those the person can use now."""
    actor = request.actor
    made: dict[str, Any] = {}
    if deal_policies.may("credit", actor, deal):
        if here:
            made["end_form"] = _reason("end")
        if asked:
            made["decline_form"] = _reason("decline")
        unsettled = deal.status in deal_policies.STARTS_FROM["credit"]
        if deal.partner.is_stopped:  # nothing is given to it; its page says so
            return made
        if unsettled and (asked is None or asked.stage == CoSellStage.PROPOSED):
            made["naming_form"] = NamingForm(cosell=asked)
    elif (
        deal_policies.may("share", actor, deal)
        and deal.status in deal_policies.STARTS_FROM["share"]
        and not asked
    ):
        made["proposal_form"] = ProposalForm()
    return made


# The second partner --------------------------------------------------------------------------------------


@require_GET
def shared(request: PortalRequest) -> HttpResponse:
    """Parts of other partners' deals: what was offered, what is in force, what has ended."""
    return _shared_page(request)


@require_POST
def share_accept(request: PortalRequest, pk: int) -> HttpResponseBase:
    line = _share_or_404(request, pk)
    try:
        services.share_accept(actor=request.actor, line=line)
    except ValidationError as error:
        return _shared_page(request, status=422, problems=error.messages)
    messages.success(
        request, f"Accepted: {presenters.share_text(line.share)} of {line.customer_name} is credited to you."
    )
    return redirect("deals:shared")


@require_POST
def share_decline(request: PortalRequest, pk: int) -> HttpResponseBase:
    line, form = _share_or_404(request, pk), _reason("share", request.POST)
    if not policies.may_answer_share(request.actor, line):
        raise PermissionDenied("Only the partner it was offered to answers.")
    if not form.is_valid():
        return _shared_page(request, status=422, declining=line.pk, decline_form=form)
    try:
        services.share_decline(actor=request.actor, line=line, **form.cleaned_data)
    except ValidationError as error:
        problems = place_objections(form, error)
        return _shared_page(request, status=422, problems=problems, declining=line.pk, decline_form=form)
    messages.success(request, "Declined. The other partner and your channel manager were told.")
    return redirect("deals:shared")


def _share_or_404(request: PortalRequest, pk: int) -> CreditLine:
    line: CreditLine = get_object_or_404(shares(request.actor), pk=pk)
    return line


def _shared_page(
    request: PortalRequest, *, status: int = 200, declining: int = 0, **more: Any
) -> HttpResponse:
    lines = list(shares(request.actor)[:MOST])
    context = {
        "rows": [
            {
                "line": line,
                "look": presenters.share_look(line),
                "share": presenters.share_text(line.share),
                "may_answer": line.is_offer and policies.may_answer_share(request.actor, line),
                "form": more.get("decline_form") if line.pk == declining else _share_form(line),
            }
            for line in lines
        ],
        "headline": presenters.shares_headline(lines),
        "problems": more.get("problems"),
    }
    return render(request, "deals/shared_credit/shared.html", context, status=status)


def _share_form(line: CreditLine) -> ReasonForm:
    return ReasonForm(label="Why do you decline?", auto_id=f"share_{line.pk}_%s")
