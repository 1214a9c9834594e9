"""Sign-in as this portal wants it: by invitation, by e-mail, under the vendor's name, and not tried forever.

Failed tries are counted per account and per real client, in Redis. A browser that has signed in to an
account before carries a signed mark and has a count of its own: nobody else's tries, not even those of a
stranger in the same office, lock its owner out.
"""

import hashlib
import secrets
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows import reauthentication
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, get_script_prefix, resolve, reverse

from portal.limits import Limit
from portal.people.clients import client_address
from portal.text import email_address

ACCOUNT: Final = (Limit("sign_in.account", 5, 5 * 60), Limit("sign_in.account_hour", 20, 60 * 60))
CLIENT: Final = Limit("sign_in.client", 100, 10 * 60)
DEVICE: Final = (Limit("sign_in.device", 5, 5 * 60), Limit("sign_in.device_hour", 20, 60 * 60))
#: The mark of a browser that has signed in before.
COOKIE: Final = "known_browser"
COOKIE_DAYS: Final = 365

Counted = list[tuple[Limit, tuple[str, ...]]]


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("home")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("home")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        request = context.get("request")
        vendor = getattr(request, "vendor", None)
        super().send_mail(template_prefix, email, {**context, "vendor": vendor})

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try before the password is looked at; a good one is given back afterwards."""
        self._counted = _counts(request, _account(credentials))
        # All are counted, also after the first that is full.
        allowed = [limit.allows(*who) for limit, who in self._counted]
        if not all(allowed):
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        for limit, who in getattr(self, "_counted", []):
            limit.give_back(*who)

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        for limit in ACCOUNT:
            limit.forget(_account(credentials))

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        _mark(response, user.email)
        return response


def resolved(path: str) -> ResolverMatch:
    """The view of a full path of this request, past the vendor's prefix."""
    return resolve("/" + path.removeprefix(get_script_prefix()))


def resume_past_the_prefix() -> None:
    """Let allauth go on with what was sent before it asked for the password once more.

    It knows one prefix for all requests (FORCE_SCRIPT_NAME); ours is another one at each vendor, and without
    this the sent form ended in "not found".
    """
    reauthentication.script_aware_resolve = resolved


def _account(credentials: dict[str, Any]) -> str:
    return email_address(str(credentials.get("email") or credentials.get("username") or ""))


def _counts(request: HttpRequest, account: str) -> Counted:
    device = _device(request, account)
    if device:
        return [(limit, (account, device)) for limit in DEVICE]
    return [*((limit, (account,)) for limit in ACCOUNT), (CLIENT, (client_address(request),))]


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:24]


def _device(request: HttpRequest, account: str) -> str:
    """The mark this browser carries for this account; '' where it carries none."""
    of, number = _read_mark(request)
    return number if of == _digest(account) else ""


def _read_mark(request: HttpRequest) -> tuple[str, str]:
    mark = request.COOKIES.get(COOKIE, "")
    try:
        of, number = signing.loads(mark, salt=COOKIE, max_age=COOKIE_DAYS * 86_400)
    except (signing.BadSignature, ValueError):
        return "", ""
    return str(of), str(number)


def browser_of(request: HttpRequest) -> str:
    """Whose browser this was last, so that it can be compared and not read; '' if nobody's."""
    return _read_mark(request)[0]


def is_browser_of(mark: str, email: str) -> bool:
    return mark == _digest(email.lower())


def _mark(response: HttpResponse, email: str) -> None:
    response.set_cookie(
        COOKIE,
        signing.dumps([_digest(email.lower()), secrets.token_hex(8)], salt=COOKIE),
        max_age=COOKIE_DAYS * 86_400,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
