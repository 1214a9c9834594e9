"""How a course reads while it is taken. Words and figures, no queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest

from enablement.courses.content import content_kind
from enablement.courses.models import Course, Enrolment
from enablement.courses.selectors import Extent, Step
from portal.ui.formatting import format_count, format_date, format_span, format_when


def duration(minutes: int) -> str:
    """Such as "25 min" and "1 h 10 min"."""
    return format_span(timedelta(minutes=minutes))


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A module in the list beside the player. `mark`: done, now, part (begun or skipped) or new."""

    position: int
    title: str
    detail: str
    mark: str
    word: str
    icon: str
    is_here: bool


_WORDS = {"done": "done", "skipped": "skipped", "open": "begun", "new": "not begun"}
_MARKS = {"done": "done", "skipped": "part", "open": "part", "new": "new"}


def lines(steps: Sequence[Step], here: Step | None) -> list[OutlineEntry]:
    return [_line(step, here) for step in steps]


def _line(step: Step, here: Step | None) -> OutlineEntry:
    kind, module = content_kind(step.module.kind), step.module
    is_here = here is not None and step.module.pk == here.module.pk
    place = kind.place(module, step.progress.place) if step.progress else ""
    parts = [kind.label, place if step.state == "open" else "", duration(module.minutes)]
    if not module.is_required:
        parts.append("optional")
    return OutlineEntry(
        position=module.position,
        title=module.title,
        detail=", ".join(part for part in parts if part),
        mark="now" if is_here and step.state in ("new", "open") else _MARKS[step.state],
        word=_WORDS[step.state],
        icon=kind.icon,
        is_here=is_here,
    )


def headline(course: Course, enrolment: Enrolment, extent: Extent) -> str:
    if enrolment.completed_at:
        return f"You finished {course} on {format_date(enrolment.completed_at)}"
    if extent.left == 1:
        return f"One module left to finish {course}"
    if extent.over == 0:
        return f"{course}: {format_count(extent.modules, 'module')}, {duration(extent.minutes)}"
    return f"{extent.left} modules left to finish {course}"


def progress_text(extent: Extent) -> str:
    """Such as "80% done, about 1 h 10 min left"."""
    if not extent.minutes_left:
        return "All done"
    share = round(extent.share * 100)
    return f"{share}% done, about {duration(extent.minutes_left)} left"


def saved_text(enrolment: Enrolment) -> str:
    """Such as "Saved yesterday 17:42, on your phone"."""
    if enrolment.saved_at is None:
        return ""
    on = f", on your {enrolment.saved_on}" if enrolment.saved_on else ""
    return f"Saved {format_when(enrolment.saved_at)}{on}"


def device_of(request: HttpRequest) -> str:
    """What somebody holds in their hands, as far as the browser says so."""
    agent = request.headers.get("User-Agent", "")
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobi" not in agent):
        return "tablet"
    return "phone" if "Mobi" in agent else "computer"
