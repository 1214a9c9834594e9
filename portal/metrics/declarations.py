"""What a metric is. The apps declare theirs in `metrics.py`; `scorecards` computes and scores them.

A metric is a declaration plus the drill-down listing the very rows behind it. Values come from
*sources*: one set-based query per source table and vendor, giving several metrics for every partner.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import models


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


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's declaration. `rows(partner_id, as_of)` gives the queryset behind the value."""

    key: str
    quadrant: Quadrant
    label: str
    unit: Unit
    better: Better
    window: str  # for people: "trailing 365 days", "on the day"
    minimum: int  # least n; below it the value is "not enough data"
    definition: str
    rows: Callable[[int, AsOf], models.QuerySet[Any]]
    rows_label: str = "rows"
    parts: Unit = Unit.COUNT  # of numerator and denominator
    beside: Mapping[str, Unit] = field(default_factory=dict)  # of the figures beside the value
    floor: Decimal = Decimal(0)  # defaults of a new vendor, in display units
    target: Decimal = Decimal(100)
    weight: Decimal = Decimal(1)
    version: int = 1
    nothing: Result = NOT_MEASURED  # of a partner the source says nothing about


#: `source(as_of, partner_ids)` -> {metric key: {partner id: Result}}; partner_ids None means all. It runs in
#: a transaction under a scope and may leave out partners of which it found no rows.
Source = Callable[[AsOf, Iterable[int] | None], dict[str, dict[int, Result]]]

_metrics: dict[str, Metric] = {}
_sources: list[Source] = []


def declare(source: Source, metrics: Iterable[Metric]) -> None:
    """Register a source and the metrics it fills; called from an app's `AppConfig.ready()`."""
    if source in _sources:
        return
    _sources.append(source)
    for metric in metrics:
        if metric.key in _metrics:
            raise ValueError(f"metric {metric.key} is declared twice")
        _metrics[metric.key] = metric


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
