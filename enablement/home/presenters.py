"""How the learning home reads. Words and figures, no queries."""

from collections.abc import Mapping
from typing import Any

from enablement.courses.content import content_kind
from enablement.home.selectors import Begun, Desk
from enablement.paths.selectors import Gap, Stop, Way
from enablement.player.presenters import duration, saved_text
from portal.ui.formatting import format_count, format_date, format_number, format_percent

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
#: First tries below which a share says more of persons than of the course.
_ENOUGH = 5


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
        "of": f"{begun.extent.over} of {format_count(begun.extent.modules, 'module')}",
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
        asked = format_count(gap.asked, "question")
        why = f"You answered {gap.wrong} of {asked} on it wrong in {gap.enrolment.course}."
    return {
        "gap": gap,
        "title": target.title if gap.suggests else gap.title,
        "course": target,
        "position": None if gap.suggests else gap.position,
        "what": f"Helps with “{gap.title}”. " if gap.suggests else "",
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


def catalogue_row(course: Any) -> dict[str, Any]:
    """A course of `selectors.catalogue`."""
    about = [course.about, course.get_language_display()]
    tries = course.first_tries
    return {
        "course": course,
        "about": ", ".join(text for text in about if text),
        "minutes": duration(course.published.minutes),
        "tries": _tries(tries, course.first_passes),
        "of": f"of {format_number(tries)}" if tries >= _ENOUGH else "",
        "path": course.step or "",
        "state": "open" if course.is_begun else "done" if course.finished_at else "new",
        "when": format_date(course.finished_at) if course.finished_at else "",
    }


def _tries(tries: int, passes: int) -> str:
    """A share from five tries on; below that one could tell persons apart."""
    if not tries:
        return "–"
    return format_percent(passes / tries, 0) if tries >= _ENOUGH else "New"
