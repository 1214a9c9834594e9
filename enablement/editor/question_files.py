"""Questions from files: a spreadsheet, GIFT (Moodle's text format) or QTI 2.1 (IMS).

Each reader gives what it could read and a fault for each thing it could not, with its line. Nothing in a file
is ever run: XML without entities, archives within limits, texts as texts.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from enablement.editor import gift, qti, services
from enablement.editor.question_drafts import Draft, Fault, Read
from enablement.quizzes import marking
from enablement.quizzes.models import Question, QuestionKind, QuestionPool
from portal.imports.encodings import Unreadable, decoded
from portal.imports.tables import read_table
from portal.tenancy.access import Actor

LARGEST: Final = 5 * 1024 * 1024
_MOST_FILES: Final = 500
_UNPACKED: Final = 20 * 1024 * 1024
_MOST: Final = 2_000
#: Within one cell of a spreadsheet answers stand on lines of their own, or with bars between them.
_BAR: Final = "|"
_COLUMNS: Final = {
    "question": ("question", "text"),
    "kind": ("kind", "type"),
    "right": ("right", "answer", "right answers"),
    "wrong": ("wrong", "wrong answers"),
    "reason": ("reason", "explanation", "feedback"),
    "tolerance": ("tolerance",),
    "unit": ("unit",),
    "key": ("key", "id"),
}


def read(name: str, data: bytes) -> Read:
    """What a file holds; ValidationError {"file": advice} where it holds no questions at all."""
    if not data.strip():
        raise ValidationError({"file": "This file is empty."})
    try:
        found = _read(name.lower(), data)
    except Unreadable as error:
        raise ValidationError({"file": str(error)}) from error
    if len(found.drafts) > _MOST:
        raise ValidationError({"file": f"A file may hold at most {_MOST} questions."})
    if not found.drafts and not found.faults:
        raise ValidationError({"file": "There is no question in this file."})
    return found


def _read(name: str, data: bytes) -> Read:
    if data.startswith(b"PK\x03\x04") and not name.endswith(".xlsx"):
        return _joined(qti.read(member, content) for member, content in _unpacked(data))
    if name.endswith(".xml") or data.lstrip()[:5] == b"<?xml":
        return qti.read(name, data)
    if name.endswith((".gift", ".txt")):
        return gift.read(decoded(data)[0])
    return _read_rows(data)


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The XML files of an archive, read in memory and within limits; nothing is written anywhere."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [one for one in archive.infolist() if one.filename.lower().endswith(".xml")]
            if len(members) > _MOST_FILES or sum(one.file_size for one in members) > _UNPACKED:
                raise Unreadable("This package is too large to be one of questions.")
            left = _UNPACKED
            for member in members:
                with archive.open(member) as file:
                    content = file.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise Unreadable("This package is too large to be one of questions.")
                yield member.filename, content
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unreadable("This package is damaged or locked with a password.") from error


def _joined(parts: Iterable[Read]) -> Read:
    whole = Read()
    for part in parts:
        whole.drafts += part.drafts
        whole.faults += part.faults
    return whole


# Spreadsheets ------------------------------------------------------------------------------------------


def _read_rows(data: bytes) -> Read:
    table = read_table(data)
    places = _places(table.headers)
    for needed in ("question", "right"):
        if needed not in places:
            raise Unreadable(
                f"The file has no column {needed}. Columns: question, kind, right, wrong, reason, tolerance, "
                "unit, key."
            )
    found = Read(faults=[Fault(fault.line, fault.reason) for fault in table.faults])
    for line in table.lines:
        cells = {name: _cell(line.cells, place) for name, place in places.items()}
        try:
            found.drafts.append(_draft(line.number, cells))
        except ValidationError as error:
            found.faults.append(Fault(line.number, error.messages[0]))
    return found


def _places(headers: list[str]) -> dict[str, int]:
    folded = [header.strip().lower() for header in headers]
    return {
        name: folded.index(spelling)
        for name, spellings in _COLUMNS.items()
        for spelling in spellings[::-1]
        if spelling in folded
    }


def _cell(cells: list[str], place: int) -> str:
    return cells[place].replace("\0", "").strip() if place < len(cells) else ""


def _parts(text: str) -> list[str]:
    lines = text.splitlines() if "\n" in text else text.split(_BAR)
    return [part.strip() for part in lines if part.strip()]


def _draft(line: int, cells: dict[str, str]) -> Draft:
    right, wrong = _parts(cells["right"]), _parts(cells.get("wrong", ""))
    kind = cells.get("kind", "").lower() or _kind_of(right, wrong)
    if kind not in QuestionKind.values:
        raise ValidationError(f"{kind} is no kind; these are: {', '.join(QuestionKind.values)}.")
    draft = Draft(line, cells["question"], kind, cells.get("reason", ""), key=cells.get("key", ""))
    draft.unit = cells.get("unit", "")
    if kind == QuestionKind.NUMERIC:
        draft.number = _number(right[0] if right else "", "right")
        draft.tolerance = _number(cells.get("tolerance") or "0", "tolerance")
    elif kind == QuestionKind.MATCHING:
        pairs = [part.partition("=") for part in right]
        draft.choices = [{"text": a.strip(), "is_right": False, "match": b.strip()} for a, _, b in pairs]
    else:
        draft.choices = [{"text": text, "is_right": True, "match": ""} for text in right]
        draft.choices += [{"text": text, "is_right": False, "match": ""} for text in wrong]
    return draft


def _kind_of(right: list[str], wrong: list[str]) -> str:
    """What a row without a kind must be."""
    if wrong:
        return QuestionKind.SINGLE if len(right) == 1 else QuestionKind.MULTIPLE
    if all("=" in part for part in right):
        return QuestionKind.MATCHING
    return QuestionKind.NUMERIC if len(right) == 1 and marking.number_of(right[0]) is not None else "single"


def _number(text: str, name: str) -> Decimal:
    number = marking.number_of(text)
    if number is None:
        raise ValidationError(f"{text or 'Nothing'} is no number for {name}.")
    return number


# Taking them -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Report:
    """What became of a file."""

    added: int = 0
    corrected: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def taken(self) -> int:
        return self.added + self.corrected + self.unchanged


@transaction.atomic
def questions_import(*, actor: Actor, pool: QuestionPool, read: Read) -> Report:
    """Add or correct what can be asked, report the rest. The same file twice changes nothing.

    A question is known by its key, else by its text.
    """
    QuestionPool.objects.select_for_update(of=("self",)).get(pk=pool.pk)
    report = Report(faults=list(read.faults))
    rows = Question.objects.filter(pool=pool, retired_at=None).prefetch_related("choices")
    by_key = {row.external_key: row for row in rows if row.external_key}
    by_text = {row.text: row for row in rows}
    seen: dict[str, int] = {}
    for draft in read.drafts:
        key = _key(draft)
        fault = _fault(draft) or (f"Line {seen[key]} has the same question." if key in seen else "")
        if fault:
            report.faults.append(Fault(draft.line, fault))
            continue
        seen[key] = draft.line
        _take(actor, pool, draft, key, by_key.get(key) or by_text.get(draft.text), report)
    report.faults.sort(key=lambda fault: fault.line)
    return report


def _key(draft: Draft) -> str:
    """Its own, else one made of its text, so that another file knows it again."""
    return draft.key[:120] or f"text:{sha256(draft.text.casefold().encode()).hexdigest()[:40]}"


def _fault(draft: Draft) -> str:
    if not draft.text:
        return "There is no question in this line."
    if len(draft.text) > 1000 or any(
        len(one["text"]) > 500 or len(one["match"]) > 500 for one in draft.choices
    ):
        return "The question may have 1,000 characters, an answer 500."
    if draft.number is not None and abs(draft.number) >= Decimal(10) ** 12:
        return "This number is too large."
    return marking.flaw(draft.kind, draft.choices, draft.number)


def _take(
    actor: Actor, pool: QuestionPool, draft: Draft, key: str, known: Question | None, report: Report
) -> None:
    answers: dict[str, Any] = {
        "kind": draft.kind, "text": draft.text, "explanation": draft.explanation[:2000],
        "number": draft.number, "tolerance": draft.tolerance, "unit": draft.unit[:80],
    }  # fmt: skip
    if known is not None and _same(known, answers, draft.choices):
        report.unchanged += 1
        return
    saved = services.question_save(
        actor=actor, pool=pool, answers=answers, choices=draft.choices, question=known
    )
    if saved.external_key != key:
        saved.external_key = key
        saved.save(update_fields=["external_key"])
    if known is None:
        report.added += 1
    else:
        report.corrected += 1


def _same(known: Question, answers: dict[str, Any], choices: list[dict[str, Any]]) -> bool:
    if any(getattr(known, name) != value for name, value in answers.items()):
        return False
    there = [(one.text, one.is_right, one.match) for one in known.choices.all()]
    return there == [(one["text"], one["is_right"], one["match"]) for one in choices]
