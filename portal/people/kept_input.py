"""What somebody typed when the session was gone: kept, and offered again once they have signed in.

Nothing is sent on its own: between the two somebody else may have signed in, or the thing changed. The person
sees what will be sent, and presses the button.
"""

import time
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from portal.limits import Limit
from portal.people.accounts import browser_of, is_browser_of
from portal.people.clients import client_address
from portal.tenancy.http import OuterRequest, PersonRequest

_KEY: Final = "kept_input"
MOST_BYTES: Final = 200_000
SECONDS: Final = 60 * 60
#: Each keeps a row of the sessions' table: nobody fills it.
PER_CLIENT: Final = Limit("kept_input", 60, 60 * 60)
_NEVER: Final = ("csrfmiddlewaretoken", "password")


def keep(request: OuterRequest) -> bool:
    """Keep the fields of this form in the (signed-out) session; False for what is too much."""
    fields = list(fields_of(request))
    if sum(len(name) + len(value) for name, value in fields) > MOST_BYTES:
        return False
    if not PER_CLIENT.allows(client_address(request)):
        return False
    request.session[_KEY] = {
        "path": request.get_full_path(),
        "fields": fields,
        "files": bool(request.FILES),
        "browser": browser_of(request),
        "at": time.time(),
    }
    return True


def kept(request: PersonRequest) -> dict[str, Any] | None:
    """What was kept, for whom it was kept: the account this browser was signed in to."""
    found: dict[str, Any] | None = request.session.get(_KEY)
    if not found or time.time() - found["at"] > SECONDS:
        return None
    if found["browser"] and not is_browser_of(found["browser"], request.user.email):
        return None
    return found


def fields_of(request: OuterRequest) -> Iterable[tuple[str, str]]:
    for name, values in request.POST.lists():
        if not name.startswith(_NEVER):
            yield from ((name, value) for value in values)


def is_own_form(request: OuterRequest) -> bool:
    """The browser says that the form stood on a page of this very host."""
    source = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return bool(source) and urlsplit(source).netloc == request.get_host()


def page_above(request: HttpRequest) -> str:
    """The nearest address above this one that is a page: where an address that only takes a form leads.

    What stands for a thing in it must stand for the same thing here: "/deals/proofs/" is no deal.
    """
    match = request.resolver_match
    named = {str(value) for value in match.kwargs.values()} if match else set()
    parts = request.path_info.strip("/").split("/")
    prefix = request.path.removesuffix(request.path_info)
    for length in range(len(parts) - 1, 0, -1):
        path = f"/{'/'.join(parts[:length])}/"
        try:
            above = resolve(path, getattr(request, "urlconf", None))
        except Resolver404:
            continue
        if {str(value) for value in above.kwargs.values()} <= named:
            return f"{prefix}{path}"
    return f"{prefix}/"
