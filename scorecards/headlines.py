"""What a page's heading says: sentences made of its figures. Pure functions, numbers in and text out."""

from collections.abc import Sequence
from datetime import date

from portal.ui import formatting

_WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip


def in_words(count: int) -> str:
    """Such as "no", "four", "twelve", then "13"."""
    return _WORDS[count] if 0 <= count < len(_WORDS) else formatting.format_number(count)


def none_or(count: int) -> str:
    """Such as "none", "four": the number without a noun."""
    return in_words(count) if count else "none"


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def counted(count: int, noun: str, plural: str = "") -> str:
    """Such as "one approval", "four approvals"."""
    return f"{in_words(count)} {noun if count == 1 else plural or noun + 's'}"


def approvals(overdue: int, today: int, total: int) -> str:
    """Whom time is running out for, in the order of urgency; says so when nothing waits."""
    if overdue and today:
        return f"{counted(overdue, 'approval')} {_is(overdue)} overdue, {in_words(today)} more due today"
    if overdue:
        return f"{counted(overdue, 'approval')} {_is(overdue)} overdue"
    if today:
        return f"{counted(today, 'approval')} {_is(today)} due today"
    if total:
        return f"{counted(total, 'approval')} {'waits' if total == 1 else 'wait'}, none due today"
    return "nothing waits for a decision"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def vendor_home(overdue: int, today: int, total: int, fallen: tuple[str, float, date] | None) -> str:
    """`fallen`: the partner whose health fell most, by how many points, and since when."""
    first = approvals(overdue, today, total)
    if fallen is None:
        return sentence(first)
    name, points, since = fallen
    return sentence(
        f"{first}, and {name} fell {counted(round(points), 'point')} since {formatting.format_date(since)}"
    )


def executive_home(booked: str, quarter: str, overdue: int, total: int) -> str:
    """Money first; an approval that has waited too long is the one thing to ask about."""
    if overdue:
        return f"{booked} booked in {quarter} so far, {counted(overdue, 'approval')} {_is(overdue)} overdue"
    waiting = (
        f"{counted(total, 'approval')} {'waits' if total == 1 else 'wait'}" if total else "no approval waits"
    )
    return f"{booked} booked in {quarter} so far, {waiting}"


def portfolio(healthy: int, watch: int, poor: int, unscored: int) -> str:
    """How the partners are, all of them, whatever the table below is filtered by."""
    bands = ((healthy, "healthy"), (watch, "on watch"), (poor, "poor"), (unscored, "not scored"))
    parts = [f"{formatting.format_number(count)} {word}" for count, word in bands if count]
    total = healthy + watch + poor + unscored
    return f"{counted(total, 'partner').capitalize()}: {', '.join(parts)}" if total else "No partners yet"


def shown(count: int, total: int, noun: str, which: str) -> str:
    """How many of all a figure shows; which ones where it is not all."""
    if count == total:
        return f"All {formatting.format_number(total)} {noun}s. Choose a mark to open its scorecard."
    of = f"The {formatting.format_number(count)} of {formatting.format_number(total)} {noun}s {which}."
    return f"{of} Choose a mark to open its scorecard."


def sales_map(partners: int, poor: int, pipeline: str) -> str:
    """Where pipeline is in weak hands; of `partners` with a sales score."""
    if not partners:
        return "No partner has a sales score yet"
    if not poor:
        return "No partner sells poorly: every sales score is 50 or more"
    what = f"{counted(poor, 'partner')} with a poor sales score {'holds' if poor == 1 else 'hold'}"
    return sentence(f"{what} {pipeline} of open pipeline")


def partner_home(yours: int, theirs: int, vendor: str) -> str:
    """Whose turn it is, on either side."""
    if not yours and not theirs:
        return "Nothing waits, on either side"
    mine = f"{counted(yours, 'thing')} {'waits' if yours == 1 else 'wait'} for you"
    other = f"{in_words(theirs)} {'waits' if theirs == 1 else 'wait'} for {vendor}"
    if not yours:
        return sentence(f"nothing waits for you, {other}")
    if not theirs:
        return sentence(f"{mine}, nothing for {vendor}")
    return sentence(f"{mine}, {other}")


def scorecard(who: str, health: float | None, scored: Sequence[tuple[str, float]]) -> str:
    """`who`: subject and verb, such as "You score"; `scored`: (metric label, score 0-100)."""
    if health is None:
        return f"{who} nothing yet: there is not enough data"
    strong = max(scored, key=lambda item: item[1], default=("", 0.0))
    weak = min(scored, key=lambda item: item[1], default=("", 100.0))
    parts = [f"strong in {lower_first(strong[0])}"] if strong[1] >= 75 else []
    if weak[1] < 50:
        parts.append(f"held back by {lower_first(weak[0])}")
    return f"{who} {round(health)}" + (f": {', '.join(parts)}" if parts else "")


def listed(names: Sequence[str]) -> str:
    """Such as "marketing is", "enablement and marketing are": a list as the subject of a sentence."""
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{', '.join(names[:-1])} and {names[-1]} are"


def lower_first(label: str) -> str:
    """A label inside a sentence; abbreviations stay as they are."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def trend(points: Sequence[tuple[date, float | None]]) -> str:
    """What a line of scores says: "Six points up in a year", "Level for five months"."""
    known = [(day, value) for day, value in points if value is not None]
    if len(known) < 2:
        return "No trend yet"
    (start, first), (end, last) = known[0], known[-1]
    change, span = round(last) - round(first), _span((end - start).days)
    if not change:
        return f"Level for {span}"
    return sentence(f"{counted(abs(change), 'point')} {'up' if change > 0 else 'down'} in {span}")


def _span(days: int) -> str:
    months = round(days / 30.44)
    if months == 12:
        return "a year"
    return counted(months, "month") if months else counted(days, "day")


def moves(health: float | None, gains: Sequence[float]) -> str:
    """Where the largest possible gains together would lead."""
    if health is None:
        return "Nothing is measured yet"
    if not gains:
        return "Nothing is left to gain: every metric is at its target"
    to = round(min(health + sum(gains), 100))
    what = "One thing" if len(gains) == 1 else f"{sentence(in_words(len(gains)))} things"
    return f"{what} would lift the score to {to}"


def metric(label: str, value: str) -> str:
    """Such as "Win rate is 38.2%"; `value` is "" without enough data."""
    return f"{label} is {value}" if value else f"Not enough data for {lower_first(label)}"
