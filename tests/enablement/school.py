"""Courses for tests, made as an editor would leave them: published, with texts and a test at the end."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from enablement.courses import services as learning
from enablement.courses.models import Course, CourseVersion, Enrolment, Module
from enablement.quizzes import services as trying
from enablement.quizzes.models import (
    Attempt,
    AttemptQuestion,
    Choice,
    Question,
    QuestionKind,
    QuestionPool,
    Quiz,
    QuizDraw,
)
from portal.tenancy.scope import entered, system_scope
from tests.support.worlds import Person, VendorWorld, acting_as


def course(
    world: VendorWorld,
    slug: str = "fleet",
    *,
    texts: int = 2,
    optional: int = 0,
    questions: int = 4,
    quiz: dict[str, Any] | None = None,
    **fields: Any,
) -> Course:
    """`texts` required text modules, `optional` ones after them, and a test of `questions` single choices."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        made = Course.objects.create(
            slug=slug, title=f"{slug.title()} course", summary="All of it.", **fields
        )
        version = CourseVersion.objects.create(course=made, number=1, minutes=30, published_at=timezone.now())
        for place in range(1, texts + optional + 1):
            Module.objects.create(
                version=version, position=place, title=f"Part {place}", kind="text", minutes=10,
                body=f"Text {place}\n\n---\n\nPage two", is_required=place <= texts,
            )  # fmt: skip
        if questions:
            _test(made, version, texts + optional + 1, questions, quiz or {})
        made.published = version
        made.save()
    return made


def _test(
    course: Course, version: CourseVersion, position: int, questions: int, rules: dict[str, Any]
) -> None:
    first = Module.objects.filter(version=version).order_by("position").first()
    module = Module.objects.create(
        version=version, position=position, title="Final test", kind="quiz", minutes=10
    )
    pool = QuestionPool.objects.create(course=course, name="Basics", module_key=first and first.key)
    for number in range(1, questions + 1):
        single(pool, f"Question {number}?")
    made = Quiz.objects.create(module=module, **rules)
    QuizDraw.objects.create(quiz=made, pool=pool)


def single(pool: QuestionPool, text: str, **fields: Any) -> Question:
    question = Question.objects.create(pool=pool, text=text, explanation="Because.", **fields)
    for place, answer in enumerate(("Right", "Wrong", "Worse"), start=1):
        Choice.objects.create(question=question, position=place, text=answer, is_right=place == 1)
    return question


def numeric(pool: QuestionPool, text: str, number: str, tolerance: str = "0") -> Question:
    return Question.objects.create(
        pool=pool, kind=QuestionKind.NUMERIC, text=text, number=number, tolerance=tolerance
    )


def modules(world: VendorWorld, course: Course) -> list[Module]:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return list(Module.objects.filter(version=course.published_id).order_by("position"))


def quiz(world: VendorWorld, course: Course) -> Quiz:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return Quiz.objects.select_related("module").get(module__version=course.published_id)


def enrol(person: Person, course: Course) -> Enrolment:
    with acting_as(person) as actor:
        return learning.enrol(actor=actor, course=course)


def do(service: Callable[..., Any], person: Person, **more: Any) -> Any:
    """Call a service as this person."""
    with acting_as(person) as actor:
        return service(actor=actor, **more)


def begin(person: Person, enrolment: Enrolment, quiz: Quiz) -> Attempt:
    return do(trying.attempt_begin, person, enrolment=enrolment, quiz=quiz)


def answer(person: Person, attempt: Attempt, right: int) -> Attempt:
    """The first `right` questions rightly, the others wrongly; not handed in."""
    with acting_as(person) as actor:
        rows = AttemptQuestion.objects.filter(attempt=attempt).order_by("position")
        answers: dict[int, Any] = {}
        for row in rows:
            choices = Choice.objects.filter(question=row.question_id, is_right=row.position <= right)
            answers[row.position] = [choices.first().pk]
        return trying.answers_save(actor=actor, attempt=attempt, answers=answers, marked={})


def try_it(person: Person, enrolment: Enrolment, quiz: Quiz, right: int) -> Attempt:
    """Begin, answer, hand in."""
    attempt = begin(person, enrolment, quiz)
    answer(person, attempt, right)
    return do(trying.attempt_submit, person, attempt=attempt)


def finish_texts(person: Person, enrolment: Enrolment, course: Course, world: VendorWorld) -> None:
    for module in modules(world, course):
        if module.kind == "text" and module.is_required:
            do(learning.module_done, person, enrolment=enrolment, module=module)
