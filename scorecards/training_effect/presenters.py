"""How the three looks read and where their marks stand. Words and figures, no queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from portal.metrics.declarations import Status
from portal.ui import charts, formatting
from scorecards.training_effect.intervals import Interval, Share
from scorecards.training_effect.selectors import (
    ABOVE,
    BELOW,
    LEAST_DEALS,
    LEAST_PARTNERS,
    BeforeAfter,
    Comparison,
    CourseEffect,
    Effect,
    Pairs,
    Side,
)

NOT_ENOUGH: Final = "Not enough data"
NEEDED: Final = f"It takes {LEAST_DEALS} closed deals of {LEAST_PARTNERS} partners on each side."


# Words ----------------------------------------------------------------------------------------------------


def points(share: float, digits: int = 1) -> str:
    """A difference of shares in points: 0.113 is "11.3"."""
    return formatting.format_number(100 * share, digits)


def signed(share: float, digits: int = 1) -> str:
    text = points(share, digits)
    return f"+{text}" if share > 0 and text != "0" else text


def bounds(interval: Interval) -> str:
    """Such as "−1.2 to 13"."""
    return f"{points(interval.low)} to {points(interval.high)}"


def rate(share: Share) -> str:
    return formatting.format_percent(share.rate, 0)


def of(share: Share) -> str:
    return f"{formatting.format_number(share.won)} of {formatting.format_number(share.closed)}"


def reading(interval: Interval) -> Status:
    """The verdict follows the interval."""
    if not interval.is_clear:
        return Status("May be chance", "neutral")
    if interval.estimate > 0:
        return Status("Clear difference", "ok")
    return Status("Clear, the other way", "watch")


def heading(effect: Effect) -> str:
    """The plain look first, then what is left of it like for like."""
    if not effect.is_told:
        return "Too few partners to tell of them"
    simple = effect.everything.difference
    if simple is None:
        return "Not enough closed deals yet to tell what goes with training"
    return f"{_plain(simple)}; {_strict([effect.pairs.difference, effect.before_after.difference])}"


def _plain(simple: Interval) -> str:
    size = points(abs(simple.estimate), 0)
    if size == "0":
        return "Certified people win as often as others"
    often = "more" if simple.estimate > 0 else "less"
    chance = "" if simple.is_clear else ", which may be chance"
    return f"Certified people win {size} point{'' if size == '1' else 's'} {often} often{chance}"


def _strict(looks: Iterable[Interval | None]) -> str:
    known = [look for look in looks if look]
    if not known:
        return "like for like there is not enough data"
    low, high = (points(edge(look.estimate for look in known), 0) for edge in (min, max))
    found = f"like for like it is {low}" if low == high else f"like for like it is {low} to {high}"
    clear = sum(look.is_clear for look in known)
    if clear == len(known):
        return f"{found}, and clear"
    return f"{found}, and {'may be chance' if not clear else 'only one of the two looks is clear'}"


def products_heading(rows: Sequence[Comparison]) -> str:
    return (
        f"By product: {_clear_in([one.label for one in rows if one.difference and one.difference.is_clear])}"
    )


def courses_heading(rows: Sequence[CourseEffect]) -> str:
    clear = [one for one in rows if one.effect.difference and one.effect.difference.is_clear]
    return f"By course: a difference shows for {len(clear) or 'none'} of {len(rows)}"


def _clear_in(names: Sequence[str]) -> str:
    if not names:
        return "no clear difference"
    return f"clear for {' and '.join(names)}" if len(names) < 3 else f"clear for {len(names)}"


# Marks ----------------------------------------------------------------------------------------------------


class Mark(NamedTuple):
    """A difference on its axis: positions in percent of the width."""

    at: float
    low: float
    width: float
    is_clear: bool
    label: str

    @property
    def high(self) -> float:
        return self.low + self.width


class Axis(NamedTuple):
    """From `low` to `high`, in points; `zero` in percent of the width."""

    low: str
    high: str
    zero: float
    start: float
    end: float

    def at(self, share: float) -> float:
        return charts.share(100 * share - self.start, self.end - self.start)

    def mark(self, interval: Interval) -> Mark:
        low, high = self.at(interval.low), self.at(interval.high)
        label = f"Difference {signed(interval.estimate)} points, 95 percent interval {bounds(interval)}"
        return Mark(self.at(interval.estimate), low, round(high - low, 2), interval.is_clear, label)


def axis(intervals: Iterable[Interval | None]) -> Axis:
    known = [interval for interval in intervals if interval]
    ends = [100 * end for interval in known for end in (interval.low, interval.high)]
    low, high = charts.nice_range(ends, include=[-5, 5])
    zero = charts.share(-low, high - low)
    return Axis(formatting.format_number(low), f"+{formatting.format_number(high)}", zero, low, high)


# The three looks ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    headers: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Look:
    """A look without enough data has no chart: `missing` says what there is and what it takes."""

    title: str
    subtitle: str
    table: Table
    chart: dict[str, Any]
    difference: str = ""
    interval: str = ""
    verdict: str = ""
    is_clear: bool = False
    is_less: bool = False
    missing: str = ""


def all_deals(effect: Effect) -> Look:
    found = effect.everything
    table = Table(
        "Win rate with and without a certificate",
        ("Registered", "Won", "Closed", "Win rate", "Partners"),
        [
            ("With a certificate", *_cells(found.certified)),
            ("Without", *_cells(found.others)),
        ],
    )
    subtitle = f"Win rate, deals closed in {effect.days} days"
    if found.difference is None:
        missing = (
            f"{_counted(found.certified.share.closed, 'closed deal')} with a certificate,"
            f" {formatting.format_number(found.others.share.closed)} without. {NEEDED}"
        )
        return Look("All deals: not enough data", subtitle, table, {}, missing=missing)
    sides = (("certified", found.certified.share), ("not certified", found.others.share))
    bars = [_bar(name, share, 48 * place) for place, (name, share) in enumerate(sides)]
    title = f"All deals: {rate(sides[0][1])} with a certificate, {rate(sides[1][1])} without"
    return _told(title, subtitle, table, {"bars": bars}, found.difference)


def _bar(name: str, share: Share, top: int) -> dict[str, Any]:
    return {
        "label": f"{name}, {of(share)}", "rate": rate(share), "width": charts.share(share.won, share.closed),
        "is_first": not top, "text_y": top + 12, "bar_y": top + 20, "rate_y": top + 30,
    }  # fmt: skip


def _cells(side: Side) -> tuple[str, ...]:
    won, closed = (formatting.format_number(count) for count in side.share)
    return (
        won,
        closed,
        rate(side.share) if side.share.closed else "–",
        formatting.format_number(side.partners),
    )


def same_partner(pairs: Pairs) -> Look:
    count = _counted(pairs.count, "pair")
    won, lost = (formatting.format_number(n) for n in (pairs.certified_won, pairs.others_won))
    shares = [Share(n, pairs.count) for n in (pairs.certified_won, pairs.others_won)]
    table = Table(
        "Win rate within pairs of deals",
        ("Of each pair", "Won", "Pairs", "Win rate"),
        [
            (name, n, formatting.format_number(pairs.count), rate(share) if pairs.count else "–")
            for name, n, share in zip(("With a certificate", "Without"), (won, lost), shares, strict=True)
        ],
    )
    subtitle = f"{count} of deals, amounts within 25% of each other"
    if pairs.difference is None:
        missing = (
            f"{count} of {_counted(pairs.partners, 'partner')}. It takes {LEAST_DEALS} pairs of"
            f" {LEAST_PARTNERS} partners."
        )
        return Look("Same partner, same size of deal: not enough data", subtitle, table, {}, missing=missing)
    scale = axis([pairs.difference])
    chart = {"axis": scale, "mark": scale.mark(pairs.difference), "ends": _ends(pairs.difference)}
    size = signed(pairs.difference.estimate, 0)
    title = f"Same partner, same size of deal: {size} {'point' if size in ('+1', '−1') else 'points'}"
    return _told(title, subtitle, table, chart, pairs.difference)


def _ends(interval: Interval) -> dict[str, str]:
    return {
        "low": points(interval.low), "high": points(interval.high), "at": signed(interval.estimate)
    }  # fmt: skip


def before_and_after(found: BeforeAfter) -> Look:
    table = Table(
        "Win rate before and after the first certificate",
        ("Partners", "180 days before", "180 days after", "Change", "Deals"),
        [
            ("Trained", *_change(found.trained, sum(found.trained_deals))),
            ("Matched", *_change(found.matched, sum(found.others_deals))),
        ],
    )
    subtitle = f"{_counted(found.partners, 'partner')} that trained, each with up to 3 like it"
    if found.difference is None:
        missing = (
            f"{_counted(found.partners, 'partner')} that trained, {formatting.format_number(found.others)}"
            f" like them, {_counted(found.deals, 'closed deal')}. It takes {LEAST_PARTNERS} partners and"
            f" {LEAST_DEALS} closed deals on each side, before and after."
        )
        return Look("Before and after: not enough data", subtitle, table, {}, missing=missing)
    chart = {"lines": _lines(found)}
    title = (
        f"Before and after: {_moved(found.trained.change)}, matched partners {_moved(found.matched.change)}"
    )
    return _told(title, subtitle, table, chart, found.difference)


def _change(change: Any, deals: int) -> tuple[str, ...]:
    if not deals:
        return "–", "–", "–", "0"
    shares = (formatting.format_percent(share, 0) for share in (change.before, change.after))
    return (*shares, f"{signed(change.change)} points", formatting.format_number(deals))


def _moved(change: float) -> str:
    size = points(abs(change), 0)
    return "level" if size == "0" else f"{size} {'up' if change > 0 else 'down'}"


def _lines(found: BeforeAfter) -> dict[str, Any]:
    """Two lines in a box of 78 pixels; labels keep a line's height apart."""
    rates = [found.trained.before, found.trained.after, found.matched.before, found.matched.after]
    low, high = charts.nice_range([100 * one for one in rates])
    ys = [round(66 - 56 * (100 * one - low) / ((high - low) or 1), 1) for one in rates]
    texts = [formatting.format_percent(one, 0) for one in rates]
    left, right = _apart(ys[0], ys[2]), _apart(ys[1], ys[3])
    return {
        "trained": _line_of(ys[:2], (left[0], right[0]), texts[:2]),
        "matched": _line_of(ys[2:], (left[1], right[1]), texts[2:]),
        "label": f"Trained: from {texts[0]} to {texts[1]}; matched: from {texts[2]} to {texts[3]}",
    }


def _line_of(ys: Sequence[float], labels: Sequence[float], texts: Sequence[str]) -> dict[str, Any]:
    return {
        "y1": ys[0], "y2": ys[1], "t1": labels[0], "t2": labels[1], "before": texts[0], "after": texts[1]
    }  # fmt: skip


def _apart(first: float, second: float, least: float = 15.0) -> tuple[float, float]:
    """Where the labels of two marks stand, four pixels below each or pushed apart."""
    gap = least - abs(first - second)
    push = max(gap, 0) / 2
    up = first <= second
    return round(first + 4 + (-push if up else push), 1), round(second + 4 + (push if up else -push), 1)


def _told(title: str, subtitle: str, table: Table, chart: dict[str, Any], found: Interval) -> Look:
    return Look(
        title,
        subtitle,
        table,
        chart,
        signed(found.estimate),
        bounds(found),
        reading(found).word.lower(),
        found.is_clear,
        found.estimate < 0,
    )


def _counted(count: int, noun: str) -> str:
    return f"{formatting.format_number(count)} {noun}{'' if count == 1 else 's'}"


# The tables -----------------------------------------------------------------------------------------------


def comparison_rows(
    rows: Iterable[Comparison], scale: Axis, currency: str, edge: int = 0
) -> list[dict[str, Any]]:
    return [_comparison_row(one, scale, currency, edge) for one in rows]


def _comparison_row(one: Comparison, scale: Axis, currency: str, edge: int) -> dict[str, Any]:
    row: dict[str, Any] = {"label": volume_label(one.label, edge, currency)}
    if one.difference is None:
        return row | {"missing": _missing(one)}
    row |= {
        "certified": rate(one.certified.share), "certified_of": of(one.certified.share),
        "others": rate(one.others.share), "others_of": of(one.others.share),
        "mark": scale.mark(one.difference), "difference": signed(one.difference.estimate),
        "bounds": bounds(one.difference), "reading": reading(one.difference), "partners": one.partners,
    }  # fmt: skip
    return row | _sizes(one, currency)


def _missing(one: Comparison) -> str:
    """A group of fewer than five partners tells nothing at all."""
    if one.partners < LEAST_PARTNERS:
        return f"{NOT_ENOUGH}: fewer than {LEAST_PARTNERS} partners"
    with_, without = one.certified.share.closed, one.others.share.closed
    return f"{NOT_ENOUGH}: {with_} closed deals with a certificate, {without} without"


def _sizes(one: Comparison, currency: str) -> dict[str, Any]:
    if one.size_difference is None or one.certified.median is None or one.others.median is None:
        return {"sizes": None}
    found = one.size_difference
    return {
        "sizes": {
            "certified": _money(one.certified.median, currency),
            "others": _money(one.others.median, currency),
            "difference": ("+" if found.estimate > 0 else "") + _money(found.estimate, currency),
            "bounds": f"{_money(found.low, currency)} to {_money(found.high, currency)}",
            "reading": reading(found).word.lower(),
        }
    }  # fmt: skip


def _money(minor: float, currency: str) -> str:
    return formatting.format_money(minor, currency, whole=True)


def volume_label(label: str, edge: int, currency: str) -> str:
    amount = formatting.format_money_short(edge, currency)
    return {BELOW: f"Below {amount} a year", ABOVE: f"{amount} a year and more"}.get(label, label)


def course_rows(rows: Iterable[CourseEffect], scale: Axis) -> list[dict[str, Any]]:
    return [_course_row(one, scale) for one in rows]


def _course_row(one: CourseEffect, scale: Axis) -> dict[str, Any]:
    row: dict[str, Any] = {
        "course": one.course,
        "finished": formatting.format_number(one.finished),
        "share": formatting.format_percent(one.finished / one.begun, 0) if one.begun else "–",
    }
    found = one.effect
    if found.difference is None:
        return row | {
            "missing": f"{NOT_ENOUGH}: {_counted(found.partners, 'partner')} to compare, with"
            f" {_counted(found.deals, 'closed deal')} of theirs and of those like them"
        }
    return row | {
        "trained": signed(found.trained.change), "matched": signed(found.matched.change),
        "mark": scale.mark(found.difference), "difference": signed(found.difference.estimate),
        "bounds": bounds(found.difference), "deals": formatting.format_number(found.deals),
        "partners": found.partners, "others": found.others, "reading": reading(found.difference),
    }  # fmt: skip


# The file -------------------------------------------------------------------------------------------------

HEADER: Final = (
    "Look", "About", "Certified or trained: won", "Certified or trained: closed", "Others: won",
    "Others: closed", "Before %", "After %", "Matched before %", "Matched after %", "Partners",
    "Matched partners", "Difference, points", "Low", "High", "Reading", "Median won, certified",
    "Median won, others", "Difference of medians", "Low of medians", "High of medians", "Currency",
)  # fmt: skip


def lines(effect: Effect, currency: str) -> Iterable[list[Any]]:
    """One line per look, product, course and group; without enough data only its name and that."""
    yield _compared_line("All deals", effect.everything, effect.edge, currency)
    pairs = effect.pairs
    counted = [pairs.certified_won, pairs.count, pairs.others_won, pairs.count]
    yield _line(["Same partner and size", "All deals"], counted, [None] * 4, [pairs.partners, None],
                pairs.difference, currency)  # fmt: skip
    yield _changed_line("Before and after", "First certificate", effect.before_after, currency)
    for one in effect.products:
        yield _compared_line("Product", one, effect.edge, currency)
    for course in effect.courses:
        yield _changed_line("Course", course.course.text, course.effect, currency)
    for title, rows in effect.groups:
        for one in rows:
            yield _compared_line(title, one, effect.edge, currency)


def _compared_line(look: str, one: Comparison, edge: int, currency: str) -> list[Any]:
    names = [look, volume_label(one.label, edge, currency)]
    counted = [*one.certified.share, *one.others.share]
    line = _line(names, counted, [None] * 4, [one.partners, None], one.difference, currency)
    found = one.size_difference
    if one.difference and found and one.certified.median is not None and one.others.median is not None:
        amounts = (one.certified.median, one.others.median, found.estimate, found.low, found.high)
        line[-6:-1] = [formatting.from_minor(round(amount), currency) for amount in amounts]
    return line


def _changed_line(look: str, about: str, found: BeforeAfter, currency: str) -> list[Any]:
    rates = [found.trained.before, found.trained.after, found.matched.before, found.matched.after]
    shares = [round(100 * share, 2) for share in rates]
    partners = [found.partners, found.others]
    return _line([look, about], [None] * 4, shares, partners, found.difference, currency)


def _line(
    names: list[str], counted: list[Any], shares: list[Any], partners: list[Any], found: Interval | None,
    currency: str,
) -> list[Any]:  # fmt: skip
    if found is None:
        return [*names, *[None] * 13, NOT_ENOUGH, *[None] * 5, currency]
    differences = [round(100 * share, 2) for share in (found.estimate, found.low, found.high)]
    return [*names, *counted, *shares, *partners, *differences, reading(found).word, *[None] * 5, currency]
