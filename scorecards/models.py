"""Targets and weights, the scorecards computed from them, and the runs that computed them."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from partners.models import Partner, Tier
from portal.metrics import Better, Quadrant, all_metrics
from portal.rows import CompositeForeignKey, Rows, RowSecurity, TenantKey, TenantModel


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
            CompositeForeignKey(field="tier", name="scorecards_metrictarget_tier_fk"),
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
        return f"{self.metric}: {self.floor.normalize():f} to {self.target.normalize():f}"

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


class Scorecard(TenantModel):
    """A partner's scores at the end of one day. Null means "not enough data", never 0.

    `results`: {metric key: {"value", "numerator", "denominator", "n", "beside", "version", "floor", "target",
    "weight", "score", "points", "possible", "peers"}}; `points` of all metrics add up to `health`, `possible`
    to 100. `quadrants`: {quadrant: {"score", "weight", "points", "possible", "peers"}}. `peers`: for the health.
    A "peers" is {"group", "n", "percentile", "min", "p25", "median", "p75", "max"} or null (fewer than five).
    Money values are minor units, ratios are fractions; floor and target are in display units. Without enough
    data a metric's value, score, points and possible are null.
    """

    partner = TenantKey(Partner, related_name="scorecards")
    as_of = models.DateField()
    computed_at = models.DateTimeField()
    health = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    coverage = models.DecimalField(
        max_digits=5, decimal_places=2, help_text="Weight with enough data, per cent."
    )
    sales = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    enablement = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    marketing = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    engagement = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    bookings = models.BigIntegerField(
        default=0, help_text="Trailing 365 days, minor units of the vendor's currency."
    )
    open_pipeline = models.BigIntegerField(default=0, help_text="Minor units of the vendor's currency.")
    results = models.JSONField(default=dict)
    quadrants = models.JSONField(default=dict)
    peers = models.JSONField(null=True)

    class Meta:
        ordering = ["-as_of"]
        indexes = [
            models.Index(fields=["vendor", "as_of", "-health"], name="scorecards_by_health"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="scorecards_scorecard_rows"),
            CompositeForeignKey(field="partner", name="scorecards_scorecard_partner_fk"),
            models.UniqueConstraint(fields=["vendor", "partner", "as_of"], name="scorecards_scorecard_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} on {self.as_of}"


class StalePartner(TenantModel):
    """A mark that something happened to a partner since its scores were computed.

    Whoever acts may drop one, so there can be several: a mark that had to look for another would make the
    one who acts wait for somebody else's transaction. The rescore takes away the marks it found.
    """

    partner = TenantKey(Partner, models.CASCADE, related_name="+")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["since"]
        constraints = [
            RowSecurity(rows=Rows.MAILBOX, name="scorecards_stalepartner_rows"),
            CompositeForeignKey(field="partner", name="scorecards_stalepartner_partner_fk"),
        ]
        indexes = [models.Index(fields=["vendor", "partner"], name="scorecards_stale_by_partner")]

    def __str__(self) -> str:
        return f"{self.partner_id} since {self.since:%H:%M}"
