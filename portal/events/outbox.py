"""Carries out what the outbox holds: at least once by Redis, exactly once by row and key.

A message is claimed with one conditional UPDATE, so any number of workers may sweep at the same time.
Effects register by kind. They run under the vendor's system scope, in one transaction with the mark
"sent"; an effect that leaves the database (an e-mail) therefore repeats only if the commit itself fails.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from portal.events.models import OutboxMessage
from portal.tenancy.scope import entered, system_scope

logger = logging.getLogger(__name__)
#: May return why there was nothing to do; it is kept with the message.
Effect = Callable[[OutboxMessage], str | None]

CLAIM = timedelta(minutes=5)
MOST_ATTEMPTS = 10
BATCH = 100
_effects: dict[str, Effect] = {}


def register(kind: str, effect: Effect) -> None:
    _effects[kind] = effect


def hand_over(vendor_id: int) -> None:
    """Ask a worker to deliver now. Without a broker the message simply waits for the sweep."""
    try:
        current_app.send_task("portal.events.tasks.deliver_outbox", [vendor_id])
    except OperationalError:
        logger.warning("the broker is away; the sweep will deliver the outbox of vendor %s", vendor_id)


def deliver(vendor_id: int) -> int:
    """Deliver what is due for one vendor; returns the number sent. Safe to run twice at once."""
    with entered(system_scope(vendor_id)):
        return sum(_deliver_one(message_id) for message_id in _due())


def _due() -> list[Any]:
    now = timezone.now()
    with transaction.atomic():
        due = OutboxMessage.objects.filter(sent_at=None, attempts__lt=MOST_ATTEMPTS)
        due = due.filter(Q(claimed_until=None) | Q(claimed_until__lt=now)).order_by("created_at")
        return list(due.values_list("pk", flat=True)[:BATCH])


def _claim(message_id: Any) -> OutboxMessage | None:
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    with transaction.atomic():
        claimed = OutboxMessage.objects.filter(free, pk=message_id, sent_at=None).update(
            claimed_until=now + CLAIM, attempts=F("attempts") + 1
        )
        return OutboxMessage.objects.get(pk=message_id) if claimed else None


def _deliver_one(message_id: Any) -> int:
    message = _claim(message_id)
    if message is None:
        return 0
    try:
        with transaction.atomic():
            why_not = _effects[message.kind](message) or ""
            OutboxMessage.objects.filter(pk=message.pk).update(
                sent_at=timezone.now(), last_error=why_not, payload=_wiped(message.payload)
            )
        return 1
    except Exception as error:
        logger.exception("outbox message %s failed", message.pk)
        _put_back(message, error)
        return 0


def _wiped(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a message that was dealt with: a link that lets somebody in is gone."""
    secrets = payload.get("secrets", ())
    context = {name: value for name, value in payload.get("context", {}).items() if name not in secrets}
    return {**payload, "context": context} if secrets else dict(payload)


def _put_back(message: OutboxMessage, error: Exception) -> None:
    """Free the claim after a growing pause."""
    pause = timedelta(seconds=min(2**message.attempts, 3600))
    with transaction.atomic():
        OutboxMessage.objects.filter(pk=message.pk).update(
            claimed_until=timezone.now() + pause, last_error=repr(error)[:2000]
        )
