"""Giving awards when their courses are finished, sharing and revoking them, and what the clock does."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from enablement.audience import is_for, learner_at
from enablement.certifications import notifications, policies, selectors
from enablement.certifications.models import Award, Certification, CertificationCourse
from enablement.certifications.validity import Finished, earned, end_of
from enablement.courses.selectors import as_the_vendor
from partners.models import Seat
from portal import references
from portal.events.log import Fact, record, record_many
from portal.events.models import PortalEvent
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_scope, entered, system_scope

#: Days before the end at which a reminder goes out; 0 says that it has ended.
REMINDERS: Final = (60, 30, 7, 0)
#: Handled in one transaction; the next run takes the next.
_BATCH: Final = 200


# Given by itself ------------------------------------------------------------------------------------------


def follow_learning(event: PortalEvent) -> None:
    """Whoever finishes the last of the courses is certified, however they took it. Listens to events."""
    if event.type != "enablement.course_completed":
        return
    with _for_the_vendor() as vendor:
        for award in _give(vendor, [event]):
            _record(_key(award), None, award, occurred_at=award.awarded_at)
            notifications.certified(vendor, award)


def follow_many(events: Sequence[PortalEvent]) -> None:
    """The same for what an import brings: it is on record, and nobody is written to about the past."""
    finished = [event for event in events if event.type == "enablement.course_completed"]
    if not finished:
        return
    with _for_the_vendor() as vendor:
        awards = _give(vendor, finished)
        record_many([Fact(_key(one), one.partner_id, one, one.awarded_at, data_of(one)) for one in awards])


@contextmanager
def _for_the_vendor() -> Iterator[Vendor]:
    """Whoever is in scope: what people earned elsewhere decides as well, and no partner writes awards."""
    scope = current_scope()
    if scope is None or scope.vendor_id is None:
        raise RuntimeError("certificates are given within a vendor's scope")
    with entered(system_scope(scope.vendor_id, scope.actor_id)):
        yield Vendor.objects.get(pk=scope.vendor_id)


def _key(award: Award) -> str:
    return "enablement.certificate_renewed" if award.renews_id else "enablement.certified"


def _give(vendor: Vendor, finished: Iterable[PortalEvent]) -> list[Award]:
    """Awards that these finished courses complete; seven statements, however many people."""
    places = {(event.data["user"], event.data["course"]) for event in finished}
    required = _required({course for _, course in places})
    if not required:
        return []
    # The lock keeps two courses finished at the same moment from each missing the other.
    seats = Seat.objects.select_for_update(of=("self",)).select_related("partner__tier", "membership", "user")
    people = list(seats.filter(user__in={user for user, _ in places}, left_at=None).order_by("pk"))
    users = [seat.user_id for seat in people]
    done = selectors.finished_by(users, {course for courses in required.values() for course in courses})
    held = selectors.newest_first(Award.objects.filter(user__in=users, certification__in=list(required)))
    made: list[Award] = []
    for seat in people:
        learner = learner_at(seat.membership.role, seat.partner)
        for certification, courses in required.items():
            if is_for(certification, learner):
                last = held.get((seat.user_id, certification.pk))
                made += _earned(vendor, certification, courses, seat, done[seat.user_id], last)
    _save(made)
    return made


def _required(course_ids: Collection[int]) -> dict[Certification, set[int]]:
    """The certifications that ask for any of these courses, each with all it asks for."""
    touched = CertificationCourse.objects.filter(course__in=course_ids).values("certification")
    links = CertificationCourse.objects.filter(certification__in=touched, certification__retired_at=None)
    required: dict[Certification, set[int]] = defaultdict(set)
    for link in links.select_related("certification__least_tier"):
        required[link.certification].add(link.course_id)
    return required


def _earned(
    vendor: Vendor,
    certification: Certification,
    courses: Collection[int],
    seat: Seat,
    done: Sequence[Finished],
    last: Award | None,
) -> Iterable[Award]:
    """The award they complete; of a past that is brought in, the renewals after it as well."""
    now = timezone.now()
    while found := earned(certification, courses, done, last):
        day, moment = end_of(certification, found.at, last, vendor.zone)
        award = Award(
            user=seat.user, partner_id=found.partner_id, certification=certification, score=found.score,
            awarded_at=found.at, expires_on=day, expires_at=moment, reminded_days=reminder_stage(moment, now),
            renews=None if last is None or last.revoked_at else last,
        )  # fmt: skip
        yield award
        last = award


def _save(awards: Sequence[Award]) -> None:
    numbers = references.draw("C", len(awards), taken_references) if awards else []
    for award, number in zip(awards, numbers, strict=True):
        award.reference = number
        award.renews = award.renews  # its key is known by now: what is renewed was saved before
        award.save(force_insert=True)


def taken_references(candidates: Collection[str]) -> Collection[str]:
    return set(Award.objects.filter(reference__in=candidates).values_list("reference", flat=True))


# Sharing --------------------------------------------------------------------------------------------------


@transaction.atomic
def award_share(*, actor: Actor, award: Award, employer: bool = False, score: bool = False) -> Award:
    """Let whoever has the link see name and dates, and what else the holder says. Again: the link stays."""
    award = _own(actor, award)
    with as_the_vendor(actor):
        is_new = award.token is None
        if is_new:
            award.token, award.shared_at = secrets.token_urlsafe(24), timezone.now()
        changed = is_new or (award.shows_employer, award.shows_score) != (employer, score)
        if changed:
            award.shows_employer, award.shows_score = employer, score
            award.save(update_fields=["token", "shared_at", "shows_employer", "shows_score"])
            _record("enablement.certificate_shared", actor, award, employer=employer, score=score)
    return award


@transaction.atomic
def award_hide(*, actor: Actor, award: Award) -> Award:
    """Share it no longer: the link leads nowhere from now on, also when it is shared again."""
    award = _own(actor, award)
    if award.token is not None:
        with as_the_vendor(actor):
            award.token = award.shared_at = None
            award.save(update_fields=["token", "shared_at"])
            _record("enablement.certificate_hidden", actor, award)
    return award


def _own(actor: Actor, award: Award) -> Award:
    if not policies.may_share(actor, award):
        raise PermissionDenied("Only its holder shares a certificate.")
    with as_the_vendor(actor):
        return _locked(award.pk)


def _locked(pk: int) -> Award:
    rows = Award.objects.select_for_update(of=("self",)).select_related("certification", "user", "partner")
    found: Award = rows.get(pk=pk)
    return found


# Revoking -------------------------------------------------------------------------------------------------


@transaction.atomic
def award_revoke(*, actor: Actor, award: Award, reason: str) -> Award:
    """Withdraw it for a reason its holder is told. It stays on record; revoked twice is once."""
    if not policies.may_revoke(actor, award):
        raise PermissionDenied("Only a program admin revokes certificates.")
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "Say why. The holder reads it."})
    with as_the_vendor(actor):
        award = _locked(award.pk)
        if award.revoked_at is None:
            award.revoked_at, award.revoked_by, award.revoked_reason = (
                timezone.now(),
                actor.user,
                reason[:300],
            )
            award.save(update_fields=["revoked_at", "revoked_by", "revoked_reason"])
            _record("enablement.certificate_revoked", actor, award, reason=award.revoked_reason)
            notifications.revoked(actor.vendor, award)
    return award


# The clock ------------------------------------------------------------------------------------------------


@transaction.atomic
def awards_mind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Remind holders 60, 30 and 7 days before the end and when it has come, each once; returns how many.

    Runs under the vendor's system scope. What was renewed or revoked is nothing to remind of.
    """
    now = now or timezone.now()
    near = Award.objects.filter(expires_at__lte=now + timedelta(days=REMINDERS[0]), revoked_at=None)
    near = near.exclude(reminded_days=0).filter(renewals=None).order_by("expires_at", "pk")
    near = near.select_related("certification", "user", "partner")
    rows = list(near.select_for_update(of=("self",), skip_locked=True)[:_BATCH])
    due = [row for row in rows if _reminds(row, now)]
    for row in due:
        row.reminded_days = reminder_stage(row.expires_at, now)
        if row.reminded_days == 0:
            _record("enablement.certificate_ended", None, row, occurred_at=row.expires_at)
        notifications.ending(vendor, row)
    Award.objects.bulk_update(due, ["reminded_days"])
    return len(due)


def reminder_stage(end: datetime | None, now: datetime) -> int | None:
    """The reminder that fits how much time is left; None while it is too early for any."""
    if end is None:
        return None
    return next((days for days in reversed(REMINDERS) if end - now <= timedelta(days=days)), None)


def _reminds(row: Award, now: datetime) -> bool:
    stage = reminder_stage(row.expires_at, now)
    return stage is not None and (row.reminded_days is None or stage < row.reminded_days)


def data_of(award: Award, **more: Any) -> Mapping[str, Any]:
    return {
        "title": award.certification.name,
        "person": str(award.user),
        "number": award.reference,
        "user": award.user_id,
        "certification": award.certification_id,
        "until": award.expires_on.isoformat() if award.expires_on else "",
        **more,
    }


def _record(
    key: str, actor: Actor | None, award: Award, *, occurred_at: datetime | None = None, **more: Any
) -> None:
    record(
        key, actor=actor, partner_id=award.partner_id, subject=award, data=data_of(award, **more),
        occurred_at=occurred_at,
    )  # fmt: skip
