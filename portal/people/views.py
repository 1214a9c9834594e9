"""The vendor switcher, and joining by invitation."""

from typing import Any

from babel import Locale
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from portal.money.amounts import understood
from portal.people import kept_input, selectors, services
from portal.people.forms import JoinForm
from portal.people.models import User
from portal.tenancy.http import OuterRequest, PersonRequest, PortalRequest, VisitorRequest
from portal.ui.forms import LONGEST_AMOUNT


@require_GET
def switch(request: PersonRequest) -> HttpResponse:
    """The vendors a person belongs to; straight on when there is just one."""
    vendors = selectors.vendors_of(request.user)
    if len(vendors) == 1 and request.vendor is None:
        return redirect(f"/v/{vendors[0].slug}/")
    return render(request, "portal/switch.html", {"vendors": vendors})


@login_not_required
@require_http_methods(["GET", "POST"])
def join(request: VisitorRequest, token: str) -> HttpResponse:
    invitation = services.invitation_find(request.vendor, token)
    if invitation is None:
        return render(request, "portal/join_closed.html", status=404)
    if request.user.is_authenticated:
        return _join_signed_in(request, request.user, token, invitation)
    form = JoinForm(request.POST or None, invitation=invitation)
    if form.is_valid():
        person = _accepted(request, token, form, **form.cleaned_data)
        if person:
            login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
            return redirect("home")
    status = 422 if form.is_bound else 200
    return render(request, "portal/join.html", {"form": form, "invitation": invitation}, status=status)


def _join_signed_in(request: VisitorRequest, user: User, token: str, invitation: Any) -> HttpResponse:
    context = {"invitation": invitation, "error": ""}
    if request.method == "GET":
        return render(request, "portal/join_signed_in.html", context)
    try:
        services.invitation_accept(
            vendor=request.vendor, token=token, first_name="", last_name="", password=None, user=user
        )
    except ValidationError as error:
        context["error"] = error.messages[0]
        return render(request, "portal/join_signed_in.html", context, status=422)
    return redirect("home")


def _accepted(request: VisitorRequest, token: str, form: JoinForm, **fields: Any) -> Any:
    try:
        return services.invitation_accept(vendor=request.vendor, token=token, **fields)
    except ValidationError as error:
        form.add_error(None, error)
        return None


@require_GET
def amount(request: PortalRequest) -> HttpResponse:
    """What is read in an amount field while somebody types: a fragment that stands beside the field.

    `field` names the parameter that holds the text; `in` the currency, or `choice` the parameter that does.
    """
    asked = request.GET
    currency = asked.get("in") or asked.get(asked.get("choice", ""), "")
    if currency not in Locale("en").currencies:
        currency = request.vendor.currency
    text = asked.get(asked.get("field", ""), "")[:LONGEST_AMOUNT]
    return render(request, "components/amount_words.html", {"words": understood(text, currency)})


@require_GET
def resume(request: PortalRequest) -> HttpResponse:
    """What was typed when the session was gone, to be sent now."""
    found = kept_input.kept(request)
    if found is None:
        return redirect("home")
    context = {"path": found["path"], "fields": found["fields"], "files": found["files"]}
    return render(request, "portal/resume.html", context)


def csrf_failure(request: OuterRequest, reason: str = "") -> HttpResponse:
    """A form from before somebody signed in again carries an old token: its input is offered once more.

    Only for a form of our own page, as the browser tells; one that another site made up is refused.
    """
    ours = kept_input.is_own_form(request) and request.method == "POST" and not _is_account_form(request)
    if not ours:
        return render(request, "403_csrf.html", status=403)
    if not request.user.is_authenticated:
        return _after_sign_in(request)
    context = {
        "path": request.get_full_path(),
        "fields": list(kept_input.fields_of(request)),
        "files": bool(request.FILES),
    }
    return render(request, "portal/resume.html", context, status=403)


def _is_account_form(request: HttpRequest) -> bool:
    """Passwords are typed there: they are not shown again."""
    return request.path_info.startswith(("/accounts/", "/join/"))


def _after_sign_in(request: OuterRequest) -> HttpResponse:
    back = reverse("resume") if kept_input.keep(request) else request.get_full_path()
    return redirect_to_login(back, reverse("account_login"))
