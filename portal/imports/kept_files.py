"""An uploaded file between the preview and the confirmation: kept for an hour, for the one who gave it.

Beside the file lies what was read of it, so that it is read once, however often it is checked, and what the
check found.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from portal.imports.tables import Fault, Table, TableRow
from portal.imports.texts import Unsolved
from portal.money.amounts import Figure
from portal.tenancy.access import Actor

KEPT_FOR = timedelta(hours=1)
_FOLDER = "imports"
_SALT = "portal.imports"
#: Texts that are more than text; JSON keeps them as {name: text}.
_KINDS = {"number": Figure, "formula": Unsolved}


@dataclass(slots=True)
class KeptFile:
    """A file as it is being imported. `name` is what the person calls it, `given` the map handed in with it.

    `sections` is the map it is read with, `table` what was read by it, `faults` what the last check rejected.
    """

    name: str
    table: Table
    given: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    path: str = ""

    def data(self) -> bytes:
        with default_storage.open(self.path) as file:
            content: bytes = file.read()
        return content

    def save(self) -> None:
        """Keep what is known of the file now beside it."""
        state = {
            "given": self.given,
            "sections": self.sections,
            "table": _as_json(self.table),
            "faults": [asdict(fault) for fault in self.faults],
        }
        default_storage.delete(_beside(self.path))
        default_storage.save(_beside(self.path), ContentFile(json.dumps(state, default=str).encode()))


def keep(upload: KeptFile, data: bytes, *, actor: Actor, kind: str) -> str:
    """Put the file aside; returns the token that gives it back to this person, for this kind."""
    _sweep()
    upload.path = default_storage.save(f"{_FOLDER}/{uuid4().hex}", ContentFile(data))
    upload.save()
    content = {"path": upload.path, "name": upload.name, "for": _for(actor, kind)}
    return signing.dumps(content, salt=_SALT, compress=True)


def kept(token: str, *, actor: Actor, kind: str) -> KeptFile | None:
    """The upload of a token; None when it is somebody else's, too old, or has been used."""
    content = _content(token)
    if content is None or content["for"] != _for(actor, kind) or not default_storage.exists(content["path"]):
        return None
    with default_storage.open(_beside(content["path"])) as file:
        state = json.load(file)
    return KeptFile(
        name=content["name"],
        given=state["given"],
        sections=state["sections"],
        table=_from_json(state["table"]),
        faults=[Fault(**fault) for fault in state["faults"]],
        path=content["path"],
    )


def discard(token: str) -> None:
    content = _content(token)
    if content is not None:
        default_storage.delete(content["path"])
        default_storage.delete(_beside(content["path"]))


def _beside(path: str) -> str:
    return f"{path}.json"


def _as_json(table: Table) -> dict[str, Any]:
    rows = {name: [[line.number, *map(_kept, line.cells)] for line in getattr(table, name)] for name in _ROWS}
    plain = {name: getattr(table, name) for name in _PLAIN}
    return {**plain, **rows, "faults": [asdict(fault) for fault in table.faults]}


def _from_json(state: dict[str, Any]) -> Table:
    made: dict[str, Any] = {name: state[name] for name in _PLAIN}
    for name in _ROWS:
        made[name] = [TableRow(number, [_text(cell) for cell in cells]) for number, *cells in state[name]]
    return Table(**made, faults=[Fault(**fault) for fault in state["faults"]])


_ROWS = ("lines", "first")
_PLAIN = ("headers", "format", "header", "sheets", "sheet")


def _kept(text: str) -> Any:
    return next(({name: text} for name, kind in _KINDS.items() if isinstance(text, kind)), text)


def _text(kept_text: Any) -> str:
    if isinstance(kept_text, str):
        return kept_text
    [(name, text)] = kept_text.items()
    made: str = _KINDS[name](text)
    return made


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
