"""Deciding a registration from its page."""

from django.http import HttpResponseBase
from django.views.decorators.http import require_POST

from deals.approvals import services as approvals_services
from deals.deal.models import Deal
from deals.page.actions import act, act_with_form
from deals.page.views import deal_or_404, reason_form
from portal.tenancy.http import PortalRequest


@require_POST
def start_review(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    return act(
        request,
        deal,
        approvals_services.deal_start_review,
        "In review. The partner sees that you look at it.",
    )


@require_POST
def approve(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    step = request.POST.get("step", "")
    seen = int(step) if step.isdecimal() and len(step) < 5 else None
    return act(request, deal, approvals_services.deal_approve, _approved, step=seen)


def _approved(deal: Deal) -> str:
    if deal.is_pending:
        return f"Your approval is kept. Now {deal.assigned_to or 'a program admin'} has to approve as well."
    return "Approved and protected. The partner has been told."


@require_POST
def send_back(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal, form = deal_or_404(request, reference), reason_form("return", request.POST)
    done = "Returned. The partner has been told, and the clock waits."
    return act_with_form(request, deal, "return", approvals_services.deal_return, done, "return_form", form)


@require_POST
def reject(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal, form = deal_or_404(request, reference), reason_form("reject", request.POST)
    done = "Rejected. The partner has been told why."
    return act_with_form(request, deal, "reject", approvals_services.deal_reject, done, "reject_form", form)
