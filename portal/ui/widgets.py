"""Small marks as HTML: icon, status, clock, bars, sparkline, four scores, peers.

Functions from values to safe HTML, for templates (through `{% load ui %}`) and for table columns alike.
They stand in rows by the hundred, so they are put together here and not through templates. A status is
always icon + word + colour; a missing value is said, never drawn as 0; geometry stands in attributes and
colour in classes, because the content policy allows no inline style.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from portal.metrics.declarations import Quadrant
from portal.ui import charts, formatting

#: What a state looks like: tone ("ok", "watch", "bad", "neutral"), word, and an icon if not the tone's own.
Look = tuple[str, str] | tuple[str, str, str]

QUADRANT_LABELS: dict[str, str] = dict(Quadrant.choices)

_ICONS = Path("templates/components/icons")
_TONES = {
    "ok": ("st-ok", "circle-check"),
    "watch": ("st-watch", "alert-triangle"),
    "bad": ("st-bad", "alert-circle"),
    "neutral": ("st-off", "circle-dashed"),
}
_BANDS: dict[str, Look] = {
    "healthy": ("ok", "Healthy"),
    "watch": ("watch", "Watch", "eye"),
    "poor": ("bad", "Poor", "alert-triangle"),
}


@cache
def _drawing(name: str) -> SafeString:
    """The inside of `templates/components/icons/<name>.svg`; LookupError for a name without a file."""
    file = Path(settings.BASE_DIR) / _ICONS / f"{name}.svg"
    if not file.is_file():
        raise LookupError(f"No icon {name!r}: add {_ICONS / (name + '.svg')}.")
    drawing = file.read_text()
    # Our own files, never a person's input.
    return SafeString(drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")])


@cache
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """One icon. `size` is "", "lg" (20 px) or "xl" (28 px); `label` only where no text stands beside it."""
    css = f"i i-{size}" if size else "i"
    if label:
        return format_html(
            '<svg class="{}" viewBox="0 0 24 24" role="img" aria-label="{}" focusable="false">{}</svg>',
            css, label, _drawing(name),
        )  # fmt: skip
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        css,
        _drawing(name),
    )


# Status ---------------------------------------------------------------------------------------------


def look(
    what: str | Look, how: Mapping[str, Look] | str = "neutral", icon_name: str = ""
) -> tuple[str, str, str]:
    """(css class, word, icon) of a look, of a state in a mapping of looks, or of a word with a tone.

    A state the mapping does not know is shown by its own name in a neutral tone: better than no page.
    """
    if isinstance(how, Mapping):
        what = how.get(str(what), ("neutral", str(what).replace("_", " ").capitalize()))
        how = "neutral"
    tone, word, *own = what if isinstance(what, (tuple, list)) else (how, str(what))
    css, usual = _TONES[tone]
    return css, word, icon_name or (own[0] if own else usual)


def status(what: str | Look, how: Mapping[str, Look] | str = "neutral", icon_name: str = "") -> SafeString:
    """A state in a row: icon, word, colour."""
    css, word, name = look(what, how, icon_name)
    return format_html('<span class="st {}">{}{}</span>', css, icon(name), word)


def pill(what: str | Look, how: Mapping[str, Look] | str = "neutral", icon_name: str = "") -> SafeString:
    """A state beside a heading: the same on a tint."""
    css, word, name = look(what, how, icon_name)
    return format_html('<span class="st pill {}">{}{}</span>', css, icon(name), word)


def band_of(score: float | None) -> str:
    """healthy from 75, watch from 50, poor below; "" without a score."""
    if score is None:
        return ""
    return "healthy" if score >= 75 else "watch" if score >= 50 else "poor"


def band(score: float | None) -> SafeString:
    """The word for a score as a pill."""
    if score is None:
        return pill(formatting.NOT_ENOUGH)
    return pill(band_of(score), _BANDS)


def health(score: float | None) -> SafeString:
    """A score in a table cell: the band's icon (its word for screen readers) and the figure."""
    if score is None:
        return none()
    css, word, name = look(band_of(score), _BANDS)
    return format_html(
        '<span class="st {}">{}<span class="visually-hidden">{}: </span><b class="hv">{}</b></span>',
        css, icon(name), word, round(score),
    )  # fmt: skip


def none(text: str = formatting.NOT_ENOUGH) -> SafeString:
    """A value that is not there, said in words."""
    return format_html('<span class="none">{}</span>', text)


def quadrant_dot(key: str) -> SafeString:
    return format_html('<span class="q-dot q-{}" aria-hidden="true"></span>', key)


# Clock ----------------------------------------------------------------------------------------------


def clock(due: datetime | None, started: datetime | None = None, now: datetime | None = None) -> SafeString:
    """Time left as a ring that empties, in words, and the due time; "over" with another icon when late.

    Amber in the last eight hours and in the last tenth of the span; without `started` there is no ring.
    Nothing for no due time: who has no deadline waits without a clock.
    """
    if due is None:
        return SafeString("")
    now = now or timezone.now()
    due_text = formatting.format_when(due, now=now)
    if due <= now:
        return _clock(
            "late", icon("alert-circle"), formatting.format_span(now - due) + " over", f"was due {due_text}"
        )
    left = (due - now).total_seconds()
    span = (due - started).total_seconds() if started else 0.0
    tone = "soon" if left <= 8 * 3600 or left < span / 10 else "ok"
    mark = _ring(charts.share(left, span)) if span > 0 else icon("clock")
    return _clock(tone, mark, formatting.format_span(due - now) + " left", due_text)


def _clock(tone: str, mark: SafeString, words: str, due: str) -> SafeString:
    return format_html(
        '<span class="clock clock-{}">{}<b>{}</b><span>{}</span></span>', tone, mark, words, due
    )


def _ring(percent: float) -> SafeString:
    return format_html(
        '<svg viewBox="0 0 18 18" aria-hidden="true" focusable="false">'
        '<circle class="ring0" cx="9" cy="9" r="6.5"/><circle class="ring1" cx="9" cy="9" r="6.5" '
        'pathLength="100" stroke-dasharray="{} 100" transform="rotate(-90 9 9)"/></svg>',
        max(round(percent), 2),
    )


# Bars and lines ---------------------------------------------------------------------------------------


def bar(
    part: float,
    whole: float = 100,
    tone: str = "ink",
    also: float = 0,
    mark: float | None = None,
    height: int = 6,
) -> SafeString:
    """A share of a whole; text beside it gives the numbers. Tones: ink, half, ok, watch, bad or a quadrant.

    `also` is a second, grey share after the first (committed after spent); `mark` a red tick where the
    share should be by now.
    """
    first, second = charts.share(part, whole), charts.share(also, whole)
    css = f"q-{tone}" if tone in charts.QUADRANTS else f"c-{tone}"
    if mark is not None:
        return _marked_bar(first, css, charts.share(mark, whole))
    rest = format_html(
        '<rect class="c-half" x="{}%" width="{}%" height="{}"/>', first, min(second, 100 - first), height
    )
    return format_html(
        '<svg class="bar{}" width="100%" height="{}" aria-hidden="true" focusable="false">'
        '<rect class="c-track" width="100%" height="{}"/><rect class="{}" width="{}%" height="{}"/>{}</svg>',
        " bar-s" if height < 6 else "", height, height, css, first, height, rest if second else "",
    )  # fmt: skip


def _marked_bar(percent: float, css: str, mark: float) -> SafeString:
    return format_html(
        '<svg class="bar-m" width="100%" height="12" aria-hidden="true" focusable="false">'
        '<rect class="c-track" y="3" width="100%" height="6" rx="3"/>'
        '<rect class="{}" y="3" width="{}%" height="6" rx="3"/>'
        '<rect class="c-bad" x="{}%" width="2.5" height="12"/></svg>',
        css, percent, mark,
    )  # fmt: skip


def sparkline(
    values: Sequence[float | None] | None, label: str = "", tone: str = "", width: int = 64, height: int = 20
) -> SafeString:
    """A trend without an axis, its end marked; None leaves a gap. `label` says what it shows, in words.

    `tone` is "" or a quadrant. Without a label the line is decoration beside a text that says the same.
    """
    values = values or []
    line = charts.points(values, width, height, pad=3)
    if sum(point is not None for point in line) < 2:
        return format_html(
            '<span class="none"><span aria-hidden="true">–</span>{}</span>', _hidden("No trend yet")
        )
    end = line[-1]
    dot = f'<circle cx="{end[0]:g}" cy="{end[1]:g}" r="2.25"/>' if end else ""
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    css = f"l-{tone}" if tone in charts.QUADRANTS else "l-none"
    # Numbers of ours and one escaped text: escaping each number again would cost more than drawing.
    return SafeString(
        f'<svg class="spark" width="{width:d}" height="{height:d}" viewBox="0 0 {width:d} {height:d}" {role} '
        f'focusable="false"><path class="{css}" d="{charts.path(line)}"/>{dot}</svg>'
    )


def quad(scores: Mapping[str, float | None] | Sequence[float | None]) -> SafeString:
    """Four scores with their bars: sales, enablement, marketing, engagement, always in that order."""
    if not isinstance(scores, Mapping):
        scores = dict(zip(charts.QUADRANTS, scores, strict=True))
    cells = (_quad_cell(key, _whole(scores.get(key))) for key in charts.QUADRANTS)
    return format_html('<ul class="quad">{}</ul>', SafeString("".join(cells)))


def _whole(score: float | None) -> int | None:
    return None if score is None else round(score)


@cache
def _quad_cell(key: str, score: int | None) -> SafeString:
    """Four hundred and four of them at most, so each is put together once."""
    label = QUADRANT_LABELS[key]
    if score is None:
        return format_html(
            '<li>{}<span class="none" aria-hidden="true">–</span>'
            '<svg class="bar bar-s" width="100%" height="4" aria-hidden="true" focusable="false">'
            '<line class="c-target" x2="100%" y1="2" y2="2"/></svg></li>',
            _hidden(f"{label}: not enough data"),
        )
    return format_html("<li>{}{}{}</li>", _hidden(f"{label} "), score, bar(score, 100, key, height=4))


def quad_head() -> SafeString:
    """The column heading above `quad`."""
    shorts = zip(charts.QUADRANTS, ("Sal", "Ena", "Mkt", "Eng"), strict=True)
    cells = ((QUADRANT_LABELS[key], short, quadrant_dot(key)) for key, short in shorts)
    return format_html(
        '<span class="quad-h">{}</span>',
        format_html_join("", '<span><abbr title="{}">{}</abbr>{}</span>', cells),
    )


def peers(group: charts.Peers | None, value: float | None) -> SafeString:
    """The peer strip in a table row; the words beside it (percentile, median) are the page's."""
    if group is None or value is None:
        return format_html(
            '<span class="none"><span aria-hidden="true">–</span>{}</span>', _hidden("No comparison")
        )
    at = charts.peer_strip(group, value)
    return format_html(
        '<svg class="cx" width="100%" height="12" aria-hidden="true" focusable="false">'
        '<rect class="c-track" x="{}%" y="4" width="{}%" height="4" rx="2"/>'
        '<rect class="c-half" x="{}%" y="4" width="{}%" height="4"/>'
        '<rect class="c-ink" x="{}%" y="2" width="1.5" height="8"/>'
        '<circle class="c-ink" cx="{}%" cy="6" r="4.5"/></svg>',
        at.start, round(at.end - at.start, 2), at.half, at.half_width, at.median, at.value,
    )  # fmt: skip


def delta(change: float | None, unit: str = "count", better: str = "up", currency: str = "") -> SafeString:
    """A change with its judgement: "+2.1 pts better", "−3 days worse"; the sign alone does not say it."""
    if change is None:
        return SafeString("")
    words = "pts" if unit == "percent" else ""
    size = abs(change)
    text = (
        f"{formatting.format_number(size * 100, 1)} {words}"
        if words
        else formatting.format_metric(size, unit, currency)
    )
    if not any(digit in text for digit in "123456789"):
        return SafeString('<span class="delta flat">no change</span>')
    good = (change > 0) == (better == "up")
    return format_html(
        '<span class="delta {}">{}{} {}</span>',
        "up" if good else "down", "+" if change > 0 else "−", text, "better" if good else "worse",
    )  # fmt: skip


def _hidden(text: str) -> SafeString:
    return format_html('<span class="visually-hidden">{}</span>', text)
