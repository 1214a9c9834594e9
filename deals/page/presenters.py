"""Where a registration stands, told as of a parcel: whose turn, which step, how long still protected.

Pure functions over a deal already read; `for_partner` says that the partner itself is reading.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

from django.utils import timezone

from deals.amendments.selectors import in_short
from deals.deal.models import PENDING, Deal, DealStatus
from deals.notes.selectors import Told
from portal.events.log import event_type
from portal.ui import formatting
from portal.ui.charts import share
from portal.ui.formatting import format_date, format_days, format_money, format_span, format_time, format_when

#: Per cent of a stage from which a deal is more likely won than not.
LIKELY: Final = 50


def headline(deal: Deal, *, for_partner: bool, now: datetime | None = None) -> str:
    """The page's heading: the finding, not the name of the page."""
    return f"{deal.customer_name}: {_finding(deal, for_partner, now or timezone.now())}"


def _finding(deal: Deal, for_partner: bool, now: datetime) -> str:
    match deal.status:
        case DealStatus.SUBMITTED | DealStatus.UNDER_REVIEW:
            return _decision(deal.decision_due_at, now)
        case DealStatus.RETURNED:
            return "a question for you" if for_partner else "waiting for the partner"
        case DealStatus.APPROVED:
            return _protected(deal.expires_at, now)
        case DealStatus.WON:
            waits = "" if deal.counted_at else ", not counted before its proof of sale is accepted"
            return f"won, {format_money(deal.won_amount or 0, deal.currency)}{waits}"
        case DealStatus.DRAFT:
            return "a draft, not registered yet"
        case DealStatus.EXPIRED:
            return "protection has expired"
    return deal.get_status_display().lower()


def _decision(due: datetime | None, now: datetime) -> str:
    if due is None:
        return "waiting for a decision"
    if due <= now:
        return f"the decision is {format_span(now - due)} late"
    return f"decision due {format_when(due, now=now)}"


def _protected(until: datetime | None, now: datetime) -> str:
    if until is None:
        return "approved"
    if until <= now:
        return "protection has run out"
    # It ends with a day of the vendor's, so days are counted on the calendar: 90 just after a grant of 90.
    days = (formatting.local_day(until) - formatting.local_day(now)).days
    if days:
        return f"protected for {days} more day{'' if days == 1 else 's'}"
    return f"protected for {format_span(until - now)} more"


def is_closing(deal: Deal, today: date) -> bool:
    """Whether its outcome is the next thing to do: it is likely by its stage, or its day has come."""
    due = deal.expected_close is not None and deal.expected_close <= today
    return due or deal.stage is None or deal.stage.probability >= LIKELY


def waiting_headline(deals: Sequence[Any], *, more: bool, now: datetime | None = None) -> str:
    """The heading of the approvals: how many of these (sorted by `turn_due`) are late or due today."""
    if not deals:
        return "Nothing waits for a decision"
    now = now or timezone.now()
    dues = [deal.turn_due for deal in deals if deal.turn_due]
    late = sum(due <= now for due in dues)
    today = sum(due > now and formatting.local_day(due) == formatting.local_day(now) for due in dues)
    if late:
        return f"{_decisions(late, more and late == len(deals))} overdue" + (
            f", {today} due today" if today else ""
        )
    if today:
        return f"{_decisions(today, more and today == len(deals))} due today"
    waiting = "registration waits" if len(deals) == 1 and not more else "registrations wait"
    return f"{'More than ' if more else ''}{len(deals)} {waiting} for a decision, none is due today"


def _decisions(count: int, at_least: bool) -> str:
    if at_least:
        return f"More than {count} decisions are"
    return "1 decision is" if count == 1 else f"{count} decisions are"


# Steps -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop on the way; `state` is done, now, next or stop."""

    title: str
    state: str
    lines: list[str]


def progress(deal: Deal, *, vendor: str, for_partner: bool) -> list[Stop]:
    """Registered, reviewed, protected, selling, closed: each with its date and who is or was on turn."""
    whose = "Your turn" if for_partner else "The partner’s turn"
    reached = _reached(deal)
    made = [
        _registered(deal, whose),
        _reviewed(deal, vendor, whose),
        _protection_step(deal),
        _selling(deal, whose),
        _closed(deal),
    ]
    halted = deal.status in _HALTED
    return [
        Stop(title, _state(place, reached, halted, deal), [line for line in lines if line])
        for place, (title, lines) in enumerate(made)
    ]


_HALTED: Final = (DealStatus.REJECTED, DealStatus.WITHDRAWN, DealStatus.EXPIRED, DealStatus.LOST)


def _reached(deal: Deal) -> int:
    """The step the deal is in, or at which it ended."""
    if deal.status in (DealStatus.WON, DealStatus.LOST):
        return 4
    if deal.approved_at:
        return 2 if deal.status == DealStatus.EXPIRED else 3
    return 1 if deal.submitted_at else 0


def _state(place: int, reached: int, halted: bool, deal: Deal) -> str:
    if place < reached or (deal.status == DealStatus.WON and place == reached):
        return "done"
    if place > reached:
        return "next"
    return "stop" if halted else "now"


def _registered(deal: Deal, whose: str) -> tuple[str, list[str]]:
    by = str(deal.registered_by) if deal.registered_by else ""
    if deal.submitted_at:
        return "Registered", [_moment(deal.submitted_at), by]
    return ("Withdrawn", [_moment(deal.withdrawn_at)]) if deal.withdrawn_at else ("Draft", [whose, by])


def _reviewed(deal: Deal, vendor: str, whose: str) -> tuple[str, list[str]]:
    owner = str(deal.assigned_to) if deal.assigned_to else ""
    if deal.approved_at:
        return "Approved", [_moment(deal.approved_at), owner]
    if deal.rejected_at:
        return "Rejected", [_moment(deal.rejected_at), owner]
    if deal.status == DealStatus.RETURNED:
        return "Returned", [_moment(deal.returned_at), whose]
    if deal.status == DealStatus.WITHDRAWN and deal.submitted_at:
        return "Withdrawn", [_moment(deal.withdrawn_at)]
    if deal.status in PENDING and deal.decision_due_at:
        return "Review", [f"Due {format_when(deal.decision_due_at)}", owner or f"With {vendor}"]
    return "Review", [owner or f"By {vendor}"]


def _protection_step(deal: Deal) -> tuple[str, list[str]]:
    if deal.approved_at is None:
        return "Protected", ["From approval"]
    if deal.expires_at is None:
        return "Not protected", ["Was not registered here"]
    days = format_days((formatting.local_day(deal.expires_at) - formatting.local_day(deal.approved_at)).days)
    span = f"{format_date(deal.approved_at)} to {format_date(deal.expires_at)}"
    return ("Expired" if deal.status == DealStatus.EXPIRED else "Protected"), [span, days]


def _selling(deal: Deal, whose: str) -> tuple[str, list[str]]:
    if deal.status == DealStatus.WITHDRAWN and deal.approved_at:
        return "Withdrawn", [_moment(deal.withdrawn_at)]
    if deal.status == DealStatus.REJECTED and deal.approved_at:
        return "Rejected", [_moment(deal.rejected_at), "After a conflict"]
    stage = deal.stage.name if deal.stage else ""
    if deal.status != DealStatus.APPROVED:
        return "Selling", [stage]
    due = f"Close due {format_date(deal.expected_close)}" if deal.expected_close else ""
    return "Selling", [stage, due, whose]


def _closed(deal: Deal) -> tuple[str, list[str]]:
    if deal.won_at:
        return "Won", [format_date(deal.won_at, "year")]
    if deal.lost_at:
        return "Lost", [format_date(deal.lost_at, "year"), deal.loss_reason]
    return "Closed", ["Won or lost"]


def _moment(moment: datetime | None) -> str:
    return f"{format_date(moment)}, {format_time(moment)}" if moment else ""


# Protection as a bar ----------------------------------------------------------------------------------


#: Labels nearer to each other than this share of the width would run together on a phone.
_APART: Final = 28.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A day on the bar: `x` in per cent, the end of the text that stands there, and two lines of text."""

    x: float
    anchor: str
    day: str
    what: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class ProtectionBar:
    """Days since approval on one line, as long as protection or until the expected close; x in per cent."""

    title: str
    spoken: str
    today: Mark
    ends: float
    gap: float  # width of the unprotected days before the expected close
    close: float | None
    marks: list[Mark]


def protection_bar(deal: Deal, now: datetime | None = None) -> ProtectionBar | None:
    """None unless the deal is running and protected."""
    start, end = deal.approved_at, deal.expires_at
    if deal.status != DealStatus.APPROVED or start is None or end is None:
        return None
    now = now or timezone.now()
    first, last, today = (formatting.local_day(moment) for moment in (start, end, now))
    total = (last - first).days
    used = min(max((today - first).days, 0), total)
    closing = (deal.expected_close - first).days if deal.expected_close else None
    length = max(total, closing or 0, 1)
    ends, here = share(total, length), share(used, length)
    close = None if closing is None else share(max(closing, 0), length)
    return ProtectionBar(
        title=_bar_title(deal.expected_close, total, first, end, now),
        spoken=f"Protection from {format_date(start)} to {format_date(end)}, {used} of {total} days used.",
        today=Mark(here, _anchor(here), f"today, day {used} of {total}", "", strong=True),
        ends=ends,
        gap=max((close or 0) - ends, 0),
        close=close,
        marks=_marks(deal, first, last, ends, close),
    )


def _marks(deal: Deal, first: date, last: date, ends: float, close: float | None) -> list[Mark]:
    marks = [Mark(ends, _anchor(ends), format_date(last), "protection ends", strong=True)]
    if ends >= _APART * 1.5:
        marks.append(Mark(0, "start", format_date(first), "approved"))
    if close is not None and deal.expected_close and all(abs(close - mark.x) >= _APART for mark in marks):
        marks.append(Mark(close, _anchor(close), format_date(deal.expected_close), "expected close"))
    return marks


def _anchor(x: float) -> str:
    return "end" if x >= 45 else "start"


def _bar_title(close: date | None, total: int, first: date, end: datetime, now: datetime) -> str:
    if end <= now:
        return "Protection has run out"
    if close is None:
        return f"Protected until {format_date(end)}"
    if close < formatting.local_day(now):  # a day that is over says nothing about the protection
        return f"Protected until {format_date(end)}; the expected close, {format_date(close)}, has passed"
    after = (close - first).days - total
    if after == 0:
        return "Expected to close on the last protected day"
    side = "after" if after > 0 else "before"
    return f"Expected to close {formatting.format_days(abs(after))} {side} protection ends"


# What happened ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the deal's history."""

    at: datetime
    heading: str
    line: str
    quadrant: str
    icon: str
    text: str = ""  # what somebody wrote, in their own lines
    internal: bool = False


def history(told: Iterable[Told]) -> list[Happening]:
    """What happened to one deal and was said of it, newest first; drafts saved one after the other are told
    once. Files stand in a list of their own."""
    happened = [one for one in told if one.type != "file"]
    lines: list[Happening] = []
    for (kind, _), run in groupby(happened, key=lambda one: (one.type, one.actor_id)):
        shown = list(run)
        lines.extend(_reminders(shown) if event_type(kind).is_reminder else _each(kind, shown))
    return lines


def _each(kind: str, run: list[Told]) -> list[Happening]:
    return [_happening(one) for one in (run[:1] if kind == "deals.drafted" else run)]


def _reminders(run: list[Told]) -> list[Happening]:
    """The same reminder several times, with nothing between: the first shown stands for all."""
    told = _happening(run[0])
    return [told if len(run) == 1 else replace(told, heading=f"{told.heading}, {len(run)} times")]


def _happening(event: Told) -> Happening:
    if event.type in ("note", "remark"):
        return _written(event)
    kind = event_type(event.type)
    label = _HEADINGS.get(event.type, kind.label)
    if event.type == "deals.submitted" and event.data.get("again"):
        label = "Submitted again"
    if event.type == "deals.stage_changed":
        label = f"Moved to {event.data.get('to', '')}"
    if event.data.get("at_once"):
        label = "Approved at once, by a rule of the programme"
    heading = f"{label} by {event.actor}" if event.actor else label
    return Happening(event.occurred_at, heading, _line(event.data), kind.quadrant, kind.icon)


def _written(note: Told) -> Happening:
    internal, who = note.type == "remark", note.actor or "somebody"
    heading = f"Internal note by {who}" if internal else f"Note by {who}"
    icon = "lock" if internal else "message"
    return Happening(note.occurred_at, heading, "", "", icon, note.data["text"], internal)


_HEADINGS: Final = {
    "deals.drafted": "Draft saved",
    "deals.submitted": "Registered",
    "deals.review_started": "Taken into review",
    "deals.step_approved": "One approval given",
    "deals.decision_overdue": "The decision is overdue; the program admins were told",
    "deals.returned": "Returned",
    "deals.rejected": "Rejected",
    "deals.approved": "Approved",
    "deals.won": "Marked as won",
    "deals.lost": "Marked as lost",
    "deals.withdrawn": "Withdrawn",
    "deals.conflict_opened": "The claims on this customer are compared",
    "deals.conflict_file_added": "What the customer has written was added",
    "deals.protection_ending": "Reminded that protection ends",
    "deals.file_added": "File added",
    "deals.file_removed": "File removed",
}


#: How each detail of an event is said, in this order.
_SAID: Final = {
    "proof": "{}",
    "discount": "{} off the list",
    "special_price": "at the special price",
    "more": "{} more",
    "until": "until {}",
    "shared": "{}",
    "from": "from {}",
    "protected": "protected for {}",
    "result": "{}",
    "file": "{}",
    "reason": "“{}”",
    "competitor": "to {}",
    "changes": "{}",
}


def _line(data: dict[str, Any]) -> str:
    told = dict(data)
    if data.get("with"):
        told["shared"] = f"{data.get('share', '')} to {data['with']}".strip()
    if data.get("days"):
        told["protected"] = formatting.format_days(data["days"])
    told["changes"] = in_short(data.get("changes", []))
    parts = [said.format(told[name]) for name, said in _SAID.items() if told.get(name)]
    if data.get("files"):
        parts.append(", ".join(data["files"]))
    if isinstance(data.get("amount"), int) and data.get("currency"):
        parts.insert(0, format_money(data["amount"], str(data["currency"])))
    return ", ".join(parts)
