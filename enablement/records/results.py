"""From statements to courses: what was completed, passed, failed or scored elsewhere counts here.

Statements are kept at once; what they mean is worked in by a task afterwards, so that a slow or unfinished
mapping never refuses one. Whatever cannot count yet stays listed with its reason, and is looked at again
when an admin says who a learner is or what an activity stands for.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from enablement.audience import is_for, learner_at
from enablement.courses.models import Course, Enrolment, Module, Source
from enablement.courses.services import module_finish
from enablement.quizzes.reported import attempt_report, marks_of
from enablement.records.models import (
    ActivityLink,
    LearningResult,
    Outcome,
    ResultState,
    Statement,
    VerbMeaning,
)
from enablement.records.statements import Json
from partners.models import Seat
from portal.events.log import record
from portal.people.models import Membership
from portal.tenancy.models import Vendor
from portal.tenancy.scope import current_vendor_id

#: What the verbs of ADL and cmi5 mean; a vendor may change it.
USUAL_MEANINGS: Final = {
    "http://adlnet.gov/expapi/verbs/completed": Outcome.COMPLETED,
    "http://adlnet.gov/expapi/verbs/passed": Outcome.PASSED,
    "http://adlnet.gov/expapi/verbs/failed": Outcome.FAILED,
    "http://adlnet.gov/expapi/verbs/scored": Outcome.SCORED,
    "http://adlnet.gov/expapi/verbs/mastered": Outcome.PASSED,
    "https://w3id.org/xapi/adl/verbs/satisfied": Outcome.COMPLETED,
}
#: Of one run of the task, which comes again at once while there is more.
BATCH: Final = 200


def meanings_begin(vendor: Vendor) -> None:
    """The usual meanings, where the vendor has none yet. Runs under its system scope."""
    if not VerbMeaning.objects.exists():
        VerbMeaning.objects.bulk_create(
            VerbMeaning(verb=verb, outcome=outcome) for verb, outcome in USUAL_MEANINGS.items()
        )


def results_note(rows: Sequence[Statement]) -> None:
    """Remember which of these statements mean something; runs in the transaction that keeps them."""
    verbs = {row.verb for row in rows}
    meanings = dict(VerbMeaning.objects.filter(verb__in=verbs).values_list("verb", "outcome"))
    found = [
        LearningResult(
            statement=row,
            partner_id=row.partner_id,
            outcome=meanings[row.verb],
            score=score_of(row.body),
            state=ResultState.VOIDED if row.is_voided else ResultState.WAITING,
            received_at=row.stored,
        )
        for row in rows
        if row.verb in meanings
    ]
    if found:
        LearningResult.objects.bulk_create(found)
        count_soon()


def results_take_back(statement_ids: Iterable[UUID]) -> None:
    """What has not counted yet never will. What counted stays: an attempt is kept for ever."""
    rows = LearningResult.objects.filter(statement__statement_id__in=list(statement_ids))
    rows.exclude(state=ResultState.APPLIED).update(state=ResultState.VOIDED)


def results_reopen(**which: object) -> None:
    """Look again at what could not count: an admin has said something about `which`."""
    rows = LearningResult.objects.filter(**which)
    changed = rows.exclude(state__in=(ResultState.APPLIED, ResultState.VOIDED, ResultState.WAITING))
    if changed.update(state=ResultState.WAITING):
        count_soon()


def count_soon() -> None:
    """Ask a worker to work in what waits, after commit. Without a broker the sweep does."""
    vendor_id = current_vendor_id()

    def ask() -> None:
        try:
            current_app.send_task("enablement.tasks.count_learning_results", [vendor_id])
        except OperationalError:
            return

    transaction.on_commit(ask)


def results_waiting() -> list[int]:
    rows = LearningResult.objects.filter(state=ResultState.WAITING).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:BATCH])


def result_apply(result_id: int) -> bool:
    """Let one waiting result count, or say why it cannot; returns whether it did. Twice is once.

    Runs in the caller's transaction under the vendor's system scope.
    """
    result: LearningResult | None = (
        LearningResult.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("statement__user")
        .filter(pk=result_id, state=ResultState.WAITING)
        .first()
    )
    if result is None:
        return False
    result.state = _applied(result)
    result.partner_id = result.statement.partner_id
    result.applied_at = timezone.now() if result.state == ResultState.APPLIED else None
    result.save()
    return result.state == ResultState.APPLIED


def _applied(result: LearningResult) -> ResultState:
    statement = result.statement
    link = ActivityLink.objects.filter(activity=statement.activity).select_related(
        "course__least_tier", "course__published"
    )
    found: ActivityLink | None = link.first() if statement.activity else None
    if found is None:
        return ResultState.UNKNOWN_ACTIVITY
    if statement.user_id is None:
        return ResultState.UNKNOWN_PERSON
    enrolment = enrolment_for(statement.user_id, found.course, statement.timestamp)
    if enrolment is None:
        return ResultState.NOT_OFFERED
    modules = _modules(enrolment, found.module_key)
    if not modules:
        return ResultState.UNKNOWN_ACTIVITY
    result.course = enrolment.course
    result.module = modules[0] if found.module_key else None
    _count(result, enrolment, modules)
    return ResultState.APPLIED


def _count(result: LearningResult, enrolment: Enrolment, modules: Sequence[Module]) -> None:
    statement = result.statement
    at = min(statement.timestamp, timezone.now())
    if result.outcome != Outcome.COMPLETED and (result.score is not None or result.outcome != Outcome.SCORED):
        passed = {Outcome.PASSED.value: True, Outcome.FAILED.value: False}.get(result.outcome)
        attempt_report(
            enrolment=enrolment,
            module=result.module,
            source=Source.XAPI,
            key=f"xapi:{statement.statement_id}",
            at=at,
            passed=passed,
            score=result.score,
        )
    if result.outcome in (Outcome.COMPLETED, Outcome.PASSED):
        for module in modules:
            module_finish(enrolment=enrolment, module=module, at=at)


def _modules(enrolment: Enrolment, key: UUID | None) -> list[Module]:
    """The module of the person's own version, or for the course as a whole what it requires."""
    rows = Module.objects.filter(version=enrolment.version_id).order_by("position")
    return list(rows.filter(key=key) if key else rows.filter(is_required=True))


def enrolment_for(user_id: int, course: Course, at: datetime) -> Enrolment | None:
    """The person's enrolment that this moment belongs to, begun where there is none and the course is theirs.

    Whoever finished the course already stays finished. None for people who sit at no partner, and for
    courses that are not offered to them.
    """
    theirs = Enrolment.objects.filter(user=user_id, course=course, left_at=None).select_related("course")
    known: Enrolment | None = theirs.order_by("-enrolled_at", "-pk").first()
    if known:
        return known
    seat = Seat.objects.filter(user=user_id, left_at=None).select_related("partner__tier").first()
    member = Membership.objects.filter(user=user_id, is_active=True).first()
    if seat is None or member is None or not course.is_offered:
        return None
    if not is_for(course, learner_at(member.role, seat.partner)):
        return None
    enrolment: Enrolment = Enrolment.objects.create(
        user_id=user_id,
        partner_id=seat.partner_id,
        course=course,
        version_id=course.published_id,
        source=Source.XAPI,
        enrolled_at=min(at, timezone.now()),
    )
    record(
        "enablement.enrolled",
        partner_id=enrolment.partner_id,
        subject=enrolment,
        data={"title": course.title, "course": course.pk, "user": user_id},
        occurred_at=enrolment.enrolled_at,
    )
    return enrolment


def score_of(statement: Json) -> int | None:
    """Basis points: the scaled score, else raw as a share of the way from min to max (from 0 without min)."""
    score = statement.get("result", {}).get("score", {})
    if "scaled" in score:
        return marks_of(score["scaled"])
    least, most = score.get("min", 0), score.get("max")
    if "raw" not in score or most is None or most <= least:
        return None
    return marks_of((score["raw"] - least) / (most - least))
