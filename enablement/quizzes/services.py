"""Trying a test: begin, answer, hand in; and one more try for who used theirs up.

Whatever arrives at once, a try is given once and its number never exceeds what is allowed: the enrolment is
locked, and behind the lock unique keys and a CHECK say the same.
"""

from collections.abc import Collection, Mapping
from random import SystemRandom
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from enablement.courses.models import Course, Enrolment
from enablement.courses.selectors import as_the_vendor
from enablement.courses.services import module_finish
from enablement.quizzes import marking, policies, selectors
from enablement.quizzes.models import Attempt, AttemptGrant, AttemptQuestion, Question, QuestionKind, Quiz
from enablement.quizzes.selectors import Tries
from portal.events.log import record
from portal.tenancy.access import Actor
from portal.ui.formatting import format_times, format_when

_CHANCE: Final = SystemRandom()


@transaction.atomic
def attempt_begin(*, actor: Actor, enrolment: Enrolment, quiz: Quiz) -> Attempt:
    """Begin the next try, with questions drawn anew; a try that is open already is returned as it is."""
    if not policies.may_try(actor, enrolment):
        raise PermissionDenied("Only the learner tries a test.")
    with as_the_vendor(actor):
        locked_enrolment(enrolment)
        tries = selectors.tries_at(quiz, enrolment)
        if tries.open:
            return tries.open
        _refuse_beginning(tries)
        drawn = _drawn(quiz)
        if not drawn:
            raise ValidationError("This test has no questions yet.", code="illegal")
        attempt: Attempt = Attempt.objects.create(
            user_id=enrolment.user_id, partner_id=enrolment.partner_id, enrolment=enrolment,
            module_id=quiz.module_id, quiz=quiz, number=len(tries.attempts) + 1, allowed=tries.allowed,
            asked=len(drawn), pass_mark=quiz.pass_mark,
        )  # fmt: skip
        _ask(attempt, drawn)
        _record("enablement.attempt_begun", actor, attempt, enrolment)
    return attempt


def locked_enrolment(enrolment: Enrolment) -> Enrolment:
    """Everything about the tries of one enrolment happens one after the other."""
    found: Enrolment = Enrolment.objects.select_for_update(of=("self",)).get(pk=enrolment.pk)
    return found


def _refuse_beginning(tries: Tries) -> None:
    if tries.passed:
        raise ValidationError("You passed this test.", code="illegal")
    if tries.left == 0:
        used = format_times(len(tries.attempts))
        raise ValidationError(
            f"You tried {used}, and that is all this test allows. Your partner admin can grant one more try.",
            code="illegal",
        )
    if tries.waits() and tries.opens_at:
        raise ValidationError(f"The next try opens {format_when(tries.opens_at)}.", code="illegal")


def _drawn(quiz: Quiz) -> list[Question]:
    """At random from every pool, then mixed."""
    drawn: list[Question] = []
    draws = selectors.draws_of(quiz)
    questions = selectors.questions_in_use().filter(pool__in=[draw.pool_id for draw in draws])
    for draw in draws:
        pool = [question for question in questions if question.pool_id == draw.pool_id]
        drawn += _CHANCE.sample(pool, min(draw.count or len(pool), len(pool)))
    _CHANCE.shuffle(drawn)
    return drawn


def _ask(attempt: Attempt, questions: list[Question]) -> None:
    choices = selectors.choices_of([question.pk for question in questions])
    rows = []
    for position, question in enumerate(questions, start=1):
        order = [choice.pk for choice in choices.get(question.pk, [])]
        if question.kind != QuestionKind.NUMERIC:
            _CHANCE.shuffle(order)
        rows.append(
            AttemptQuestion(
                user_id=attempt.user_id, partner_id=attempt.partner_id, attempt=attempt, question=question,
                position=position, order=order,
            )
        )  # fmt: skip
    AttemptQuestion.objects.bulk_create(rows)


@transaction.atomic
def answers_save(
    *, actor: Actor, attempt: Attempt, answers: Mapping[int, marking.Given], marked: Mapping[int, bool]
) -> Attempt:
    """Keep what was answered so far: {position: answer}, {position: to look at again}; others stay as saved.

    ValidationError once the try was handed in: what was handed in is not changed any more.
    """
    if not policies.may_answer(actor, attempt):
        raise PermissionDenied("Only the learner answers.")
    with as_the_vendor(actor):
        locked_enrolment(attempt.enrolment)  # always before the try, or two requests wait for each other
        attempt = locked_attempt(attempt)
        if not attempt.is_open:
            raise ValidationError("This try was handed in already; its answers stay.", code="illegal")
        rows = list(AttemptQuestion.objects.filter(attempt=attempt, position__in={*answers, *marked}))
        now = timezone.now()
        for row in rows:
            row.given = answers.get(row.position, row.given)
            row.is_marked = marked.get(row.position, row.is_marked)
            row.saved_at = now
        AttemptQuestion.objects.bulk_update(rows, ["given", "is_marked", "saved_at"])
        Enrolment.objects.filter(pk=attempt.enrolment_id).update(module=attempt.module_id, saved_at=now)
    return attempt


def locked_attempt(attempt: Attempt) -> Attempt:
    rows = Attempt.objects.select_for_update(of=("self",)).select_related("enrolment__course", "module")
    found: Attempt = rows.get(pk=attempt.pk)
    return found


@transaction.atomic
def attempt_submit(*, actor: Actor, attempt: Attempt) -> Attempt:
    """Hand in: mark every answer, open ones as wrong. Handed in twice is once."""
    if not policies.may_answer(actor, attempt):
        raise PermissionDenied("Only the learner hands in.")
    with as_the_vendor(actor):
        enrolment = locked_enrolment(attempt.enrolment)
        attempt = locked_attempt(attempt)
        if not attempt.is_open:
            return attempt
        attempt.right = _mark(attempt)
        attempt.score = marking.marks(attempt.right, attempt.asked)
        attempt.passed = marking.is_passed(attempt.right, attempt.asked, attempt.pass_mark or 0)
        attempt.submitted_at = timezone.now()
        attempt.save(update_fields=["right", "score", "passed", "submitted_at"])
        if attempt.number == 1:
            _count_first(enrolment.course_id, attempt.passed)
        key = "enablement.attempt_passed" if attempt.passed else "enablement.attempt_failed"
        _record(key, actor, attempt, enrolment)
        if attempt.passed and attempt.module and enrolment.is_open:
            module_finish(enrolment=enrolment, module=attempt.module, at=attempt.submitted_at, actor=actor)
    return attempt


def _count_first(course_id: int, passed: bool) -> None:
    """What everybody may know of how first tries at a course go."""
    passes = F("first_passes") + (1 if passed else 0)
    Course.objects.filter(pk=course_id).update(first_tries=F("first_tries") + 1, first_passes=passes)


def first_tries_recount(course_ids: Collection[int]) -> None:
    """The same counted anew, after tries came from elsewhere. Runs under the vendor's scope."""
    first = Attempt.objects.filter(enrolment__course=OuterRef("pk"), number=1, submitted_at__isnull=False)
    grouped = first.order_by().values("enrolment__course")
    passed = grouped.filter(passed=True)
    Course.objects.filter(pk__in=course_ids).update(
        first_tries=Coalesce(Subquery(grouped.values(n=Count("pk"))), 0),
        first_passes=Coalesce(Subquery(passed.values(n=Count("pk"))), 0),
    )


def _mark(attempt: Attempt) -> int:
    """Returns how many are right."""
    asked = selectors.asked_of(attempt)
    for one in asked:
        one.row.is_right = marking.is_right(one.question, one.choices, one.row.given)
    AttemptQuestion.objects.bulk_update([one.row for one in asked], ["is_right"])
    return sum(bool(one.row.is_right) for one in asked)


@transaction.atomic
def attempt_grant(*, actor: Actor, enrolment: Enrolment, quiz: Quiz) -> AttemptGrant:
    """Allow one more try to somebody who used theirs up; pressed twice it is one."""
    if not policies.may_grant(actor, enrolment):
        raise PermissionDenied("Only the partner's admin and its channel managers grant a try.")
    with as_the_vendor(actor):
        locked_enrolment(enrolment)
        tries = selectors.tries_at(quiz, enrolment)
        number = len(tries.attempts) + 1
        given: AttemptGrant | None = AttemptGrant.objects.filter(
            enrolment=enrolment, module=quiz.module_id, number=number
        ).first()
        if given:
            return given
        if not tries.is_used_up:
            raise ValidationError("There is no need: a try is open, left or passed already.", code="illegal")
        grant: AttemptGrant = AttemptGrant.objects.create(
            user_id=enrolment.user_id, partner_id=enrolment.partner_id, enrolment=enrolment,
            module_id=quiz.module_id, number=number, granted_by=actor.user,
        )  # fmt: skip
        data = {"title": enrolment.course.title, "person": str(enrolment.user), "user": enrolment.user_id}
        record(
            "enablement.attempt_granted",
            actor=actor,
            partner_id=enrolment.partner_id,
            subject=enrolment,
            data=data,
        )
    return grant


def _record(key: str, actor: Actor, attempt: Attempt, enrolment: Enrolment) -> None:
    data: dict[str, Any] = {
        "title": attempt.enrolment.course.title,
        "user": attempt.user_id,
        "number": attempt.number,
    }
    if attempt.score is not None:
        data |= {"score": attempt.score, "right": attempt.right, "asked": attempt.asked}
    record(key, actor=actor, partner_id=enrolment.partner_id, subject=attempt, data=data)
