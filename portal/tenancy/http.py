"""What the middleware adds to a request, typed: each class says what a view behind it may rely on."""

from typing import cast

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor


class OuterRequest(HttpRequest):
    """Of anybody at any address: the lobby's pages, and the middleware itself."""

    vendor: Vendor | None
    actor: Actor | None
    user: User | AnonymousUser
    htmx: HtmxDetails
    view_raised: bool


class VisitorRequest(OuterRequest):
    """At a vendor's address; whoever asks may not be signed in, or no member there."""

    vendor: Vendor


class PersonRequest(OuterRequest):
    """Of somebody who is signed in, at whatever address: their account is theirs, not a vendor's."""

    user: User


class PortalRequest(VisitorRequest, PersonRequest):
    """Of a member of the vendor: every page that does not say `login_not_required`."""

    actor: Actor
    user: User


def portal_request(request: HttpRequest) -> PortalRequest:
    """For methods that Django declares with its own request, as those of its admin."""
    return cast("PortalRequest", request)
