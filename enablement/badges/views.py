"""The files of a certificate, for who may take them."""

from collections.abc import Callable, Mapping
from typing import Final

import orjson
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET
from openbadgeslib.ob3.credential import OpenBadgeCredential

from enablement.badges import pictures, policies, printing, services
from enablement.badges.credentials import Signer
from enablement.badges.files import BadgeFile
from enablement.badges.keys import Unreadable
from enablement.certifications.policies import may_see
from enablement.certifications.selectors import Sheet, sheet_of
from enablement.courses.selectors import as_the_vendor
from portal.tenancy.http import PortalRequest
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor

_UNREADABLE: Final = "The key that signs cannot be opened. A program admin replaces it under Badge keys."


@require_GET
def certificate_file(request: PortalRequest, reference: str, key: str) -> HttpResponseBase:
    sheet = sheet_of(request.actor, reference.replace("\0", ""))
    if sheet is None or not may_see(
        request.actor, sheet.award, sheet.seat.partner_id if sheet.seat else None
    ):
        raise Http404("no such certificate, or not for this person")
    if sheet.award.revoked_at:
        messages.error(request, "It was revoked: there is nothing to download.")
        return redirect("enablement:certificate", sheet.award.reference)
    file = next((one for one in policies.files_for(request.actor, sheet.award) if one.key == key), None)
    if file is None:
        raise Http404("no such file, or not for this person")
    try:
        with as_the_vendor(request.actor):
            content = _MADE_BY[key](sheet, request.vendor)
    except Unreadable:
        messages.error(request, _UNREADABLE)
        return redirect("enablement:certificate", sheet.award.reference)
    return _attached(file, sheet.award.reference, content)


def _attached(file: BadgeFile, reference: str, content: bytes | str) -> HttpResponse:
    answer = HttpResponse(content, content_type=file.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{reference}.{file.ending}"'
    return answer


def _pdf(sheet: Sheet, vendor: Vendor) -> bytes:
    award = sheet.award
    link = absolute(vendor, "certificates:shared", award.token) if award.token else ""
    employer = sheet.seat.partner.name if award.shows_employer and sheet.seat else ""
    return printing.certificate_pdf(award=award, vendor=vendor, employer=employer, link=link)


def _svg(sheet: Sheet, vendor: Vendor) -> bytes:
    return pictures.baked_svg(_picture(sheet, vendor), _jwt(sheet, vendor))


def _png(sheet: Sheet, vendor: Vendor) -> bytes:
    return pictures.baked_png(_picture(sheet, vendor), _jwt(sheet, vendor))


def _picture(sheet: Sheet, vendor: Vendor) -> str:
    return pictures.badge_svg(name=sheet.award.certification.name, vendor=vendor.name, colour=vendor.colour)


def _jwt(sheet: Sheet, vendor: Vendor) -> str:
    signer = services.signer_for(vendor)
    return signer.badge_jwt(_credential(sheet, vendor, signer))


def _proof(sheet: Sheet, vendor: Vendor) -> bytes:
    signer = services.signer_for(vendor)
    document = signer.badge_document(_credential(sheet, vendor, signer))
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _credential(sheet: Sheet, vendor: Vendor, signer: Signer) -> OpenBadgeCredential:
    return services.credential_of(sheet.award, sheet.courses, vendor, signer.addresses, names_address=True)


_MADE_BY: Final[Mapping[str, Callable[[Sheet, Vendor], bytes | str]]] = {
    "pdf": _pdf,
    "png": _png,
    "svg": _svg,
    "jwt": _jwt,
    "proof": _proof,
}
