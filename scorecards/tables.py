"""What the tables sort by, hand out as CSV, and show of the rows behind a figure.

Plain declarations drawn by the templates: fifty rows through django-tables2 took 19 ms, the same rows in a
template loop 0.8 ms, and the portfolio is the page people open most.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import Avg, Case, Count, F, Q, QuerySet, Sum, When, Window
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from deals.deal.models import Deal
from deals.leads.models import LeadOffer
from deals.metrics import HALF_YEAR
from partners.models import PartnerType
from partners.tables import addresses
from portal.metrics.declarations import AsOf, Quadrant
from portal.ui import charts, formatting, widgets
from scorecards.selectors import Listed

# Portfolio ----------------------------------------------------------------------------------------------

#: sort key -> column; the first is the order in which nothing is asked for: who needs me most.
SORTS = {
    "health": "health",
    "partner": "partner__name",
    "tier": "partner__tier__rank",
    "region": "partner__region__name",
    "pipeline": "open_pipeline",
    "bookings": "bookings",
}
#: Columns that may be empty. The others are sorted plainly, which an index can do in both directions.
_MAYBE_EMPTY = {"health", "tier", "region"}


def portfolio_order(sort: str) -> tuple[OrderBy | str, ...]:
    """Order of a `sort` parameter ("-bookings"); an unknown one sorts as the first. No value comes last."""
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
        sums = (formatting.from_minor(row[name], currency) for name in ("open_pipeline", "bookings"))
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
            "pipeline": formatting.format_money(row["open_pipeline"], self.currency, whole=True),
            "bookings": formatting.format_money(row["bookings"], self.currency, whole=True),
            "rescored_at": row["computed_at"] if self.day and row["as_of"] > self.day else None,
            "points": f"{abs(row['change'] or 0):.0f}",
            "now": row["health"],
            "before": None if row["change"] is None else row["health"] - row["change"],
        }

    def _spark(self, healths: Sequence[float | None]) -> SafeString:
        known = [health for health in healths if health is not None]
        label = f"Health over 12 months, from {known[0]:.0f} to {known[-1]:.0f}" if known else ""
        return widgets.sparkline(healths, label, width=72, height=22)


# The map ----------------------------------------------------------------------------------------------------


def sales_figure(rows: Iterable[Listed], currency: str) -> dict[str, Any]:
    """A Plotly figure: sales score across, open pipeline up, the size of a mark is what was booked."""
    address = addresses("scorecards:detail")
    bubbles = [
        {
            "x": float(row["sales"]),
            "y": float(formatting.from_minor(row["open_pipeline"], currency)),
            # A mark of no size would not be drawn at all.
            "size": max(float(formatting.from_minor(row["bookings"], currency)), 1.0),
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
            formatting.format_money(row["open_pipeline"], currency, whole=True),
            formatting.format_money(row["bookings"], currency, whole=True),
        )
        for row in rows
    ]


def _sales_texts(row: Listed, currency: str) -> tuple[str, ...]:
    pipeline, bookings = (
        formatting.format_money(row[name], currency, whole=True) for name in ("open_pipeline", "bookings")
    )
    return f"Sales {row['sales']:.0f}", f"Open pipeline {pipeline}", f"Bookings {bookings}"


# The rows behind a figure -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a drill-down: what it reads of a row, and the kind of value, which makes its look."""

    label: str
    read: Callable[[Any], Any]
    kind: str = "text"

    @property
    def css(self) -> str:
        looks = {"money": "num", "days": "num", "hours": "num", "percent": "num", "percents": "num b"}
        return looks.get(self.kind, "nw" if self.kind == "day" else "")


@dataclass(frozen=True, slots=True)
class Cell:
    label: str
    text: Any
    css: str


def as_it_stood(rows: QuerySet[Deal], as_of: AsOf) -> QuerySet[Deal]:
    """The deals with `amount_then` and `closed_then`: nothing that came after the day."""
    won = When(won_at__lt=as_of.end, then=F("won_amount_vendor"))
    closed = (When(**{f"{at}__lt": as_of.end}, then=F(at)) for at in ("won_at", "lost_at"))
    return rows.annotate(amount_then=Case(won, default=F("amount_vendor")), closed_then=Case(*closed))


def outcome(deal: Deal, as_of: AsOf) -> str:
    """Where the deal stood at the end of the day, from its timestamps alone."""
    ends = {
        "Won": deal.won_at,
        "Lost": deal.lost_at,
        "Withdrawn": deal.withdrawn_at,
        "Rejected": deal.rejected_at,
    }
    for word, at in [*ends.items(), ("Expired", deal.expires_at)]:
        if at and at < as_of.end:
            return word
    return "Open" if deal.approved_at and deal.approved_at < as_of.end else "Waiting"


DEAL = Column("Deal", lambda deal: deal, "deal")
STOOD = Column("On that day", lambda deal: deal, "outcome")
REGISTERED = Column("Registered", attrgetter("submitted_at"), "day")
APPROVED = Column("Approved", attrgetter("approved_at"), "day")
PROTECTED = Column("Protected until", attrgetter("expires_at"), "day")
CLOSED = Column("Closed", attrgetter("closed_then"), "day")
CYCLE = Column("Approval to win", attrgetter("cycle"), "days")
STAGE = Column("Stage", attrgetter("stage_then"))
LIKELIHOOD = Column("Likelihood", lambda deal: deal.probability or 0, "percent")
AMOUNT = Column("Amount", attrgetter("amount_then"), "money")
WEIGHTED = Column("Weighted", attrgetter("weighted_then"), "percents")

LEAD = Column("Lead", lambda offer: offer, "lead")
OFFERED = Column("Offered", attrgetter("offered_at"), "day")
ANSWER_DUE = Column("Answer due", attrgetter("answer_due_at"), "day")
CONTACTED = Column("First contact", lambda offer: offer.contacted_at if offer.contacted_then else None, "day")
WAITED = Column("Waited", attrgetter("waited"), "hours")


def answer(offer: Any) -> str:
    """How an offer whose window has closed was answered, from its timestamps."""
    if offer.accepted_then:
        return "Accepted"
    return "Declined" if offer.declined_at else "Not answered in time"


ANSWERED = Column("Answer", answer, "answer")


#: What the rows of a metric show; those of any other show `USUAL`.
COLUMNS = {
    "lead_acceptance": (LEAD, OFFERED, ANSWER_DUE, ANSWERED),
    "speed_to_lead": (LEAD, OFFERED, CONTACTED, WAITED),
    "win_rate": (DEAL, STOOD, CLOSED, AMOUNT),
    "bookings": (DEAL, REGISTERED, CLOSED, AMOUNT),
    "bookings_growth": (DEAL, CLOSED, AMOUNT),
    "deal_size": (DEAL, CLOSED, AMOUNT),
    "sales_cycle": (DEAL, APPROVED, CLOSED, CYCLE),
    "open_pipeline": (DEAL, APPROVED, PROTECTED, AMOUNT),
    "weighted_pipeline": (DEAL, STAGE, LIKELIHOOD, AMOUNT, WEIGHTED),
    "registrations": (DEAL, REGISTERED, STOOD, AMOUNT),
}
#: Metrics of amounts: of a deal that is shared, the rows show the partner's part.
CREDITED = {"bookings", "bookings_growth", "open_pipeline", "weighted_pipeline"}
USUAL = (DEAL, STOOD, APPROVED, CLOSED, AMOUNT)

_LOOKS: dict[str, widgets.Look] = {
    "Won": ("ok", "Won", "trophy"),
    "Lost": ("neutral", "Lost", "x"),
    "Open": ("neutral", "Open"),
    "Expired": ("neutral", "Expired", "hourglass"),
    "Withdrawn": ("neutral", "Withdrawn", "arrow-back-up"),
    "Rejected": ("neutral", "Rejected", "ban"),
    "Waiting": ("neutral", "Waiting", "clock"),
    "Accepted": ("ok", "Accepted", "check"),
    "Declined": ("neutral", "Declined", "hand-stop"),
    "Not answered in time": ("watch", "Not answered in time", "clock-off"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """What the rows add up to: `of(as_of)` is the aggregate, taken over all of them and not only a page's."""

    label: str
    kind: str
    of: Callable[[AsOf], Any]


def _half(as_of: AsOf) -> Q:
    return Q(won_at__gte=as_of.trailing(HALF_YEAR))


WON = Figure("Won", "count", lambda as_of: Count("pk", filter=Q(won_at__lt=as_of.end)))
LOST = Figure("Lost", "count", lambda as_of: Count("pk", filter=Q(lost_at__lt=as_of.end)))
SUM = Figure("Sum of amounts", "money", lambda as_of: Sum("amount_then"))
MEAN = Figure("Mean", "money", lambda as_of: Avg("amount_then"))

ACCEPTED = Figure("Accepted", "count", lambda as_of: Count("pk", filter=Q(accepted_then=True)))
STILL_WAITING = Figure("Still waiting", "count", lambda as_of: Count("pk", filter=Q(contacted_then=False)))

FIGURES = {
    "lead_acceptance": (ACCEPTED,),
    "speed_to_lead": (STILL_WAITING,),
    "win_rate": (WON, LOST),
    "bookings": (SUM, MEAN),
    "bookings_growth": (
        Figure("Last 180 days", "money", lambda as_of: Sum("amount_then", filter=_half(as_of))),
        Figure("180 days before", "money", lambda as_of: Sum("amount_then", filter=~_half(as_of))),
    ),
    "deal_size": (SUM, MEAN),
    "sales_cycle": (Figure("Mean", "days", lambda as_of: Avg("cycle")),),
    "open_pipeline": (SUM, MEAN),
    "weighted_pipeline": (SUM, Figure("Weighted sum", "percents", lambda as_of: Sum("weighted_then"))),
    "pipeline_velocity": (WON, LOST),
}


@dataclass(frozen=True, slots=True)
class Drill:
    """The table of a metric's rows: `rows` as they stood on the day, in the vendor's `currency`."""

    key: str
    rows: QuerySet[Any]
    as_of: AsOf
    currency: str

    @property
    def columns(self) -> Sequence[Column]:
        return COLUMNS.get(self.key, USUAL)

    def cells(self, row: Any) -> list[Cell]:
        columns = ((column, column.read(row)) for column in self.columns)
        return [Cell(column.label, self._shown(column.kind, value), column.css) for column, value in columns]

    def counted(self) -> QuerySet[Any]:
        """The rows, each with the `total` number of them and with their figures: one statement for a page."""
        over = {f"figure_{i}": Window(figure.of(self.as_of)) for i, figure in enumerate(self._figures)}
        return self.rows.annotate(total=Window(Count("pk")), **over)

    def figures(self, rows: Sequence[Any]) -> list[tuple[str, Any]]:
        """(label, text) of what all rows add up to, from any of the `counted` ones."""
        if not rows:
            return []
        return [
            (figure.label, self._summed(figure.kind, getattr(rows[0], f"figure_{i}")))
            for i, figure in enumerate(self._figures)
        ]

    def _summed(self, kind: str, value: Any) -> Any:
        """As in the rows, but money in whole units: it is compared with the scorecard, which shows those."""
        if value is None or kind not in ("money", "percents"):
            return self._shown(kind, value)
        return formatting.format_money(value / (100 if kind == "percents" else 1), self.currency, whole=True)

    @property
    def _figures(self) -> Sequence[Figure]:
        return FIGURES.get(self.key, ())

    def _shown(self, kind: str, value: Any) -> Any:
        if value is None:
            return "–"
        shown = _SHOWN.get(kind)
        if shown:
            return shown(value)
        if kind == "outcome":
            return widgets.status(outcome(value, self.as_of), _LOOKS)
        if kind == "money":
            return formatting.format_money(value, self.currency)
        if kind == "percents":  # hundredths of minor units: an amount times a likelihood in per cent
            return formatting.format_money(value / 100, self.currency)
        return value

    def header(self) -> list[str]:
        return [self.columns[0].label, "Customer", *(column.label for column in self.columns[1:]), "Currency"]

    def lines(self) -> Iterable[list[Any]]:
        """The rows for a file: days as ISO text, amounts in major units."""
        for row in self.rows:
            plain = [self._plain(column.kind, column.read(row)) for column in self.columns[1:]]
            yield [row.reference, row.customer_name, *plain, self.currency]

    def _plain(self, kind: str, value: Any) -> Any:
        if value is None:
            return None
        match kind:
            case "outcome":
                return outcome(value, self.as_of)
            case "day":
                return value.astimezone(self.as_of.zone).date().isoformat()
            case "days":
                return value.days
            case "hours":
                return round(value / timedelta(hours=1), 2)
            case "money":
                return formatting.from_minor(value, self.currency)
            case "percents":
                return formatting.from_minor(round(value / 100), self.currency)
        return value


def _link(row: Deal | LeadOffer, page: str) -> SafeString:
    url = reverse(page, args=[row.reference])
    return format_html(
        '<a href="{}">{}</a><span class="sub">{}</span>', url, row.customer_name, row.reference
    )


#: How values look that need nothing but themselves.
_SHOWN: dict[str, Callable[[Any], Any]] = {
    "deal": lambda deal: _link(deal, "deals:detail"),
    "lead": lambda offer: _link(offer, "leads:detail"),
    "answer": lambda said: widgets.status(said, _LOOKS),
    "hours": lambda span: formatting.format_hours(span / timedelta(hours=1)),
    "day": lambda moment: formatting.format_date(moment, "year"),
    "days": lambda span: formatting.format_days(span / timedelta(days=1)),
    "percent": lambda share: formatting.format_percent(share / 100, 0),
    "count": formatting.format_number,
}


def drill(key: str, rows: QuerySet[Any], as_of: AsOf, currency: str) -> Drill:
    """`rows` of a metric, deals or leads, in the order people look for: the newest first."""
    if rows.model is LeadOffer:
        return Drill(key, rows.order_by("-offered_at", "-pk"), as_of, currency)
    rows = as_it_stood(rows, as_of)
    if key in CREDITED:
        rows = rows.annotate(amount_then=F("credited"))
    if key == "weighted_pipeline":
        rows = rows.annotate(weighted_then=F("amount_then") * Coalesce("probability", 0))
    newest_first = (F("closed_then").desc(nulls_last=True), "-submitted_at", "-pk")
    return Drill(key, rows.order_by(*newest_first), as_of, currency)
