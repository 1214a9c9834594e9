"""Money of funds: what a partner has, what stands in a fund, its ledger, and what is done by hand."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from mdf.funds.models import Fund
from mdf.ledger import policies, presenters, selectors, services
from mdf.ledger.forms import AllocationForm, BudgetForm, CloseForm, PeriodForm, asked_for
from portal.tenancy.http import PortalRequest
from portal.ui.exports import csv_response, xlsx_response
from portal.ui.formatting import from_minor
from portal.ui.forms import add_objection

#: Postings on the page; a file holds all of a period, up to so many.
PAGE, MOST_EXPORTED = 50, 100_000


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """A partner's people see what they have in each fund, the vendor's people the funds."""
    if request.actor.is_partner_person:
        return _partner_home(request)
    funds = list(selectors.funds_listed())
    context = {"rows": [(one, presenters.sums_marks(one)) for one in funds]}
    return render(request, "mdf/funds.html", context | {"may_run": policies.may_run(request.actor)})


def _partner_home(request: PortalRequest) -> HttpResponse:
    """What is held and free in each fund; then the movements of all of them."""
    balances = list(selectors.balances_of(request.actor.partner))
    rows = selectors.movements(list(selectors.postings_of(request.actor.partner)[:PAGE]))
    context = {
        "headline": presenters.headline(balances, request.vendor.today),
        "balances": [(one, presenters.balance_marks(one)) for one in balances],
        "rows": rows,
    }
    return render(request, "mdf/partner_home.html", context)


@require_GET
def fund(request: PortalRequest, pk: int) -> HttpResponse:
    return _page(request, _fund_or_404(request, pk))


@require_GET
def export(request: PortalRequest, pk: int, kind: str) -> HttpResponseBase:
    """The postings of the chosen period as a file, under the same filter as the page."""
    found = _fund_or_404(request, pk)
    form = PeriodForm(asked_for(found, request.vendor.today, request.GET), fund=found)
    if not form.is_valid():  # the page tells what is wrong
        return redirect(f"{request.path.rsplit('/', 2)[0]}/?{request.GET.urlencode()}")
    rows = selectors.movements(list(selectors.postings(found, **form.cleaned_data)[:MOST_EXPORTED]))
    header = ("Day", "Posted", "Kind", "Partner", "Reason", "From", "To", "By", "Amount", "Currency")
    answer = xlsx_response if kind == "xlsx" else csv_response
    return answer("ledger", header, (_row(found, *row) for row in rows), actor=request.actor)


def _row(found: Fund, posting: Any, source: str, target: str, amount: int) -> tuple[Any, ...]:
    partner = posting.partner.name if posting.partner else ""
    told = (posting.day, posting.posted_at.isoformat(timespec="seconds"), posting.get_kind_display())
    by = str(posting.actor) if posting.actor else "Rule"
    money = (from_minor(amount, found.currency), found.currency)
    return (*told, partner, posting.reason, source, target, by, *money)


@require_POST
def budget(request: PortalRequest, pk: int) -> HttpResponseBase:
    found = _fund_or_404(request, pk)
    form = BudgetForm(request.POST, fund=found, auto_id="budget_%s")
    return _done(request, found, "budget_form", form, services.budget_add, "The budget was changed.")


@require_POST
def allocate(request: PortalRequest, pk: int) -> HttpResponseBase:
    found = _fund_or_404(request, pk)
    form = AllocationForm(request.POST, fund=found, auto_id="allocation_%s")
    return _done(request, found, "allocation_form", form, services.allocate, "Posted to the ledger.")


@require_POST
def close(request: PortalRequest, pk: int) -> HttpResponseBase:
    found, form = _fund_or_404(request, pk), CloseForm(request.POST, auto_id="close_%s")
    return _done(request, found, "close_form", form, services.period_close, "The books are closed.")


def _done(
    request: PortalRequest, found: Fund, name: str, form: Any, service: Any, said: str
) -> HttpResponseBase:
    if not policies.may_run(request.actor):
        raise PermissionDenied("Money of a fund is moved by program admins.")
    if not form.is_valid():
        return _page(request, found, status=422, **{name: form})
    try:
        service(actor=request.actor, fund=found, **getattr(form, "answers", form.cleaned_data))
    except ValidationError as error:
        if getattr(error, "code", "") == "overdrawn":
            error = ValidationError({"amount": error.messages})
        add_objection(form, error)
        return _page(request, found, status=422, **{name: form})
    messages.success(request, said)
    return redirect("mdf:fund", found.pk)


def _fund_or_404(request: PortalRequest, pk: int) -> Fund:
    """The ledger of a fund is the vendor's; partner people read theirs on their own page."""
    if not policies.may_read_books(request.actor):
        raise Http404("no such fund")
    try:
        return selectors.fund_read(pk)
    except Fund.DoesNotExist as error:
        raise Http404("no such fund") from error


def _page(request: PortalRequest, found: Fund, *, status: int = 200, **given: Any) -> HttpResponse:
    """`given` forms take the place of the page's own, to show what was wrong with them."""
    asked = asked_for(found, request.vendor.today, request.GET)
    form = PeriodForm(asked, fund=found, auto_id="period_%s")
    lines, rows = [], []
    if form.is_valid():
        lines = selectors.statement(found, **form.cleaned_data)
        rows = selectors.movements(list(selectors.postings(found, **form.cleaned_data)[:PAGE]))
    elif status == 200:
        status = 422
    chosen = form.cleaned_data.get("partner") if form.is_valid() else None
    context = {
        "fund": found,
        "balances": list(selectors.partners_of(found)[:10]),
        "period_form": form,
        "query": urlencode(asked),
        "lines": lines,
        "total": selectors.total(lines, f"Allocated to {chosen}" if chosen else "Budget"),
        "rows": rows,
        "most": PAGE,
        "may_run": policies.may_run(request.actor),
        **_forms(request, found),
    }
    return render(request, "mdf/fund.html", context | given, status=status)


def _forms(request: PortalRequest, found: Fund) -> dict[str, Any]:
    if not policies.may_run(request.actor):
        return dict.fromkeys(("budget_form", "allocation_form", "close_form"))
    return {
        "budget_form": BudgetForm(fund=found, auto_id="budget_%s"),
        "allocation_form": AllocationForm(fund=found, auto_id="allocation_%s"),
        "close_form": CloseForm(auto_id="close_%s"),
    }
