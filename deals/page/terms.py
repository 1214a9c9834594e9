"""What else was agreed on a deal, in short: a fragment of its page, or a page of its own."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from deals.amendments.requests import AMENDMENT
from deals.amendments.selectors import latest_amendment
from deals.deal import policies
from deals.deal.models import Deal
from deals.page.views import deal_or_404
from deals.proofs import presenters as proof_wording
from deals.proofs.requests import PROOF
from deals.proofs.selectors import proofs
from deals.shared_credit import presenters as credit_wording
from deals.shared_credit.selectors import cosells
from deals.special_prices import presenters as special_prices_presenters
from deals.special_prices.models import BigDealTerms
from deals.special_prices.requests import PRICE
from deals.special_prices.selectors import big_deal_terms, price_requests
from portal.tenancy.http import PortalRequest


@require_GET
def terms(request: PortalRequest, reference: str) -> HttpResponse:
    deal, agreed = deal_or_404(request, reference), big_deal_terms()
    context = {
        "deal": deal,
        "frame": "deals/page/_bare.html" if request.htmx else "base.html",
        **_proof(request, deal),
        **_credit(request, deal),
        **_price(request, deal, agreed),
        **_changes(request, deal),
    }
    return render(request, "deals/page/terms.html", context)


def _proof(request: PortalRequest, deal: Deal) -> dict[str, Any]:
    latest = next(iter(proofs(deal)), None) if deal.proof_needed else None
    return {
        "proof": latest,
        "proof_finding": proof_wording.finding(deal, latest),
        "proof_look": proof_wording.look(latest),
        "may_prove": policies.may("prove", request.actor, deal),
        "may_judge": latest is not None and PROOF.may_decide(request.actor, latest),
    }


def _credit(request: PortalRequest, deal: Deal) -> dict[str, Any]:
    rows, actor = cosells(deal), request.actor
    open_to = "credit" if actor.is_staff else "share"
    return {
        "credit": credit_wording.undecided(rows) or credit_wording.current(rows),
        "credit_finding": credit_wording.finding(rows),
        "credit_looks": credit_wording.LOOKS,
        "may_share": deal.status in policies.STARTS_FROM[open_to] and policies.may(open_to, actor, deal),
    }


def _price(request: PortalRequest, deal: Deal, agreed: BigDealTerms) -> dict[str, Any]:
    latest = next(iter(price_requests(deal)), None)
    least, actor = agreed.special_price_from, request.actor
    large = least is not None and (deal.amount_vendor or 0) >= least
    unsettled = deal.status in policies.STARTS_FROM["price"]
    return {
        "price": latest,
        "price_finding": special_prices_presenters.finding(latest),
        "price_look": special_prices_presenters.look(latest) if latest else None,
        "may_ask_price": large and unsettled and policies.may("price", actor, deal),
        "may_decide_price": latest is not None and PRICE.may_decide(actor, latest),
    }


def _changes(request: PortalRequest, deal: Deal) -> dict[str, Any]:
    latest = latest_amendment(deal) if deal.approved_at else None
    return {
        "amendment": latest,
        "amendment_look": AMENDMENT.look(latest) if latest else None,
        "may_amend": "amend" in policies.actions(request.actor, deal),
        "may_decide_amendment": deal.is_open and policies.may_decide(request.actor, deal),
    }
