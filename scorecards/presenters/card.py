"""A whole scorecard in words, with what came before it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from partners.models import Partner
from portal.metrics.declarations import Quadrant
from portal.ui import charts, formatting
from scorecards import headlines
from scorecards.models import Scorecard
from scorecards.presenters.line import PresentedMetric, peer_group
from scorecards.selectors import LookingBack, MetricLine, QuadrantPart, explained, levers

#: For who wants the scorecard alone.
NOTHING_BEFORE = LookingBack(None, [], {})


@dataclass(frozen=True)
class Part:
    """One quadrant that is measured, in words."""

    part: QuadrantPart
    lines: list[PresentedMetric]
    before: Decimal | None
    before_day: date | None
    open: bool = True

    @property
    def key(self) -> str:
        return self.part.quadrant.value

    @property
    def label(self) -> str:
        return self.part.quadrant.label

    @property
    def score(self) -> float | None:
        return self.part.score

    @property
    def points_text(self) -> str:
        if self.part.points is None or self.part.possible is None:
            return "left out of the health, never counted as 0"
        points, possible = (formatting.format_number(n, 1) for n in (self.part.points, self.part.possible))
        return f"{points} of {possible} points of the health"

    @property
    def change(self) -> int | None:
        if self.score is None or self.before is None:
            return None
        return round(self.score) - round(self.before)

    @property
    def change_text(self) -> str:
        return since(self.change, self.before_day)

    @property
    def change_tone(self) -> str:
        return {0: "flat"}.get(self.change or 0, "up" if (self.change or 0) > 0 else "down")


def since(change: int | None, day: date | None) -> str:
    """Such as "Up 2 since 19 Oct", "Level since 19 Oct"; "" when there is nothing to compare with."""
    if change is None or day is None:
        return ""
    when = formatting.format_date(day)
    if not change:
        return f"Level since {when}"
    return f"{'Up' if change > 0 else 'Down'} {abs(change)} since {when}"


@dataclass(frozen=True)
class Reading:
    """A scorecard with what came before it."""

    card: Scorecard
    partner: Partner
    currency: str
    back: LookingBack = NOTHING_BEFORE
    you: str = "you"  # the partner among its peers, as the reader would call it

    @property
    def before(self) -> Scorecard | None:
        return self.back.before

    @property
    def day(self) -> date:
        return self.card.as_of

    @property
    def computed_at(self) -> datetime:
        return self.card.computed_at

    @property
    def before_day(self) -> date | None:
        return self.before.as_of if self.before else None

    @cached_property
    def parts(self) -> list[QuadrantPart]:
        return explained(self.card)

    @cached_property
    def quadrants(self) -> list[Part]:
        """The quadrants of which something is measured."""
        return [
            Part(
                part,
                [self.line(line) for line in part.lines],
                self._score_before(part.quadrant),
                self.before_day,
            )
            for part in self.parts
            if part.lines
        ]

    def line(self, part: MetricLine) -> PresentedMetric:
        key = part.metric.key
        return PresentedMetric(
            metric=part.metric,
            result=part.result,
            partner=self.partner,
            day=self.day,
            computed_at=self.computed_at,
            currency=self.currency,
            part=part,
            before=self.before.values.get(key) if self.before else None,
            series=self.back.series.get(key, ()),
        )

    def _score_before(self, quadrant: Quadrant) -> Decimal | None:
        return getattr(self.before, quadrant.value) if self.before else None

    @property
    def unmeasured(self) -> list[QuadrantPart]:
        return [part for part in self.parts if not part.lines]

    @cached_property
    def lines(self) -> list[PresentedMetric]:
        return [line for quadrant in self.quadrants for line in quadrant.lines]

    @property
    def unmeasured_keys(self) -> list[str]:
        return [part.quadrant.value for part in self.unmeasured]

    @property
    def scores(self) -> dict[str, float | None]:
        return {part.quadrant.value: part.score for part in self.parts}

    @property
    def weights(self) -> dict[str, float]:
        return {part.quadrant.value: part.weight for part in self.parts}

    @property
    def coverage_text(self) -> str:
        """How much of the whole picture the health rests on."""
        known = sum(line.value is not None for line in self.lines)
        text = f"Coverage {self.card.coverage:.0f}%: {known} of {len(self.lines)} metrics have enough data"
        missing = [part.quadrant.label.lower() for part in self.unmeasured]
        return f"{text}; {headlines.listed(missing)} not measured yet" if missing else text

    @property
    def change(self) -> int | None:
        if self.card.health is None or self.before is None or self.before.health is None:
            return None
        return round(self.card.health) - round(self.before.health)

    @property
    def moved_text(self) -> str:
        return since(self.change, self.before_day)

    @property
    def change_text(self) -> str:
        if self.card.health is None:
            return "A score appears as soon as one metric has enough data."
        moved = self.moved_text or "No earlier score to compare with"
        peers = self.card.peers
        if peers is None:
            return f"{moved}. Healthy starts at 75."
        place = formatting.ordinal(round(peers["percentile"]))
        return f"{moved}. {place} percentile of {peers['n']} {peers['group']} partners."

    @property
    def trend(self) -> list[tuple[date, float | None]]:
        """Whole points, as everywhere else on the page."""
        return [
            (point.day, None if point.health is None else round(point.health)) for point in self.back.points
        ]

    @property
    def trend_title(self) -> str:
        return headlines.trend(self.trend)

    @cached_property
    def moves(self) -> list[PresentedMetric]:
        """The three metrics with the most points of health still to be had."""
        return [self.line(part) for part in levers(self.card)]

    @property
    def moves_title(self) -> str:
        health = None if self.card.health is None else float(self.card.health)
        return headlines.moves(health, [line.part.gain for line in self.moves])

    @property
    def peers(self) -> charts.Peers | None:
        return peer_group(self.card.peers)

    @property
    def peers_noun(self) -> str:
        return f"{self.card.peers['group']} partners" if self.card.peers else "partners"

    @property
    def peers_group(self) -> str:
        return self.card.peers["group"] if self.card.peers else ""

    @property
    def peers_title(self) -> str:
        if self.card.peers is None:
            return "Among peers"
        place = formatting.ordinal(round(self.card.peers["percentile"]))
        return f"{place} percentile of {self.card.peers['n']} {self.peers_noun}"

    @property
    def compared(self) -> list[PresentedMetric]:
        """The metrics that can be compared with peers, the weightiest first."""
        lines = [line for line in self.lines if line.part.peers and line.value is not None]
        return sorted(lines, key=lambda line: -line.part.weight)[:5]

    def finding(self, who: str) -> str:
        scored = [(line.metric.label, line.part.score) for line in self.lines if line.part.score is not None]
        health = None if self.card.health is None else float(self.card.health)
        return headlines.scorecard(who, health, scored)

    @property
    def booked(self) -> int:
        """Won amounts of the fiscal quarter to the day, minor units of the vendor's currency."""
        return self.card.booked_quarter or 0

    @property
    def key_figures(self) -> list[PresentedMetric]:
        """What the partner's page shows of the scorecard."""
        return self.lines[:6]
