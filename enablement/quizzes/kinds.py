"""A test as what a module holds."""

from collections.abc import Mapping
from typing import Any

from enablement.courses.content import Completion, ContentKind, Field, Shown, register
from enablement.courses.markdown import rendered
from enablement.courses.models import Module
from enablement.quizzes import presenters, selectors
from enablement.quizzes.models import Quiz, QuizDraw
from enablement.quizzes.selectors import Tries


def _context(shown: Shown) -> Mapping[str, Any]:
    """The rules of the test, and where the learner stands with it."""
    draws = selectors.draws_at(shown.module)
    html = rendered(shown.module.body) if shown.module.body.strip() else ""
    if not draws:
        return {"quiz": None, "html": html}
    quiz, (asked, pool) = draws[0].quiz, selectors.asked_by(draws)
    tries = selectors.tries_at(quiz, shown.enrolment) if shown.enrolment else None
    rules = {"quiz": quiz, "asked": asked, "pool": pool, "tries": tries, "html": html}
    return {**rules, **presenters.standing(quiz, asked, tries), **_feedback(shown, tries)}


def _feedback(shown: Shown, tries: Tries | None) -> Mapping[str, Any]:
    """What went wrong in the latest try; feedback comes after a try, never during one."""
    if tries is None or tries.latest is None or tries.latest.quiz_id is None:
        return {}
    subjects = selectors.subjects_of(tries.latest, shown.modules)
    wrong = sum(subject.wrong for subject in subjects)
    return {
        "latest": tries.latest,
        "finding": presenters.finding(subjects, wrong),
        "subjects": subjects,
        "wrong": wrong,
    }


def _missing(module: Module) -> str:
    draws = selectors.draws_at(module)
    if not sum(draw.size for draw in draws):
        return "has no questions yet"
    short = next((draw for draw in draws if (draw.count or 1) > draw.size), None)
    return f"draws {short.count or 1} from {short.pool}, which has fewer" if short else ""


def _copied(source: Module, target: Module) -> None:
    """The rules are copied; the pools are the course's, so a corrected question is correct for everybody."""
    quiz = selectors.quiz_of(source)
    if quiz is None:
        return
    draws = selectors.draws_of(quiz)
    copy = Quiz.objects.create(
        module=target, pass_mark=quiz.pass_mark, attempt_limit=quiz.attempt_limit, wait_hours=quiz.wait_hours,
        page_size=quiz.page_size,
    )  # fmt: skip
    QuizDraw.objects.bulk_create(
        QuizDraw(quiz=copy, pool_id=draw.pool_id, count=draw.count) for draw in draws
    )


register(
    ContentKind(
        "quiz",
        "Test",
        "file-pencil",
        "enablement/quizzes/kind.html",
        completion=Completion.TEST,
        below="enablement/quizzes/results.html",
        description="Questions drawn from pools, with a pass mark.",
        fields=(Field("body", "Before the test", help="Markdown, shown above the rules of the test."),),
        context=_context,
        missing=_missing,
        copied=_copied,
    )
)
