"""A day as known then and as known now, in words: which figures differ, and what came late."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from portal.history.models import LateFact
from portal.history.wording import wording_of
from portal.metrics.declarations import all_metrics
from portal.ui import formatting
from scorecards.models import Scorecard
from scorecards.presenters.line import in_unit
from scorecards.selectors import Restatement

#: How many late facts a page lists; of more it tells the number.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure then and now."""

    label: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Late:
    """One late fact: what it is about, what it says, when it was noted and by whom."""

    what: str
    label: str
    says: str
    noted_at: datetime
    noted_by: str


@dataclass(frozen=True)
class Restated:
    """Context of `_restated.html`."""

    card: Scorecard
    restatement: Restatement
    currency: str
    zone: ZoneInfo

    @property
    def differences(self) -> list[Difference]:
        return [*self._health(), *self._metrics()]

    def _health(self) -> Iterator[Difference]:
        then, now = self.card.health, self.restatement.now.health
        if then != now:
            yield Difference("Health", _score(then), _score(now))

    def _metrics(self) -> Iterator[Difference]:
        then, now = self.card.values, self.restatement.now.values
        for metric in all_metrics():
            before, after = then.get(metric.key), now.get(metric.key)
            if before != after:
                texts = (in_unit(value, metric.unit, self.currency) for value in (before, after))
                yield Difference(metric.label, *texts)

    @property
    def late(self) -> list[Late]:
        return [late(fact, self.zone) for fact in self.restatement.late[:SHOWN]]

    @property
    def more(self) -> int:
        return max(len(self.restatement.late) - SHOWN, 0)

    @property
    def title(self) -> str:
        count = len(self.restatement.late)
        things = "one thing" if count == 1 else f"{formatting.format_number(count)} things"
        return f"Entered after this day was scored: {things}" if count else "Scored anew since"


def late(fact: LateFact, zone: ZoneInfo) -> Late:
    wording = wording_of(fact.subject_type)
    said = [
        _said(wording.moments.get(column, column.replace("_", " ")), before, after, zone)
        for column, (before, after) in fact.facts.items()
        if before != after
    ]
    verb = "deleted, was " if fact.kind == LateFact.Kind.DELETED else ""
    by = str(fact.noted_by) if fact.noted_by else "an import or a task"
    return Late(wording.noun, fact.label, verb + ", ".join(said), fact.noted_at, by)


def _said(word: str, before: str | None, after: str | None, zone: ZoneInfo) -> str:
    """Such as "won 3 March", "won 3 March instead of 5 March"."""
    if before and after:
        return f"{word} {_day(after, zone)} instead of {_day(before, zone)}"
    return f"{word} {_day(after or before or '', zone)}"


def _day(moment: str, zone: ZoneInfo) -> str:
    return formatting.format_date(datetime.fromisoformat(moment).astimezone(zone).date(), "year")


def _score(health: object) -> str:
    return formatting.NOT_ENOUGH if health is None else f"{health:.0f}"
