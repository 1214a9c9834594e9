"""What the page frame shows: vendor, person, navigation. Apps register their entries in `ready()`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal.tenancy.access import Actor
from portal.tenancy.http import OuterRequest


@dataclass(frozen=True, slots=True)
class NavItem:
    """`wide` items leave the bar at the foot of a phone. `shown` must not query: it runs on every page."""

    label: str
    url_name: str
    icon: str
    order: int
    shown: Callable[[Actor], bool]
    wide: bool = False
    badge: str = ""  # URL name of the fragment with how much waits there: read by the page once it stands
    section: str = ""  # the namespaces and URL names under which the item counts as current


_items: list[NavItem] = []


def add_to_navigation(*items: NavItem) -> None:
    for item in items:
        if item not in _items:
            _items.append(item)
    _items.sort(key=lambda item: item.order)


def shell(request: OuterRequest) -> dict[str, Any]:
    """Context of every template. Uses only what the middleware loaded: no query of its own."""
    actor = getattr(request, "actor", None)
    return {
        "vendor": getattr(request, "vendor", None),
        "actor": actor,
        "navigation": _navigation(request, actor) if actor else [],
        "unread": getattr(actor.membership, "unread", 0) if actor else 0,
        "demo": settings.DEMO,
    }


def _navigation(request: HttpRequest, actor: Actor) -> list[dict[str, Any]]:
    match = request.resolver_match
    here = {match.view_name, *match.namespaces} if match else set()
    return [
        {
            "label": item.label,
            "url": reverse(item.url_name),
            "icon": item.icon,
            "active": bool(here & {item.url_name, *item.section.split()}),
            "badge": reverse(item.badge) if item.badge else "",
            "wide": item.wide,
        }
        for item in _items
        if item.shown(actor)
    ]
