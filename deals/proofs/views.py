"""The proof of sale of a win: handed in by the partner, accepted or refused by its manager."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deals.deal import policies
from deals.deal.forms import ReasonForm
from deals.deal.models import Deal
from deals.page.views import deal_or_404
from deals.proofs import presenters
from deals.proofs.forms import ProofForm
from deals.proofs.models import Proof, ProofFile
from deals.proofs.requests import PROOF
from deals.proofs.selectors import file_of, files_of, proof_of, proofs, serials_of
from deals.special_prices.selectors import big_deal_terms
from portal.files.uploads import as_attachment
from portal.requests.services import request_ask, request_grant, request_refuse
from portal.tenancy.http import PortalRequest
from portal.ui.forms import add_objection


@require_http_methods(["GET", "POST"])
def proof(request: PortalRequest, reference: str) -> HttpResponseBase:
    """What is missing and what was said of it; posted, the partner's proof."""
    deal = deal_or_404(request, reference)
    if request.method == "GET":
        return _page(request, deal)
    if not policies.may("prove", request.actor, deal):
        raise PermissionDenied("Only the partner hands in a proof of sale.")
    form = ProofForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, deal, status=422, proof_form=form)
    try:
        request_ask(actor=request.actor, kind=PROOF, subject=deal, **form.cleaned_data)
    except ValidationError as error:
        add_objection(form, error)
        return _page(request, deal, status=422, proof_form=form)
    messages.success(request, "Handed in. You see here who looks at it, and until when.")
    return redirect("deals:proof", reference)


@require_POST
def proof_accept(request: PortalRequest, pk: int) -> HttpResponseBase:
    sent = _proof_or_404(request, pk)
    try:
        request_grant(actor=request.actor, request=sent)
    except ValidationError as error:
        return _page(request, sent.deal, status=422, problems=error.messages)
    messages.success(request, "Accepted. The win counts from now on, and the partner was told.")
    return redirect("deals:proof", sent.deal.reference)


@require_POST
def proof_refuse(request: PortalRequest, pk: int) -> HttpResponseBase:
    sent, form = _proof_or_404(request, pk), _refusal(request.POST)
    if not PROOF.may_decide(request.actor, sent):
        raise PermissionDenied("Only the partner's managers refuse a proof of sale.")
    if not form.is_valid():
        return _page(request, sent.deal, status=422, refuse_form=form)
    try:
        request_refuse(actor=request.actor, request=sent, **form.cleaned_data)
    except ValidationError as error:
        add_objection(form, error)
        return _page(request, sent.deal, status=422, refuse_form=form)
    messages.success(request, "Refused. The partner was told why, and may hand in another.")
    return redirect("deals:proof", sent.deal.reference)


@require_GET
def proof_file(request: PortalRequest, pk: int) -> HttpResponseBase:
    try:
        return as_attachment(file_of(request.actor, pk), actor=request.actor)
    except ProofFile.DoesNotExist as error:
        raise Http404("no such file") from error


def _proof_or_404(request: PortalRequest, pk: int) -> Proof:
    try:
        return proof_of(request.actor, pk)
    except Proof.DoesNotExist as error:
        raise Http404("no such proof") from error


def _refusal(data: Any = None) -> ReasonForm:
    return ReasonForm(data, label="Why is it refused?", auto_id="refuse_%s")


def _page(request: PortalRequest, deal: Deal, *, status: int = 200, **given: Any) -> HttpResponse:
    """`given` forms take the place of the page's own, to show what was wrong with them."""
    rows = proofs(deal)
    latest = rows[0] if rows else None
    context: dict[str, Any] = {
        "deal": deal,
        "headline": f"{deal.customer_name}: {presenters.finding(deal, latest)}",
        "look": presenters.look(latest) if deal.proof_needed else None,
        "looks": presenters.LOOKS,
        "latest": latest,
        "earlier": rows[1:],
        "files": files_of(latest) if latest else [],
        "serials": serials_of(latest) if latest else [],
        "least": big_deal_terms().proof_from,
        **_forms(request, deal, latest),
    }
    return render(request, "deals/proofs/proof.html", context | given, status=status)


def _forms(request: PortalRequest, deal: Deal, latest: Proof | None) -> dict[str, Any]:
    """Only those the person can use now."""
    made: dict[str, Any] = {"proof_form": None, "refuse_form": None}
    if latest and latest.is_open:
        made["refuse_form"] = _refusal() if PROOF.may_decide(request.actor, latest) else None
    elif deal.proof_needed and not deal.proof_accepted_at and policies.may("prove", request.actor, deal):
        made["proof_form"] = ProofForm()
    return made
