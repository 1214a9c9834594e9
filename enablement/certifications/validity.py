"""How long an award is in force, and which courses count towards the next one. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from enablement.certifications.models import Award, Certification
from portal.calendar.days import end_of_day, local_day, months_after


@dataclass(frozen=True, slots=True)
class Finished:
    """A course somebody finished. `score` is the lowest result of its tests in basis points, None without."""

    course_id: int
    enrolled_at: datetime
    completed_at: datetime
    partner_id: int
    score: int | None


@dataclass(frozen=True, slots=True)
class Earned:
    """What completed a certification."""

    at: datetime
    partner_id: int
    score: int | None


def opens_at(last: Award, renewal_days: int) -> datetime | None:
    """From when on finished courses count towards the next award; None: never, for it does not end.

    After a revocation one starts again at that moment.
    """
    if last.revoked_at:
        return last.revoked_at
    return last.expires_at and max(last.expires_at - timedelta(days=renewal_days), last.awarded_at)


def earned(
    certification: Certification, required: Collection[int], finished: Iterable[Finished], last: Award | None
) -> Earned | None:
    """When the last of the required courses was finished, since `last` could be renewed; None: not yet.

    A renewal takes new enrolments: what was begun before the last award does not count again.
    """
    opens = opens_at(last, certification.renewal_days) if last else None
    if not required or (last and opens is None):
        return None
    counted: dict[int, Finished] = {}
    for one in sorted(finished, key=lambda one: one.completed_at):
        is_new = last is None or (
            opens is not None and one.completed_at >= opens and one.enrolled_at >= last.awarded_at
        )
        if one.course_id in required and is_new and _passes(certification, one):
            counted.setdefault(one.course_id, one)
    if len(counted) < len(required):
        return None
    final = max(counted.values(), key=lambda one: one.completed_at)
    scores = [one.score for one in counted.values() if one.score is not None]
    return Earned(final.completed_at, final.partner_id, min(scores, default=None))


def _passes(certification: Certification, one: Finished) -> bool:
    mark = certification.pass_mark
    return mark is None or (one.score is not None and one.score >= mark)


def end_of(
    certification: Certification, at: datetime, last: Award | None, zone: tzinfo
) -> tuple[date, datetime] | tuple[None, None]:
    """(day, last moment of it) an award earned at `at` is in force until; (None, None): it does not end.

    Renewed in time it counts on from the former end, so that renewing early loses nothing.
    """
    if certification.validity_months is None:
        return None, None
    begins = local_day(at, zone)
    if last and not last.revoked_at and last.expires_on and last.expires_on >= begins:
        begins = last.expires_on
    day = months_after(begins, certification.validity_months)
    return day, end_of_day(day, zone)
