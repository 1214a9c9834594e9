"""GIFT, the text format of Moodle: https://docs.moodle.org/en/GIFT_format

Taken: multiple choice (one or several right), true/false, matching and numeric questions, with titles and
feedback. Essays, short answers and descriptions have no right answer we could mark; they are told as faults.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from enablement.editor.question_drafts import Draft, Fault, Read
from enablement.quizzes import marking
from enablement.quizzes.models import QuestionKind

#: What a backslash takes its meaning from, and what stands for it meanwhile.
_ESCAPED: Final = {mark: chr(0xE000 + place) for place, mark in enumerate("~=#{}:\\n")}
_TITLE: Final = re.compile(r"^::(.*?)::", re.DOTALL)
_FORMAT: Final = re.compile(r"^\[(?:html|moodle|plain|markdown)\]", re.IGNORECASE)
_WEIGHT: Final = re.compile(r"^%(-?\d+(?:\.\d+)?)%")
_ANSWER: Final = re.compile(r"([=~])((?:(?![=~]).)*)", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]{0,200}>")


def read(text: str) -> Read:
    found = Read()
    for line, block in _blocks(text):
        try:
            found.drafts.append(_draft(line, block))
        except ValueError as error:
            found.faults.append(Fault(line, str(error)))
    return found


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """(line it begins in, text) of everything between blank lines, without comments and categories."""
    lines: list[str] = []
    start = 0
    for number, line in enumerate([*text.lstrip("\ufeff").splitlines(), ""], start=1):
        if line.strip().startswith(("//", "$CATEGORY")):
            continue
        if line.strip():
            start = start or number
            lines.append(line)
        elif lines:
            yield start, "\n".join(lines)
            lines, start = [], 0


def _draft(line: int, block: str) -> Draft:
    for mark, sign in _ESCAPED.items():
        block = block.replace(f"\\{mark}", sign)
    title = _TITLE.match(block.strip())
    block = _TITLE.sub("", block.strip())
    begin, end = block.find("{"), block.rfind("}")
    if begin < 0 or end < begin:
        raise ValueError("There is no answer in braces.")
    text = f"{block[:begin].strip()} {'…' if block[end + 1 :].strip() else ''} {block[end + 1 :].strip()}"
    draft = Draft(line, _plain(text), QuestionKind.SINGLE, key=_plain(title[1])[:120] if title else "")
    answers, _, general = block[begin + 1 : end].partition("####")
    draft.explanation = _plain(general)
    _answer(draft, answers.strip())
    return draft


def _answer(draft: Draft, answers: str) -> None:
    if not answers:
        raise ValueError("An essay has no right answer that could be marked.")
    if answers.startswith("#"):
        return _number(draft, answers[1:])
    if re.match(r"^(T|F|TRUE|FALSE)\s*(#|$)", answers, re.IGNORECASE):
        return _true_or_false(draft, answers)
    parts = _ANSWER.findall(answers)
    if parts and all(mark == "=" and "->" in text for mark, text in parts):
        return _pairs(draft, [text for _, text in parts])
    return _choices(draft, parts)


def _number(draft: Draft, text: str) -> None:
    text = text.lstrip("=").split("#", 1)[0].strip()
    draft.kind = QuestionKind.NUMERIC
    if ".." in text:
        low, high = (_decimal(part) for part in text.split("..", 1))
        draft.number, draft.tolerance = (low + high) / 2, abs(high - low) / 2
        return
    value, _, tolerance = text.replace(_ESCAPED[":"], ":").partition(":")
    draft.number, draft.tolerance = _decimal(value), abs(_decimal(tolerance or "0"))


def _decimal(text: str) -> Decimal:
    number = marking.number_of(text.strip())
    if number is None:
        raise ValueError(f"{_plain(text) or 'Nothing'} is no number.")
    return number


def _true_or_false(draft: Draft, answers: str) -> None:
    right = answers[:1].upper() == "T"
    draft.choices = [
        {"text": "True", "is_right": right, "match": ""},
        {"text": "False", "is_right": not right, "match": ""},
    ]
    feedback = answers.partition("#")[2]
    draft.explanation = draft.explanation or _plain(feedback.replace("#", " "))


def _pairs(draft: Draft, parts: list[str]) -> None:
    draft.kind = QuestionKind.MATCHING
    pairs = [part.split("#", 1)[0].partition("->") for part in parts]
    draft.choices = [
        {"text": _plain(left), "is_right": False, "match": _plain(right)} for left, _, right in pairs
    ]


def _choices(draft: Draft, parts: list[tuple[str, str]]) -> None:
    if not any(mark == "~" for mark, _ in parts):
        raise ValueError("A short answer in free words cannot be marked here.")
    reasons = []
    for mark, text in parts:
        answer, _, feedback = text.partition("#")
        weight = _WEIGHT.match(answer.strip())
        is_right = mark == "=" or (weight is not None and Decimal(weight[1]) > 0)
        draft.choices.append(
            {"text": _plain(_WEIGHT.sub("", answer.strip())), "is_right": is_right, "match": ""}
        )
        if is_right and feedback.strip():
            reasons.append(_plain(feedback))
    draft.explanation = draft.explanation or " ".join(reasons)
    if sum(bool(choice["is_right"]) for choice in draft.choices) > 1:
        draft.kind = QuestionKind.MULTIPLE


def _plain(text: str) -> str:
    """As people read it: escapes undone, tags left out, on one line."""
    text = _TAG.sub(" ", _FORMAT.sub("", text.strip()))
    for mark, sign in _ESCAPED.items():
        text = text.replace(sign, " " if mark == "n" else mark)
    return " ".join(text.replace("\0", "").split())
