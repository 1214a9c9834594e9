"""What a metric is. The apps declare theirs in `metrics.py`; `scorecards` computes, scores and shows them.

A metric stands whole in its declaration: its value, the rows behind it and what a page shows of them, the
figures beside the value, its working in words, and the events that move it. Values come from *sources*: one
set-based query per source table and vendor, giving several metrics for every partner.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import timezone


class Quadrant(models.TextChoices):
    """Always shown in this order."""

    SALES = "sales", "Sales"
    ENABLEMENT = "enablement", "Enablement"
    MARKETING = "marketing", "Marketing"
    ENGAGEMENT = "engagement", "Engagement"


class Unit(StrEnum):
    PERCENT = "percent"  # a ratio: 0.38 is shown as 38 %
    MONEY = "money"  # minor units of the vendor's currency
    MONEY_PER_DAY = "money_per_day"
    DAYS = "days"
    HOURS = "hours"
    COUNT = "count"


class Better(StrEnum):
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The end of a day in the vendor's time zone; everything after it has not happened yet."""

    day: date
    zone: ZoneInfo
    fiscal_year_start: int = 1  # month

    @classmethod
    def of(cls, vendor: Any, day: date) -> "AsOf":
        return cls(day, vendor.zone, vendor.fiscal_year_start)

    @property
    def end(self) -> datetime:
        """First moment of the next day: cut-offs compare with `<`."""
        return self.start_of(self.day + timedelta(days=1))

    @property
    def has_ended(self) -> bool:
        """Whether the day is over: only then can something have been changed since."""
        return self.end <= timezone.now()

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.zone)

    def trailing(self, days: int) -> datetime:
        """First moment of the `days` days that end with this day."""
        return self.start_of(self.day - timedelta(days=days - 1))

    @property
    def quarter_start(self) -> datetime:
        """First moment of the fiscal quarter this day lies in."""
        into = (self.day.month - self.fiscal_year_start) % 3
        month = self.day.year * 12 + self.day.month - 1 - into
        return self.start_of(date(month // 12, month % 12 + 1, 1))


class Result(NamedTuple):
    """One metric of one partner. `value` is None when n, the number of rows behind it, is below the minimum.

    Values have at most fifteen digits, so that a scorecard kept as JSON gives back the very same. A tuple,
    because a nightly run makes a hundred thousand of them.
    """

    value: Decimal | int | None
    numerator: int | None = None  # counts and minor units: what a ratio is made of is whole
    denominator: int | None = None
    n: int = 0
    beside: Mapping[str, Any] | None = None  # figures shown with it: mean beside the median, lost beside won


NOT_MEASURED = Result(None)


# What a page shows of a metric --------------------------------------------------------------------------


class Look(StrEnum):
    """The kind of value in a cell, which makes how it looks on a page and in a file."""

    TEXT = "text"
    LINK = "link"  # a `Link`
    STATUS = "status"  # a `Status`
    DAY = "day"  # a moment, shown as the vendor's day
    DAYS = "days"  # a timedelta
    HOURS = "hours"  # a timedelta
    PERCENT = "percent"  # 0 to 100
    COUNT = "count"
    MONEY = "money"  # minor units of the vendor's currency


class Link(NamedTuple):
    """What a row is about, and the page of it."""

    page: str  # name of an address that takes the reference
    reference: str
    text: str


class Status(NamedTuple):
    """A state as word, tone ("ok", "watch", "bad", "neutral") and icon ("" for the tone's own)."""

    word: str
    tone: str = "neutral"
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the rows behind a value. The first one of a metric is a link."""

    label: str
    read: Callable[[Any], Any]  # of a row
    look: Look = Look.TEXT
    strong: bool = False
    named: str = ""  # of a link: what its text is, in a file


@dataclass(frozen=True, slots=True)
class Total:
    """What the rows add up to: an aggregate over all of them, not only those of one page."""

    label: str
    of: Callable[[AsOf], Any]
    look: Look = Look.MONEY


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure reported beside a value and not in it, under this key in `Result.beside`."""

    key: str
    label: str
    unit: Unit = Unit.COUNT
    shows_zero: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """A value with all that was found beside it, for the sentence that tells how it came about."""

    rows: str  # such as "45 closed deals"
    n: int
    numerator: float | None
    denominator: float | None
    beside: Mapping[str, Any]
    text: Callable[[float | None, Unit], str]  # a figure in its unit

    def money(self, minor: float | None) -> str:
        return self.text(minor, Unit.MONEY)


def count_of_rows(found: Found) -> str:
    return found.rows[:1].upper() + found.rows[1:]


def enough_rows(found: Found) -> str:
    return ""


def middle_of_rows(found: Found) -> str:
    return f"The middle of {found.rows}"


class Summary(models.TextChoices):
    """Sums that every list of partners shows beside the scores; a metric says which of them it gives."""

    BOOKED = "booked", "Bookings, 365 days"
    BOOKED_QUARTER = "booked_quarter", "Bookings, fiscal quarter to the day"
    PIPELINE = "pipeline", "Open pipeline"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's declaration, whole.

    `rows(partner_id, as_of)` gives the queryset behind the value, as it stood then and in the order of
    reading; `columns` read what it was annotated with. `own_rows` names the field with the person whose row
    it is, for people who see only their own; "": the rows are everybody's at the partner. `events` are the
    types of event that can move it: no other marks a partner for scoring.
    """

    key: str
    quadrant: Quadrant
    label: str
    unit: Unit
    better: Better
    window: str  # for people: "trailing 365 days", "on the day"
    minimum: int  # least n; below it the value is "not enough data"
    definition: str
    rows: Callable[[int, AsOf], models.QuerySet[Any]]
    columns: Sequence[Column]
    events: Collection[str]
    rows_label: str = "rows"
    totals: Sequence[Total] = ()
    beside: Sequence[Beside] = ()
    working: Callable[[Found], str] = count_of_rows  # the left side of the equation
    #: Why there is no value, such as "57 of 57 without an amount"; "": there are too few rows.
    missing: Callable[[Found], str] = enough_rows
    own_rows: str = ""
    parts: Unit = Unit.COUNT  # of numerator and denominator
    #: Sum in lists of partners -> key of the figure beside the value that it is; "" for the value itself.
    summaries: Mapping[Summary, str] = field(default_factory=dict)
    floor: Decimal = Decimal(0)  # defaults of a new vendor, in display units
    target: Decimal = Decimal(100)
    weight: Decimal = Decimal(1)
    version: int = 1
    nothing: Result = NOT_MEASURED  # of a partner the source says nothing about

    def figure_beside(self, key: str) -> Beside | None:
        """The declared figure of this key; None for one that is not declared any more."""
        return next((figure for figure in self.beside if figure.key == key), None)


#: `source(as_of, partner_ids)` -> {metric key: {partner id: Result}}; partner_ids None means all. It runs in
#: a transaction under a scope and may leave out partners of which it found no rows.
Source = Callable[[AsOf, Iterable[int] | None], dict[str, dict[int, Result]]]

_metrics: dict[str, Metric] = {}
_sources: list[Source] = []
_source_of: dict[str, Source] = {}
_regrouping: set[str] = set()


def declare_metrics(source: Source, metrics: Iterable[Metric]) -> None:
    """Register a source and the metrics it fills; called when an app's `metrics` are imported."""
    if source in _sources:
        return
    _sources.append(source)
    for metric in metrics:
        if metric.key in _metrics:
            raise ValueError(f"metric {metric.key} is declared twice")
        _metrics[metric.key] = metric
        _source_of[metric.key] = source


def forget(source: Source, metrics: Iterable[Metric]) -> None:
    """Take back a declaration; for tests that declare a metric of their own."""
    _sources.remove(source)
    for metric in metrics:
        del _metrics[metric.key], _source_of[metric.key]


def regroups(*event_types: str) -> None:
    """Events that change by what, or beside whom, a partner is measured: its tier, its region."""
    _regrouping.update(event_types)


def moves_scores(event_type: str) -> bool:
    """Whether any metric reads events of this type, or partners are grouped by them."""
    return event_type in _regrouping or any(event_type in metric.events for metric in _metrics.values())


def all_metrics() -> list[Metric]:
    """Every declared metric, quadrants in their fixed order."""
    order = list(Quadrant)
    return sorted(_metrics.values(), key=lambda metric: order.index(metric.quadrant))


def called(key: str) -> str:
    """The label of a metric as people say it; of one that is no longer computed, its key."""
    return next((one.label for one in all_metrics() if one.key == key), key)


def metric(key: str) -> Metric:
    """The metric of this key; KeyError when there is none."""
    return _metrics[key]


def sources() -> list[Source]:
    return list(_sources)


def source_of(key: str) -> Source:
    """The source that gives this metric, and perhaps others with it."""
    return _source_of[key]


# Over everything ever closed ------------------------------------------------------------------------------


class Figure(NamedTuple):
    """A figure of a whole programme, such as what it won in all."""

    key: str
    label: str
    value: Decimal | int | None
    unit: Unit


#: `programme(as_of, partner_ids)` -> figures; partner_ids None means all.
Programme = Callable[[AsOf, Iterable[int] | None], Sequence[Figure]]
_programmes: list[Programme] = []


def declare_programme(programme: Programme) -> None:
    """Register figures that are printed above the scorecards of a day."""
    if programme not in _programmes:
        _programmes.append(programme)


def programme_figures(as_of: AsOf, partner_ids: Iterable[int] | None = None) -> list[Figure]:
    return [figure for programme in _programmes for figure in programme(as_of, partner_ids)]
