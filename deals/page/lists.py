"""Lists: all deals, the approvals inbox, the deals of one partner."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from deals.approvals import selectors as approvals_selectors
from deals.approvals import services
from deals.approvals.queue import REGISTRATION
from deals.deal import policies, tables
from deals.deal import presenters as deal_presenters
from deals.deal import selectors as deal_selectors
from deals.deal.filters import DealFilter
from deals.deal.models import Deal
from deals.page import presenters
from deals.protection import selectors as protection_selectors
from deals.protection.models import Protection
from partners.models import Partner
from portal.requests.queue import Side, queue_of, waiting_about
from portal.tenancy.access import Actor
from portal.tenancy.http import PortalRequest
from portal.ui import keyset
from portal.ui.exports import csv_response
from portal.ui.formatting import format_number
from portal.ui.keyset import Order

_DUE = Order(F("turn_due"), datetime.fromisoformat)
#: How the list was last filtered and sorted, kept in the session.
_REMEMBERED = "deals.list"
_KEPT = ("q", "status", "stage", "partner", "sort")
PAGE = 50
MOST_URGENT = 5  # of other requests, on the home
INBOX_PAGE = 25
LATEST = 10


@require_GET
def deal_list(request: PortalRequest) -> HttpResponseBase:
    """`?all=1` forgets the remembered filter; without any query the remembered one is taken up again."""
    remembered = request.session.get(_REMEMBERED, "")
    if not request.GET and remembered:
        return redirect(f"{reverse('deals:list')}?{remembered}")
    _remember(request)
    chosen = _filter(request)
    order = tables.order_of(request.GET.get("sort", ""))
    page = keyset.page(chosen.qs, order, request.GET.get("page", ""), PAGE)
    deals = _counted(keyset.count(chosen.qs))
    waits = waiting_about(request.actor, [deal.reference for deal in page.rows])
    context = {
        "filter": chosen,
        "filtered": chosen.form.has_changed(),
        "rows": tables.rows_html(
            page.rows, waits, request.actor, many_partners=_many_partners(request.actor)
        ),
        "page": page,
        "headline": f"{deals} found" if chosen.form.has_changed() else deals,
        "summary": deals if len(page.rows) < PAGE else f"{len(page.rows)} of {deals[0].lower()}{deals[1:]}",
        "may_register": policies.may_register(request.actor),
        "query": _query(request),
    }
    return render(request, "deals/page/list.html", context, status=200 if chosen.is_valid() else 422)


@require_GET
def export(request: PortalRequest) -> HttpResponseBase:
    chosen = _filter(request)
    if not chosen.is_valid():  # the list tells what is wrong; a file of everything would mislead
        return redirect(f"{reverse('deals:list')}?{_query(request)}")
    order = tables.order_of(request.GET.get("sort", ""))
    sign = "-" if order.falling else ""
    rows = chosen.qs.defer(None).annotate(place_key=order.key).order_by(f"{sign}place_key", f"{sign}pk")
    if chosen.qs.order_by()[: tables.MOST_EXPORTED + 1].count() > tables.MOST_EXPORTED:
        most = f"{tables.MOST_EXPORTED:,}"
        messages.error(request, f"A file holds at most {most} deals. Filter the list first.")
        return redirect(f"{reverse('deals:list')}?{_query(request)}")
    return csv_response("deals", tables.EXPORT_HEADER, tables.exported(rows), actor=request.actor)


def _counted(total: int) -> str:
    if total > keyset.MOST_COUNTED:
        return "Deals"
    return "1 deal" if total == 1 else f"{format_number(total)} deals"


def _filter(request: PortalRequest) -> DealFilter:
    stages = [(stage.pk, stage.name) for stage in deal_selectors.stages()]
    rows = deal_selectors.for_list(deal_selectors.deals_visible(request.actor))
    return DealFilter(request.GET, rows, stages=stages, many_partners=_many_partners(request.actor))


def _many_partners(actor: Actor) -> bool:
    return actor.is_staff or actor.is_distributor


def _query(request: HttpRequest) -> str:
    """The filter and sort of this request, without the place in the list."""
    query = request.GET.copy()
    for name, value in list(query.items()):
        if name not in _KEPT or not value:
            del query[name]
    return query.urlencode()


def _remember(request: HttpRequest) -> None:
    query = _query(request)
    if request.session.get(_REMEMBERED, "") != query:
        request.session[_REMEMBERED] = query


# Approvals --------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def inbox(request: PortalRequest) -> HttpResponseBase:
    """What waits for a decision, by due time. Posted references are approved together."""
    if not request.actor.is_staff:
        raise Http404("the vendor's own page")
    if request.method == "POST":
        return _approve_selected(request)
    waiting = approvals_selectors.waiting_for_decision(request.actor)
    page = keyset.page(waiting, _DUE, request.GET.get("page", ""), INBOX_PAGE)
    deals = deal_selectors.with_lines(page.rows)
    claims = protection_selectors.claims_against_each(deals)
    address = tables.addresses()
    context = {
        "rows": [
            _waiting(request, deal, claims.get(deal.pk, [])) | {"url": address(deal.reference)}
            for deal in deals
        ],
        "page": page,
        "headline": presenters.waiting_headline(deals, more=bool(page.next)),
    }
    return render(request, "deals/page/inbox.html", context)


def _waiting(request: PortalRequest, deal: Deal, claims: list[Protection]) -> dict[str, Any]:
    """What is protected for others stands in the way now; what was contested when it came in is compared."""
    contested = bool(claims) or any(line.is_contested for line in deal.lines.all())
    return {
        "deal": deal,
        "claims": claims,
        "contested": contested,
        "may_tick": not (contested or deal.partner.is_stopped) and policies.is_on_turn(request.actor, deal),
    }


def _approve_selected(request: PortalRequest) -> HttpResponseBase:
    if not request.actor.is_manager:
        raise PermissionDenied("Only managers approve.")
    chosen = _chosen(request)
    if not chosen:
        messages.warning(request, "Nothing was selected. Tick the registrations to approve.")
        return redirect("deals:inbox")
    approved, refused = services.deals_approve(actor=request.actor, deals=chosen)
    for pending, what in (
        (False, "Approved and protected"),
        (True, "Approved, and passed on for another approval"),
    ):
        names = ", ".join(deal.customer_name for deal in approved if deal.is_pending == pending)
        if names:
            messages.success(request, f"{what}: {names}.")
    for deal, why in refused:
        messages.error(request, f"{deal.customer_name} was not approved. {why}")
    return redirect("deals:inbox")


def _chosen(request: PortalRequest) -> QuerySet[Deal]:
    """The ticked registrations this person sees; of others nothing is said, not even that they are."""
    references = {text.replace("\0", "") for text in request.POST.getlist("reference")[:100]}
    return deal_selectors.deals_visible(request.actor).filter(reference__in=references)


@require_GET
def requests(request: PortalRequest) -> HttpResponse:
    """What else waits for the vendor: a page, a fragment of the approvals, with `?first` one of the home."""
    if not request.actor.is_staff:
        raise Http404("the vendor's own page")
    rows = queue_of(request.actor, side=Side.VENDOR).besides(REGISTRATION)
    context = {
        "rows": rows[:MOST_URGENT] if "first" in request.GET else rows,
        "total": len(rows),
        "frame": "deals/page/_bare.html" if request.htmx else "base.html",
    }
    return render(request, "deals/page/requests.html", context)


@require_GET
def for_partner(request: PortalRequest, slug: str) -> HttpResponse:
    """The latest deals of a partner: a fragment of its page, or a page of its own."""
    partner = get_object_or_404(Partner, slug=slug)
    deals = list(deal_selectors.for_list(deal_selectors.deals_of(request.actor, partner))[: LATEST + 1])
    context = {
        "partner": partner,
        "deals": deals[:LATEST],
        "more": len(deals) > LATEST,
        "looks": deal_presenters.LOOKS,
        "frame": "deals/page/_bare.html" if request.htmx else "base.html",
    }
    return render(request, "deals/page/for_partner.html", context)
