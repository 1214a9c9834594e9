"""Targets and weights, the scorecards computed from them, and the runs that computed them."""

from decimal import Decimal
from functools import cached_property
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from partners.keys import PartnerKey
from partners.models import Tier
from portal.metrics.declarations import Better, Quadrant, Result, Summary, all_metrics, called
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantKey, TenantModel
from scorecards.scoring import HEALTH, Detail, Scheme, detailed


class QuadrantWeight(TenantModel):
    """How much a quadrant counts in the health score."""

    quadrant = models.CharField(max_length=12, choices=Quadrant.choices)
    weight = models.DecimalField(max_digits=6, decimal_places=2, validators=[MinValueValidator(Decimal(0))])

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="scorecards_quadrantweight_rows"),
            models.UniqueConstraint(
                fields=["vendor", "quadrant"],
                name="scorecards_quadrantweight_once",
                violation_error_message="This quadrant has a weight already.",
            ),
            models.CheckConstraint(
                condition=models.Q(quadrant__in=Quadrant.values), name="scorecards_quadrantweight_quadrant"
            ),
            models.CheckConstraint(
                condition=models.Q(weight__gte=0), name="scorecards_quadrantweight_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_quadrant_display()} {self.weight.normalize():f}"


class MetricTarget(TenantModel):
    """Floor (score 0), target (score 100) and weight of a metric; with a tier, for that tier alone.

    Values are in the metric's unit: per cent as 45 for 45 %, money in major units, days, counts.
    """

    metric = models.CharField(max_length=60, help_text="Key of the metric, for example win_rate.")
    tier = TenantKey(Tier, models.CASCADE, related_name="metric_targets", null=True, blank=True)
    floor = models.DecimalField(max_digits=18, decimal_places=4, help_text="Scores 0.")
    target = models.DecimalField(max_digits=18, decimal_places=4, help_text="Scores 100.")
    weight = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        default=1,
        validators=[MinValueValidator(Decimal(0))],
        help_text="Within its quadrant; 0 leaves the metric out of the score.",
    )

    class Meta:
        ordering = ["metric", "tier_id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="scorecards_metrictarget_rows"),
            models.UniqueConstraint(
                fields=["vendor", "metric", "tier"],
                nulls_distinct=False,
                name="scorecards_metrictarget_once",
                violation_error_message="There is a target for this metric and tier already.",
            ),
            models.CheckConstraint(
                condition=~models.Q(floor=models.F("target")),
                name="scorecards_metrictarget_span",
                violation_error_message="Floor and target must differ.",
            ),
            models.CheckConstraint(condition=models.Q(weight__gte=0), name="scorecards_metrictarget_weight"),
        ]

    def __str__(self) -> str:
        return f"{called(self.metric)}: {self.floor.normalize():f} to {self.target.normalize():f}"

    def clean(self) -> None:
        """A target on the wrong side of its floor would score the worst partner highest."""
        declared = next((metric for metric in all_metrics() if metric.key == self.metric), None)
        if declared is None:
            raise ValidationError({"metric": "There is no metric of this key."})
        if self.floor is None or self.target is None or self.floor == self.target:
            return
        more_is_better = declared.better == Better.UP
        if (self.target > self.floor) != more_is_better:
            side = "above" if more_is_better else "below"
            raise ValidationError({"target": f"{declared.label}: the target must lie {side} the floor."})


class ProgrammeVersion(TenantModel):
    """All targets and weights as they were until one of them changed; past days are scored by them.

    Written by triggers of the database. As long as nobody has a scorecard there is no past to keep, so what
    is set up before the first night has always held.
    """

    held_until = models.DateTimeField()
    targets = models.JSONField(help_text="[[metric, tier id, floor, target, weight]].")
    weights = models.JSONField(help_text="{quadrant: weight}.")

    class Meta:
        ordering = ["held_until"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="scorecards_programmeversion_rows"),
            models.UniqueConstraint(fields=["vendor", "held_until"], name="scorecards_programmeversion_once"),
        ]

    def __str__(self) -> str:
        return f"until {self.held_until:%Y-%m-%d %H:%M}"

    def rows(self) -> list[tuple[Any, ...]]:
        """(metric, tier id, floor, target, weight) of each target; of a quadrant name and weight alone."""
        targets = [(metric, tier, *map(Decimal, rule)) for metric, tier, *rule in self.targets]
        weights = [(name, None, None, None, Decimal(weight)) for name, weight in self.weights.items()]
        return [*targets, *weights]


class ScoringRun(TenantModel):
    """One nightly computation of one vendor's scorecards; unique per date, so twice is once."""

    as_of = models.DateField()
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    partners = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-as_of"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="scorecards_scoringrun_rows"),
            models.UniqueConstraint(fields=["vendor", "as_of"], name="scorecards_scoringrun_once"),
        ]

    def __str__(self) -> str:
        return f"{self.as_of}"


class JSONText(models.TextField):
    """JSON that is only ever read whole: as text it is written in half the time and keeps its order."""

    def from_db_value(self, text: str | None, *_: Any) -> Any:
        return None if text is None else orjson.loads(text)

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else orjson.dumps(value).decode()


class ScoringScheme(TenantModel):
    """Floors, targets and weights by which scorecards were measured; kept for as long as they are.

    `rules` is `Scheme.as_json()`, `digest` its fingerprint: the same rules are one row.
    """

    digest = models.CharField(max_length=64)
    rules = models.JSONField()

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="scorecards_scoringscheme_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="scorecards_scoringscheme_key"),
            models.UniqueConstraint(fields=["vendor", "digest"], name="scorecards_scoringscheme_once"),
        ]

    def __str__(self) -> str:
        return self.digest[:8]


class Scores(TenantModel):
    """What a scorecard comes to, in columns: lists sort, filter and add up by them."""

    health = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    coverage = models.DecimalField(
        max_digits=5, decimal_places=2, help_text="Weight with enough data, per cent."
    )
    sales = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    enablement = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    marketing = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    engagement = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    # One for each `Summary` of the kernel, which some metric gives; null where it knows nothing.
    booked = models.BigIntegerField(null=True, help_text="Trailing 365 days, minor units.")
    booked_quarter = models.BigIntegerField(null=True, help_text="Fiscal quarter to the day, minor units.")
    pipeline = models.BigIntegerField(null=True, help_text="On the day, minor units.")

    class Meta:
        abstract = True


#: The columns of `Scores`, in the order in which statements name them.
SCORES = ("health", "coverage", *Quadrant.values, *Summary.values)


class Card(Scores):
    """Scores with what was found and by what it was scored: enough to spell out every figure again.

    `measured`: {metric key: [value, numerator, denominator, n, figures beside it]}; money in minor units,
    ratios as fractions.
    """

    as_of = models.DateField()
    computed_at = models.DateTimeField()
    measured: "models.Field[Any, Any]" = JSONText(default=dict)
    scheme = TenantKey(ScoringScheme, related_name="+")

    class Meta:
        abstract = True

    @property
    def values(self) -> dict[str, float | None]:
        """{metric key: value}; asks for nothing but this row."""
        return {key: found[0] for key, found in self.measured.items()}

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """{metric key: {"value", "numerator", "denominator", "n", "beside", "version", "floor", "target",
        "weight", "score", "points", "possible", "peers"}}.

        `points` of all metrics add up to `health`, `possible` to 100. Floor and target are in display units.
        Without enough data value, score, points and possible are None. "peers" is {"group", "n",
        "percentile", "min", "p25", "median", "p75", "max"}, None below five partners.
        """
        return self._detail.results

    @property
    def quadrants(self) -> dict[str, dict[str, Any]]:
        """{quadrant: {"score", "weight", "points", "possible", "peers"}}."""
        return self._detail.quadrants

    @cached_property
    def _detail(self) -> Detail:
        found = {key: Result(_exact(value), *rest) for key, (value, *rest) in self.measured.items()}
        known = [metric for metric in all_metrics() if metric.key in found]
        return detailed(Scheme.from_json(self.scheme.rules, known), found, self._peers)

    @property
    def _peers(self) -> dict[str, dict[str, Any]]:
        return {}


class Scorecard(Card):
    """A partner's scores at the end of one day. Null means "not enough data", never 0.

    Kept is what was found and what came of it; `results`, `quadrants` and `peers` spell it out for a page.

    Once the day has ended it stays as it is, whatever is learned later: see `RestatedScorecard`.
    `places`: {metric key, quadrant or "health": percentile among the peers}.
    `peer_spread`: {"group": name, "spread": {the same keys: [n, min, p25, median, p75, max]}}, {} without
    peers; it tells no more of them than the partner may know.
    """

    partner = PartnerKey(related_name="scorecards")
    places: "models.Field[Any, Any]" = JSONText(default=dict)
    peer_spread: "models.Field[Any, Any]" = JSONText(default=dict)

    class Meta:
        ordering = ["-as_of"]
        indexes = [
            models.Index(fields=["vendor", "as_of", "-health"], name="scorecards_by_health"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="scorecards_scorecard_rows"),
            models.UniqueConstraint(fields=["vendor", "partner", "as_of"], name="scorecards_scorecard_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} on {self.as_of}"

    @property
    def peers(self) -> dict[str, Any] | None:
        """The place of the health among the peers."""
        return self._peers.get(HEALTH)

    @cached_property
    def _peers(self) -> dict[str, dict[str, Any]]:
        if not self.peer_spread:
            return {}
        names = ("n", "min", "p25", "median", "p75", "max")
        return {
            key: {
                "group": self.peer_spread["group"],
                "percentile": place,
                **dict(zip(names, self.peer_spread["spread"][key], strict=True)),
            }
            for key, place in self.places.items()
        }


def _exact(value: float | None) -> Decimal | None:
    """The very number that was kept: what is computed from it again must not differ in the last digit."""
    return None if value is None else Decimal(str(value))


class RestatedScorecard(Card):
    """The same partner and day as known now, where something that came late changed what was found.

    The scorecard beside it stays as known then. What came late is told by `portal.LateFact`.
    """

    partner = PartnerKey(on_delete=models.CASCADE, related_name="restated_scorecards")

    class Meta:
        ordering = ["-as_of"]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="scorecards_restatedscorecard_rows"),
            models.UniqueConstraint(fields=["vendor", "partner", "as_of"], name="scorecards_restated_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} on {self.as_of}, as known {self.computed_at:%Y-%m-%d}"


class LatestScore(Scores):
    """Where a partner stands now: one narrow row each, written with every newer scorecard.

    Lists of partners sort, filter and add up thousands of these; finding each one's newest scorecard first
    took as long as everything else on the page together.
    """

    partner = PartnerKey(on_delete=models.CASCADE, related_name="latest_scores")
    as_of = models.DateField()
    computed_at = models.DateTimeField()
    since = models.DateField(null=True, help_text="The day of the run a week before, which `change` is from.")
    change = models.DecimalField(max_digits=5, decimal_places=2, null=True, help_text="Of the health.")

    class Meta:
        ordering = ["partner_id"]
        indexes = [
            models.Index(fields=["vendor", "health", "partner"], name="scorecards_latest_by_health"),
            models.Index(fields=["vendor", "change"], name="scorecards_latest_by_change"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="scorecards_latestscore_rows"),
            models.UniqueConstraint(fields=["vendor", "partner"], name="scorecards_latestscore_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} on {self.as_of}"


class StalePartner(TenantModel):
    """A mark that something happened to a partner since its scores were computed.

    Whoever acts may drop one, so there can be several: a mark that had to look for another would make the
    one who acts wait for somebody else's transaction. The rescore takes away the marks it found.
    """

    partner = PartnerKey(on_delete=models.CASCADE)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["since"]
        constraints = [
            RowSecurity(rows=Rows.MAILBOX, name="scorecards_stalepartner_rows"),
        ]
        indexes = [models.Index(fields=["vendor", "partner"], name="scorecards_stale_by_partner")]

    def __str__(self) -> str:
        return f"{self.partner_id} since {self.since:%H:%M}"
