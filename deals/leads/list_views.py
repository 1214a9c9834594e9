"""Lists: the vendor's leads, a partner's offers, and what waits for whom on the home pages."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from deals.leads import offers as leads_offers
from deals.leads import policies, presenters, selectors, tables
from deals.leads.filters import LeadFilter, OfferFilter
from deals.leads.forms import PartnerForm
from partners.models import Partner
from partners.selectors import partners_called
from portal.tenancy.http import PortalRequest
from portal.text import folded_name
from portal.ui import keyset
from portal.ui.exports import csv_response
from portal.ui.formatting import format_number

#: How the list was last filtered and sorted, kept in the session.
_REMEMBERED = "leads.list"
_KEPT = ("q", "state", "sort")
LATEST = 10
MOST_AT_ONCE = 100


@require_GET
def lead_list(request: PortalRequest) -> HttpResponseBase:
    """`?all=1` forgets the remembered filter; without any query the remembered one is taken up again."""
    remembered = request.session.get(_REMEMBERED, "")
    if not request.GET and remembered:
        return redirect(f"{reverse('leads:list')}?{remembered}")
    query = _query(request)
    if remembered != query:
        request.session[_REMEMBERED] = query
    return _leads_page(request) if request.actor.is_staff else _offers_page(request)


def _leads_page(request: PortalRequest, *, bulk: PartnerForm | None = None, ticked: Any = ()) -> HttpResponse:
    counts = selectors.counts(request.actor)
    chosen = LeadFilter(request.GET, selectors.leads_visible(request.actor), counts=counts)
    order = tables.order_of_leads(request.GET.get("sort", ""))
    leads = selectors.with_holders(chosen.qs.select_related("owner"))
    page = keyset.page(leads, order, request.GET.get("page", ""), tables.PAGE)
    found = keyset.count(chosen.qs) if chosen.form.has_changed() else counts.total
    context = {
        **_common(request, chosen, page, found),
        "rows": [_row(request, lead) for lead in page.rows],
        "headline": presenters.leads_headline(counts),
        "may_enter": policies.may_enter(request.actor),
        "bulk_form": bulk or PartnerForm(auto_id="bulk_%s"),
        "ticked": ticked,
    }
    failed = bulk is not None or not chosen.is_valid()
    return render(request, "deals/leads/leads.html", context, status=422 if failed else 200)


def _row(request: PortalRequest, lead: Any) -> dict[str, Any]:
    return {
        "lead": lead,
        "partner": next((offer.partner for offer in lead.current), None),
        "may_tick": "offer" in policies.lead_actions(request.actor, lead),
    }


def _offers_page(request: PortalRequest) -> HttpResponse:
    offers = selectors.offers_visible(request.actor)
    chosen = OfferFilter(request.GET, offers)
    order = tables.order_of_offers(request.GET.get("sort", ""))
    page = keyset.page(chosen.qs, order, request.GET.get("page", ""), tables.PAGE)
    total = keyset.count(chosen.qs)
    waiting = list(selectors.to_answer(request.actor).only("answer_due_at")[:MOST_AT_ONCE])
    context = {
        **_common(request, chosen, page, total),
        "rows": [{"offer": offer, "clock": presenters.clock_of(offer)} for offer in page.rows],
        "headline": presenters.offers_headline(waiting, total),
    }
    return render(request, "deals/leads/offers.html", context, status=200 if chosen.is_valid() else 422)


def _common(request: PortalRequest, chosen: Any, page: keyset.Page, total: int) -> dict[str, Any]:
    leads = _counted(total)
    return {
        "filter": chosen,
        "filtered": chosen.form.has_changed(),
        "page": page,
        "summary": leads if len(page.rows) < tables.PAGE else f"{len(page.rows)} of {leads.lower()}",
        "looks": tables.LOOKS,
        "query": _query(request),
    }


def _counted(total: int) -> str:
    if total > keyset.MOST_COUNTED:
        return "Leads"
    return "1 lead" if total == 1 else f"{format_number(total)} leads"


def _query(request: HttpRequest) -> str:
    """The filter and sort of this request, without the place in the list."""
    query = request.GET.copy()
    for name, value in list(query.items()):
        if name not in _KEPT or not value:
            del query[name]
    return query.urlencode()


@require_GET
def export(request: PortalRequest) -> HttpResponseBase:
    actor, sort = request.actor, request.GET.get("sort", "")
    if actor.is_staff:
        rows: Any = selectors.leads_visible(actor)
        chosen: Any = LeadFilter(request.GET, rows, counts=selectors.counts(actor))
        order = tables.order_of_leads(sort)
    else:
        chosen = OfferFilter(request.GET, selectors.offers_visible(actor))
        order = tables.order_of_offers(sort)
    back = f"{reverse('leads:list')}?{_query(request)}"
    if not chosen.is_valid():  # the list tells what is wrong; a file of everything would mislead
        return redirect(back)
    if chosen.qs.order_by()[: tables.MOST_EXPORTED + 1].count() > tables.MOST_EXPORTED:
        messages.error(
            request, f"A file holds at most {tables.MOST_EXPORTED:,} leads. Filter the list first."
        )
        return redirect(back)
    sign = "-" if order.falling else ""
    rows = chosen.qs.annotate(place_key=order.key).order_by(f"{sign}place_key", f"{sign}pk")
    if actor.is_staff:
        lines = tables.exported_leads(selectors.with_holders(rows.select_related("owner", "region")))
        return csv_response("leads", tables.LEAD_HEADER, lines, actor=actor)
    return csv_response("leads", tables.OFFER_HEADER, tables.exported_offers(rows), actor=actor)


# Many at once --------------------------------------------------------------------------------------------


@require_POST
def bulk(request: PortalRequest) -> HttpResponseBase:
    """Offer the ticked leads, by the rules or to one named partner."""
    actor = request.actor
    if not actor.is_staff:
        raise Http404("the vendor's own page")
    if not actor.is_manager:
        raise PermissionDenied("Only managers offer leads.")
    references = [text for text in request.POST.getlist("reference") if "\0" not in text][:MOST_AT_ONCE]
    form = PartnerForm(request.POST, auto_id="bulk_%s") if "to_partner" in request.POST else None
    partner = _named_partner(form) if form else None
    if form and not partner:
        return _leads_page(request, bulk=form, ticked=references)
    leads = list(selectors.leads_visible(actor).filter(reference__in=references))
    if not leads:
        messages.warning(request, "Nothing was selected. Tick the leads to offer.")
        return redirect("leads:list")
    offered, refused = leads_offers.leads_offer(actor=actor, leads=leads, partner=partner)
    if offered:
        to = f"to {partner}" if partner else "by your rules"
        messages.success(request, f"Offered {to}: {', '.join(one.customer_name for one in offered)}.")
    for lead, why in refused:
        messages.error(request, f"{lead.customer_name} was not offered. {why}")
    return redirect("leads:list")


def _named_partner(form: PartnerForm) -> Partner | None:
    """The one partner of this key or name in reach; the form says what is wrong otherwise."""
    if not form.is_valid():
        return None
    text = form.cleaned_data["partner"]
    found = partners_called(Partner.objects.all(), text, most=2)
    found = found or list(Partner.objects.filter(name_key__prefix=folded_name(text))[:2])
    if len(found) == 1:
        return found[0]
    form.add_error(
        "partner",
        "Several partners begin like this. Write the whole name, or the key." if found
        else "No partner in your care has this name or key.",
    )  # fmt: skip
    return None


# Elsewhere -----------------------------------------------------------------------------------------------


@require_GET
def for_partner(request: PortalRequest, slug: str) -> HttpResponse:
    """The latest leads of a partner: a fragment of its page, or a page of its own."""
    partner = get_object_or_404(Partner, slug=slug)
    offers = list(selectors.offers_of_partner(partner)[: LATEST + 1])
    context = {
        "partner": partner,
        "rows": [{"offer": offer, "clock": presenters.clock_of(offer)} for offer in offers[:LATEST]],
        "more": len(offers) > LATEST,
        "looks": tables.LOOKS,
        "frame": "deals/page/_bare.html" if request.htmx else "base.html",
    }
    return render(request, "deals/leads/for_partner.html", context)


@require_GET
def waiting(request: PortalRequest) -> HttpResponse:
    """What waits, for the home pages: a partner's leads to answer and contact, a manager's to look after."""
    context: dict[str, Any] = {
        "looks": tables.LOOKS,
        "frame": "deals/page/_bare.html" if request.htmx else "base.html",
    }
    if request.actor.is_staff:
        rows = selectors.needing_attention(request.actor)
        context |= {"rows": [_row(request, lead) for lead in rows]}
        return render(request, "deals/leads/attention.html", context)
    offers = selectors.to_do(request.actor)
    context |= {"rows": [{"offer": offer, "clock": presenters.clock_of(offer)} for offer in offers]}
    return render(request, "deals/leads/to_do.html", context)
