"""The vendor switcher, and joining by invitation."""

from typing import Any

from babel import Locale
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from portal.money.amounts import understood
from portal.people import selectors, services
from portal.people.forms import JoinForm
from portal.ui.forms import LONGEST_AMOUNT


@require_GET
def switch(request: HttpRequest) -> HttpResponse:
    """The vendors a person belongs to; straight on when there is just one."""
    vendors = selectors.vendors_of(request.user)
    if len(vendors) == 1 and request.vendor is None:  # type: ignore[attr-defined]
        return redirect(f"/v/{vendors[0].slug}/")
    return render(request, "portal/switch.html", {"vendors": vendors})


@login_not_required
@require_http_methods(["GET", "POST"])
def join(request: Any, token: str) -> HttpResponse:
    invitation = services.invitation_find(request.vendor, token)
    if invitation is None:
        return render(request, "portal/join_closed.html", status=404)
    if request.user.is_authenticated:
        return _join_signed_in(request, token, invitation)
    form = JoinForm(request.POST or None, invitation=invitation)
    if form.is_valid():
        person = _accepted(request, token, form, **form.cleaned_data)
        if person:
            login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
            return redirect("home")
    status = 422 if form.is_bound else 200
    return render(request, "portal/join.html", {"form": form, "invitation": invitation}, status=status)


def _join_signed_in(request: Any, token: str, invitation: Any) -> HttpResponse:
    context = {"invitation": invitation, "error": ""}
    if request.method == "GET":
        return render(request, "portal/join_signed_in.html", context)
    try:
        services.invitation_accept(
            vendor=request.vendor, token=token, first_name="", last_name="", password=None, user=request.user
        )
    except ValidationError as error:
        context["error"] = error.messages[0]
        return render(request, "portal/join_signed_in.html", context, status=422)
    return redirect("home")


def _accepted(request: Any, token: str, form: JoinForm, **fields: Any) -> Any:
    try:
        return services.invitation_accept(vendor=request.vendor, token=token, **fields)
    except ValidationError as error:
        form.add_error(None, error)
        return None


@require_GET
def amount(request: Any) -> HttpResponse:
    """What is read in an amount field while somebody types: a fragment that stands beside the field.

    `field` names the parameter that holds the text; `in` the currency, or `choice` the parameter that does.
    """
    asked = request.GET
    currency = asked.get("in") or asked.get(asked.get("choice", ""), "")
    if currency not in Locale("en").currencies:
        currency = request.vendor.currency
    text = asked.get(asked.get("field", ""), "")[:LONGEST_AMOUNT]
    return render(request, "components/amount_words.html", {"words": understood(text, currency)})
