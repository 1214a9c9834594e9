"""What was said and handed in beside a registration."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import CharField, F, JSONField, QuerySet, Value
from django.db.models.functions import Cast, JSONObject

from deals.deal.models import Deal
from deals.notes.models import Attachment, InternalNote, Note
from portal.events.models import PortalEvent
from portal.tenancy.access import Actor

#: Of each kind, the newest.
MOST_TOLD: Final = 200
_PERSON: Final = ("first_name", "last_name", "email")


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened to a deal, was written or handed in.

    `type` is that of an event, or "note", "remark" or "file"; `data` the event's, or what the row holds.
    """

    type: str
    pk: int
    occurred_at: datetime
    actor_id: int | None
    actor: str
    data: dict[str, Any]


def told_of(deal: Deal, actor: Actor) -> list[Told]:
    """Events, notes and files of the deal, newest first, in one query; internal notes for the vendor only."""
    events = PortalEvent.objects.filter(subject_type=deal._meta.label_lower, subject_id=deal.pk)
    events = events.exclude(type__in=("deals.noted", "deals.remarked"))
    notes, files = Note.objects.filter(deal=deal), Attachment.objects.filter(deal=deal)
    parts = [
        _part(events, F("type"), "actor", "occurred_at", F("data")),
        _part(notes, Value("note"), "written_by", "written_at", _json("text", "by_vendor")),
        _part(files, Value("file"), "uploaded_by", "uploaded_at", _json("name", "size", "by_vendor")),
    ]
    if actor.is_staff:
        remarks = InternalNote.objects.filter(deal=deal)
        parts.append(_part(remarks, Value("remark"), "written_by", "written_at", _json("text")))
    first, *others = parts
    return [_told(row) for row in first.union(*others, all=True).order_by("-at", "-id")]


def _part(rows: QuerySet[Any], kind: Any, person: str, moment: str, data: Any) -> QuerySet[Any, Any]:
    newest = rows.order_by(f"-{moment}", "-pk")[:MOST_TOLD]
    return newest.values(
        "id",
        kind=Cast(kind, CharField()),
        at=F(moment),
        who=F(f"{person}_id"),
        first=F(f"{person}__first_name"),
        last=F(f"{person}__last_name"),
        mail=F(f"{person}__email"),
        told=data,
    )


def _json(*fields: str) -> Any:
    return Cast(JSONObject(**{field: F(field) for field in fields}), JSONField())


def _told(row: dict[str, Any]) -> Told:
    name = f"{row['first'] or ''} {row['last'] or ''}".strip() or row["mail"] or ""
    return Told(row["kind"], row["id"], row["at"], row["who"], name, row["told"])
