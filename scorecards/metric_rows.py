"""The table of the rows behind a figure, drawn from what the metric declares: page, totals and file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet, Window
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.metrics.declarations import AsOf, Column, Link, Look, Metric, Status, Total
from portal.ui import formatting, widgets

_CSS = {
    Look.MONEY: "num",
    Look.DAYS: "num",
    Look.HOURS: "num",
    Look.PERCENT: "num",
    Look.COUNT: "num",
    Look.DAY: "nw",
}


@dataclass(frozen=True, slots=True)
class Cell:
    label: str
    text: Any
    css: str


@dataclass(frozen=True, slots=True)
class RowTable:
    """The `rows` of a metric as they stood on the day, in the vendor's `currency`."""

    metric: Metric
    rows: QuerySet[Any]
    as_of: AsOf
    currency: str

    def headings(self) -> list[tuple[str, str]]:
        """(label, css) of each column."""
        return [(column.label, _css(column)) for column in self.metric.columns]

    def cells(self, row: Any) -> list[Cell]:
        return [
            Cell(column.label, self._shown(column.look, column.read(row)), _css(column))
            for column in self.metric.columns
        ]

    def counted(self) -> QuerySet[Any]:
        """The rows, each with the `total` number of them and with their sums: one statement for a page."""
        sums = {f"sum_{i}": Window(total.of(self.as_of)) for i, total in enumerate(self.metric.totals)}
        return self.rows.annotate(total=Window(Count("pk")), **sums)

    def totals(self, rows: Sequence[Any]) -> list[tuple[str, Any]]:
        """(label, text) of what all rows add up to, from any of the `counted` ones."""
        if not rows:
            return []
        return [
            (total.label, self._summed(total, getattr(rows[0], f"sum_{i}")))
            for i, total in enumerate(self.metric.totals)
        ]

    def _summed(self, total: Total, value: Any) -> Any:
        """As in the rows, but money in whole units: it is compared with the scorecard, which shows those."""
        if value is not None and total.look == Look.MONEY:
            return formatting.format_money(value, self.currency, whole=True)
        return self._shown(total.look, value)

    def _shown(self, look: Look, value: Any) -> Any:
        if value is None:
            return "–"
        return formatting.format_money(value, self.currency) if look == Look.MONEY else _SHOWN[look](value)

    def file_header(self) -> list[str]:
        first, *others = self.metric.columns
        return [first.label, first.named, *(column.label for column in others), "Currency"]

    def file_lines(self) -> Iterable[list[Any]]:
        """The rows for a file: days as ISO text, amounts in major units."""
        first, *others = self.metric.columns
        for row in self.rows:
            link: Link = first.read(row)
            plain = [self._plain(column.look, column.read(row)) for column in others]
            yield [link.reference, link.text, *plain, self.currency]

    def _plain(self, look: Look, value: Any) -> Any:
        if value is None:
            return None
        match look:
            case Look.STATUS:
                return value.word
            case Look.DAY:
                return value.astimezone(self.as_of.zone).date().isoformat()
            case Look.DAYS:
                return value.days
            case Look.HOURS:
                return round(value / timedelta(hours=1), 2)
            case Look.MONEY:
                return formatting.from_minor(value, self.currency)
        return value


def _css(column: Column) -> str:
    css = _CSS.get(column.look, "")
    return f"{css} b".strip() if column.strong else css


def _link(link: Link) -> SafeString:
    url = reverse(link.page, args=[link.reference])
    return format_html('<a href="{}">{}</a><span class="sub">{}</span>', url, link.text, link.reference)


def _status(status: Status) -> SafeString:
    return widgets.status(status.word, status.tone, status.icon)


_SHOWN: dict[Look, Callable[[Any], Any]] = {
    Look.TEXT: str,
    Look.LINK: _link,
    Look.STATUS: _status,
    Look.DAY: lambda moment: formatting.format_date(moment, "year"),
    Look.DAYS: lambda span: formatting.format_days(span / timedelta(days=1)),
    Look.HOURS: lambda span: formatting.format_hours(span / timedelta(hours=1)),
    Look.PERCENT: lambda share: formatting.format_percent(share / 100, 0),
    Look.COUNT: formatting.format_number,
}
