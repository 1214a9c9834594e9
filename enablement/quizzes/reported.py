"""Results that somebody else's content or tool reports, kept beside the portal's own tries."""

from datetime import datetime
from typing import Final

from django.db.models import Max

from enablement.courses.models import FULL_MARKS, Enrolment, Module
from enablement.quizzes.models import Attempt
from portal.events.log import record

#: By whether it was passed; a score alone says neither.
_EVENTS: Final = {
    True: "enablement.attempt_passed",
    False: "enablement.attempt_failed",
    None: "enablement.attempt_reported",
}


def marks_of(scaled: float | None) -> int | None:
    """A scaled score (-1 to 1) in basis points; below nothing is nothing."""
    return None if scaled is None else round(min(max(scaled, 0.0), 1.0) * FULL_MARKS)


def attempt_report(
    *,
    enrolment: Enrolment,
    module: Module | None,
    source: str,
    key: str,
    at: datetime,
    passed: bool | None,
    score: int | None,
    asked: int = 0,
    right: int | None = None,
) -> Attempt:
    """Keep a finished try told from outside; the same `key` twice is one try, its first word stands.

    Runs in the caller's transaction under the vendor's scope, with the enrolment locked. `score` in basis
    points; either it or `passed` is known.
    """
    known: Attempt | None = Attempt.objects.filter(external_key=key).first()
    if known:
        return known
    tries = Attempt.objects.filter(enrolment=enrolment, module=module)
    attempt: Attempt = Attempt.objects.create(
        user_id=enrolment.user_id,
        partner_id=enrolment.partner_id,
        enrolment=enrolment,
        module=module,
        source=source,
        number=(tries.aggregate(last=Max("number"))["last"] or 0) + 1,
        started_at=at,
        submitted_at=at,
        passed=passed,
        score=score,
        asked=asked,
        right=right,
        external_key=key,
    )
    data = {
        "title": enrolment.course.title,
        "user": enrolment.user_id,
        "number": attempt.number,
        "passed": passed,
        "score": score,
    }
    record(
        _EVENTS[passed],
        partner_id=enrolment.partner_id,
        subject=attempt,
        data=data,
        occurred_at=at,
    )
    return attempt
