"""Keys, revocations and shared credentials of a vendor, for everybody who checks one.

Read under the vendor's system scope: whoever asks is nobody. No address here tells who holds what,
but for the credential behind the link its holder shares.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from enablement.badges import credentials, documents, selectors, services
from enablement.badges.addresses import addresses_asked
from enablement.badges.keys import Unreadable
from enablement.badges.models import IssuerKey
from enablement.certifications.models import Award
from enablement.certifications.selectors import required_of
from portal.tenancy.http import PortalRequest
from portal.tenancy.links import absolute
from portal.tenancy.scope import entered, system_scope

View = Callable[..., HttpResponse]
_JWT = "application/vc+jwt"
_FRESH = "public, max-age=300"


def _published(view: View) -> View:
    """Open to everybody, pages of other hosts included."""

    @login_not_required
    @require_GET
    @wraps(view)
    def answered(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with entered(system_scope(request.vendor.pk)), transaction.atomic():
            answer = view(request, *args, **kwargs)
        answer["Access-Control-Allow-Origin"] = "*"
        answer.setdefault("Cache-Control", _FRESH)
        return answer

    return answered


@_published
def issuer(request: PortalRequest) -> HttpResponse:
    """Who the vendor is and with which keys it signs, the replaced ones included."""
    addresses, home = addresses_asked(request), absolute(request.vendor, "home")
    return JsonResponse(
        documents.issuer_document(request.vendor, addresses, home, selectors.keys_published())
    )


@_published
def web_key(request: PortalRequest, number: int) -> HttpResponse:
    key = get_object_or_404(IssuerKey, number=number)
    return JsonResponse(documents.web_key(addresses_asked(request), key), content_type="application/jwk+json")


@_published
def status(request: PortalRequest, number: int) -> HttpResponse:
    """The list of what is revoked, signed just now; as JWT for who asks for one."""
    if not selectors.is_list(number):
        raise Http404("no such list")
    addresses = addresses_asked(request)
    document = credentials.status_list(addresses, number, selectors.revoked_bits(number))
    try:
        signer = services.signer_for(request.vendor, addresses)
    except Unreadable:
        return HttpResponse("The key that signs cannot be opened.", status=503, content_type="text/plain")
    if _JWT in request.headers.get("Accept", ""):
        answer = HttpResponse(signer.list_jwt(document), content_type=_JWT)
    else:
        answer = HttpResponse(orjson.dumps(signer.list_document(document)), content_type="application/vc")
    answer["Vary"] = "Accept"
    return answer


@_published
def shared_credential(request: PortalRequest, token: str) -> HttpResponse:
    """The credential of a shared certificate: what its holder shares, signed."""
    rows = Award.objects.select_related("certification", "user", "vendor")
    award = rows.filter(token=token.replace("\0", ""), revoked_at=None).first()
    if award is None:
        raise Http404("no such certificate")
    try:
        signer = services.signer_for(request.vendor)
    except Unreadable:
        return HttpResponse("The key that signs cannot be opened.", status=503, content_type="text/plain")
    courses = required_of([award.certification_id])[award.certification_id]
    credential = services.credential_of(award, courses, request.vendor, signer.addresses)
    answer = HttpResponse(orjson.dumps(signer.badge_document(credential)), content_type="application/vc")
    answer["Cache-Control"] = "private, no-store"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
