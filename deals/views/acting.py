"""Buttons of a deal's page. Each is one service call; what cannot be done is said on the page itself."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from deals import policies, selectors, services
from deals.forms import LostForm, StageForm, WonForm
from deals.lifecycle.forms import WithdrawForm
from deals.models import Deal
from deals.views.page import deal_or_404, deal_page, deal_page_refused, reason_form

Service = Callable[..., Deal]
#: What is said afterwards, or how it depends on the deal as it is then.
Done = str | Callable[[Deal], str]


def act(request: Any, deal: Deal, service: Service, done: Done, **arguments: Any) -> HttpResponseBase:
    """Call, say what was done, and go back to the deal; 422 with the reason when it cannot be done."""
    try:
        after = service(actor=request.actor, deal=deal, **arguments)
    except ValidationError as error:
        return deal_page(request, deal_or_404(request, deal.reference), status=422, problems=error.messages)
    messages.success(request, done if isinstance(done, str) else done(after))
    return redirect("deals:detail", deal.reference)


def act_with_form(
    request: Any, deal: Deal, action: str, service: Callable[..., Any], done: Done, name: str, form: Form
) -> HttpResponseBase:
    """Call with the form's answers; 403 before anything is said about them, 422 with what is wrong."""
    if not policies.may(action, request.actor, deal):  # before anything is said about the answers
        raise PermissionDenied
    if not form.is_valid():
        return deal_page(request, deal, status=422, **{name: form})
    try:
        after = service(actor=request.actor, deal=deal, **form.cleaned_data)
    except ValidationError as error:
        return deal_page_refused(request, deal, name, form, error)
    messages.success(request, done if isinstance(done, str) else done(after))
    return redirect("deals:detail", deal.reference)


@require_POST
def start_review(request: Any, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    return act(request, deal, services.deal_start_review, "In review. The partner sees that you look at it.")


@require_POST
def approve(request: Any, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    step = request.POST.get("step", "")
    seen = int(step) if step.isdecimal() and len(step) < 5 else None
    return act(request, deal, services.deal_approve, _approved, step=seen)


def _approved(deal: Deal) -> str:
    if deal.is_pending:
        return f"Your approval is kept. Now {deal.assigned_to or 'a program admin'} has to approve as well."
    return "Approved and protected. The partner has been told."


@require_POST
def withdraw(request: Any, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    form = WithdrawForm(request.POST, auto_id="withdraw_%s")
    done = "Withdrawn." if deal.submitted_at else "Discarded."
    return act_with_form(request, deal, "withdraw", services.deal_withdraw, done, "withdraw_form", form)


@require_POST
def send_back(request: Any, reference: str) -> HttpResponseBase:
    deal, form = deal_or_404(request, reference), reason_form("return", request.POST)
    done = "Returned. The partner has been told, and the clock waits."
    return act_with_form(request, deal, "return", services.deal_return, done, "return_form", form)


@require_POST
def reject(request: Any, reference: str) -> HttpResponseBase:
    deal, form = deal_or_404(request, reference), reason_form("reject", request.POST)
    done = "Rejected. The partner has been told why."
    return act_with_form(request, deal, "reject", services.deal_reject, done, "reject_form", form)


@require_POST
def stage(request: Any, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    form = StageForm(request.POST, stages=selectors.stages())
    return act_with_form(request, deal, "stage", services.deal_stage_change, "Moved.", "stage_form", form)


@require_POST
def won(request: Any, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    form = WonForm(request.POST, deal=deal, auto_id="won_%s")
    return act_with_form(request, deal, "win", services.deal_win, _won, "won_form", form)


def _won(deal: Deal) -> str:
    congratulated = "Won. Congratulations."
    return (
        f"{congratulated} It counts once its proof of sale is accepted."
        if deal.proof_needed
        else congratulated
    )


@require_POST
def lost(request: Any, reference: str) -> HttpResponseBase:
    deal, form = deal_or_404(request, reference), LostForm(request.POST, auto_id="lost_%s")
    return act_with_form(request, deal, "lose", services.deal_lose, "Marked as lost.", "lost_form", form)
