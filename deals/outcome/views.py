"""Stages, wins and losses."""

from django.http import HttpResponseBase
from django.views.decorators.http import require_POST

from deals.deal import selectors
from deals.deal.models import Deal
from deals.outcome import services as outcome_services
from deals.outcome.forms import LostForm, StageForm, WonForm
from deals.page.actions import act_with_form
from deals.page.views import deal_or_404
from portal.tenancy.http import PortalRequest


@require_POST
def stage(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    form = StageForm(request.POST, stages=selectors.stages_offered(deal))
    return act_with_form(
        request, deal, "stage", outcome_services.deal_stage_change, "Moved.", "stage_form", form
    )


@require_POST
def won(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal = deal_or_404(request, reference)
    form = WonForm(request.POST, deal=deal, today=request.vendor.today, auto_id="won_%s")
    return act_with_form(request, deal, "win", outcome_services.deal_win, _won, "won_form", form)


def _won(deal: Deal) -> str:
    congratulated = "Won. Congratulations."
    return (
        f"{congratulated} It counts once its proof of sale is accepted."
        if deal.proof_needed
        else congratulated
    )


@require_POST
def lost(request: PortalRequest, reference: str) -> HttpResponseBase:
    deal, form = deal_or_404(request, reference), LostForm(request.POST, auto_id="lost_%s")
    return act_with_form(
        request, deal, "lose", outcome_services.deal_lose, "Marked as lost.", "lost_form", form
    )
