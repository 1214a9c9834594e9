"""Django admin of the scorecards app: what counts how much, and the nightly runs."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.backoffice.site import ReadOnlyAdmin, VendorModelAdmin
from portal.metrics.declarations import Better, Metric, Unit, all_metrics, metric
from portal.ui.formatting import format_number
from portal.ui.forms import VendorModelForm
from scorecards.models import MetricTarget, QuadrantWeight, ScoringRun

NEXT_RUN = "Scores follow at the next nightly run; scorecards of past days stay as they are."
_UNITS = {
    Unit.PERCENT: "per cent",
    Unit.MONEY: "money",
    Unit.MONEY_PER_DAY: "money per day",
    Unit.DAYS: "days",
    Unit.HOURS: "hours",
    Unit.COUNT: "count",
}


def _label(declared: Metric) -> str:
    better = "higher" if declared.better == Better.UP else "lower"
    return f"{declared.label} ({_UNITS[declared.unit]}, {better} is better)"


class _Weighed(VendorModelAdmin):
    """Tables the nightly run reads: saving them says from when it shows."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.message_user(request, NEXT_RUN)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self.message_user(request, NEXT_RUN)


class QuadrantWeightForm(VendorModelForm):
    def clean_weight(self) -> Any:
        weight = self.cleaned_data["weight"]
        others = QuadrantWeight.objects.exclude(pk=self.instance.pk).filter(weight__gt=0)
        if weight == 0 and not others.exists():
            raise ValidationError("At least one quadrant must count.")
        return weight


@admin.register(QuadrantWeight)
class QuadrantWeightAdmin(_Weighed):
    form = QuadrantWeightForm
    list_display = ("quadrant", "weight")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("quadrant",) if obj else ()


class MetricTargetForm(VendorModelForm):
    metric = forms.ChoiceField(
        choices=lambda: [
            (group.label, [(each.key, _label(each)) for each in all_metrics() if each.quadrant == group])
            for group in {each.quadrant: each.quadrant for each in all_metrics()}
        ]
    )


class MetricFilter(admin.SimpleListFilter):
    title = "metric"
    parameter_name = "metric"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(each.key, each.label) for each in all_metrics()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(metric=self.value()) if self.value() else queryset


@admin.register(MetricTarget)
class MetricTargetAdmin(_Weighed):
    form = MetricTargetForm
    fields = ("metric", "tier", "floor", "target", "weight")
    list_display = ("called", "for_tier", "scores_nothing", "scores_all", "counts")
    list_filter = (MetricFilter, "tier")
    list_select_related = ("tier",)

    @admin.display(description="Metric", ordering="metric")
    def called(self, target: MetricTarget) -> str:
        try:
            return _label(metric(target.metric))
        except KeyError:
            return f"{target.metric} (no longer computed)"

    @admin.display(description="Tier", ordering="tier__rank")
    def for_tier(self, target: MetricTarget) -> str:
        return target.tier.name if target.tier else "All others"

    @admin.display(description="Floor, scores 0")
    def scores_nothing(self, target: MetricTarget) -> str:
        return format_number(target.floor, 4)

    @admin.display(description="Target, scores 100")
    def scores_all(self, target: MetricTarget) -> str:
        return format_number(target.target, 4)

    @admin.display(description="Weight", ordering="weight")
    def counts(self, target: MetricTarget) -> str:
        return format_number(target.weight, 2)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "tier":
            kwargs["empty_label"] = "Every tier without a target of its own"
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(ScoringRun)
class ScoringRunAdmin(ReadOnlyAdmin):
    list_display = ("as_of", "started_at", "finished_at", "partners")
    fields = ("as_of", "started_at", "finished_at", "partners")
