"""Addresses of a launch: its content, the key it fetches, and the way back; and how units read on pages."""

import json
from dataclasses import dataclass
from urllib.parse import urlencode

from enablement.cmi5.models import Cmi5Session, Cmi5Unit
from enablement.cmi5.selectors import Line
from enablement.cmi5.statements import unit_iri
from enablement.packages.manifest import Part
from enablement.packages.models import Launch
from enablement.packages.presenters import content_address, is_apart
from enablement.packages.selectors import token_of
from enablement.quizzes.presenters import percent
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor


def content_of(vendor: Vendor, launch: Launch, part: Part) -> str:
    """Where the content of a unit begins, without what a launch adds; a full address."""
    address = part.href if part.is_elsewhere else _content(vendor, "file", launch, part.href)
    return f"{address}?{part.query}" if part.query else address


def launch_address(vendor: Vendor, session: Cmi5Session, part: Part) -> str:
    """The address that begins a session (8.1)."""
    registration = session.registration
    added = urlencode(
        {
            "endpoint": absolute(vendor, "records:about").removesuffix("/about"),
            "fetch": _content(vendor, "fetch", session.launch),
            "actor": json.dumps(registration.actor),
            "registration": str(registration.registration),
            "activityId": unit_iri(registration, session.position),
        }
    )
    begin = content_of(vendor, session.launch, part)
    return f"{begin}{'&' if '?' in begin else '?'}{added}"


def return_address(vendor: Vendor, session: Cmi5Session, part: Part) -> str:
    """Where a unit sends its learner at the end: out of a frame the portal's own pages do not open."""
    if is_framed(part):
        return _content(vendor, "left", session.launch)
    registration = session.registration
    return absolute(
        vendor, "enablement:module", registration.enrolment.course.slug, registration.module.position
    )


def is_framed(part: Part) -> bool:
    """Content of the package that does not ask for a window of its own runs within the portal's page."""
    return part.launch_method == "AnyWindow" and not part.is_elsewhere


def _content(vendor: Vendor, name: str, launch: Launch, *more: str) -> str:
    """A full address of the content: at its own host if it has one, else below the vendor's."""
    token = token_of(launch)
    if is_apart():
        return content_address(name, token, *more)
    return absolute(vendor, f"content:{name}", token, *more)


@dataclass(frozen=True, slots=True)
class Row:
    """A unit on a page. `state` is a word, `tone` its colour; `detail` says what makes it done."""

    position: int
    title: str
    state: str
    tone: str
    detail: str
    score: int | None
    is_begun: bool
    is_over: bool


_ASKS = {
    "Passed": "done when passed",
    "Completed": "done when completed",
    "CompletedAndPassed": "done when completed and passed",
    "CompletedOrPassed": "done when completed or passed",
    "NotApplicable": "may be left out",
}


def rows(lines: list[Line]) -> list[Row]:
    return [_row(line) for line in lines]


def _row(line: Line) -> Row:
    unit, part = line.unit, line.part
    state, tone = _state(unit, part)
    asks = _ASKS[part.move_on]
    if part.mastery is not None:
        asks = f"{asks}, passed from {percent(round(part.mastery * 10_000))}"
    is_begun = bool(unit and (unit.completed_at or unit.passed_at or unit.failed_at))
    is_over = bool(unit and unit.satisfied_at)
    return Row(line.position, part.title, state, tone, asks, unit.score if unit else None, is_begun, is_over)


def _state(unit: Cmi5Unit | None, part: Part) -> tuple[str, str]:
    if unit is None:
        return "Not begun", "neutral"
    if unit.waived_at:
        return "Waived", "ok"
    if unit.passed_at:
        return "Passed", "ok"
    if unit.satisfied_at and part.move_on != "NotApplicable":
        return "Done", "ok"
    if unit.failed_at:
        return "Not passed", "bad"
    return ("Completed", "ok") if unit.completed_at else ("Not begun", "neutral")
