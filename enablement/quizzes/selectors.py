"""Reads of tests and tries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from enablement.courses.models import Enrolment, Module
from enablement.quizzes import marking
from enablement.quizzes.models import Attempt, AttemptGrant, AttemptQuestion, Choice, Question, Quiz, QuizDraw


def quiz_of(module: Module) -> Quiz | None:
    return Quiz.objects.filter(module=module).first()


def draws_of(quiz: Quiz) -> list[QuizDraw]:
    return list(QuizDraw.objects.filter(quiz=quiz).select_related("pool").order_by("pk"))


def questions_in_use() -> QuerySet[Question]:
    return Question.objects.filter(retired_at=None)


def pool_sizes(pool_ids: Collection[int]) -> dict[int, int]:
    """{pool id: questions that can be asked}."""
    rows = questions_in_use().filter(pool__in=pool_ids).order_by().values_list("pool")
    return dict(rows.annotate(n=Count("pk")))


def draws_at(module: Module) -> list[Any]:
    """What the test of a module draws: each with its quiz, its pool, and `size`, the questions in there."""
    in_use = Count("pool__questions", filter=Q(pool__questions__retired_at=None))
    rows = QuizDraw.objects.filter(quiz__module=module).select_related("quiz", "pool")
    return list(rows.annotate(size=in_use).order_by("pk"))


def asked_by(draws: Iterable[Any]) -> tuple[int, int]:
    """(questions a try asks, questions they are drawn from) of `draws_at`."""
    draws = list(draws)
    asked = sum(min(draw.count or draw.size, draw.size) for draw in draws)
    return asked, sum(draw.size for draw in draws)


# Tries ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tries:
    """Where somebody stands with a test. `allowed` is None where there is no limit."""

    quiz: Quiz
    attempts: list[Attempt]
    granted: int

    @property
    def allowed(self) -> int | None:
        return None if self.quiz.attempt_limit is None else self.quiz.attempt_limit + self.granted

    @property
    def open(self) -> Attempt | None:
        return next((one for one in self.attempts if one.is_open), None)

    @property
    def over(self) -> list[Attempt]:
        return [one for one in self.attempts if not one.is_open]

    @property
    def passed(self) -> Attempt | None:
        return next((one for one in self.over if one.passed), None)

    @property
    def latest(self) -> Attempt | None:
        return self.over[-1] if self.over else None

    @property
    def left(self) -> int | None:
        """Tries that can still be begun."""
        return None if self.allowed is None else max(self.allowed - len(self.attempts), 0)

    @property
    def is_used_up(self) -> bool:
        return self.left == 0 and self.open is None and self.passed is None

    @property
    def opens_at(self) -> datetime | None:
        """When the next try may begin; None where there is nothing to wait for."""
        if not self.over or not self.quiz.wait_hours:
            return None
        ended = self.over[-1].submitted_at or self.over[-1].started_at
        return ended + timedelta(hours=self.quiz.wait_hours)

    def waits(self, now: datetime | None = None) -> bool:
        return self.opens_at is not None and self.opens_at > (now or timezone.now())

    def may_begin(self, now: datetime | None = None) -> bool:
        return self.open is None and self.passed is None and self.left != 0 and not self.waits(now)


def tries_at(quiz: Quiz, enrolment: Enrolment) -> Tries:
    """One statement: who never tried was granted nothing."""
    grants = AttemptGrant.objects.filter(enrolment=OuterRef("enrolment"), module=OuterRef("module"))
    counted = grants.order_by().values("enrolment").values(n=Count("pk"))
    rows = Attempt.objects.filter(enrolment=enrolment, module=quiz.module_id).order_by("number")
    attempts: list[Any] = list(rows.annotate(granted=Subquery(counted)))
    return Tries(quiz, attempts, (attempts[0].granted or 0) if attempts else 0)


# One try ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a try with its choices in the order shown."""

    row: AttemptQuestion
    choices: list[Choice]

    @property
    def question(self) -> Question:
        question: Question = self.row.question
        return question

    @property
    def matches(self) -> list[str]:
        """The right sides to choose from, sorted, so that their order tells nothing."""
        return sorted(choice.match for choice in self.choices)

    @property
    def rows(self) -> list[tuple[Choice, bool, str]]:
        """(choice, was it chosen, what it was matched with)."""
        given = self.row.given
        chosen = set(given) if isinstance(given, list) else set()
        pairs = given if isinstance(given, dict) else {}
        return [(one, one.pk in chosen, pairs.get(str(one.pk), "")) for one in self.choices]

    @property
    def number(self) -> str:
        return self.row.given if isinstance(self.row.given, str) else ""


def asked_of(attempt: Attempt, positions: Collection[int] | None = None) -> list[Asked]:
    """The questions of a try, or some of them, in order; two statements."""
    rows = AttemptQuestion.objects.filter(attempt=attempt).select_related("question__pool")
    if positions is not None:
        rows = rows.filter(position__in=positions)
    listed = list(rows.order_by("position"))
    choices = choices_of([row.question_id for row in listed])
    return [Asked(row, _in_order(choices.get(row.question_id, []), row.order)) for row in listed]


def choices_of(question_ids: Collection[int]) -> Mapping[int, list[Choice]]:
    found: dict[int, list[Choice]] = defaultdict(list)
    for choice in Choice.objects.filter(question__in=question_ids).order_by("position"):
        found[choice.question_id].append(choice)
    return found


def _in_order(choices: Iterable[Choice], order: Sequence[int]) -> list[Choice]:
    places = {pk: place for place, pk in enumerate(order)}
    return sorted(choices, key=lambda choice: places.get(choice.pk, len(places)))


@dataclass(frozen=True, slots=True)
class Subject:
    """What was asked on one subject: a pool, and the module of this version that explains it, if any."""

    name: str
    module: Module | None
    right: int
    asked: int

    @property
    def wrong(self) -> int:
        return self.asked - self.right


def subjects_of(attempt: Attempt, modules: Iterable[Module]) -> list[Subject]:
    """Where the wrong answers of a try lie, the most wrong ones first; `modules` are those of its version."""
    rows = (
        AttemptQuestion.objects.filter(attempt=attempt)
        .order_by()
        .values_list("question__pool", "question__pool__name", "question__pool__module_key")
        .annotate(asked=Count("pk"), right=Count("pk", filter=Q(is_right=True)))
    )
    explains = {module.key: module for module in modules}
    found = [Subject(name, explains.get(key), right, asked) for _, name, key, asked, right in rows]
    return sorted(found, key=lambda subject: (-subject.wrong, subject.name))


def needed_to_pass(attempt: Attempt) -> int:
    return marking.needed(attempt.asked, attempt.pass_mark or 0)
