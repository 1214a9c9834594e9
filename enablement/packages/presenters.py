"""What the player is told about a package, and under which rules its content runs."""

import json
import re
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.html import escape

from enablement.packages import runtime, selectors
from enablement.packages.manifest import SCORM_12, Part
from enablement.packages.models import Launch, Package, PartState

_APIS: Final = {SCORM_12: "vendor/scorm12.min.js"}
_HEAD: Final = re.compile(rb"<head\b[^>]*>", re.IGNORECASE)


def is_apart() -> bool:
    """Whether content has a host of its own; without one it runs in a sandbox without any origin."""
    return bool(settings.CONTENT_URL)


def content_address(name: str, *args: object) -> str:
    """An address of the content: at the content host if there is one, else below the vendor's own."""
    if not is_apart():
        return reverse(f"content:{name}", args=args)
    before = get_script_prefix()
    set_script_prefix("/")
    try:
        return settings.CONTENT_URL + reverse(f"content:{name}", args=args, urlconf=settings.CONTENT_URLCONF)
    finally:
        set_script_prefix(before)


def player(package: Package, launch: Launch | None, token: str) -> dict[str, Any]:
    """What the player's script needs, as JSON."""
    states = _states(launch)
    parts = []
    for part in selectors.parts_of(package):
        state = states.get(part.id)
        is_ours = state is not None and launch is not None and state.launch_id == launch.pk
        address = content_address("file", token, part.href)
        parts.append(
            {
                "id": part.id,
                "title": part.title,
                "address": f"{address}?{part.query}" if part.query else address,
                "reports": part.reports,
                "done": bool(state and state.is_completed),
                "sequence": state.sequence if state and is_ours else 0,
                "data": _begun(package, launch, part, state),
            }
        )
    return {
        "standard": package.standard,
        "api": static(_APIS.get(package.standard, "vendor/scorm2004.min.js")),
        "across": "" if is_apart() else static("vendor/cross-frame-lms.min.js"),
        "save": content_address("save", token) if launch else "",
        "key": f"{launch.enrolment_id}-{launch.module_id}" if launch else "",
        "parts": parts,
    }


def _states(launch: Launch | None) -> dict[str, PartState]:
    return selectors.states_of(launch.enrolment, launch.module) if launch else {}


def _begun(package: Package, launch: Launch | None, part: Part, state: PartState | None) -> dict[str, Any]:
    learner = (str(launch.user_id), _name(launch)) if launch else ("0", "Preview")
    return runtime.begun_with(package.standard, state.data if state else {}, learner, part)


def _name(launch: Launch) -> str:
    """As SCORM writes names: last name, first name."""
    user = launch.user
    return f"{user.last_name}, {user.first_name}" if user.last_name else str(user)


def content_policy() -> str:
    """Content runs its own scripts, however they are written, and reaches nothing but its own files.

    Without a host of its own it is put into a sandbox on top, so that it has no origin even when somebody
    opens one of its files directly.
    """
    source = "'self'" if is_apart() else f"{_origin(settings.BASE_URL)} 'self'"
    policy = (
        f"default-src {source} 'unsafe-inline' 'unsafe-eval' data: blob:; form-action 'none'; "
        f"base-uri 'none'; frame-ancestors 'self' {portal_origins()}; "
        f"connect-src {source} {portal_origins()} data: blob:"
    )
    return policy if is_apart() else f"{policy}; sandbox allow-scripts allow-forms allow-popups allow-modals"


def portal_origins() -> str:
    """Where the portal's own pages are: its usual address, and every host that may be a vendor's."""
    hosts = [host for host in settings.ALLOWED_HOSTS if host != "*" and not host.startswith("[")]
    scheme, port = urlsplit(settings.BASE_URL).scheme, urlsplit(settings.BASE_URL).port
    tail = f":{port}" if port else ""
    named = {f"{scheme}://{'*' if host.startswith('.') else ''}{host}{tail}" for host in hosts}
    return " ".join(sorted({_origin(settings.BASE_URL), *named}))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def with_api(content: bytes, package: Package, launch: Launch | None, path: str) -> bytes:
    """A page of the content with the API's other half in it, for content that has no origin.

    The page cannot reach the player's window, and asks it by messages; what it reads first comes along.
    """
    parts = selectors.parts_of(package)
    part = next((one for one in parts if one.href == path), parts[0])
    states = _states(launch)
    told = escape(json.dumps(_begun(package, launch, part, states.get(part.id))))
    scripts = (
        f'<script src="{static("vendor/cross-frame-api.min.js")}"></script>'
        f'<script src="{static("js/package-frame.js")}" data-cmi="{told}"></script>'
    ).encode()
    found = _HEAD.search(content)
    at = found.end() if found else 0
    return content[:at] + scripts + content[at:]
