"""The life of every request: ask, grant, refuse, withdraw, lapse with its subject; and its clock.

All lock the subject first and its request second, ask again whether it may be done, and leave an event. The
same call twice is once.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone

from portal.requests import mails
from portal.requests.clock import clock_start, clocks_move, clocks_ring, moves_with_calendar
from portal.requests.kinds import RequestKind, kind_for, kinds, kinds_about, when_registered
from portal.requests.models import Request, RequestStatus
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope

R = TypeVar("R", bound=Request)


@transaction.atomic
def request_ask(*, actor: Actor, kind: RequestKind[R], subject: Any, **answers: Any) -> R:
    """Ask for it; the vendor's clock runs from now, and whoever is asked is told.

    `answers` are those the kind takes. PermissionDenied for who may not ask; ValidationError while another
    waits, and for what the kind does not allow. What needs no decision is granted at once.
    """
    subject = _locked_for(kind, actor, subject)
    request = kind.build(actor, subject, **answers)
    setattr(request, request.subject_field, subject)
    request.partner_id = subject.partner_id  # type: ignore[attr-defined]
    there = kind.open_one(subject)
    sent = kind.sent_before(request, there)
    if sent:
        return sent
    kind.require(subject)
    if there:
        raise ValidationError(kind.busy(there), code="busy")
    kind.check(actor, request)
    request.requested_by, request.requested_at = actor.user, timezone.now()
    return (
        _wait(actor, kind, request) if kind.needs_decision(request) else _grant_at_once(actor, kind, request)
    )


def _locked_for(kind: RequestKind[R], actor: Actor, subject: Any) -> Any:
    """PermissionDenied for the subject as the caller has it, and as it is: it may have changed meanwhile."""
    if not kind.may_ask(actor, subject):
        raise PermissionDenied(f"You may not ask for {kind.noun}.")
    current = kind.lock(subject)
    if not kind.may_ask(actor, current):
        raise PermissionDenied(f"You may not ask for {kind.noun}.")
    return current


def _wait(actor: Actor, kind: RequestKind[R], request: R) -> R:
    with entered(system_scope(actor.vendor.pk, actor.user.pk)):  # grants are no partner's to read
        request.role, request.owner = kind.asked_of(actor.vendor, request)
    now = request.requested_at
    hours, latest = kind.hours(actor.vendor, request), kind.latest(request)
    clock_start(request, actor.vendor, now, hours=hours, latest=latest)
    _insert(kind, request)
    why = {"reason": request.reason} if request.reason else {}
    mails.requested(actor.vendor, kind, request, kind.record("requested", actor, request, **why))
    return request


def _grant_at_once(actor: Actor, kind: RequestKind[R], request: R) -> R:
    """Nobody decides, so nobody is named as having decided."""
    request.status, request.decided_at = RequestStatus.GRANTED, request.requested_at
    request.due_at = request.requested_at
    _insert(kind, request)
    data = kind.grant(actor, request, request.requested_at)
    kind.granted_at_once(actor, request, kind.record("granted_at_once", actor, request, **data))
    return request


def _insert(kind: RequestKind[R], request: R) -> None:
    _check_texts(request)
    request.save(force_insert=True)
    kind.keep_parts(request)


# The answer ----------------------------------------------------------------------------------------------


@transaction.atomic
def request_grant(*, actor: Actor, request: R, **answers: Any) -> R:
    """Grant it, with what it does; `answers` are those the kind takes. ValidationError when it cannot be."""
    kind, request = _locked_to_decide(actor, request)
    if request.status == RequestStatus.GRANTED:
        return request
    require_open(request)
    kind.require(request.subject)
    now = timezone.now()
    data = kind.grant(actor, request, now, **answers)
    _close(request, RequestStatus.GRANTED, now, actor)
    mails.answered(actor.vendor, kind, request, kind.record("granted", actor, request, **data))
    return request


@transaction.atomic
def request_refuse(*, actor: Actor, request: R, reason: str) -> R:
    """Refuse it, with the reason that who asked reads."""
    kind, request = _locked_to_decide(actor, request)
    if request.status == RequestStatus.REFUSED:
        return request
    require_open(request)
    now, request.decision_reason = timezone.now(), _reasoned(reason)
    kind.refuse(actor, request, now)
    _close(request, RequestStatus.REFUSED, now, actor)
    event = kind.record("refused", actor, request, reason=request.decision_reason)
    mails.answered(actor.vendor, kind, request, event)
    return request


@transaction.atomic
def request_withdraw(*, actor: Actor, request: R) -> R:
    """Take back what was not answered yet."""
    kind = kind_for(request)
    if not kind.may_withdraw(actor, request):
        raise PermissionDenied("Only who asked takes it back.")
    request = _locked(kind, request)
    if request.status == RequestStatus.WITHDRAWN:
        return request
    require_open(request)
    now = timezone.now()
    kind.ended(request, now)
    _close(request, RequestStatus.WITHDRAWN, now, actor)
    kind.record("withdrawn", actor, request)
    return request


def require_open(request: Request) -> None:
    """ValidationError for what was answered already."""
    if not request.is_open:
        status = kind_for(request).status_text(request.status).lower()
        was = "has" if request.status == RequestStatus.LAPSED else "was"
        raise ValidationError(f"This request {was} {status} already.", code="illegal")


def _locked_to_decide(actor: Actor, request: R) -> tuple[RequestKind[R], R]:
    kind = kind_for(request)
    if not kind.may_decide(actor, request):
        raise PermissionDenied("This is somebody else's decision.")
    current = _locked(kind, request)
    if not kind.may_decide(actor, current):
        raise PermissionDenied("This is somebody else's decision.")
    return kind, current


def _locked(kind: RequestKind[R], request: R) -> R:
    """The request as it is now with its subject, both locked: always the subject first."""
    subject = kind.lock(request.subject)
    rows: Any = type(request)._default_manager.select_for_update(of=("self",))
    current: R = rows.select_related("owner", "requested_by").get(pk=request.pk)
    setattr(current, current.subject_field, subject)
    return current


def _close(request: Request, status: RequestStatus, now: datetime, actor: Actor | None) -> None:
    request.status, request.decided_at = status, now
    request.decided_by = actor.user if actor else None
    _check_texts(request)
    request.save()


def _check_texts(request: Request) -> None:
    """ValidationError for what is longer than its column says, or none of its choices."""
    others = {
        field.name
        for field in request._meta.fields
        if not isinstance(field, models.CharField | models.TextField) or not getattr(request, field.name)
    }
    request.clean_fields(exclude=others)


def _reasoned(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "Say why, so that the other side knows what to do."})
    return reason


# With its subject, and with time ---------------------------------------------------------------------------


def requests_lapse(subjects: Collection[models.Model], *, actor: Actor | None = None) -> None:
    """What waits about subjects that have ended ends with them, in the transaction that ends them."""
    for kind in kinds_about(type(next(iter(subjects)))) if subjects else ():
        ended = {subject.pk: subject for subject in subjects if kind.is_over(subject)}
        waiting = kind.model.running().filter(**{f"{kind.model.subject_field}__in": list(ended)})
        for request in waiting.select_for_update(of=("self",)) if ended else ():
            subject_id = getattr(request, f"{request.subject_field}_id")
            setattr(request, request.subject_field, ended[subject_id])
            now = timezone.now()
            kind.ended(request, now)
            _close(request, RequestStatus.LAPSED, now, None)
            kind.record("lapsed", actor, request)
        kind.subjects_ended(list(ended.values()))


@transaction.atomic
def requests_mind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """The clocks of all kinds: remind whoever is asked, tell the program admins what is overdue, follow the
    calendar; each once. Returns how many. Runs under the vendor's system scope and time zone.
    """
    now = now or timezone.now()
    return clocks_move(vendor, now) + sum(_mind(vendor, kind, now) for kind in kinds())


def _mind(vendor: Vendor, kind: RequestKind[Any], now: datetime) -> int:
    rows = kind.live(kind.model.running()).select_related(kind.model.subject_field, "owner", "requested_by")
    rung = clocks_ring(rows, now)
    for request in rung.reminded:
        mails.due(vendor, kind, request)
    for request in rung.overdue:
        kind.record("overdue", None, request, waits_for=request.who)
        mails.overdue(vendor, kind, request)
    return len(rung.reminded) + len(rung.overdue)


def _moved(vendor: Vendor, request: Any, was_due: datetime) -> None:
    kind = kind_for(request)
    mails.moved(vendor, kind, request, was_due, kind.record("moved", None, request))


when_registered(lambda kind: moves_with_calendar(kind.model, _moved))
