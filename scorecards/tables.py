"""What the lists of partners sort by, hand out as CSV and show.

Plain declarations drawn by the templates: fifty rows through django-tables2 took 19 ms, the same rows in a
template loop 0.8 ms, and the portfolio is the page people open most.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F
from django.db.models.expressions import OrderBy
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from partners.models import PartnerType
from partners.tables import addresses
from portal.metrics.declarations import Quadrant, Summary
from portal.ui import charts, formatting, widgets
from scorecards.selectors import Listed

# Portfolio ----------------------------------------------------------------------------------------------

#: sort key -> column; the first is the order in which nothing is asked for: who needs me most.
SORTS = {
    "health": "health",
    "partner": "partner__name",
    "tier": "partner__tier__rank",
    "region": "partner__region__name",
    "pipeline": Summary.PIPELINE.value,
    "booked": Summary.BOOKED.value,
}
#: Columns that may be empty. The others are sorted plainly, which an index can do in both directions.
_MAYBE_EMPTY = {"health", "tier", "region", "pipeline", "booked"}


def portfolio_order(sort: str) -> tuple[OrderBy | str, ...]:
    """Order of a `sort` parameter ("-booked"); an unknown one sorts as the first. No value comes last."""
    key = sort.removeprefix("-")
    if key not in SORTS:
        return portfolio_order(next(iter(SORTS)))
    column, last = F(SORTS[key]), key in _MAYBE_EMPTY or None
    falling = sort.startswith("-")
    return (column.desc(nulls_last=last) if falling else column.asc(nulls_last=last), "partner_id")


PORTFOLIO_HEADER = (
    "Partner", "Key", "Type", "Tier", "Region", "Country", "City", "As of", "Health", "Coverage %",
    *(quadrant.label for quadrant in Quadrant), "Open pipeline", "Bookings 365 days", "Currency",
)  # fmt: skip


def portfolio_lines(rows: Iterable[Listed], currency: str) -> Iterable[list[Any]]:
    """One line of the export per partner: amounts in major units, scores with their decimals."""
    types = dict(PartnerType.choices)
    for row in rows:
        known = (row[name] for name in ("pipeline", "booked"))
        sums = (None if sum_ is None else formatting.from_minor(sum_, currency) for sum_ in known)
        yield [
            row["name"], row["slug"], types[row["type"]], row["tier"], row["region"], row["country"],
            row["city"], row["as_of"].isoformat(), row["health"], row["coverage"],
            *(row[quadrant] for quadrant in Quadrant.values), *sums, currency,
        ]  # fmt: skip


@dataclass(frozen=True)
class Cells:
    """Makes what the cells of listed partners show: they stand on a page by the hundred, and a template
    takes longer over each. `day`: that of the list; who was scored again since is marked with the time.
    """

    trends: Mapping[int, Sequence[float | None]]
    currency: str
    day: date | None = None

    def __call__(self, rows: Iterable[Listed], page: str = "partners:detail") -> list[dict[str, Any]]:
        """`page`: the partner's page that its name leads to."""
        address = addresses(page)
        return [self._cells(row, address(row["slug"])) for row in rows]

    def _cells(self, row: Listed, url: str) -> dict[str, Any]:
        return {
            "url": url,
            "name": row["name"],
            "place": f"{row['city']}, {row['country']}".strip(", "),
            "health": widgets.health(row["health"]),
            "quad": widgets.quad([row[quadrant] for quadrant in Quadrant.values]),
            "spark": self._spark(self.trends[row["partner_id"]]),
            "tier": row["tier"] or "–",
            "region": row["region"] or "–",
            "pipeline": _money(row["pipeline"], self.currency),
            "booked": _money(row["booked"], self.currency),
            "rescored_at": row["computed_at"] if self.day and row["as_of"] > self.day else None,
            "points": f"{abs(row['change'] or 0):.0f}",
            "now": row["health"],
            "before": None if row["change"] is None else row["health"] - row["change"],
        }

    def _spark(self, healths: Sequence[float | None]) -> SafeString:
        known = [health for health in healths if health is not None]
        label = f"Health over 12 months, from {known[0]:.0f} to {known[-1]:.0f}" if known else ""
        return widgets.sparkline(healths, label, width=72, height=22)


def _money(minor: int | None, currency: str) -> str:
    """A sum nobody knows is no zero."""
    return "–" if minor is None else formatting.format_money(minor, currency, whole=True)


# The map ----------------------------------------------------------------------------------------------------


def sales_figure(rows: Iterable[Listed], currency: str) -> dict[str, Any]:
    """A Plotly figure: sales score across, open pipeline up, the size of a mark is what was booked."""
    address = addresses("scorecards:detail")
    bubbles = [
        {
            "x": float(row["sales"]),
            "y": float(formatting.from_minor(row["pipeline"], currency)),
            # A mark of no size would not be drawn at all.
            "size": max(float(formatting.from_minor(row["booked"] or 0, currency)), 1.0),
            "label": "<br>".join((escape(row["name"]), *_sales_texts(row, currency))),
            "url": address(row["slug"]),
        }
        for row in rows
    ]
    figure = charts.figure([charts.bubble_trace(bubbles)], "Sales score", f"Open pipeline, {currency}")
    figure["layout"]["xaxis"] |= {"range": [-3, 103]}
    return figure


def sales_lines(rows: Iterable[Listed], currency: str) -> list[tuple[str, ...]]:
    """The same as a table: name with its link, sales score, open pipeline and bookings."""
    address = addresses("scorecards:detail")
    link = '<a href="{}">{}</a>'
    return [
        (
            format_html(link, address(row["slug"]), row["name"]),
            f"{row['sales']:.0f}",
            _money(row["pipeline"], currency),
            _money(row["booked"], currency),
        )
        for row in rows
    ]


def _sales_texts(row: Listed, currency: str) -> tuple[str, ...]:
    pipeline, booked = (_money(row[name], currency) for name in ("pipeline", "booked"))
    return f"Sales {row['sales']:.0f}", f"Open pipeline {pipeline}", f"Bookings {booked}"
