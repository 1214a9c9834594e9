"""The golden record: declare event types, record events, put effects into the outbox."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.events.models import OutboxMessage, PortalEvent
from portal.tenancy.access import Actor
from portal.tenancy.scope import current_scope, current_vendor_id


@dataclass(frozen=True, slots=True)
class EventType:
    """`key` is "<app>.<what happened>"; `label` is how a timeline tells it; `quadrant` colours it.

    `is_reminder`: the portal itself brought something to mind; timelines tell those of a day as one.
    """

    key: str
    label: str
    quadrant: str = ""
    icon: str = "point"
    is_reminder: bool = False


_types: dict[str, EventType] = {}
_listeners: list[Callable[[PortalEvent], None]] = []
_batch_listeners: list[Callable[[Sequence[PortalEvent]], None]] = []


def declare_events(*types: EventType) -> None:
    for event_type in types:
        _types[event_type.key] = event_type


def event_type(key: str) -> EventType:
    """The declared type; an unknown key of an old row is shown by its key."""
    return _types.get(key) or EventType(key, key)


def event_types() -> list[EventType]:
    return list(_types.values())


def listen(listener: Callable[[PortalEvent], None]) -> None:
    """Call `listener(event)` inside the recording transaction; apps above react without being known here."""
    if listener not in _listeners:
        _listeners.append(listener)


def listen_to_batches(listener: Callable[[Sequence[PortalEvent]], None]) -> None:
    """The same for events told in bulk: called once for all of them, so that it can answer in one query."""
    if listener not in _batch_listeners:
        _batch_listeners.append(listener)


def record(
    key: str,
    *,
    actor: Actor | None = None,
    partner_id: int | None = None,
    subject: models.Model | None = None,
    data: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
) -> PortalEvent:
    """Write one event in the caller's transaction.

    Raises KeyError for an undeclared type and RuntimeError outside a transaction or scope: an event
    that could survive without what it tells of, or the other way round, is a defect.
    """
    event_type = _types[key]
    if not transaction.get_connection().in_atomic_block or current_vendor_id() is None:
        raise RuntimeError(f"{key} must be recorded inside a transaction and a scope")
    now = timezone.now()
    scope = current_scope()
    event = PortalEvent(
        partner_id=partner_id,
        actor_id=actor.user.pk if actor else (scope.actor_id if scope else None),
        type=event_type.key,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=subject.pk if subject is not None else None,
        occurred_at=occurred_at or now,
        recorded_at=now,
        data=dict(data or {}),
    )
    event.save(force_insert=True)
    for listener in _listeners:
        listener(event)
    return event


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened at a known time, told in bulk (`record_many`)."""

    key: str
    partner_id: int | None
    subject: models.Model
    occurred_at: datetime
    data: Mapping[str, Any]


def record_many(facts: Sequence[Fact], *, actor: Actor | None = None) -> None:
    """Write what an import brings, however long ago it happened, in a few statements.

    As `record()` in everything else; batch listeners hear of them.
    """
    if not transaction.get_connection().in_atomic_block or current_vendor_id() is None:
        raise RuntimeError("facts must be recorded inside a transaction and a scope")
    now = timezone.now()
    events = [
        PortalEvent(
            partner_id=fact.partner_id,
            actor_id=actor.user.pk if actor else None,
            type=_types[fact.key].key,
            subject_type=fact.subject._meta.label_lower,
            subject_id=fact.subject.pk,
            occurred_at=fact.occurred_at,
            recorded_at=now,
            data=dict(fact.data),
        )
        for fact in facts
    ]
    PortalEvent.objects.bulk_create(events, batch_size=5000)
    for listener in _batch_listeners:
        listener(events)


def record_once_per_session(request: HttpRequest, key: str, *, actor: Actor) -> None:
    """One event per session and vendor, however many pages follow."""
    seen = request.session.setdefault("recorded_once", [])
    mark = f"{key}:{actor.vendor.pk}"
    if mark in seen:
        return
    record(key, actor=actor, partner_id=actor.partner.pk if actor.partner else None)
    seen.append(mark)
    request.session.modified = True


def enqueue(kind: str, *, key: str, payload: Mapping[str, Any]) -> None:
    """Put an effect into the outbox. The same kind and key twice is once.

    Claimed and carried out after commit (`portal.events.outbox`); a lost task is found by the sweep.
    """
    from portal.events.outbox import hand_over

    vendor_id = current_vendor_id()
    if vendor_id is None:
        raise RuntimeError(f"{kind} must be enqueued inside a scope")
    message = OutboxMessage(kind=kind, key=key, payload=dict(payload))
    OutboxMessage.objects.bulk_create([message], ignore_conflicts=True)
    transaction.on_commit(lambda: hand_over(vendor_id))


declare_events(
    EventType("portal.login", "Signed in", "engagement", "login"),
    EventType("portal.support_session", "Platform support opened the portal", "", "lifebuoy"),
    EventType("portal.wall_crossed", "Looked across partners for a stated reason", "", "eye"),
    EventType("portal.invited", "Was invited", "engagement", "mail"),
    EventType("portal.joined", "Joined", "engagement", "user-plus"),
    EventType("portal.member_disabled", "Access was switched off", "", "ban"),
    EventType("portal.member_enabled", "Access was switched on", "", "user-check"),
    EventType("portal.invitation_revoked", "Invitation withdrawn", "", "x"),
    EventType("portal.role_changed", "Role changed", "", "shield"),
    EventType("portal.address_changed", "E-mail address changed", "", "mail"),
    EventType("portal.address_restored", "E-mail address changed back", "", "arrow-back-up"),
    EventType("portal.vendor_changed", "Settings of the vendor changed", "", "settings"),
    EventType("portal.row_added", "Added in the administration", "", "plus"),
    EventType("portal.row_changed", "Changed in the administration", "", "pencil"),
    EventType("portal.row_deleted", "Deleted in the administration", "", "trash"),
    EventType("portal.exported", "Exported a list", "", "download"),
    EventType("portal.downloaded", "Downloaded a file", "", "download"),
    EventType("portal.imported", "Imported a file", "", "upload"),
)
