"""Per request: which vendor, which rows, and whether to let anybody in at all."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse, set_script_prefix
from django.utils import timezone
from django.utils.cache import patch_cache_control

from portal.events.log import record_once_per_session
from portal.notifications.selectors import with_unread
from portal.people import kept_input
from portal.people.models import Membership, User
from portal.tenancy import vendors
from portal.tenancy.access import Actor, reach_of, scope_of
from portal.tenancy.http import OuterRequest, PortalRequest
from portal.tenancy.models import Vendor
from portal.tenancy.roles import SECOND_FACTOR_ROLES, Role
from portal.tenancy.scope import ALL, Scope, entered, narrow, system_scope

GetResponse = Callable[[HttpRequest], HttpResponse]


class VendorMiddleware:
    """Finds the vendor by host, else by the /v/<slug>/ prefix, and hides the prefix from everything behind.

    The prefix becomes the script prefix, so no view, template or `{% url %}` ever names the vendor.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: OuterRequest) -> HttpResponse:
        if settings.CONTENT_HOST and _host(request) == settings.CONTENT_HOST:
            return self._content(request)
        request.vendor = vendor = vendors.by_host(_host(request))
        if vendor is None:
            return self._by_prefix(request)
        return self._within(vendor, request)

    def _content(self, request: OuterRequest) -> HttpResponse:
        """The host of learning content knows no vendor and nobody: cookies count for nothing there."""
        request.vendor, request.urlconf = None, settings.CONTENT_URLCONF
        request.COOKIES = {}
        set_script_prefix("/")
        return self.get_response(request)

    def _by_prefix(self, request: OuterRequest) -> HttpResponse:
        slug, rest = vendors.split_prefix(request.path_info)
        if slug is None:
            request.urlconf = settings.LOBBY_URLCONF
            set_script_prefix(request.META.get("SCRIPT_NAME") or "/")
            return self.get_response(request)
        request.vendor = vendor = vendors.by_slug(slug)
        if vendor is None:
            request.urlconf = settings.LOBBY_URLCONF
            return self.get_response(request)
        if rest is None:
            return HttpResponsePermanentRedirect(f"{request.path}/")
        prefix = f"{request.META.get('SCRIPT_NAME', '')}/v/{slug}"
        request.path_info = rest
        request.META["SCRIPT_NAME"] = prefix
        set_script_prefix(f"{prefix}/")
        return self._within(vendor, request)

    def _within(self, vendor: Vendor, request: OuterRequest) -> HttpResponse:
        with timezone.override(vendor.zone):
            return self.get_response(request)


def _host(request: HttpRequest) -> str:
    return request.get_host().rsplit(":", 1)[0]


class ScopeMiddleware:
    """Computes the person's Scope and runs the request, rendering included, in one transaction under it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: OuterRequest) -> HttpResponse:
        request.actor, request.view_raised = None, False
        user, vendor = request.user, request.vendor
        if not user.is_authenticated:
            return self._anonymous(request)
        with entered(self._first_scope(user, vendor)), transaction.atomic():
            if vendor is not None:
                request.actor = self._narrowed_to_person(request, user, vendor)
            response = self.get_response(request)
            # Nothing a failed view wrote may stay. Django turned its exception into a response already.
            if request.view_raised or response.status_code >= 500:
                transaction.set_rollback(True)
        if "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_store=True)
        return response

    def _anonymous(self, request: OuterRequest) -> HttpResponse:
        """No scope, no rows: sign-in and the other public pages read only what stands outside the wall."""
        with transaction.atomic():
            response = self.get_response(request)
            if request.view_raised or response.status_code >= 500:
                transaction.set_rollback(True)
        return response

    def process_exception(self, request: OuterRequest, exception: Exception) -> None:
        request.view_raised = True

    def _first_scope(self, user: User, vendor: Vendor | None) -> Scope:
        """The lobby shows a person what is their own; at a vendor's their scope is still to come."""
        return Scope(vendor_id=None, actor_id=user.pk) if vendor is None else system_scope(vendor.pk, user.pk)

    def _narrowed_to_person(self, request: OuterRequest, user: User, vendor: Vendor) -> Actor | None:
        membership = with_unread(Membership.objects.filter(user=user, is_active=True)).first()
        if membership is None and user.is_superuser:
            return self._support(request, user, vendor)
        if membership is None:
            narrow(Scope(vendor_id=vendor.pk, actor_id=user.pk))
            return None
        reach = reach_of(membership)
        scope = scope_of(membership, reach)
        narrow(scope)
        actor = Actor(user, Role(membership.role), vendor, scope, reach.home, membership, reach.pause)
        record_once_per_session(request, "portal.login", actor=actor)
        return actor

    def _support(self, request: OuterRequest, user: User, vendor: Vendor) -> Actor:
        """A platform superuser helps out at a vendor's address; each such session is recorded."""
        scope = Scope(vendor.pk, ALL, staff=True, actor_id=user.pk)
        narrow(scope)
        actor = Actor(user, Role.PROGRAM_ADMIN, vendor, scope)
        record_once_per_session(request, "portal.support_session", actor=actor)
        return actor


class MemberRequiredMiddleware(LoginRequiredMiddleware):
    """Every page needs a member of this vendor unless the view says `login_not_required`."""

    def process_view(self, request: Any, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        if answer is not None or request.vendor is None or not request.user.is_authenticated:
            return answer
        if not getattr(view_func, "login_required", True) or _is_account_page(request):
            return None
        if request.actor is None:
            raise Http404("not a member of this vendor")
        if request.actor.pause and not request.actor.pause.reads:
            return render(request, "portal/paused.html", {"pause": request.actor.pause}, status=403)
        if self._lacks_second_factor(request):
            return redirect("mfa_activate_totp")
        return None

    def handle_no_permission(self, request: Any, view_func: Any) -> Any:
        """The session is gone: sign-in leads back, and what was typed is not lost."""
        if request.htmx:
            return self._fragment_refused(request)
        if request.method == "POST" and kept_input.keep(request):
            return redirect_to_login(reverse("resume"), reverse("account_login"))
        return super().handle_no_permission(request, view_func)

    def _fragment_refused(self, request: OuterRequest) -> HttpResponse:
        """A filter goes to sign-in and comes back filtered; a page on which somebody types stays as it is."""
        page = urlsplit(request.htmx.current_url or "")
        is_same_page = page.path == request.path and request.method == "GET"
        back = request.get_full_path() if is_same_page else urlunsplit(("", "", page.path, page.query, ""))
        sign_in = redirect_to_login(back, reverse("account_login")).url
        answer = HttpResponse(status=401)
        answer["HX-Redirect" if is_same_page else "X-Sign-In"] = sign_in
        return answer

    def _lacks_second_factor(self, request: PortalRequest) -> bool:
        if not request.vendor.requires_second_factor or request.actor.role not in SECOND_FACTOR_ROLES:
            return False
        return not is_mfa_enabled(request.user)


def _is_account_page(request: OuterRequest) -> bool:
    """Signing out, changing one's password or second factor belongs to the person, not to a membership."""
    name = request.resolver_match.url_name or "" if request.resolver_match else ""
    return name.startswith(("account_", "mfa_")) or name in {"switch", "brand"}


class MethodMiddleware:
    """An address that only takes a form, opened as a page, leads to its page; other methods are told so."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: OuterRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return response
        if request.method == "GET":
            return redirect(kept_input.page_above(request))
        page = render(request, "405.html", {"page": kept_input.page_above(request)}, status=405)
        page["Allow"] = response["Allow"]
        return page


class AccountFormMiddleware:
    """A sign-in or account form with errors answers 422, as every other form here does."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(
        self, request: OuterRequest, response: TemplateResponse
    ) -> TemplateResponse:
        form = (response.context_data or {}).get("form")
        if request.method == "POST" and response.status_code == 200 and getattr(form, "errors", None):
            response.status_code = 422
        return response
