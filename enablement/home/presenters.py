"""How the learning home reads. Words and figures, no queries."""

from collections.abc import Mapping
from typing import Any

from enablement.courses.content import content_kind
from enablement.courses.models import Course, Enrolment
from enablement.home.selectors import Begun, Desk
from enablement.paths.models import PathStep
from enablement.paths.selectors import Gap, Stop, Way
from enablement.player.presenters import duration, saved_text
from enablement.quizzes.selectors import FirstTries
from portal.ui.formatting import format_date, format_number, format_percent

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def headline(desk: Desk) -> str:
    if desk.next is None:
        if desk.assignments:
            return f"{_counted(len(desk.assignments), 'course')} to finish for others"
        return "What do you learn next?"
    left, course = desk.next.extent.left, desk.next.enrolment.course
    return f"{_counted(left, 'module')} left to {course}" if left else f"Hand in the test of {course}"


def _counted(count: int, noun: str) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number.capitalize()} {noun}{'' if count == 1 else 's'}"


def next_step(begun: Begun) -> dict[str, Any]:
    """The box on top: where one stopped, how far one is."""
    enrolment, module = begun.enrolment, begun.enrolment.module
    kind = content_kind(module.kind) if module else None
    return {
        "begun": begun,
        "title": f"Module {module.position}: {module.title}" if module else "The first module",
        "kind": kind.label if kind else "",
        "minutes": duration(module.minutes) if module else duration(begun.extent.minutes),
        "saved": saved_text(enrolment),
        "share": round(begun.extent.share * 100),
        "of": f"{begun.extent.over} of {begun.extent.modules} modules",
    }


def assigned_rows(desk: Desk) -> list[dict[str, Any]]:
    """Assignments with what is left of each."""
    begun = {one.enrolment.course_id: one for one in desk.begun}
    rows = []
    for one in desk.assignments:
        here = begun.get(one.course_id)
        minutes = (
            here.extent.minutes_left if here else one.course.published.minutes if one.course.published else 0
        )
        rows.append(
            {"assignment": one, "begun": here, "left": f"About {duration(minutes)}{' left' if here else ''}."}
        )
    return rows


def suggestion(gap: Gap) -> dict[str, Any]:
    """Why a module is suggested, and where it leads: its refresher, else the module itself."""
    target = gap.suggests.suggests if gap.suggests else gap.enrolment.course
    if gap.is_skipped:
        why = f"You skipped it in {gap.enrolment.course}."
    else:
        why = f"You answered {gap.wrong} of {gap.asked} questions on it wrong in {gap.enrolment.course}."
    return {
        "gap": gap,
        "title": target.title if gap.suggests else gap.module.title,
        "course": target,
        "position": None if gap.suggests else gap.module.position,
        "what": f"Helps with “{gap.module.title}”. " if gap.suggests else "",
        "why": why,
    }


def stops(way: Way, begun: Mapping[int, Begun]) -> list[dict[str, Any]]:
    """The steps of a path, for the row of dots."""
    current = way.next
    return [_stop(stop, stop is current, begun.get(stop.step.course_id)) for stop in way.stops]


def _stop(stop: Stop, is_now: bool, begun: Begun | None) -> dict[str, Any]:
    course = stop.step.course
    minutes = duration(course.published.minutes) if course.published else ""
    if stop.is_done and stop.enrolment and stop.enrolment.completed_at:
        first = format_date(stop.enrolment.completed_at)
    elif begun:
        first = f"{round(begun.extent.share * 100)}% done"
    else:
        first = f"about {minutes}"
    return {
        "title": course.title,
        "state": "done" if stop.is_done else "now" if is_now else "next",
        "lines": [first, "optional" if stop.step.is_optional else minutes if stop.is_done else ""],
        "course": course,
    }


def catalogue_row(
    course: Course, enrolment: Enrolment | None, tries: FirstTries | None, steps: list[PathStep]
) -> dict[str, Any]:
    return {
        "course": course,
        "about": ", ".join(
            [*[str(product) for product in course.products.all()], course.get_language_display()]
        ),
        "minutes": duration(course.published.minutes) if course.published else "–",
        "tries": _tries(tries),
        "of": f"of {format_number(tries.tries)}" if tries and tries.tries >= 5 else "",
        "path": ", ".join(f"{step.path}, step {step.position}" for step in steps),
        "state": "open" if enrolment and enrolment.is_open else "done" if enrolment else "new",
        "when": format_date(enrolment.completed_at) if enrolment and enrolment.completed_at else "",
    }


def _tries(tries: FirstTries | None) -> str:
    """A share from five tries on; below that one could tell persons apart."""
    if tries is None or tries.share is None:
        return "–"
    return format_percent(tries.share, 0) if tries.tries >= 5 else "New"
