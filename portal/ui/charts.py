"""Where marks stand: the geometry of the small charts, and figures for the large ones.

Pure functions, numbers in and numbers or SVG path data out; the templates in `templates/components/`
draw them. Two conventions everywhere: x of a fluid chart is in percent and y in pixels, so that text is
never stretched; and a missing value (None) is a gap, never a zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from portal.metrics.declarations import Quadrant

QUADRANTS = tuple(Quadrant.values)
Value = float | None
Point = tuple[float, float]

#: Space between two stretches of the health bar, in percent of its width.
_SEAM = 0.5


def share(part: float, whole: float) -> float:
    """`part` of `whole` in percent, held between 0 and 100; 0 when there is no whole."""
    return _trim(min(max(100 * part / whole, 0.0), 100.0)) if whole else 0.0


def points(
    values: Sequence[Value],
    width: float,
    height: float,
    pad: float = 2.0,
    low: float | None = None,
    high: float | None = None,
) -> list[Point | None]:
    """Evenly spaced points of a line in a box, y downwards; None where a value is missing.

    The scale runs from `low` to `high`, by default the extremes of the values; a flat line stands in
    the middle.
    """
    known = [float(value) for value in values if value is not None]
    low = min(known, default=0.0) if low is None else float(low)
    high = max(known, default=0.0) if high is None else float(high)
    step = (width - 2 * pad) / max(len(values) - 1, 1)
    flat = high <= low
    foot, scale = (height / 2, 0.0) if flat else (height - pad, (height - 2 * pad) / (high - low))
    return [
        None if value is None else (round(pad + i * step, 2), round(foot - (float(value) - low) * scale, 2))
        for i, value in enumerate(values)
    ]


def path(line: Sequence[Point | None]) -> str:
    """SVG path data: one stroke per unbroken run; a run of one point becomes a dot."""
    data, pen = [], "M"
    for i, point in enumerate(line):
        if point is None:
            pen = "M"
            continue
        data.append(f"{pen}{point[0]:g},{point[1]:g}")
        alone = pen == "M" and (i + 1 == len(line) or line[i + 1] is None)
        if alone:
            data.append("h0")
        pen = "L" if pen == "M" else " "
    return "".join(data)


# Health --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """One quadrant on the health bar; x, width and filled in percent of the bar, score None = no data."""

    key: str
    score: Value
    weight: float  # its share of the health in percent, after the absent quadrants' weight is shared out
    points: Value  # what it contributes to the health, of `weight`
    x: float
    width: float
    filled: float


def health_stretches(scores: Mapping[str, Value], weights: Mapping[str, float]) -> list[Stretch]:
    """The health bar: as wide as its weight, filled to its score; so the filled part is the health.

    Quadrants without enough data take no room: their weight is shared out among the others, as it is
    in the score itself.
    """
    total = sum(weights.get(key, 0) for key in QUADRANTS if scores.get(key) is not None)
    stretches, x = [], 0.0
    for key in QUADRANTS:
        score = scores.get(key)
        weight = 100 * weights.get(key, 0) / total if score is not None and total else 0.0
        width = max(weight - _SEAM, 0.0) if x + weight < 100 - _SEAM else weight
        earned = None if score is None else float(score) * weight / 100
        filled = width * float(score or 0) / 100
        stretches.append(Stretch(key, score, _trim(weight), earned, _trim(x), _trim(width), _trim(filled)))
        x += weight
    return stretches


# Peers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Peers:
    """What may be told about a peer group: five figures and its size, never its members."""

    p25: float
    median: float
    p75: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Strip:
    """Positions on the peer strip in percent of its width."""

    start: float
    half: float
    half_width: float
    median: float
    value: Value
    end: float

    @property
    def width(self) -> float:
        return _trim(self.end - self.start)

    @property
    def names_median(self) -> bool:
        """Is there room for the median's label between those of both ends?"""
        return self.median - self.start >= 20 and self.end - self.median >= 16


def peer_strip(peers: Peers, value: Value, inset: float = 4.0) -> Strip:
    """The whole group as a line, its middle half darker, a tick at the median, a dot for `value`."""
    marks = [peers.low, peers.high] + ([float(value)] if value is not None else [])
    low, high = min(marks), max(marks)
    room = 100 - 2 * inset

    def at(mark: float) -> float:
        level = (float(mark) - low) / (high - low) if high > low else 0.5
        return _trim(inset + room * level)

    left, right = at(peers.p25), at(peers.p75)
    dot = None if value is None else at(value)
    return Strip(at(peers.low), left, _trim(right - left), at(peers.median), dot, at(peers.high))


# Axes and columns -------------------------------------------------------------------------------------


def nice_range(values: Sequence[Value], include: Sequence[float] = ()) -> tuple[float, float]:
    """A round range around the values, and around what must be seen with them (a target)."""
    known = [float(value) for value in [*values, *include] if value is not None]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    if low == high:
        low, high = low - abs(low or 1) / 2, high + abs(high or 1) / 2
    step = 10 ** floor(log10(high - low)) / 2
    return floor(low / step) * step, ceil(high / step) * step


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a bar chart: x and width in percent, y and height in pixels."""

    label: str
    text: str
    x: float
    width: float
    middle: float
    y: float
    height: float
    strong: bool

    @property
    def inside(self) -> bool:
        """Is there room for the figure inside the column?"""
        return self.height >= 24

    @property
    def text_y(self) -> float:
        return _trim(self.y + 17 if self.inside else self.y - 5)


def columns(
    series: Sequence[tuple[str, Value, str]],
    height: float = 120.0,
    top: float = 18.0,
    high: float | None = None,
    strong: Sequence[int] = (-1,),
) -> list[Column]:
    """Columns from zero for (label, value, text); `strong` are the positions the title speaks of."""
    largest = max([float(v) for _, v, _ in series if v is not None] + [float(high or 0)], default=0.0) or 1.0
    slot = 100 / max(len(series), 1)
    marked = {i % len(series) for i in strong} if series else set()
    made = []
    for i, (label, value, text) in enumerate(series):
        tall = _trim((height - top) * max(float(value or 0), 0.0) / largest)
        x = _trim(i * slot + slot * 0.2)
        made.append(
            Column(
                label,
                text,
                x,
                _trim(slot * 0.6),
                _trim((i + 0.5) * slot),
                _trim(height - tall),
                tall,
                i in marked,
            )
        )
    return made


# Figures to explore -------------------------------------------------------------------------------------

#: Names of design tokens; static/js/figure.js puts the theme's own colours in their place.
INK, INK_2, LINE, PAPER = "--ink", "--ink-2", "--line", "--paper"


def figure(traces: Sequence[dict[str, Any]], x_title: str, y_title: str, **layout: Any) -> dict[str, Any]:
    """A Plotly figure as a plain dict in the portal's language: no box, hairline grid, no legend title."""
    axis = {"gridcolor": LINE, "linecolor": LINE, "zerolinecolor": LINE, "ticks": "", "automargin": True}
    base = {
        "autosize": True,
        "margin": {"l": 48, "r": 16, "t": 16, "b": 48},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "font": {"family": "Inter, system-ui, sans-serif", "size": 12, "color": INK_2},
        "hoverlabel": {"bgcolor": INK, "bordercolor": INK, "font": {"color": PAPER}},
        "showlegend": False,
        "xaxis": {**axis, "title": {"text": x_title}},
        "yaxis": {**axis, "title": {"text": y_title}},
    }
    return {"data": list(traces), "layout": base | layout}


def bubble_trace(
    rows: Sequence[Mapping[str, Any]], colour: str = "--q-sales", largest_px: float = 44
) -> dict[str, Any]:
    """Bubbles for rows of x, y, size, label and (optional) url; area, not radius, shows the size."""
    sizes = [float(row["size"] or 0) for row in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [row["x"] for row in rows],
        "y": [row["y"] for row in rows],
        "text": [row["label"] for row in rows],
        "customdata": [row.get("url", "") for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": sizes,
            "sizemode": "area",
            "sizeref": 2 * max(sizes, default=0) / largest_px**2 or 1,
            "sizemin": 5,
            "color": colour,
            "opacity": 0.75,
            "line": {"color": PAPER, "width": 1},
        },
    }


def _trim(number: float) -> float:
    """Two decimals are a fortieth of a pixel: more would only weigh."""
    return round(float(number), 2)
