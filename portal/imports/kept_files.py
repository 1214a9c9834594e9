"""An uploaded file between the preview and the confirmation: kept for an hour, for the one who gave it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from portal.tenancy.access import Actor

KEPT_FOR = timedelta(hours=1)
_FOLDER = "imports"
_SALT = "portal.imports"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and the text of its map; `name` is what the person calls it."""

    name: str
    data: bytes
    map_text: str


def keep(upload: Upload, *, actor: Actor, kind: str) -> str:
    """Put the upload aside; returns the token that gives it back to this person, for this kind."""
    _sweep()
    path = f"{_FOLDER}/{uuid4().hex}"
    default_storage.save(path, ContentFile(upload.data))
    content = {"path": path, "name": upload.name, "map": upload.map_text, "for": _for(actor, kind)}
    return signing.dumps(content, salt=_SALT, compress=True)


def kept(token: str, *, actor: Actor, kind: str) -> Upload | None:
    """The upload of a token; None when it is somebody else's, too old, or has been used."""
    content = _content(token)
    if content is None or content["for"] != _for(actor, kind) or not default_storage.exists(content["path"]):
        return None
    with default_storage.open(content["path"]) as file:
        return Upload(content["name"], file.read(), content["map"])


def discard(token: str) -> None:
    content = _content(token)
    if content is not None:
        default_storage.delete(content["path"])


def _content(token: str) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = signing.loads(token, salt=_SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return None
    return content


def _for(actor: Actor, kind: str) -> list[Any]:
    return [actor.vendor.pk, actor.user.pk, kind]


def _sweep() -> None:
    """Uploads that nobody confirmed. New ones are rare enough that they pay for clearing up."""
    if not default_storage.exists(_FOLDER):
        return
    limit = timezone.now() - KEPT_FOR
    for name in default_storage.listdir(_FOLDER)[1]:
        path = f"{_FOLDER}/{name}"
        if default_storage.get_modified_time(path) < limit:
            default_storage.delete(path)
