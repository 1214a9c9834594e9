"""Buttons of a deal's page. Each is one service call; what cannot be done is said on the page itself."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import HttpResponseBase
from django.shortcuts import redirect

from deals.deal import policies
from deals.deal.models import Deal
from deals.page.views import deal_or_404, deal_page, deal_page_refused
from portal.tenancy.http import PortalRequest

Service = Callable[..., Deal]
#: What is said afterwards, or how it depends on the deal as it is then.
Done = str | Callable[[Deal], str]


def act(
    request: PortalRequest, deal: Deal, service: Service, done: Done, **arguments: Any
) -> HttpResponseBase:
    """Call, say what was done, and go back to the deal; 422 with the reason when it cannot be done."""
    try:
        after = service(actor=request.actor, deal=deal, **arguments)
    except ValidationError as error:
        return deal_page(request, deal_or_404(request, deal.reference), status=422, problems=error.messages)
    messages.success(request, done if isinstance(done, str) else done(after))
    return redirect("deals:detail", deal.reference)


def act_with_form(
    request: PortalRequest,
    deal: Deal,
    action: str,
    service: Callable[..., Any],
    done: Done,
    name: str,
    form: Form,
) -> HttpResponseBase:
    """Call with the form's answers; 403 before anything is said about them, 422 with what is wrong."""
    if not policies.may(action, request.actor, deal):  # before anything is said about the answers
        raise PermissionDenied
    if not form.is_valid():
        return deal_page(request, deal, status=422, **{name: form})
    try:
        after = service(actor=request.actor, deal=deal, **form.cleaned_data)
    except ValidationError as error:
        return deal_page_refused(request, deal, name, form, error)
    messages.success(request, done if isinstance(done, str) else done(after))
    return redirect("deals:detail", deal.reference)
