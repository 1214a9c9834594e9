"""One lead and its buttons: for the vendor the lead with all its offers, for a partner its own offer."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from deals.leads import offers as lead_offers
from deals.leads import policies, presenters, routing, selectors, services, tables
from deals.leads.forms import ContactForm, DeclineForm, DisqualifyForm
from deals.leads.models import Lead, LeadLine, LeadOffer
from partners.models import Partner
from portal.tenancy.http import PortalRequest
from portal.tenancy.scope import ALL
from portal.ui.forms import place_objections

# The vendor's side ---------------------------------------------------------------------------------------


def _managed(request: PortalRequest, reference: str) -> Lead:
    """The lead, for who manages it: 404 for who cannot see it, 403 for who may only look."""
    actor = request.actor
    if actor.is_partner_person:
        offer_or_404(request, reference)
        raise PermissionDenied("Only the vendor's managers do this.")
    lead = lead_or_404(request, reference)
    if not policies.may_manage(actor, lead):
        raise PermissionDenied("Only its owner and the program admins do this.")
    return lead


@require_POST
def offer(request: PortalRequest, reference: str) -> HttpResponseBase:
    lead = _managed(request, reference)
    partner = get_object_or_404(Partner, slug=request.POST.get("partner", "").replace("\0", ""))
    try:
        lead_offers.lead_offer(actor=request.actor, lead=lead, partner=partner)
    except ValidationError as error:
        return _objected(request, lead, error)
    messages.success(request, f"Offered to {partner}. It has been told.")
    return redirect("leads:detail", reference)


@require_POST
def route(request: PortalRequest, reference: str) -> HttpResponseBase:
    lead = _managed(request, reference)
    try:
        offered = lead_offers.lead_route(actor=request.actor, lead=lead)
    except ValidationError as error:
        return _objected(request, lead, error)
    if offered:
        messages.success(request, "Offered by your rules; the reason stands below.")
    else:
        messages.warning(request, "Your rules name nobody who could take it. Choose a partner yourself.")
    return redirect("leads:detail", reference)


@require_POST
def take_back(request: PortalRequest, reference: str) -> HttpResponseBase:
    lead = _managed(request, reference)
    try:
        lead_offers.lead_withdraw(actor=request.actor, lead=lead)
    except ValidationError as error:
        return _objected(request, lead, error)
    messages.success(request, "Taken back. The partner has been told; you can offer it anew.")
    return redirect("leads:detail", reference)


@require_POST
def end(request: PortalRequest, reference: str) -> HttpResponseBase:
    lead, form = _managed(request, reference), DisqualifyForm(request.POST)
    if not form.is_valid():
        return lead_page(request, lead, status=422, end_form=form)
    try:
        lead_offers.lead_end(actor=request.actor, lead=lead, reason=form.text)
    except ValidationError as error:
        return _objected(request, lead, error, end_form=form)
    messages.success(request, "Disqualified.")
    return redirect("leads:detail", reference)


def _objected(request: PortalRequest, lead: Lead, error: ValidationError, **forms: Form) -> HttpResponseBase:
    current = lead_or_404(request, lead.reference)
    return lead_page(request, current, status=422, problems=error.messages, **forms)


# The partner's side --------------------------------------------------------------------------------------


def _worked(request: PortalRequest, reference: str) -> LeadOffer:
    """The own partner's offer: 404 for who sees none, 403 for who may only look."""
    if request.actor.is_staff:
        lead_or_404(request, reference)
        raise PermissionDenied("This is for the partner to do.")
    found = offer_or_404(request, reference)
    if not policies.may_work(request.actor, found):
        raise PermissionDenied("This is for the partner itself to do.")
    return found


def _act(
    request: PortalRequest,
    found: LeadOffer,
    service: Callable[[], Any],
    done: str,
    name: str = "",
    form: Form | None = None,
) -> HttpResponseBase:
    """Call, say what was done and go back to the lead; 422 with the reason where it cannot be done."""
    if form is not None and not form.is_valid():
        return offer_page(request, found, status=422, **{name: form})
    try:
        service()
    except ValidationError as error:
        problems = place_objections(form, error)
        current = offer_or_404(request, found.reference)
        shown = {name: form} if form is not None else {}
        return offer_page(request, current, status=422, problems=problems, **shown)
    messages.success(request, done)
    return redirect("leads:detail", found.reference)


@require_POST
def accept(request: PortalRequest, reference: str) -> HttpResponseBase:
    found = _worked(request, reference)
    done = "Accepted. Below you see whom to talk to, and by when."
    return _act(request, found, lambda: services.offer_accept(actor=request.actor, offer=found), done)


@require_POST
def decline(request: PortalRequest, reference: str) -> HttpResponseBase:
    found, form = _worked(request, reference), DeclineForm(request.POST)

    def service() -> Any:
        return services.offer_decline(actor=request.actor, offer=found, reason=form.text)

    return _act(request, found, service, "Declined. Thank you for the answer.", "decline_form", form)


@require_POST
def contact(request: PortalRequest, reference: str) -> HttpResponseBase:
    found, form = _worked(request, reference), ContactForm(request.POST, today=request.vendor.today)

    def service() -> Any:
        answers = dict(form.cleaned_data)
        key = answers.pop("form_key")
        return services.contact_log(actor=request.actor, offer=found, key=key, **answers)

    return _act(request, found, service, "Logged.", "contact_form", form)


@require_POST
def disqualify(request: PortalRequest, reference: str) -> HttpResponseBase:
    found, form = _worked(request, reference), DisqualifyForm(request.POST)

    def service() -> Any:
        return services.offer_disqualify(actor=request.actor, offer=found, reason=form.text)

    return _act(
        request, found, service, "Disqualified. The vendor has been told why.", "disqualify_form", form
    )


@require_POST
def convert(request: PortalRequest, reference: str) -> HttpResponseBase:
    found = _worked(request, reference)
    try:
        deal = services.offer_convert(actor=request.actor, offer=found)
    except ValidationError as error:
        current = offer_or_404(request, reference)
        return offer_page(request, current, status=422, problems=error.messages)
    if not deal.is_editable:
        return redirect("deals:detail", deal.reference)
    messages.success(request, "A draft with everything known of the lead. Complete it and submit it.")
    return redirect("deals:edit", deal.reference)


#: Suggestions shown; more are found by name.
SUGGESTED = 6


def lead_or_404(request: PortalRequest, reference: str) -> Lead:
    try:
        return selectors.lead_for_page(request.actor, reference)
    except Lead.DoesNotExist as error:
        raise Http404(reference) from error


def offer_or_404(request: PortalRequest, reference: str) -> LeadOffer:
    try:
        return selectors.offer_for_page(request.actor, reference)
    except LeadOffer.DoesNotExist as error:
        raise Http404(reference) from error


@require_GET
def detail(request: PortalRequest, reference: str) -> HttpResponse:
    if request.actor.is_staff:
        return lead_page(request, lead_or_404(request, reference))
    return offer_page(request, offer_or_404(request, reference))


def lead_page(request: PortalRequest, lead: Lead, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a lead. `more` takes the place of its own parts, to show what was wrong with them."""
    actions = policies.lead_actions(request.actor, lead)
    offers = selectors.offers_of(lead)
    current = next((offer for offer in offers if offer.closed_at is None), None)
    holder = current.partner.name if current else ""
    lines = selectors.lines_of(lead)
    context = {
        "lead": lead,
        "lines": lines,
        "offers": offers,
        "current": current,
        "contacts": selectors.contacts_of(offers) if any(offer.contacted_at for offer in offers) else [],
        "deal": next((offer.deal for offer in offers if offer.deal and offer.deal.submitted_at), None),
        "actions": actions,
        "headline": presenters.lead_headline(lead, holder),
        "clock": presenters.clock_of(current) if current else None,
        "looks": tables.LOOKS,
        **(_suggestions(request, lead, lines) if "offer" in actions else {}),
        **({"end_form": DisqualifyForm()} if "end" in actions else {}),
        **more,
    }
    return render(request, "deals/leads/lead.html", context, status=status)


def _suggestions(request: PortalRequest, lead: Lead, lines: list[LeadLine]) -> dict[str, Any]:
    """Whom to offer it to: by the rules, or those the manager looks for; best first, each with the reason."""
    sought = request.GET.get("partner", "")[:160]
    reach = request.actor.scope.partner_ids
    case = selectors.case_of(lead, lines)
    found = selectors.looked_for(lead, sought) if sought.strip() else selectors.considered(lead, case, reach)
    free = [choice for choice in found if not choice.obstacle]
    shown = [*free[:SUGGESTED], *[choice for choice in found if choice.obstacle][:SUGGESTED]]
    return {
        "sought": sought,
        "suggestions": [
            {"choice": choice, "record": routing.record_of(choice.standing), "place": place}
            for place, choice in enumerate(shown, start=1)
        ],
        "found": len(found),
        "free": len(free),
        "all_partners": reach is ALL,
    }


def offer_page(request: PortalRequest, offer: LeadOffer, *, status: int = 200, **forms: Any) -> HttpResponse:
    """What a partner sees of a lead: its own offer, and nothing of what happened to the lead elsewhere."""
    actor = request.actor
    actions = policies.offer_actions(actor, offer)
    own = actor.partner is not None and offer.partner_id == actor.partner.pk
    context = {
        "offer": offer,
        "own": own,
        "lines": selectors.offered_lines(offer),
        "contacts": selectors.contacts_of([offer]) if offer.contacted_at else [],
        "deal": selectors.deal_of(actor, offer),
        "actions": actions,
        "headline": presenters.offer_headline(offer, own=own),
        "clock": presenters.clock_of(offer),
        "looks": tables.LOOKS,
        **_forms(actions, actor.vendor.today),
        **forms,
    }
    return render(request, "deals/leads/offer.html", context, status=status)


def _forms(actions: frozenset[str], today: date) -> dict[str, Any]:
    made: dict[str, Callable[[], Form]] = {
        "decline": DeclineForm,
        "contact": partial(ContactForm, today=today),
        "disqualify": DisqualifyForm,
    }
    return {f"{action}_form": form() for action, form in made.items() if action in actions}
