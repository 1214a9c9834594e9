"""The special price of a deal: asked for by the partner, decided by the vendor."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from deals.deal import policies, selectors
from deals.deal.forms import ReasonForm
from deals.deal.models import Deal
from deals.page.views import deal_or_404
from deals.special_prices import presenters
from deals.special_prices.forms import GrantForm, PriceForm
from deals.special_prices.list_prices import list_prices
from deals.special_prices.models import PriceRequest
from deals.special_prices.requests import PRICE
from deals.special_prices.selectors import big_deal_terms, price_request_of, price_requests
from portal.requests.services import request_ask, request_grant, request_refuse, request_withdraw
from portal.tenancy.http import PortalRequest
from portal.ui.forms import add_objection


@require_http_methods(["GET", "POST"])
def price(request: PortalRequest, reference: str) -> HttpResponseBase:
    """What was asked and granted so far; posted, the partner's request."""
    deal = deal_or_404(request, reference)
    if request.method == "GET":
        return _page(request, deal)
    if not policies.may("price", request.actor, deal):
        raise PermissionDenied("Only the partner asks for a special price.")
    form = _price_form(request, deal, request.POST)
    if not form.is_valid():
        return _page(request, deal, status=422, price_form=form)
    try:
        request_ask(actor=request.actor, kind=PRICE, subject=deal, **form.answers)
    except ValidationError as error:
        add_objection(form, error)
        return _page(request, deal, status=422, price_form=form)
    messages.success(request, "Asked. You see here who decides, and by when.")
    return redirect("deals:price", reference)


@require_POST
def price_grant(request: PortalRequest, pk: int) -> HttpResponseBase:
    asked = _asked_or_404(request, pk)
    form = _grant_form(request, asked)
    return _decided(request, asked, request_grant, form, "grant_form", "Granted. The partner was told.")


@require_POST
def price_refuse(request: PortalRequest, pk: int) -> HttpResponseBase:
    asked, form = _asked_or_404(request, pk), _refusal(request.POST)
    return _decided(request, asked, request_refuse, form, "refuse_form", "Refused. The partner was told why.")


@require_POST
def price_withdraw(request: PortalRequest, pk: int) -> HttpResponseBase:
    asked = _asked_or_404(request, pk)
    try:
        request_withdraw(actor=request.actor, request=asked)
    except ValidationError as error:
        return _page(request, asked.deal, status=422, problems=error.messages)
    messages.success(request, "Taken back.")
    return redirect("deals:price", asked.deal.reference)


def _asked_or_404(request: PortalRequest, pk: int) -> PriceRequest:
    try:
        return price_request_of(request.actor, pk)
    except PriceRequest.DoesNotExist as error:
        raise Http404("no such request") from error


def _decided(
    request: PortalRequest, asked: PriceRequest, service: Any, form: Any, name: str, done: str
) -> HttpResponseBase:
    if not PRICE.may_decide(request.actor, asked):
        raise PermissionDenied("This discount is somebody else's decision.")
    if not form.is_valid():
        return _page(request, asked.deal, status=422, **{name: form})
    try:
        service(actor=request.actor, request=asked, **getattr(form, "answers", form.cleaned_data))
    except ValidationError as error:
        add_objection(form, error)
        return _page(request, asked.deal, status=422, **{name: form})
    messages.success(request, done)
    return redirect("deals:price", asked.deal.reference)


# The page -----------------------------------------------------------------------------------------------


def _page(request: PortalRequest, deal: Deal, *, status: int = 200, **given: Any) -> HttpResponse:
    """`given` forms take the place of the page's own, to show what was wrong with them."""
    asked, terms = price_requests(deal), big_deal_terms()
    latest = asked[0] if asked else None
    lines = list(latest.lines.select_related("product")) if latest else []
    context: dict[str, Any] = {
        "deal": deal,
        "headline": f"{deal.customer_name}: {presenters.finding(latest)}",
        "look": presenters.look(latest) if latest else None,
        "last_day": presenters.last_day(latest) if latest else "",
        "latest": latest,
        "earlier": asked[1:],
        "lines": lines,
        "least": terms.special_price_from,
        "is_partner": policies.may_work(request.actor, deal),
    }
    context |= _forms(request, deal, latest, lines, terms.special_price_days, terms.special_price_from)
    return render(request, "deals/special_prices/price.html", context | given, status=status)


def _forms(
    request: PortalRequest,
    deal: Deal,
    latest: PriceRequest | None,
    lines: list[Any],
    days: int,
    least: int | None,
) -> dict[str, Any]:
    """Only those the person can use now."""
    if deal.status not in policies.STARTS_FROM["price"]:
        return {}
    if latest and latest.is_open:
        if not PRICE.may_decide(request.actor, latest):
            return {}
        grant = GrantForm(request=latest, lines=lines, days=days, today=request.vendor.today)
        return {"grant_form": grant, "refuse_form": _refusal()}
    if least is None or (deal.amount_vendor or 0) < least or not policies.may("price", request.actor, deal):
        return {}
    return {"price_form": _price_form(request, deal)}


def _price_form(request: PortalRequest, deal: Deal, data: Any = None) -> PriceForm:
    lines = selectors.lines_of(deal)
    return PriceForm(data, deal=deal, lines=lines, list_prices=list_prices(request.vendor, deal, lines))


def _grant_form(request: PortalRequest, asked: PriceRequest) -> GrantForm:
    lines, days = asked.lines.select_related("product"), big_deal_terms().special_price_days
    return GrantForm(request.POST, request=asked, lines=lines, days=days, today=request.vendor.today)


def _refusal(data: Any = None) -> ReasonForm:
    return ReasonForm(data, label="Why is it refused?", auto_id="refuse_%s")
