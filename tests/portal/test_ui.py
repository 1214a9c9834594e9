"""Formatting, geometry, marks and components: what people read, and that they can reach it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from portal.money import amounts
from portal.templatetags import ui
from portal.ui import charts, formatting, widgets
from portal.ui.style_guide import sample
from tests.support.worlds import PortalClient, VendorWorld

TEMPLATES = Path(settings.BASE_DIR) / "templates"
STATIC = Path(settings.BASE_DIR) / "static"
OUR_TEMPLATES = sorted(file.relative_to(TEMPLATES).as_posix() for file in TEMPLATES.rglob("*.html"))
PAGES = [name for name in OUR_TEMPLATES if not name.startswith("email/") and "/email/" not in name]

CURRENCIES = st.sampled_from(["EUR", "USD", "CHF", "JPY", "KWD", "CLF"])
BIGINT = st.integers(-(2**63), 2**63 - 1)
SCORE = st.none() | st.floats(0, 100)
NOW = datetime(2026, 11, 19, 10, 20, tzinfo=UTC)


def render(source: str, get: str = "/", **context: object) -> str:
    request = RequestFactory().get(get)
    return Template("{% load ui %}" + source).render(Context({"request": request, **context}))


# Money and numbers ----------------------------------------------------------------------------------


@given(BIGINT.filter(lambda n: n > -(2**63)), CURRENCIES)
def test_minor_units_survive_the_way_to_major_ones_and_back(minor: int, currency: str) -> None:
    assert formatting.to_minor(formatting.from_minor(minor, currency), currency) == minor


@how(deadline=None)  # the first of a locale reads its data
@given(st.integers(-(10**15), 10**15), CURRENCIES, st.sampled_from(["en", "de", "fr"]))
def test_what_is_shown_can_be_typed(minor: int, currency: str, locale: str) -> None:
    shown = formatting.format_money(minor, currency, locale=locale)
    typed = amounts.parse_amount(shown, locale)
    assert formatting.to_minor(typed, currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "shown"),
    [
        (480_050, "EUR", "en", "€4,800.50"),
        (480_000, "EUR", "en", "€4,800"),
        (4_800, "JPY", "en", "¥4,800"),
        (4_800_500, "KWD", "en", "KWD\N{NO-BREAK SPACE}4,800.500"),
        (480_050, "EUR", "de", "4.800,50\N{NO-BREAK SPACE}€"),
        (-500, "USD", "en", "−$5"),
    ],
)
def test_money_is_shown_with_the_decimals_it_has(minor: int, currency: str, locale: str, shown: str) -> None:
    assert formatting.format_money(minor, currency, locale=locale) == shown


@pytest.mark.parametrize("amount", ["0.001", "NaN", "Infinity", "92233720368547758.08"])
def test_an_amount_that_cannot_be_kept_exactly_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        formatting.to_minor(Decimal(amount), "EUR")


def test_metric_values_carry_their_unit_and_missing_ones_say_so() -> None:
    assert formatting.format_metric(0.631501, "percent") == "63.2%"
    assert formatting.format_metric(255_000, "money_per_day", "EUR") == "€2,550 per day"
    assert formatting.format_metric(51.782, "days") == "51.8 days"
    assert formatting.format_metric(1, "hours") == "1 hour"
    assert formatting.format_metric(None, "days") == "Not enough data"
    with pytest.raises(ValueError, match="parsecs"):
        formatting.format_metric(1, "parsecs")


# Dates ----------------------------------------------------------------------------------------------


def test_days_are_those_of_the_vendors_zone() -> None:
    late = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Vienna")):
        assert formatting.format_when(late, now=NOW) == "tomorrow 00:30"
    with timezone.override(UTC):
        assert formatting.format_when(late, now=NOW) == "today 23:30"


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("day", "26 Sep"),
        ("year", "26 Sep 2026"),
        ("weekday", "Sat 26 Sep"),
        ("full", "Saturday 26 September 2026"),
    ],
)
def test_english_dates_are_written_day_first(style: str, shown: str) -> None:
    assert formatting.format_date(date(2026, 9, 26), style, locale="en") == shown


def test_a_span_is_told_in_the_units_that_matter() -> None:
    spans = [timedelta(minutes=40), timedelta(hours=5, minutes=40), timedelta(hours=25), timedelta(days=37)]
    assert [formatting.format_span(span) for span in spans] == ["40 min", "5 h 40 min", "25 h", "37 days"]


# Geometry -------------------------------------------------------------------------------------------


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_a_share_never_leaves_its_bar(part: float, whole: float) -> None:
    assert 0 <= charts.share(part, whole) <= 100


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=30))
def test_a_line_stays_in_its_box_and_breaks_at_gaps(values: list[float | None]) -> None:
    line = charts.points(values, 120, 40)
    assert [point is None for point in line] == [value is None for value in values]
    assert all(0 <= point[0] <= 120 and 0 <= point[1] <= 40 for point in line if point)
    runs = sum(1 for i, v in enumerate(values) if v is not None and (i == 0 or values[i - 1] is None))
    assert charts.path(line).count("M") == runs


@given(st.tuples(SCORE, SCORE, SCORE, SCORE))
def test_the_filled_part_of_the_health_bar_is_the_health(scores: tuple[float | None, ...]) -> None:
    weights = {"sales": 35, "enablement": 20, "marketing": 15, "engagement": 30}
    by_key = dict(zip(charts.QUADRANTS, scores, strict=True))
    stretches = charts.health_stretches(by_key, weights)
    known = {key: score for key, score in by_key.items() if score is not None}
    if not known:
        assert all(stretch.width == 0 for stretch in stretches)
        return
    health = sum(known[key] * weights[key] for key in known) / sum(weights[key] for key in known)
    assert sum(stretch.points or 0 for stretch in stretches) == pytest.approx(health)
    # Three seams of half a percent are all that the drawing may lose.
    assert sum(stretch.filled for stretch in stretches) == pytest.approx(health, abs=1.6)
    assert all(stretch.width == 0 for stretch in stretches if stretch.score is None)


@given(st.lists(st.floats(0, 100), min_size=5, max_size=5).map(sorted), st.floats(0, 100))
def test_the_peer_strip_keeps_the_order_of_its_figures(figures: list[float], value: float) -> None:
    low, p25, median, p75, high = figures
    at = charts.peer_strip(charts.Peers(p25=p25, median=median, p75=p75, low=low, high=high, n=9), value)
    marks_on_it = [at.start, at.half, at.median, at.half + at.half_width, at.end]
    assert all(left <= right + 0.02 for left, right in pairwise(marks_on_it))
    assert at.value is not None
    assert 0 <= at.value <= 100


def test_one_outlier_does_not_crush_the_peer_strip() -> None:
    group = charts.Peers(p25=20, median=30, p75=40, low=10, high=10_000, n=9)
    at = charts.peer_strip(group, 35)
    assert at.half_width > 20
    assert at.end == charts.peer_strip(group, 9_000).value == 96  # both at the edge


@pytest.mark.parametrize(("better", "words"), [("up", "More is better"), ("down", "Less is better")])
def test_the_peer_strip_says_which_side_is_better(better: str, words: str) -> None:
    drawn = widgets.peers(charts.Peers(p25=20, median=30, p75=40, low=10, high=50, n=9), 35, better)
    assert words in drawn
    assert ("better →" in drawn) == (better == "up")


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=12), st.floats(-1e9, 1e9))
def test_an_axis_holds_every_value_and_the_target(values: list[float], target: float) -> None:
    low, high = charts.nice_range(values, [target])
    assert low < high
    assert all(low <= value <= high for value in [*values, target])


def with_plain_colours(value: object) -> object:
    """A figure as the page draws it: its design tokens replaced by a colour."""
    if isinstance(value, dict):
        return {key: with_plain_colours(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_plain_colours(inner) for inner in value]
    return "#123456" if isinstance(value, str) and value.startswith("--") else value


def test_a_figure_is_one_that_plotly_knows() -> None:
    rows = [
        {"x": 60, "y": 72, "size": 41_200, "label": "Alpine"},
        {"x": 1, "y": 2, "size": None, "label": "New"},
    ]
    figure = charts.figure([charts.bubble_trace(rows)], "Engagement", "Sales", height=400)
    drawn = go.Figure(with_plain_colours(figure))
    assert drawn.data[0].marker.size == (41_200, 0)
    assert drawn.layout.xaxis.title.text == "Engagement"


# Marks ----------------------------------------------------------------------------------------------

HOSTILE = '"><img src=x onerror=alert(1)>'


@pytest.mark.parametrize(
    "source",
    [
        "{% status t 'ok' %}{% pill t looks %}{% icon 'home' '' t %}{% sparkline values t %}",
        "{% blank t t t t %}{% tabs items t %}{% crumbs pairs %}{% steps items %}",
        "{% trend points t t target=2 target_label=t %}{% column_chart points t t %}",
        "{% figure data t pair rows %}{% healthbar scores scores %}",
        "{% sort_header t t %}{% pager page t %}",
    ],
)
def test_what_people_wrote_is_escaped(source: str) -> None:
    html = render(
        source,
        get="/?" + HOSTILE,
        t=HOSTILE,
        looks={},
        values=[1, 2, 3],
        items=[{"label": HOSTILE, "title": HOSTILE, "url": HOSTILE, "state": "now", "lines": [HOSTILE]}],
        pair=[HOSTILE, HOSTILE],
        pairs=[(HOSTILE, HOSTILE), (HOSTILE, "")],
        points=[(HOSTILE, 1), (HOSTILE, 3)],
        data={"x": HOSTILE},
        scores={HOSTILE: 1},
        rows=[(HOSTILE, HOSTILE)],
        page=Paginator(range(30), 10).get_page(2),
    )
    assert "img src" in html
    assert "<img" not in html
    assert Page(html).forbidden == []


def test_an_unknown_state_is_shown_by_its_name_and_an_unknown_icon_fails() -> None:
    assert "Under review" in widgets.status("under_review", {"approved": ("ok", "Approved")})
    with pytest.raises(LookupError, match="no-such-icon"):
        widgets.icon("no-such-icon")


@pytest.mark.parametrize(
    ("due_in", "age", "tone", "words"),
    [
        (timedelta(hours=2, minutes=40), timedelta(hours=5), "soon", "2 h 40 min left"),
        (timedelta(days=1, hours=2), timedelta(days=1), "ok", "26 h left"),
        (timedelta(days=7), timedelta(days=83), "soon", "7 days left"),
        (timedelta(days=13), timedelta(days=77), "ok", "13 days left"),
        (timedelta(minutes=-80), timedelta(days=2), "late", "1 h 20 min over"),
    ],
)
def test_a_clock_says_what_is_left(due_in: timedelta, age: timedelta, tone: str, words: str) -> None:
    html = widgets.clock(NOW + due_in, NOW - age, NOW)
    assert f"clock-{tone}" in html
    assert words in html


def test_a_change_says_better_or_worse_and_not_only_plus_or_minus() -> None:
    assert "−3 days better" in widgets.delta(-3, "days", "down")
    assert "+2.1 pts better" in widgets.delta(0.021, "percent")
    assert "−€320 worse" in widgets.delta(-32_000, "money", currency="EUR")
    assert "no change" in widgets.delta(0.0001, "percent")


def test_a_missing_score_is_said_and_never_drawn_as_zero() -> None:
    html = widgets.quad([72, None, 42, 60])
    assert "Enablement: not enough data" in html
    assert 'width="0' not in html
    assert "Not enough data" in widgets.band(None)
    missing = SimpleNamespace(value=None, unit="days")
    assert "Not enough data" in render("{% metric_value result %}", result=missing)
    assert "No trend yet" in widgets.sparkline([None, 5, None])


def test_bands_begin_where_the_metrics_say() -> None:
    bands = [widgets.band_of(score) for score in (75, 74.9, 50, 49.9, None)]
    assert bands == ["healthy", "watch", "watch", "poor", ""]


@given(st.integers(0, 0xFFFFFF))
def test_text_on_a_vendors_colour_is_readable(colour: int) -> None:
    background = f"#{colour:06x}"
    assert contrast(background, ui.on_colour(background)) >= 4.5


# Components -----------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The ids and references of a page, and what the content policy forbids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.described: list[str] = []
        self.forbidden: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.described += given.get("aria-describedby", "").split() + given.get("aria-labelledby", "").split()
        self.targets += [given["for"]] if tag == "label" and "for" in given else []
        if given.get("href", "").startswith("#") and tag == "a" and given["href"].startswith("#id_"):
            self.targets.append(given["href"][1:])
        inline = tag == "script" and "src" not in given and given.get("type") != "application/json"
        if inline or tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.forbidden.append(self.get_starttag_text() or tag)


def guide() -> str:
    request = RequestFactory().get("/guide/?page=3&sort=-health&tier=gold")
    return render_to_string(
        "components/guide.html", {**sample("3"), "user": AnonymousUser()}, request=request
    )


def test_every_component_keeps_to_the_content_policy_and_names_what_exists() -> None:
    page = Page(guide())
    assert page.forbidden == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.targets) | set(page.described) <= set(page.ids)


class Question(forms.Form):
    name = forms.CharField(label="Legal name", help_text="As on their invoices.")
    note = forms.CharField(label="Note", required=False)
    kind = forms.ChoiceField(label="What kind?", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    sure = forms.BooleanField(label="I am sure")


def test_errors_stand_beside_the_field_the_help_stays_and_the_summary_leads_there() -> None:
    form = Question({"note": "kept"})
    page_html = render("{% error_summary form %}{% fields form %}", form=form)
    page = Page(page_html)
    assert "3 answers need a look" in page_html
    assert 'aria-describedby="id_name-e id_name-h"' in page_html
    assert "As on their invoices." in page_html
    assert 'value="kept"' in page_html
    assert {"id_name", "id_kind", "id_sure"} <= set(page.targets)
    assert set(page.targets) <= set(page.ids)
    assert page_html.count('class="opt"') == 1


def test_no_summary_without_errors() -> None:
    assert render("{% error_summary form %}", form=Question()).strip() == ""


def test_the_pager_keeps_the_filters_and_a_new_order_starts_at_page_one() -> None:
    page = Paginator(range(238), 10).get_page(3)
    html = render("{% pager page 'deals' %}", "/?q=alp&page=3", page=page)
    assert "21–30 of 238 deals" in html
    assert 'href="?q=alp&amp;page=4"' in html
    html = render("{% sort_header 'Health' 'health' first='-' %}", "/?q=alp&page=3")
    assert 'href="?q=alp&amp;sort=-health"' in html
    assert "aria-sort" not in html
    html = render("{% sort_header 'Health' 'health' first='-' %}", "/?sort=-health")
    assert 'aria-sort="descending"' in html
    assert 'href="?sort=health"' in html


def test_filters_name_themselves_and_keep_the_order() -> None:
    html = render("{% filter_bar form %}", "/partners/?tier=gold&sort=-health", form=sample()["filter"])
    assert "Any flags" in html
    assert '<input type="hidden" name="sort" value="-health">' in html
    assert 'href="/partners/"' in html


# Files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OUR_TEMPLATES)
def test_templates_compile_and_win_over_those_of_packages(name: str) -> None:
    assert get_template(name).template.origin.name == str(TEMPLATES / name)


@pytest.mark.parametrize("name", PAGES)
def test_templates_hold_no_inline_style_or_script(name: str) -> None:
    source = (TEMPLATES / name).read_text()
    assert not re.search(r"\sstyle\s*=|<style|\son(click|change|submit|load)\s*=", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", source)


def test_every_icon_and_static_file_named_in_a_template_exists() -> None:
    for source in (file.read_text() for file in TEMPLATES.rglob("*.html")):
        for name in re.findall(r'{%\s*icon "([^"]+)"', source):
            assert widgets.icon(name)
        for path in re.findall(r'{%\s*static "([^"]+)"', source) + re.findall(r'"/static/([^"]+)"', source):
            assert finders.find(path), path  # ours, or a package's


def test_every_file_named_in_a_style_sheet_exists() -> None:
    for sheet in (STATIC / "css").glob("*.css"):
        for target in re.findall(r'url\("([^"]+)"\)', sheet.read_text()):
            assert (sheet.parent / target).is_file(), target


def test_the_page_for_a_broken_server_needs_nothing_that_could_break_again() -> None:
    source = (TEMPLATES / "500.html").read_text()
    assert "{%" not in source
    assert "{{" not in source


# Contrast -------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def tokens() -> Iterator[tuple[str, str, str]]:
    sheet = (STATIC / "css" / "portal.css").read_text()
    yield from re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", sheet)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_tokens_meet_wcag_aa_on_every_ground_they_stand_on(theme: int) -> None:
    colour = {name: pair[theme] for name, *pair in tokens()}
    grounds = [colour[name] for name in ("paper", "rail", "raised", "sunken")]
    for name in ("ink", "ink-2", "ink-3", "ok", "watch", "bad"):
        assert min(contrast(colour[name], ground) for ground in grounds) >= 4.5, name
    for name in ("ok", "watch", "bad"):
        assert contrast(colour[name], colour[f"{name}-bg"]) >= 4.5, name
        assert contrast(colour["ink"], colour[f"{name}-bg"]) >= 4.5, name
    for name in ("ctl", "focus", "q-sales", "q-enable", "q-market", "q-engage"):
        assert contrast(colour[name], colour["paper"]) >= 3, name


# The guide in the portal ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_guide_is_shown_to_staff_of_the_demo_only(
    world: VendorWorld, client_as: Callable[..., PortalClient], settings: Any
) -> None:
    manager, rep = client_as(world.people["manager"]), client_as(world.people["partner_rep"])
    assert manager.get("/guide/").status_code == 404
    settings.DEMO = True
    assert manager.get("/guide/").status_code == 200
    assert rep.get("/guide/").status_code == 404
