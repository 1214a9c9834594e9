"""Components for templates: `{% load ui %}`. Every one is shown on the style guide (URL name `guide`).

Text and numbers (the reader's locale; times in the vendor's zone; None is said in words)
    {% money minor currency %}            €4,800.50; whole=True without decimals, short=True for €2.84M
    {% percent ratio %}                   38.2%; digits=0 for 38%
    {% number value %} {% days value %}   4,238 / 51.8 days; digits=1 for number
    {{ hours|working_hours }}             40 minutes / 6.5 working hours
    {% when moment %}                     today 14:00, tomorrow 11:30, Thu 26 Nov
    {% day moment style %}                26 Nov; styles: day year weekday full month
    {% metric_value result unit %}        a metric's value with its unit
    {% delta change unit better currency %}  +2.1 pts better
    {{ place|ordinal }} {{ user|initials }} {{ text|lines }}
    `currency` may be left out everywhere: the vendor's is taken.

Marks (also as functions in `portal.ui.widgets`, for table columns)
    {% icon "name" %}                     size="lg", label="..." when no text stands beside it
    {% status look %} {% pill look %}     look = (tone, word) or (tone, word, icon); or a word and a tone:
                                          {% status "Approved" "ok" %}; or a state and its mapping of looks:
                                          {% pill deal.state looks %}. Tones: ok watch bad neutral
    {% band score %} {% health score %}   pill Healthy/Watch/Poor; icon and figure for a table cell
    {% clock due started %}               ring, "5 h 40 min left", "today 17:00"
    {% bar part whole %}                  tone="sales", also=part2, mark=expected
    {% sparkline values label %}          tone="sales", width=84, height=26
    {% quad scores %} {% quad_head %}     four scores in a cell; the heading above them
    {% peers group value %}               strip for a row (`portal.charts.Peers`)
    {% qdot key %}                        the little square of a quadrant

Figures (each with a finding as title, a sentence below it, and a table)
    {% healthbar scores weights %}        bar and key; once per page, where health is the subject
    {% peer_chart group value %}          the strip with its figures; you="Alpine"
    {% trend points title %}              points = [(label, value)]; subtitle= unit= currency= tone=
                                          target= target_label=
    {% column_chart points title %}       the same, as columns from zero; strong=n marks the last n
    {% figure plotly title headers rows %}  a Plotly dict; the page's {% block scripts %} needs
                                          {% figure_scripts %}

Page parts
    {% fresh as_of computed_at %}         "Figures as of 18 Nov 2026, computed 19 Nov 02:14"; alone: live
    {% blank title text %}                url= and action= for the one button, icon=
    {% steps items %}                     items: title, state (done now next stop), lines, url (optional)
    {% tabs items label %}                items: label, url, active, count (optional)
    {% crumbs items %}                    items: (label, url) pairs; the last is the page itself
    {% pager page noun %}                 page of a Paginator; keeps the query string; param="page"
    {% sort_header label field %}         <th>; first="-" when the largest should come first; css="num"

Forms
    {% field form.name %}                 label, field, help, error beside it; label= css= hint=
    {% fields form %}                     every visible field, and the hidden ones
    {% error_summary form formset ... %}  all errors once, with links; nothing when there are none
    {% filter_bar form %}                 GET form in one row; target="#id" for HTMX, search="q", noun="deals"
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django import forms, template
from django.http import QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from portal.ui import charts, controls, formatting, widgets
from portal.ui.forms import AmountField, amount_words

register = template.Library()
Context = dict[str, Any]
Amount = int | float | Decimal

for mark in (
    widgets.icon, widgets.status, widgets.pill, widgets.band, widgets.health, widgets.bar, widgets.sparkline,
    widgets.quad, widgets.quad_head, widgets.peers,
):  # fmt: skip
    register.simple_tag(mark)
register.simple_tag(widgets.quadrant_dot, name="qdot")
register.filter("ordinal", formatting.ordinal)


# Text and numbers -----------------------------------------------------------------------------------


def _currency(context: Context, given: str) -> str:
    return given or getattr(context.get("vendor"), "currency", "") or "EUR"


@register.simple_tag(takes_context=True)
def money(
    context: Context, minor: Amount | None, currency: str = "", whole: bool = False, short: bool = False
) -> str:
    if minor is None:
        return "–"
    currency = _currency(context, currency)
    if short:
        return formatting.format_money_short(minor, currency)
    return formatting.format_money(minor, currency, whole=whole)


@register.simple_tag
def percent(ratio: float | Decimal | None, digits: int = 1) -> str:
    return "–" if ratio is None else formatting.format_percent(ratio, digits)


@register.simple_tag
def number(value: float | Decimal | None, digits: int = 0) -> str:
    return "–" if value is None else formatting.format_number(value, digits)


@register.simple_tag
def days(value: float | Decimal | None) -> str:
    return "–" if value is None else formatting.format_days(value)


@register.simple_tag
def when(moment: datetime | None) -> str:
    return "–" if moment is None else formatting.format_when(moment)


@register.simple_tag
def day(moment: date | datetime | None, style: str = "") -> str:
    return "–" if moment is None else formatting.format_date(moment, style)


@register.simple_tag
def clock(due: datetime | None, started: datetime | None = None, now: datetime | None = None) -> SafeString:
    return widgets.clock(due, started or None, now or None)


@register.simple_tag(takes_context=True)
def metric_value(context: Context, result: Any, unit: str = "", currency: str = "") -> SafeString | str:
    """`result`: a plain value, or anything with `value` and perhaps `unit` and `currency`."""
    value = result if isinstance(result, (int, float, Decimal)) else getattr(result, "value", None)
    if value is None:
        return widgets.none()
    unit = unit or getattr(result, "unit", "count")
    return formatting.format_metric(
        value, unit, _currency(context, currency or getattr(result, "currency", ""))
    )


@register.simple_tag(takes_context=True)
def delta(
    context: Context, change: float | None, unit: str = "count", better: str = "up", currency: str = ""
) -> SafeString:
    return widgets.delta(change, unit, better, _currency(context, currency))


@register.filter
def initials(person: object) -> str:
    """ "LB" for Lukas Brunner, from a person or a name; for the round mark beside a name."""
    full_name = getattr(person, "get_full_name", None)
    name = (full_name() if full_name else "") or str(person)
    words = re.findall(r"\w+", name.split("@")[0])
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


@register.filter
def lines(text: str) -> list[str]:
    """The lines of a text that are not blank."""
    return [line for line in text.splitlines() if line.strip()]


register.filter("times", formatting.format_times)


@register.filter
def working_hours(hours: float) -> str:
    """Such as "40 minutes" and "6.5 working hours"."""
    if hours < 1:
        return formatting.format_count(max(1, round(hours * 60)), "minute")
    return formatting.format_hours(hours).replace("hour", "working hour")


@register.filter
def on_colour(colour: str) -> str:
    """Black or white, whichever reads better on a hex colour (WCAG relative luminance)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#ffffff" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#000000"


# Figures --------------------------------------------------------------------------------------------


@register.inclusion_tag("components/healthbar.html")
def healthbar(
    scores: Mapping[str, float | None],
    weights: Mapping[str, float],
    height: int = 12,
    unmeasured: Collection[str] = (),
) -> Context:
    """`unmeasured`: quadrants of which no metric is computed at all, which is not a lack of data."""
    stretches = charts.health_stretches(scores, weights)
    return {
        "height": height,
        "drawn": [stretch for stretch in stretches if stretch.score is not None],
        "quadrants": [(widgets.QUADRANT_LABELS[stretch.key], stretch) for stretch in stretches],
        "unmeasured": unmeasured,
    }


@register.inclusion_tag("components/peer_chart.html")
def peer_chart(
    group: charts.Peers | None, value: float | None, you: str = "you", noun: str = "partners"
) -> Context:
    at = charts.peer_strip(group, value) if group else None
    anchor = _anchor(at.value if at else None)
    return {"peers": group, "at": at, "value": value, "you": you, "noun": noun, "anchor": anchor}


def _anchor(x: float | None) -> str:
    """Which end of a text stands at x, so that it stays within the chart."""
    if x is None or 15 <= x <= 85:
        return "middle"
    return "start" if x < 15 else "end"


def _series(points: Iterable[Sequence[Any]], unit: str, currency: str) -> list[tuple[str, float | None, str]]:
    """(label, value, text) for (label, value) points; dates become "Nov 2026"."""
    return [
        (
            formatting.format_date(label, "month") if isinstance(label, date) else str(label),
            value,
            formatting.format_metric(value, unit, currency),
        )
        for label, value in points
    ]


@register.inclusion_tag("components/trend.html", takes_context=True)
def trend(
    context: Context,
    points: Sequence[Sequence[Any]],
    title: str,
    subtitle: str = "",
    unit: str = "count",
    currency: str = "",
    tone: str = "ink",
    target: float | None = None,
    target_label: str = "",
    height: int = 88,
) -> Context:
    """A line over time. `target` draws a dashed line, named by `target_label`."""
    series = _series(points, unit, _currency(context, currency))
    values = [value for _, value, _ in series]
    low, high = charts.nice_range(values, [] if target is None else [target])
    line = [_across(point) for point in charts.points(values, 120, height, pad=4, low=low, high=high)]
    known = [(label, text, point) for (label, _, text), point in zip(series, line, strict=True) if point]
    aim = None if target is None else charts.points([target], 120, height, pad=4, low=low, high=high)[0]
    return {
        "series": series, "title": title, "subtitle": subtitle, "tone": tone, "height": height,
        "svg_height": height + 16, "path": charts.path(line),
        "first": series[0] if series else None, "last": series[-1] if series else None,
        "start": known[0] if len(known) > 1 else None, "end": known[-1] if len(known) > 1 else None,
        "end_x": round(known[-1][2][0] / 1.2, 2) if known else 0,
        "end_y": _beside(known[-1][2][1], aim[1] if aim else None) if known else 0,
        "target_y": aim[1] if aim else None, "target_text_y": _above(aim[1]) if aim else None,
        "target_label": target_label,
    }  # fmt: skip


def _across(point: charts.Point | None) -> charts.Point | None:
    """Stretched to both edges: the box is scaled to any width, so its sides need no room for marks."""
    return point and (round((point[0] - 4) * 120 / 112, 2), point[1])


def _beside(y: float, line_y: float | None) -> float:
    """Where the last figure stands: above its point, or below it when another line runs there."""
    above = max(y - 7, 10)
    return round(y + 16 if line_y is not None and above - 12 < line_y < above + 4 else above, 2)


def _above(y: float) -> float:
    """Where a line's name stands: above the line, or below it when the line is at the top."""
    return round(y - 5 if y > 14 else y + 13, 2)


@register.inclusion_tag("components/columns.html", takes_context=True)
def column_chart(
    context: Context,
    points: Sequence[Sequence[Any]],
    title: str,
    subtitle: str = "",
    unit: str = "count",
    currency: str = "",
    target: float | None = None,
    target_label: str = "",
    strong: int = 1,
) -> Context:
    """Columns from zero; the last `strong` ones, of which the title speaks, are black."""
    code = _currency(context, currency)
    series = _series(points, unit, code)
    shown = [(label, value, _column_text(value, text, unit, code)) for label, value, text in series]
    aim = None if target is None else charts.columns([("", target, ""), *shown])[0].y
    return {
        "series": series, "title": title, "subtitle": subtitle,
        "columns": charts.columns(shown, high=target, strong=range(-strong, 0)),
        "target_y": aim, "target_text_y": None if aim is None else _above(aim), "target_label": target_label,
    }  # fmt: skip


def _column_text(value: float | None, text: str, unit: str, currency: str) -> str:
    """The figure on a column: short, and without the unit that the sentence above already names."""
    if value is None:
        return "–"
    return formatting.format_money_short(value, currency) if unit == "money" else text.split(" ")[0]


@register.inclusion_tag("components/figure.html")
def figure(
    plotly: Mapping[str, Any],
    title: str,
    headers: Sequence[str] = (),
    rows: Iterable[Sequence[Any]] = (),
    subtitle: str = "",
    name: str = "figure",
) -> Context:
    """A figure to explore; `headers` and `rows` are its table. `name` must be unique on the page."""
    return {
        "plotly": plotly,
        "title": title,
        "subtitle": subtitle,
        "headers": headers,
        "rows": rows,
        "name": name,
        "data_id": f"{name}-data",
    }


@register.inclusion_tag("components/figure_scripts.html")
def figure_scripts() -> Context:
    return {}


# Page parts -----------------------------------------------------------------------------------------


@register.inclusion_tag("components/fresh.html")
def fresh(as_of: date | datetime | None = None, computed_at: datetime | None = None) -> Context:
    now = timezone.now()
    stamp = computed_at or now
    zone = timezone.localtime(stamp).tzname()
    return {
        "as_of": as_of and formatting.format_date(as_of, "year"),
        "stamp": f"{formatting.format_date(stamp)} {formatting.format_time(stamp)} {zone}",
        "computed": computed_at is not None,
    }


@register.inclusion_tag("components/blank.html")
def blank(title: str, text: str, url: str = "", action: str = "", icon: str = "") -> Context:
    return {"title": title, "text": text, "url": url, "action": action, "icon": icon}


@register.inclusion_tag("components/steps.html")
def steps(items: Iterable[Mapping[str, Any]], label: str = "Progress") -> Context:
    return {"items": items, "label": label}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Iterable[Mapping[str, Any]], label: str) -> Context:
    return {"items": items, "label": label}


@register.inclusion_tag("components/crumbs.html")
def crumbs(items: Iterable[Sequence[str]]) -> Context:
    return {"items": items}


def _address(context: Context, param: str, value: object) -> str:
    """This page's query string with one parameter changed; a changed order or filter starts at page one."""
    request = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    if param != "page":
        query.pop("page", None)
    query[param] = str(value)
    return "?" + query.urlencode()


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: Context, page: Any, noun: str = "rows", param: str = "page", target: str = "") -> Context:
    """First, last and the two pages on either side; nothing to press when all fits on one page."""
    count, last, here = page.paginator.count, page.paginator.num_pages, page.number
    near = (
        [n for n in range(1, last + 1) if n in (1, last) or abs(n - here) <= 1] if last < 10_000_000 else []
    )
    links: list[tuple[str, str, bool]] = []
    for before, n in pairwise([0, *near]):
        if n - before > 1:
            links.append(("…", "", False))
        links.append((formatting.format_number(n), _address(context, param, n), n == here))
    return {
        "page": page, "noun": noun, "count": count, "links": links if last > 1 else [], "target": target,
        "previous": _address(context, param, here - 1) if here > 1 else "",
        "next": _address(context, param, here + 1) if here < last else "",
    }  # fmt: skip


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: Context,
    label: Any,
    field: str,
    css: str = "",
    first: str = "",
    param: str = "sort",
    target: str = "",
) -> Context:
    """A column heading that sorts: first by `first` ("" rising, "-" falling), pressed again the other way."""
    request = context.get("request")
    order = request.GET.get(param, "") if request else ""
    rising, falling = order == field, order == f"-{field}"
    other = f"-{field}" if rising else field
    return {
        "label": label, "css": css, "rising": rising, "falling": falling, "target": target,
        "url": _address(context, param, other if rising or falling else first + field),
    }  # fmt: skip


@register.filter
def without_empty_headings(html: str) -> SafeString:
    """Column headings without words as plain cells: a screen reader announces nothing for each of them."""
    return mark_safe(_EMPTY_HEADING.sub(r"<td\1></td>", html))  # noqa: S308  (markup of a template)


_EMPTY_HEADING = re.compile(r"<th( [^>]*)?>\s*</th>")


# Forms ------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html")
def field(
    bound: forms.BoundField, label: str = "", css: str = "", hint: str | None = None, hide_label: bool = False
) -> Context:
    """One field with everything that belongs to it; errors stand next to it and the help stays."""
    kind = controls.control_of(bound.field.widget)
    # As Django does it: a form's own help may hold markup, what a template passes in may not.
    help_text = SafeString(bound.help_text) if hint is None else hint
    described = controls.described_by(bound, help_text)
    if kind == "choices":
        bound.field.widget.attrs.setdefault("class", controls.css_of(bound.field.widget))
    return {
        "field": bound, "kind": kind, "label": label or bound.label, "css": css, "help": help_text,
        "described": described, "hide_label": hide_label, "is_amount": isinstance(bound.field, AmountField),
        "words": amount_words(bound) if isinstance(bound.field, AmountField) else "",
        "control": controls.control(bound, described) if kind != "choices" else "",
    }  # fmt: skip


@register.inclusion_tag("components/fields.html")
def fields(form: forms.BaseForm) -> Context:
    return {"form": form}


@register.inclusion_tag("components/error_summary.html")
def error_summary(*parts: Any, what: str = "before you go on") -> Context:
    """Everything that is wrong with forms and formsets, once and with links; the answers are kept."""
    found = [problem for part in parts if part is not None for problem in controls.problems(part)]
    return {"problems": found, "count": len(found), "what": what}


@register.inclusion_tag("components/filter_control.html")
def filter_control(bound: forms.BoundField) -> Context:
    control, named = controls.filter_control(bound)
    return {"field": bound, "control": control, "named": named}


@register.inclusion_tag("components/filter_bar.html", takes_context=True)
def filter_bar(
    context: Context,
    form: forms.BaseForm,
    search: str = "q",
    target: str = "",
    noun: str = "",
    action: str = "",
) -> Context:
    """The search field first and wide, then the others; what was sorted by is kept."""
    request = context.get("request")
    names = {bound.html_name for bound in form}
    filtered = any(request.GET.get(name) for name in names) if request else False
    sort = request.GET.get("sort", "") if request else ""
    return {
        "search": form[search] if search in form.fields else None, "sort": sort, "filtered": filtered,
        "others": [bound for bound in form if bound.name != search], "target": target, "noun": noun,
        "action": action or (request.path if request else ""),
    }  # fmt: skip
