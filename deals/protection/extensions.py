"""More days of protection: asked for by the partner, granted or refused by the vendor."""

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from deals.deal.actions import keep, locked, reasoned, require, tell
from deals.deal.models import Deal
from deals.deal.people import as_the_vendor
from deals.protection import notifications
from deals.protection.links import link_take
from deals.protection.models import Extension, ExtensionLink, ExtensionOutcome, Protection
from deals.protection.policies import Room, room_for, terms_for
from partners.selectors import managers_of
from portal.calendar.selectors import calendar_of, decision_due
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date, format_days

BATCH: Final = 200
LAST_CALL, ESCALATED = 1, 2


@transaction.atomic
def extension_request(
    *, actor: Actor, deal: Deal, days: int, reason: str, link: ExtensionLink | None = None
) -> Extension:
    """Ask for `days` more than the protection has now. `link` is the one in a reminder, and used up by it.

    ValidationError while another request waits, when the terms give no more, or when it is too late.
    """
    deal = locked("extend", actor=actor, deal=deal)
    if link is not None:
        link_take(actor, link, deal)
    waiting = _waiting(deal)
    if waiting and (waiting.days, waiting.reason) == (days, reason.strip()):
        return waiting
    require("extend", deal)
    now = timezone.now()
    room = room_for(deal, terms_for(deal), now, waiting=waiting, granted=_granted(deal))
    _refuse_impossible(room, days, reason)
    assert deal.expires_at is not None  # noqa: S101  (room was found)
    extension = _request(actor, deal, days, reason.strip(), now, deal.expires_at)
    tell("deals.extension_requested", actor, deal, more=format_days(days), reason=extension.reason)
    notifications.asked(actor.vendor, extension)
    return extension


def _refuse_impossible(room: Room, days: int, reason: str) -> None:
    if room.why_not:
        raise ValidationError(room.why_not)
    problems: dict[str, str] = {}
    if not 1 <= days <= room.most_days:
        problems["days"] = f"Ask for 1 to {room.most_days} days."
    if not reason.strip():
        problems["reason"] = "Say why you need more time."
    if problems:
        raise ValidationError(problems)


def _waiting(deal: Deal) -> Extension | None:
    found: Extension | None = Extension.objects.filter(deal=deal, outcome="").first()
    return found


def _granted(deal: Deal) -> int:
    return Extension.objects.filter(deal=deal, outcome=ExtensionOutcome.GRANTED).count()


def _request(actor: Actor, deal: Deal, days: int, reason: str, now: datetime, until: datetime) -> Extension:
    """Due within the promised working hours, and never after the protection it is about."""
    vendor = actor.vendor
    due = min(decision_due(vendor, now), until)
    extension = Extension(
        partner_id=deal.partner_id,
        deal=deal,
        days=days,
        reason=reason,
        requested_by=actor.user,
        requested_at=now,
        owner=_owner(deal),
        due_at=due,
        last_call_at=max(calendar_of(vendor).add_hours(due, -1), now),
        until_before=until,
    )
    _check_lengths(extension, "reason")
    extension.save(force_insert=True)
    return extension


def _owner(deal: Deal) -> User | None:
    """Who decided the registration, while granted the partner still; else its first manager."""
    with as_the_vendor():
        managers = list(managers_of(deal.partner))
    return next((user for user in managers if user.pk == deal.assigned_to_id), next(iter(managers), None))


# The decision ------------------------------------------------------------------------------------------


@transaction.atomic
def extension_grant(*, actor: Actor, extension: Extension) -> Extension:
    """Protect the deal for the days asked for, counted from where its protection ends now."""
    extension = _locked(actor, extension)
    if extension.outcome == ExtensionOutcome.GRANTED:
        return extension
    deal, now = extension.deal, timezone.now()
    _require_waiting(extension)
    require("grant", deal)
    if deal.expires_at is None or deal.expires_at <= now:
        raise ValidationError("The protection has run out: it can be registered again, not extended.")
    before, until = deal.expires_at, deal.expires_at + timedelta(days=extension.days)
    Protection.objects.filter(deal=deal, released_at=None).update(expires_at=until)
    deal.expires_at = until
    keep(deal, "expires_at")
    extension.until_before, extension.until_after = before, until
    _decide(actor, extension, ExtensionOutcome.GRANTED, now)
    told = {"more": format_days(extension.days), "until": format_date(until, "year")}
    tell("deals.extended", actor, deal, **told)
    notifications.granted(actor, extension)
    return extension


@transaction.atomic
def extension_refuse(*, actor: Actor, extension: Extension, reason: str) -> Extension:
    """The protection ends when it would have ended; the partner reads why."""
    extension = _locked(actor, extension)
    if extension.outcome == ExtensionOutcome.REFUSED:
        return extension
    _require_waiting(extension)
    extension.decision_reason = reasoned(reason)
    _decide(actor, extension, ExtensionOutcome.REFUSED, timezone.now())
    tell("deals.extension_refused", actor, extension.deal, reason=extension.decision_reason)
    notifications.refused(actor, extension)
    return extension


def _locked(actor: Actor, extension: Extension) -> Extension:
    """The request as it is now, with its deal, both locked: always the deal first."""
    deal = locked("grant", actor=actor, deal=extension.deal)
    rows = Extension.objects.select_for_update(of=("self",)).select_related("requested_by", "owner")
    current: Extension = rows.get(pk=extension.pk)
    current.deal = deal
    return current


def _require_waiting(extension: Extension) -> None:
    if not extension.is_waiting:
        outcome = extension.get_outcome_display().lower()
        raise ValidationError(f"This request was {outcome} already.", code="illegal")


def _decide(actor: Actor, extension: Extension, outcome: ExtensionOutcome, now: datetime) -> None:
    extension.outcome, extension.decided_at, extension.decided_by = outcome, now, actor.user
    _check_lengths(extension, "decision_reason")
    written = ("outcome", "decided_at", "decided_by", "decision_reason", "until_before", "until_after")
    extension.save(update_fields=written)


def _check_lengths(extension: Extension, *names: str) -> None:
    extension.clean_fields(exclude={field.name for field in extension._meta.fields} - set(names))


# The clock ---------------------------------------------------------------------------------------------


@transaction.atomic
def extensions_nudge(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Remind whoever is asked an hour before due; tell the program admins what is overdue. Each once.

    Nothing is ever granted by silence. Runs under the vendor's system scope (`deals.tasks`).
    """
    now = now or timezone.now()
    behind = Q(nudges__lt=LAST_CALL, last_call_at__lte=now) | Q(nudges__lt=ESCALATED, due_at__lte=now)
    rows = Extension.objects.filter(behind, outcome="").order_by("pk")
    rows = rows.select_related("deal__partner", "owner", "requested_by")
    due: list[Extension] = list(rows.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for extension in due:
        if extension.due_at <= now:
            extension.nudges = ESCALATED
            notifications.overdue(vendor, extension)
        else:
            extension.nudges = LAST_CALL
            notifications.last_call(vendor, extension)
    Extension.objects.bulk_update(due, ["nudges"])
    return len(due)
