"""Pages on which a person changes the address they sign in with."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.people import addresses
from portal.tenancy.http import OuterRequest, PersonRequest
from portal.ui.forms import AddressForm, add_objection


@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def email(request: PersonRequest) -> HttpResponse:
    form = AddressForm(request.POST or None)
    if form.is_valid() and _asked(request, form):
        return redirect("account_email")
    context = {"form": form, "waiting": addresses.waiting_change(request.user)}
    return render(request, "account/email.html", context, status=422 if form.is_bound else 200)


def _asked(request: PersonRequest, form: AddressForm) -> bool:
    try:
        addresses.address_change_ask(user=request.user, email=form.cleaned_data["email"])
    except ValidationError as error:
        add_objection(form, error)
        return False
    return True


@require_POST
def cancel(request: PersonRequest) -> HttpResponse:
    addresses.address_change_cancel(user=request.user)
    messages.success(request, "Your address stays as it is.")
    return redirect("account_email")


@login_not_required
@require_http_methods(["GET", "POST"])
def prove(request: OuterRequest, token: str) -> HttpResponse:
    """Opened from the new mailbox, on whatever device that is; opening alone changes nothing."""
    change = addresses.provable(token)
    if change is None:
        return render(request, "account/email_link_closed.html", status=404)
    context: dict[str, Any] = {"change": change, "error": "", "done": False}
    if request.method == "POST":
        try:
            context["change"] = addresses.address_change_prove(token=token)
        except ValidationError as error:
            context["error"] = error.messages[0]
            return render(request, "account/email_prove.html", context, status=422)
        context["done"] = True
    return render(request, "account/email_prove.html", context)


@login_not_required
@require_http_methods(["GET", "POST"])
def undo(request: OuterRequest, token: str) -> HttpResponse:
    change = addresses.undoable(token)
    if change is None:
        return render(request, "account/email_link_closed.html", status=404)
    context: dict[str, Any] = {"change": change, "error": ""}
    if request.method == "GET":
        return render(request, "account/email_undo.html", context)
    try:
        addresses.address_change_undo(token=token)
    except ValidationError as error:
        context["error"] = error.messages[0]
        return render(request, "account/email_undo.html", context, status=422)
    messages.success(request, f"{change.before} counts again, and every device is signed out.")
    return redirect("account_reset_password")
