"""Reading and marking answers. Pure: questions and choices in, right or wrong out."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from enablement.courses.models import FULL_MARKS
from enablement.quizzes.models import Choice, Question, QuestionKind

#: What stands in `AttemptQuestion.given`.
Given = list[int] | str | dict[str, str] | None


def given_in(question: Question, choices: Sequence[Choice], values: Sequence[str]) -> Given:
    """What was answered, from the values of the question's fields on the form; None for nothing.

    Of a matching question there is one value per choice, in their order. ValidationError for an answer that
    is none of those shown, or a number that is none.
    """
    values = [value.strip() for value in values]
    if question.kind == QuestionKind.NUMERIC:
        return _number_in(values[0] if values else "")
    if question.kind == QuestionKind.MATCHING:
        return _pairs_in(choices, values)
    return _chosen_in(question, choices, values)


def _number_in(text: str) -> Given:
    if not text:
        return None
    if number_of(text) is None:
        raise ValidationError("Enter a number, such as 12 or 2.5.")
    return text[:40]


def _chosen_in(question: Question, choices: Sequence[Choice], values: Sequence[str]) -> Given:
    known = {str(choice.pk): choice.pk for choice in choices}
    chosen = {known[value] for value in values if value in known}
    if any(value and value not in known for value in values):
        raise ValidationError("Choose one of the answers shown.")
    if question.kind == QuestionKind.SINGLE and len(chosen) > 1:
        raise ValidationError("Choose one answer only.")
    return sorted(chosen) or None


def _pairs_in(choices: Sequence[Choice], values: Sequence[str]) -> Given:
    matches = {choice.match for choice in choices}
    if any(value and value not in matches for value in values):
        raise ValidationError("Choose from the list.")
    pairs = zip(choices, values, strict=False)
    return {str(choice.pk): value for choice, value in pairs if value} or None


def number_of(text: str) -> Decimal | None:
    """A number as people type it, with a point or a comma; None for what is none."""
    try:
        number = Decimal(text.replace(" ", "").replace("\u00a0", "").replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal(10) ** 12 else None


def is_right(question: Question, choices: Iterable[Choice], given: Given) -> bool:
    """All or nothing: half of the right answers, or one wrong one beside them, is wrong."""
    if given is None:
        return False
    if isinstance(given, str):
        number = number_of(given)
        return (
            number is not None
            and question.number is not None
            and abs(number - question.number) <= question.tolerance
        )
    if isinstance(given, dict):
        return {str(choice.pk): choice.match for choice in choices} == given
    return {choice.pk for choice in choices if choice.is_right} == set(given)


def marks(right: int, asked: int) -> int:
    """Basis points, rounded down: 19 of 24 is 7916 and never 8000."""
    return right * FULL_MARKS // asked if asked else 0


def is_passed(right: int, asked: int, pass_mark: int) -> bool:
    """Compared exactly, not by the rounded marks."""
    return asked > 0 and right * FULL_MARKS >= pass_mark * asked


def needed(asked: int, pass_mark: int) -> int:
    """Right answers that pass."""
    return -(-pass_mark * asked // FULL_MARKS)


def flaw(kind: str, choices: Sequence[Mapping[str, Any]], number: Decimal | None) -> str:
    """Why a question cannot be asked, in words; "" when it can. `choices` have text, is_right and match."""
    if kind == QuestionKind.NUMERIC:
        return "" if number is not None else "Enter the right number."
    if len(choices) < 2:
        return "Give at least two answers."
    texts = [str(choice["text"]).strip().casefold() for choice in choices]
    if len(set(texts)) < len(texts):
        return "Two answers are the same."
    if kind == QuestionKind.MATCHING:
        return _flaw_of_pairs(choices)
    right = sum(bool(choice["is_right"]) for choice in choices)
    if kind == QuestionKind.SINGLE and right != 1:
        return "Mark exactly one answer as right."
    return "" if right else "Mark at least one answer as right."


def _flaw_of_pairs(choices: Sequence[Mapping[str, Any]]) -> str:
    matches = [str(choice["match"]).strip() for choice in choices]
    if not all(matches):
        return "Every line needs both sides of its pair."
    return "" if len(set(matches)) == len(matches) else "Two right sides are the same."
