"""What a SCORM run-time model says about its learner, in the portal's words. No database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from enablement.packages.manifest import SCORM_12, Part
from enablement.quizzes.reported import marks_of

Cmi = Mapping[str, Any]
_DONE_12: Final = ("completed", "passed")


@dataclass(frozen=True, slots=True)
class Told:
    """`passed` is None while nothing decided it; `score` in basis points."""

    is_completed: bool
    passed: bool | None
    score: int | None


def told_by(standard: str, part: Part, cmi: Cmi) -> Told:
    return _told_12(part, cmi) if standard == SCORM_12 else _told_2004(part, cmi)


def _told_12(part: Part, cmi: Cmi) -> Told:
    core = _map(cmi, "core")
    status = str(core.get("lesson_status", ""))
    score = _map(core, "score")
    share = _share(score.get("raw"), score.get("min") or 0, score.get("max") or 100)
    passed = {"passed": True, "failed": False}.get(status)
    if part.mastery is not None and share is not None and status in (*_DONE_12, "failed"):
        # The mastery score of the manifest decides, whatever the content thinks of it (RTE 3.4.4).
        passed = share >= part.mastery
    return Told(status in _DONE_12 or passed is True, passed, marks_of(share))


def _told_2004(part: Part, cmi: Cmi) -> Told:
    score = _map(cmi, "score")
    scaled = _number(score.get("scaled"))
    if scaled is None:
        scaled = _share(score.get("raw"), score.get("min") or 0, score.get("max"))
    passed = {"passed": True, "failed": False}.get(str(cmi.get("success_status", "")))
    if part.mastery is not None and scaled is not None:
        passed = scaled >= part.mastery  # RTE 4.2.22: the passing score overrules success_status
    done = cmi.get("completion_status") == "completed"
    progress = _number(cmi.get("progress_measure"))
    if part.completion_threshold is not None and progress is not None:
        done = progress >= part.completion_threshold
    return Told(done or passed is True, passed, marks_of(scaled))


def begun_with(standard: str, cmi: Cmi, learner: tuple[str, str], part: Part) -> dict[str, Any]:
    """The model a part starts with: what it left, who learns, and what its manifest gives it."""
    number, name = learner
    if standard != SCORM_12:
        kept = {k: v for k, v in cmi.items() if k not in ("session_time", "exit", "entry", "mode", "credit")}
        given: dict[str, Any] = {"learner_id": number, "learner_name": name, "launch_data": part.launch_data}
        if part.mastery is not None:
            given["scaled_passing_score"] = f"{part.mastery:g}"
        if part.completion_threshold is not None:
            given["completion_threshold"] = f"{part.completion_threshold:g}"
        return {
            **kept,
            **given,
            "entry": "resume" if cmi else "ab-initio",
            "mode": "normal",
            "credit": "credit",
        }
    core = {k: v for k, v in _map(cmi, "core").items() if k not in ("session_time", "exit")}
    core |= {"student_id": number, "student_name": name, "credit": "credit", "lesson_mode": "normal"}
    core["entry"] = "resume" if cmi else "ab-initio"
    begun: dict[str, Any] = {**cmi, "core": core, "launch_data": part.launch_data}
    if part.mastery is not None:
        begun["student_data"] = {**_map(cmi, "student_data"), "mastery_score": f"{part.mastery * 100:g}"}
    return begun


def place_of(standard: str, cmi: Cmi) -> str:
    """The bookmark of the content, when it is a short one that people can make sense of."""
    core = _map(cmi, "core")
    text = str((core.get("lesson_location") if standard == SCORM_12 else cmi.get("location")) or "")
    return text if text.isdecimal() and len(text) <= 4 else ""


def _map(value: Cmi, name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if -1e9 < number < 1e9 else None


def _share(raw: Any, least: Any, most: Any) -> float | None:
    told, low, high = _number(raw), _number(least), _number(most)
    if told is None or low is None or high is None or high <= low:
        return None
    return (told - low) / (high - low)
