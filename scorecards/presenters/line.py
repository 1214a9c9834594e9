"""One metric of a scorecard in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse

from partners.models import Partner
from portal.metrics.declarations import Better, Found, Metric, Result, Unit
from portal.ui import charts, formatting
from scorecards import headlines
from scorecards.selectors import MetricLine


def in_unit(value: float | Decimal | None, unit: str, currency: str) -> str:
    """A value as stored on the scorecard (ratios, minor units), with its unit."""
    return _signed(formatting.format_metric(value, unit, currency))


def _signed(text: str) -> str:
    """With a real minus: a hyphen is too short beside a plus, and breaks off at the end of a line."""
    return text.replace("-", "−") if text[:1] == "-" else text


def threshold(amount: Decimal, unit: str, currency: str) -> str:
    """A floor or target, which people enter in display units (45 for 45 %, money in major units)."""
    if unit == Unit.PERCENT:
        return _signed(
            formatting.format_percent(amount / 100, 0 if amount == amount.to_integral_value() else 1)
        )
    if unit in (Unit.MONEY, Unit.MONEY_PER_DAY):
        return in_unit(amount.scaleb(formatting.exponent(currency)), unit, currency)
    return in_unit(amount, unit, currency)


def peer_group(peers: Mapping[str, Any] | None) -> charts.Peers | None:
    if peers is None:
        return None
    return charts.Peers(peers["p25"], peers["median"], peers["p75"], peers["min"], peers["max"], peers["n"])


def history_text(what: str, first: str, last: str) -> str:
    """The words of a sparkline: where it starts and where it ends."""
    return f"{what} over 12 months, from {first} to {last}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found of one metric, in words."""

    metric: Metric
    result: Result
    partner: Partner
    day: date
    computed_at: datetime
    currency: str

    @property
    def value(self) -> float | Decimal | None:
        return self.result.value

    @property
    def unit(self) -> str:
        return self.metric.unit

    @property
    def rows_text(self) -> str:
        count, label = self.result.n, self.metric.rows_label
        return f"{formatting.format_number(count)} {label.removesuffix('s') if count == 1 else label}"

    @property
    def rows_url(self) -> str:
        path = reverse("scorecards:metric_rows", args=[self.partner.slug, self.metric.key])
        return f"{path}?as_of={self.day:%Y-%m-%d}"

    @property
    def rows_link(self) -> str:
        """The number of rows behind the value; "" where there are none."""
        return self.rows_text if self.result.n else ""

    @property
    def beside(self) -> list[tuple[str, str]]:
        """(what, figure) for what is reported beside the value and not in it."""
        return [
            (figure.label, in_unit(value, figure.unit, self.currency))
            for key, value in (self.result.beside or {}).items()
            if (figure := self.metric.figure_beside(key)) and value is not None
            if value or figure.shows_zero
        ]

    @property
    def formula(self) -> str:
        """The definition with this partner's numbers; "" without a value."""
        return "" if self.value is None else f"{self.metric.working(self._found)} = {self.text(self.value)}"

    @property
    def _found(self) -> Found:
        return Found(
            rows=self.rows_text,
            n=self.result.n,
            numerator=self.result.numerator,
            denominator=self.result.denominator,
            beside=self.result.beside or {},
            text=lambda figure, unit: in_unit(figure, unit, self.currency),
        )

    def text(self, value: float | Decimal | None) -> str:
        return in_unit(value, self.unit, self.currency)

    @property
    def needs(self) -> str:
        """Why there is no value; "" where there is one."""
        if self.value is not None:
            return ""
        if missing := self.metric.missing(self._found):
            return f"{missing}."
        least = self.metric.minimum
        return f"Needs at least {least} {self.metric.rows_label}." if least else "Nothing to measure yet."


@dataclass(frozen=True, kw_only=True)
class PresentedMetric(Measured):
    """One metric of one scorecard in words, with what it was measured by and what came before."""

    part: MetricLine
    before: float | None
    series: Sequence[tuple[date, float | None]]

    @property
    def better(self) -> str:
        return self.metric.better

    @property
    def change(self) -> float | None:
        return None if self.part.value is None or self.before is None else self.part.value - self.before

    @property
    def context(self) -> str:
        """Window and number of rows: what stands below the metric's name."""
        return f"{self.metric.window}, {self.rows_text}"

    @property
    def history(self) -> list[float | None]:
        return [value for _, value in self.series]

    @property
    def history_label(self) -> str:
        known = [value for value in self.history if value is not None]
        return history_text(self.metric.label, self.text(known[0]), self.text(known[-1])) if known else ""

    @property
    def target_text(self) -> str:
        return threshold(self.part.target, self.unit, self.currency)

    @property
    def floor_text(self) -> str:
        return threshold(self.part.floor, self.unit, self.currency)

    @property
    def left_out(self) -> str:
        """Why the metric brings no points; "" when it counts."""
        if self.value is None:
            return f"{self.needs} Left out, not counted as 0"
        return "" if self.part.weight else "Shown, not scored"

    @property
    def scoring(self) -> str:
        """How the value became points, with the version of the definition."""
        version = f"Definition {self.metric.key}, version {self.part.version}."
        if self.value is None or self.part.score is None:
            return f"{self.needs} {version}".strip()
        scale = f"The floor {self.floor_text} scores 0, the target {self.target_text} scores 100"
        share = formatting.format_number(self.part.quadrant_share, 1)
        score = formatting.format_number(self.part.score, 1)
        return (
            f"{scale}, in between is in proportion: {self.text(self.value)} scores {score}. "
            f"Weight {share}% of {self.metric.quadrant.label.lower()}. {version}"
        )

    @property
    def peers(self) -> charts.Peers | None:
        return peer_group(self.part.peers)

    @property
    def percentile(self) -> int | None:
        return round(self.part.peers["percentile"]) if self.part.peers else None

    @property
    def short_text(self) -> str:
        return self.short(self.part.value)

    @property
    def median_text(self) -> str:
        return self.short(self.part.peers["median"]) if self.part.peers else ""

    def short(self, value: float | None) -> str:
        """For narrow columns: money in thousands and millions."""
        if value is not None and self.unit == Unit.MONEY:
            return formatting.format_money_short(value, self.currency)
        return self.text(value)

    @property
    def move(self) -> str:
        """What to do about it, as a sentence."""
        verb = "Raise" if self.better == Better.UP else "Bring down"
        label = headlines.lower_first(self.metric.label)
        return f"{verb} {label} from {self.text(self.value)} to {self.target_text}."
