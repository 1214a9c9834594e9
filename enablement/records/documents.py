"""Writes of documents: a tool's State, and the profiles of activities and agents, with optimistic locking."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from enablement.records.grammar import Invalid, indexed, read_json
from enablement.records.models import Document
from enablement.records.services import Conflict
from enablement.records.statements import etag_of


class PreconditionFailed(Exception):
    """The document is not the one the client has in mind."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is kept; "" and None where the resource has no such part."""

    resource: str
    name: str
    activity: str = ""
    agent: str = ""
    registration: UUID | None = None

    def as_filter(self) -> dict[str, Any]:
        return {
            "resource": self.resource,
            "name": indexed(self.name),
            "activity": self.activity,
            "agent_key": self.agent,
            "registration": self.registration,
        }


@dataclass(frozen=True, slots=True)
class Conditions:
    """The If-Match and If-None-Match of a request. `must_say`: a document is not replaced without either."""

    match: str = ""
    none_match: str = ""
    must_say: bool = False
    always: bool = False  # not even a first one is kept without either

    def check(self, current: Document | None) -> None:
        etag = current.etag if current else ""
        if self.match and not _listed(etag, self.match):
            raise PreconditionFailed("The document has changed since it was read, or is gone.")
        if self.none_match and _listed(etag, self.none_match):
            raise PreconditionFailed("There is such a document already.")
        if not self.must_say or self.match or self.none_match:
            return
        if current:
            raise Conflict(
                "There is such a document already. Read it, and send its ETag as If-Match to replace it."
            )
        if self.always:
            raise Invalid(
                "Send If-None-Match: * for a first document, else If-Match with the ETag it replaces."
            )


def _listed(etag: str, header: str) -> bool:
    """Whether the header's list names this tag; weak ones count, a proxy that packs answers weakens them."""
    if not etag:
        return False
    return header.strip() == "*" or etag in {entry.strip().removeprefix("W/") for entry in header.split(",")}


@transaction.atomic
def document_put(*, place: Place, content: bytes, content_type: str, conditions: Conditions) -> None:
    """Keep the document as sent, in place of what was there. PreconditionFailed; Conflict."""
    current = _locked(place)
    conditions.check(current)
    _keep(place, current, content, content_type)


@transaction.atomic
def document_post(*, place: Place, content: bytes, content_type: str, conditions: Conditions) -> None:
    """Keep the document; if both it and what is there are JSON objects, property by property."""
    current = _locked(place)
    conditions.check(current)
    told = _json_object(content, content_type)
    if current is not None:
        known = _json_object(bytes(current.content), current.content_type)
        if told is None or known is None:
            raise Invalid("Only a JSON object can be added to a JSON object; use PUT to replace it.")
        content, content_type = json.dumps({**known, **told}).encode(), "application/json"
    elif told is None and _is_json(content_type):
        raise Invalid("The document is not a JSON object.")
    _keep(place, current, content, content_type)


@transaction.atomic
def document_delete(*, place: Place, conditions: Conditions) -> None:
    """Remove the document; nothing there is fine as well."""
    current = _locked(place)
    conditions.check(current)
    if current:
        current.delete()


def _locked(place: Place) -> Document | None:
    found: Document | None = Document.objects.select_for_update().filter(**place.as_filter()).first()
    return found


def _keep(place: Place, current: Document | None, content: bytes, content_type: str) -> None:
    document = current or Document(full_name=place.name, **place.as_filter())
    document.content, document.content_type = content, content_type[:255]
    document.etag, document.updated_at = etag_of(content), timezone.now()
    document.save()


def _is_json(content_type: str) -> bool:
    return content_type.split(";")[0].strip().lower() == "application/json"


def _json_object(content: bytes, content_type: str) -> dict[str, Any] | None:
    if not _is_json(content_type):
        return None
    value = read_json(content, "The document")
    return value if isinstance(value, dict) else None
