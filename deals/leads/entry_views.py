"""Entering a lead by hand, and correcting one that no partner has."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from deals.leads import entry, offers, policies, selectors
from deals.leads.forms import LEAST_LINES, LeadForm
from deals.leads.models import Lead
from deals.leads.views import lead_or_404, offer_or_404
from deals.registration.forms import ProductLines, product_choices
from deals.registration.views import watch_lines
from partners import selectors as partners_selectors
from portal.money import exchange
from portal.tenancy.http import PortalRequest

_PREFIX = "lines"
_NEW_LINE = {"product": "", "quantity": "1"}
_MOST_LINES = 31


@require_http_methods(["GET", "POST"])
def enter(request: PortalRequest) -> HttpResponseBase:
    if not policies.may_enter(request.actor):
        raise PermissionDenied("Leads are entered by managers.")
    return _answered(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: PortalRequest, reference: str) -> HttpResponseBase:
    if request.actor.is_partner_person:
        offer_or_404(request, reference)
        raise PermissionDenied("Leads are changed by managers.")
    lead = lead_or_404(request, reference)
    if not policies.may_manage(request.actor, lead):
        raise PermissionDenied("Only its owner and the program admins change a lead.")
    if "edit" not in policies.lead_actions(request.actor, lead):
        messages.info(request, "A partner has this lead: take it back before you change it.")
        return redirect("leads:detail", lead.reference)
    return _answered(request, lead)


def _answered(request: PortalRequest, lead: Lead | None) -> HttpResponseBase:
    present = selectors.lines_of(lead) if lead else []
    if request.method == "GET":
        return _form_page(request, lead, _form(request, lead, present), _lines(present))
    form, lines = _form(request, lead, present, request.POST), _lines(present, data=request.POST)
    if not all([form.is_valid(), lines.is_valid()]):
        lines = _lines(present) if "products" in form.left_alone else lines
        return _form_page(request, lead, form, lines, status=422)
    key = None if lead else form.cleaned_data["form_key"]
    try:
        saved = entry.lead_save(
            actor=request.actor, answers=form.answers, lines=lines.pairs, lead=lead, key=key
        )
        return _saved(request, saved, new=lead is None)
    except ValidationError as error:
        _beside(form, lines, error)
        return _form_page(request, lead, form, lines, status=422)


def _saved(request: PortalRequest, lead: Lead, *, new: bool) -> HttpResponseBase:
    if "route" in request.POST and lead.is_free:
        offered = offers.lead_route(actor=request.actor, lead=lead)
        told = "Saved and offered by your rules." if offered else "Saved. Your rules name nobody for it."
        messages.add_message(request, messages.SUCCESS if offered else messages.WARNING, told)
    else:
        messages.success(request, "Entered. Now offer it to a partner." if new else "Saved.")
    return redirect("leads:detail", lead.reference)


def _beside(form: LeadForm, lines: Any, error: ValidationError) -> None:
    problems = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    for name, texts in problems.items():
        if name == "products":
            lines.forms[0].add_error("product", texts)
        else:
            form.add_error(name if name in form.fields else None, texts)


def _form(request: PortalRequest, lead: Lead | None, present: Sequence[Any], data: Any = None) -> LeadForm:
    initial = LeadForm.initial_of(lead) if lead else {"owner": request.actor.user.pk}
    own = request.vendor.currency
    currencies = [own, *sorted(set(exchange.currencies_with_rates()) - {own})]
    regions, owners = selectors.regions(), selectors.managers()
    form = LeadForm(data, initial=initial, currencies=currencies, regions=regions, owners=owners)
    if lead:
        watch_lines(form, present, data)
    return form


def _lines(present: Sequence[Any], *, data: Any = None) -> Any:
    """Rows for products: those there are, one empty, three at least."""
    products = product_choices(partners_selectors.products_on_offer())
    if data is not None:
        data = data.copy()
        total = data.get(f"{_PREFIX}-TOTAL_FORMS", "")
        count = max(1, min(int(total), _MOST_LINES)) if total.isdecimal() and len(total) < 6 else 1
        data[f"{_PREFIX}-TOTAL_FORMS"], data[f"{_PREFIX}-INITIAL_FORMS"] = str(count), "0"
    there = present if data is None else []
    rows: list[dict[str, Any]] = [{"product": line.product_id, "quantity": line.quantity} for line in there]
    rows += [_NEW_LINE] * max(1, LEAST_LINES - len(rows))
    formset: Any = ProductLines(data, prefix=_PREFIX, initial=rows, form_kwargs={"products": products})
    formset.draft = True  # what somebody is interested in may not be known yet
    return formset


def _form_page(
    request: PortalRequest, lead: Lead | None, form: LeadForm, lines: Any, *, status: int = 200
) -> HttpResponse:
    lines.ask_for_answers()
    context = {"lead": lead, "form": form, "lines": lines}
    return render(request, "deals/leads/enter.html", context, status=status)
