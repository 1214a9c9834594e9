"""How xAPI is spoken over HTTP: versions, keys, parameters, headers, and errors with their status.

Every resource is a subclass of `Resource`; its methods take a `Call`. The request runs as any other, in one
transaction, under a scope of the vendor's machinery: a key is no person, and cookies mean nothing here.
"""

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from enablement.records.grammar import Invalid
from enablement.records.models import KeyScope, StoreKey
from enablement.records.services import Conflict, authority_of, key_of, key_used
from enablement.records.statements import Json, agent_key
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope

VERSIONS: Final = ("1.0.3", "2.0.0")
_FAMILIES: Final = ((re.compile(r"1\.0(\.\d+)?"), "1.0.3"), (re.compile(r"2\.0(\.\d+)?"), "2.0.0"))
#: Headers that may come as form fields, where a browser cannot set them (1.0.3, part 3, section 1.3).
_AS_FIELDS: Final = (
    "authorization", "x-experience-api-version", "content-type", "content-length", "if-match",
    "if-none-match", "accept", "accept-language",
)  # fmt: skip
#: Learning content runs on an origin of its own. No cookie is read, so any origin may ask with a key.
_CROSS_ORIGIN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "HEAD, GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Content-Length, If-Match, If-None-Match, Accept-Language, "
        "X-Experience-API-Version"
    ),
    "Access-Control-Expose-Headers": (
        "ETag, Last-Modified, X-Experience-API-Version, X-Experience-API-Consistent-Through"
    ),
    "Access-Control-Max-Age": "3600",
}


class Refused(Exception):
    """Answered with this status and text; nothing of the request stays."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Call:
    """A request as xAPI means it, after the alternate syntax is undone. Header names in lower case."""

    method: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    version: str = ""
    key: StoreKey | None = None
    vendor: Vendor | None = None

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def media_type(self) -> str:
        return self.content_type.split(";")[0].strip().lower()

    @property
    def source(self) -> StoreKey:
        if self.key is None:
            raise Refused(401, "A key is needed.")
        return self.key

    @property
    def authority(self) -> Json:
        if self.vendor is None:
            raise Refused(401, "A vendor's address is needed.")
        return authority_of(self.source, absolute(self.vendor, "home"))

    def only(self, allowed: Collection[str], required: Collection[str] = ()) -> Mapping[str, str]:
        """The parameters, when they are these and no others; names count by their exact letters."""
        unknown = [name for name in self.params if name not in allowed]
        if unknown:
            raise Refused(400, f"There is no parameter {unknown[0][:60]!r} here.")
        missing = [name for name in required if not self.params.get(name)]
        if missing:
            raise Refused(400, f"The parameter {missing[0]} is missing.")
        return self.params


@method_decorator([csrf_exempt, login_not_required], name="dispatch")
class Resource(View):
    """One resource of the store; subclasses define `get`, `put`, `post` and `delete` of a Call."""

    http_method_names = ["get", "head", "post", "put", "delete", "options"]
    needs_key = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "OPTIONS":
            return _with_headers(HttpResponse(status=204), VERSIONS[-1], {})
        vendor = request.vendor  # type: ignore[attr-defined]
        with entered(system_scope(vendor.pk)):
            return self._answered(request, vendor, **kwargs)

    def _answered(self, request: HttpRequest, vendor: Vendor, **kwargs: Any) -> HttpResponse:
        version, headers = VERSIONS[-1], {}
        try:
            call = _spelled_out(_as_call(request, vendor))
            key = _key(call) if self.needs_key else None
            version = key.version if key else version
            headers = self.about_answers(call)
            version = self._version(call) or version
            call = replace(call, version=version, key=key)
            if key:
                key_used(key=key, version=version)
            response = self._handler(call)(call, **kwargs)
        except (Refused, Invalid, Conflict) as error:
            # A refused request leaves nothing behind, whatever it wrote before it was refused.
            transaction.set_rollback(True)
            response = _refusal(error)
        return _with_headers(response, version, headers)

    def about_answers(self, call: Call) -> dict[str, str]:
        """Headers of every answer of this resource, refusals included."""
        return {}

    def _version(self, call: Call) -> str:
        asked = call.headers.get("x-experience-api-version", "")
        for family, version in _FAMILIES:
            if family.fullmatch(asked):
                return version
        if self.needs_key:
            raise Refused(400, f"X-Experience-API-Version must be one of {', '.join(VERSIONS)}.")
        return ""

    def _handler(self, call: Call) -> Any:
        name = "get" if call.method == "HEAD" else call.method.lower()
        handler = getattr(self, name, None) if name in self.http_method_names else None
        if handler is None:
            raise Refused(405, f"{call.method} is not for this resource.")
        return handler


def _refusal(error: Exception) -> HttpResponse:
    status = error.status if isinstance(error, Refused) else 409 if isinstance(error, Conflict) else 400
    response = JsonResponse({"error": str(error)}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Basic realm="Learning record store", charset="UTF-8"'
    return response


def _with_headers(response: HttpResponse, version: str, headers: Mapping[str, str]) -> HttpResponse:
    response["X-Experience-API-Version"] = version
    for name, value in {**_CROSS_ORIGIN, **headers}.items():
        response[name] = value
    return response


# Reading a request ------------------------------------------------------------------------------------------


def _as_call(request: HttpRequest, vendor: Vendor) -> Call:
    limit = settings.LEARNING_RECORD_LIMIT
    body = request.read(limit + 1)
    if len(body) > limit:
        raise Refused(413, f"A request may hold {limit // 2**20} MB.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    method = request.method or "GET"
    return Call(method, _single(request.GET), headers, body, vendor=vendor)


def _single(query: QueryDict) -> dict[str, str]:
    for name, values in query.lists():
        if len(values) > 1:
            raise Refused(400, f"The parameter {name[:60]!r} is given more than once.")
    return {name: str(value) for name, value in query.items()}


def _spelled_out(call: Call) -> Call:
    """The request that version 1.0 lets a browser send as a form POST with ?method=."""
    method = call.params.get("method")
    if method is None:
        return call
    others = call.params.keys() - {"method"}
    if call.method != "POST" or others or method not in {"GET", "PUT", "POST", "DELETE", "HEAD"}:
        raise Refused(400, "The alternate request syntax is a POST with the parameter method and no other.")
    fields = _form(call)
    headers = {name.lower(): value for name, value in fields.items() if name.lower() in _AS_FIELDS}
    params = {name: v for name, v in fields.items() if name.lower() not in _AS_FIELDS and name != "content"}
    if method in {"PUT", "POST"} and "content" not in fields:
        raise Refused(400, "The form lacks the field content.")
    headers = {**call.headers, "content-type": "application/json", **headers}
    if headers.get("x-experience-api-version", "").startswith("2."):
        raise Refused(400, "Version 2.0 knows no alternate request syntax.")
    return replace(
        call, method=method, params=params, headers=headers, body=fields.get("content", "").encode()
    )


def _form(call: Call) -> dict[str, str]:
    if call.media_type not in {"", "application/x-www-form-urlencoded"}:
        raise Refused(400, "The alternate request syntax sends a form (application/x-www-form-urlencoded).")
    try:
        pairs = parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=bool(call.body))
    except ValueError as error:
        raise Refused(400, "The form cannot be read.") from error
    return dict(pairs)


# Keys -------------------------------------------------------------------------------------------------------


def _key(call: Call) -> StoreKey:
    """The key of an Authorization header, Basic or Bearer; Refused (401) without a valid one."""
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    name, colon, secret = _pair(scheme.lower(), given.strip())
    key = key_of(name, secret) if colon else None
    if key is None:
        raise Refused(401, "This key is not valid here.")
    return key


def _pair(scheme: str, given: str) -> tuple[str, str, str]:
    if scheme == "bearer":
        return given.partition(".")
    if scheme != "basic":
        return "", "", ""
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", "", ""


def may_read(call: Call) -> None:
    if call.source.scope not in KeyScope.values:
        raise Refused(403, "This key may not read.")


def may_write(call: Call) -> None:
    if call.source.scope == KeyScope.READ:
        raise Refused(403, "This key may only read.")


def own_source(call: Call) -> int | None:
    """The key whose statements alone may be read; None for a key that may read everything.

    One made for a launch reads what was said in its registration, in earlier launches as well.
    """
    is_narrow = call.source.scope == KeyScope.WRITE and call.source.registration is None
    return call.source.pk if is_narrow else None


def within_launch(
    call: Call, statement: Json | None, *, agent: str = "", registration: UUID | None = None
) -> None:
    """A key made for one launch writes and reads for that learner and that registration only."""
    key = call.source
    if key.registration is None:
        return
    if statement is not None:
        agent = agent_key(statement["actor"])
        sent = statement.get("context", {}).get("registration")
        registration = UUID(sent) if sent else None
    if agent and agent != key.agent_key:
        raise Refused(403, "This key is for another learner.")
    if registration != key.registration and (statement is not None or registration is not None):
        raise Refused(403, "This key is for another registration.")
