"""How tests and tries read. Words and figures, no queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from enablement.courses.models import FULL_MARKS
from enablement.quizzes import marking
from enablement.quizzes.models import Attempt, QuestionKind, Quiz
from enablement.quizzes.selectors import Asked, Subject, Tries
from portal.ui.formatting import format_number, format_percent, format_when, ordinal

#: How the kinds of question ask.
HINTS: dict[str, str] = {
    QuestionKind.MULTIPLE: "Choose all that apply",
    QuestionKind.MATCHING: "Match each line",
}


def percent(score: int | None) -> str:
    """Basis points as people read them: "72%", and "66.66%" where a whole number would round up."""
    if score is None:
        return "–"
    return format_percent(score / FULL_MARKS, 0 if score % 100 == 0 else 2)


def standing(quiz: Quiz, asked: int, tries: Tries | None) -> dict[str, Any]:
    """What the page of a test says above its rules; `can_begin` decides about the button."""
    context = {
        "pass_mark": percent(quiz.pass_mark),
        "needed": marking.needed(asked, quiz.pass_mark),
        "can_begin": tries is not None and tries.may_begin(),
        "waits_until": None,
    }
    if tries is None:
        return context | {"test_headline": ""}
    if tries.waits() and not tries.passed and tries.left != 0:
        context["waits_until"] = tries.opens_at
        context["waits_since"] = tries.latest and tries.latest.submitted_at
    return context | {"test_headline": _headline(tries), "left_text": left_text(tries), "rows": _rows(tries)}


def _headline(tries: Tries) -> str:
    if tries.passed:
        return f"Passed with {percent(tries.passed.score)} at the {ordinal(tries.passed.number)} try"
    if tries.open:
        return f"Your {ordinal(tries.open.number)} try is open"
    if tries.latest:
        done = f"{percent(tries.latest.score)} at the {ordinal(tries.latest.number)} try"
        return f"{done}, {percent(tries.quiz.pass_mark)} needed"
    return "Not tried yet"


def left_text(tries: Tries) -> str:
    """Such as "2 of 3 tries left"."""
    if tries.passed:
        return "Passed"
    if tries.allowed is None:
        return "Try as often as you like"
    return f"{tries.left} of {tries.allowed} tries left"


def _rows(tries: Tries) -> list[dict[str, Any]]:
    """The table of tries: those there were, and those to come where there is a limit."""
    rows = [{"number": one.number, "attempt": one, "score": percent(one.score)} for one in tries.attempts]
    to_come = 0 if tries.passed else tries.left or 0
    first = len(tries.attempts) + 1
    opens = f"from {format_when(tries.opens_at)}" if tries.waits() and tries.opens_at else "now"
    for number in range(first, first + to_come):
        when = opens if number == first and not tries.open else "after the one before"
        rows.append({"number": number, "attempt": None, "when": when, "score": "open"})
    return rows


def finding(subjects: Sequence[Subject], wrong: int) -> str:
    """Where most of the wrong answers lie, as a heading."""
    if not wrong:
        return "Every answer was right"
    worst = subjects[0]
    name = worst.module.title if worst.module else worst.name
    if worst.wrong == wrong:
        which = "The wrong answer belongs" if wrong == 1 else f"All {wrong} wrong answers belong"
        return f"{which} to {name}"
    return f"{worst.wrong} of {wrong} wrong answers belong to {name}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the feedback: a choice, whether it was right and whether it was chosen."""

    text: str
    is_right: bool
    is_mine: bool
    match: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A question after the try: the answers, the reason, the position in the try."""

    asked: Asked
    answers: list[Answer]
    is_unfolded: bool = False

    @property
    def position(self) -> int:
        return int(self.asked.row.position)


def feedback(asked: Iterable[Asked]) -> list[Feedback]:
    """In the order they were asked; the first wrong one lies open."""
    asked = list(asked)
    first = next((one for one in asked if not one.row.is_right), None)
    return [Feedback(one, _answers(one), one is first) for one in asked]


def _answers(one: Asked) -> list[Answer]:
    question = one.question
    if question.kind == QuestionKind.NUMERIC:
        return _numbers(one)
    if question.kind == QuestionKind.MATCHING:
        return [
            Answer(choice.text, match == choice.match, bool(match), match or "no answer")
            if match == choice.match
            else Answer(choice.text, False, bool(match), f"{match or 'no answer'}; right: {choice.match}")
            for choice, _, match in one.rows
        ]
    return [Answer(choice.text, choice.is_right, chosen) for choice, chosen, _ in one.rows]


def _numbers(one: Asked) -> list[Answer]:
    question = one.question
    right = format_number(question.number or 0, 6)
    if question.tolerance:
        right += f", give or take {format_number(question.tolerance, 6)}"
    if one.row.is_right:
        return [Answer(one.number, True, True)]
    mine = [Answer(one.number, False, True)] if one.number else []
    return [*mine, Answer(right, True, False)]


def try_words(attempt: Attempt) -> str:
    """Such as "second of three tries"; of tries without a limit only which."""
    names = {1: "first", 2: "second", 3: "third"}
    which = names.get(attempt.number, ordinal(attempt.number))
    if attempt.allowed is None:
        return f"{which} try"
    total = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}.get(attempt.allowed, str(attempt.allowed))
    return f"{which} of {total} tries" if attempt.allowed > 1 else "the only try"


def saved_text(attempt: Attempt, asked: Iterable[Asked]) -> str:
    """When the last answer was saved."""
    saved = max((one.row.saved_at for one in asked if one.row.saved_at), default=None)
    if saved is None:
        return "Everything is saved as you go"
    return f"Saved {format_when(saved, now=timezone.now())}, you can leave and come back"
