"""What the content of a package may ask for: its page, its files, and to be kept. On an origin of its own.

No cookie is read and none is set: the address holds a signed token that names one launch, and opens nothing
else. Where a content host is set, these addresses answer there and only there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from enablement.packages import archive, presenters, selectors, services
from enablement.packages.manifest import CMI5
from enablement.packages.models import Launch, Package
from enablement.records.grammar import Invalid, read_json
from portal.tenancy.http import OuterRequest
from portal.tenancy.scope import entered, system_scope

_MOST_SAVED: Final = 2**20
#: Shown as what they are; everything else is a download.
_SHOWN: Final = {
    "html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8", "xhtml": "application/xhtml+xml",
    "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8", "json": "application/json", "xml": "application/xml",
    "txt": "text/plain; charset=utf-8", "vtt": "text/vtt; charset=utf-8", "svg": "image/svg+xml",
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "ico": "image/x-icon", "mp4": "video/mp4", "webm": "video/webm", "m4a": "audio/mp4",
    "mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav", "woff": "font/woff", "woff2": "font/woff2",
    "ttf": "font/ttf", "otf": "font/otf", "pdf": "application/pdf", "wasm": "application/wasm",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Played:
    """What a token opens. `launch` is None for a look inside that keeps nothing."""

    package: Package
    launch: Launch | None


@contextmanager
def played(request: OuterRequest, token: str) -> Iterator[Played]:
    """Runs the block under the scope of the launch's vendor. Http404 for a token that opens nothing.

    Content with a host of its own is not answered at the portal's, where it would have the portal's origin.
    """
    if presenters.is_apart() and request.vendor is not None:
        raise Http404("content has a host of its own")
    try:
        told = selectors.told_by_token(token, int(services.OPEN_FOR.total_seconds()))
    except signing.BadSignature as error:
        raise Http404("no launch") from error
    with entered(system_scope(told["vendor"])):
        yield _found(told)


def _found(told: dict[str, Any]) -> Played:
    if "package" in told:
        package = Package.objects.filter(pk=told["package"]).first()
        if package is None:
            raise Http404("no package")
        return Played(package, None)
    rows = Launch.objects.select_related("package", "module", "user", "enrolment")
    launch = rows.filter(pk=told["launch"]).first()
    if launch is None:
        raise Http404("no launch")
    return Played(launch.package, launch)


@login_not_required
@require_GET
@xframe_options_exempt
def play(request: OuterRequest, token: str) -> HttpResponse:
    """The window in which the content runs, with the SCORM API beside it."""
    with played(request, token) as found:
        if found.package.standard == CMI5:
            raise Http404("content that runs by itself")
        config = presenters.player(found.package, found.launch, token)
        response = render(request, "enablement/packages/frame.html", {"config": config})
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
        f"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {presenters.portal_origins()}"
    )
    response["Cache-Control"] = "private, no-store"
    return response


@csrf_exempt
@login_not_required
@require_POST
def save(request: OuterRequest, token: str) -> HttpResponse:
    """What a part of the content tells: {part, sequence, data, over}. 409 when a later launch took over."""
    body = request.read(_MOST_SAVED + 1)
    if len(body) > _MOST_SAVED:
        return _answer(413, "This is more than can be kept.")
    try:
        told = read_json(body, "The request")
        name, sequence, data = told["part"], int(told["sequence"]), told["data"]
    except (Invalid, KeyError, TypeError, ValueError):
        return _answer(400, "The request cannot be read.")
    with played(request, token) as found:
        if found.launch is None or found.package.standard == CMI5:
            return _answer(404, "Nothing is kept here of such a launch.")
        part = next((one for one in selectors.parts_of(found.package) if one.id == name), None)
        if part is None or not isinstance(data, dict) or not 0 <= sequence < 2**31:
            return _answer(400, "The package has no such part.")
        kept = services.state_save(
            launch=found.launch, part=part, sequence=sequence, data=data, is_over=told.get("over") is True
        )
    return _answer(200, "Saved") if kept else _answer(409, "Opened in another window since.")


def _answer(status: int, text: str) -> HttpResponse:
    return JsonResponse({"text": text}, status=status)


@login_not_required
@require_GET
@xframe_options_exempt
def file(request: OuterRequest, token: str, path: str) -> HttpResponse:
    """A file of the package, read from its archive by its whole name."""
    with played(request, token) as found:
        content = _content(found.package, path)
        needs_api = not presenters.is_apart() and found.package.standard != CMI5
        if needs_api and _kind(path).startswith("text/html"):
            content = presenters.with_api(content, found.package, found.launch, path)
    response = _ranged(request, content, _kind(path))
    response["Content-Security-Policy"] = presenters.content_policy()
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    response["Referrer-Policy"] = "no-referrer"
    if _kind(path) == "application/octet-stream":
        response["Content-Disposition"] = "attachment"
    return response


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("Not found", status=404, content_type="text/plain")


def _content(package: Package, path: str) -> bytes:
    if package.content_type != "application/zip":
        raise Http404("a structure without files")
    try:
        with default_storage.open(package.file.name or "") as stored:
            return archive.opened(stored).read(path)
    except (KeyError, FileNotFoundError) as error:
        raise Http404("no such file in the package") from error


def _kind(path: str) -> str:
    return _SHOWN.get(path.rpartition(".")[2].lower(), "application/octet-stream")


def _ranged(request: HttpRequest, content: bytes, content_type: str) -> HttpResponse:
    """Films are asked for piece by piece; one range is answered, several are not."""
    first, last = _range(request.headers.get("Range", ""), len(content))
    if first is None or last is None:
        response = HttpResponse(content, content_type=content_type)
    else:
        response = HttpResponse(content[first : last + 1], content_type=content_type, status=206)
        response["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    response["Accept-Ranges"] = "bytes"
    return response


def _range(header: str, size: int) -> tuple[int | None, int | None]:
    unit, _, span = header.partition("=")
    first, dash, last = span.strip().partition("-")
    if unit != "bytes" or not dash or not first.isdecimal() or (last and not last.isdecimal()):
        return None, None
    begin, end = int(first), min(int(last or size - 1), size - 1)
    return (begin, end) if begin <= end else (None, None)
