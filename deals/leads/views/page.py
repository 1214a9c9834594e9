"""One lead: for the vendor's people the lead with all its offers, for a partner its own offer."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from deals.leads import policies, progress, rules, selectors, tables
from deals.leads.forms import ContactForm, DeclineForm, DisqualifyForm
from deals.leads.models import Lead, LeadLine, LeadOffer
from portal.scope import ALL

#: Suggestions shown; more are found by name.
SUGGESTED = 6


def lead_or_404(request: Any, reference: str) -> Lead:
    try:
        return selectors.lead_for_page(request.actor, reference)
    except Lead.DoesNotExist as error:
        raise Http404(reference) from error


def offer_or_404(request: Any, reference: str) -> LeadOffer:
    try:
        return selectors.offer_for_page(request.actor, reference)
    except LeadOffer.DoesNotExist as error:
        raise Http404(reference) from error


@require_GET
def detail(request: Any, reference: str) -> HttpResponse:
    if request.actor.is_staff:
        return lead_page(request, lead_or_404(request, reference))
    return offer_page(request, offer_or_404(request, reference))


def lead_page(request: Any, lead: Lead, *, status: int = 200, **more: Any) -> HttpResponse:
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
        "headline": progress.lead_headline(lead, holder),
        "clock": progress.clock_of(current) if current else None,
        "looks": tables.LOOKS,
        **(_suggestions(request, lead, lines) if "offer" in actions else {}),
        **({"end_form": DisqualifyForm()} if "end" in actions else {}),
        **more,
    }
    return render(request, "leads/lead.html", context, status=status)


def _suggestions(request: Any, lead: Lead, lines: list[LeadLine]) -> dict[str, Any]:
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
            {"choice": choice, "record": rules.record_of(choice.standing), "place": place}
            for place, choice in enumerate(shown, start=1)
        ],
        "found": len(found),
        "free": len(free),
        "all_partners": reach is ALL,
    }


def offer_page(request: Any, offer: LeadOffer, *, status: int = 200, **forms: Any) -> HttpResponse:
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
        "headline": progress.offer_headline(offer, own=own),
        "clock": progress.clock_of(offer),
        "looks": tables.LOOKS,
        **_forms(actions),
        **forms,
    }
    return render(request, "leads/offer.html", context, status=status)


def _forms(actions: frozenset[str]) -> dict[str, Any]:
    made = {"decline": DeclineForm, "contact": ContactForm, "disqualify": DisqualifyForm}
    return {f"{action}_form": form() for action, form in made.items() if action in actions}
