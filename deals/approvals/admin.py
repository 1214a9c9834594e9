"""Django admin of the approval rules; the steps of deals are looked at."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from deals.approvals.models import (
    ApprovalRule,
    ApprovalRuleStep,
    ApprovalStep,
    Approver,
    DecisionTime,
    Outcome,
)
from deals.approvals.policies import conditions
from portal.backoffice.site import CappedPaginator, ReadOnlyAdmin, VendorInline, VendorModelAdmin
from portal.people.models import Membership, User
from portal.tenancy.roles import Role
from portal.ui.forms import AmountField, AmountsForm, VendorInlineFormSet, VendorModelForm


class RuleForm(AmountsForm):
    amounts: ClassVar[dict[str, str]] = {"at_least": "amount_from", "under": "amount_to"}

    at_least = AmountField(
        label="Amount from", required=False, zero=True, help_text="In your currency. Empty: any."
    )
    under = AmountField(label="Amount under", required=False, help_text="In your currency. Empty: any.")

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        low, high = answers.get("at_least"), answers.get("under")
        if low is not None and high is not None and high <= low:
            self.add_error("under", "This must be above the lower amount.")
        return answers


class StepForm(VendorModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        deciding = Membership.objects.filter(
            role__in=(Role.CHANNEL_MANAGER, Role.PROGRAM_ADMIN), is_active=True
        )
        people = User.objects.filter(pk__in=deciding.values("user"))
        if "person" in self.fields:
            self.fields["person"].queryset = people.order_by("last_name", "first_name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        answers = super().clean() or {}
        approver = answers.get("approver")
        if approver == Approver.ROLE and not answers.get("role"):
            self.add_error("role", "Say which role.")
        if approver == Approver.PERSON and not answers.get("person"):
            self.add_error("person", "Say which person.")
        return answers


class StepFormSet(VendorInlineFormSet):
    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        kept = [form for form in kept if form not in self.deleted_forms]
        needs_steps = self.instance.outcome == Outcome.STEPS
        if needs_steps and not kept:
            raise ValidationError("Say who approves, or choose to approve at once.")
        if not needs_steps and kept:
            raise ValidationError("Nobody approves what is approved at once: remove the approvals below.")


class StepInline(VendorInline):
    model = ApprovalRuleStep
    form = StepForm
    formset = StepFormSet
    fields = ("position", "approver", "role", "person")
    verbose_name_plural = "approvals"


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(VendorModelAdmin):
    """The first rule that fits decides; without one, the partner's channel manager does."""

    title = "Approval rules"
    form = RuleForm
    inlines = (StepInline,)
    fields = ("position", "name", "is_active", "tier", "at_least", "under", "product", "source", "outcome")
    list_display = ("position", "name", "applies_to", "outcome", "is_active")
    list_display_links = ("name",)
    list_select_related = ("tier", "product", "vendor")

    @admin.display(description="Applies to")
    def applies_to(self, rule: ApprovalRule) -> str:
        text = conditions(rule, rule.vendor.currency)
        return text[:1].upper() + text[1:]


@admin.register(ApprovalStep)
class ApprovalStepAdmin(ReadOnlyAdmin):
    title = "Approvals"
    list_display = ("deal", "round", "position", "who", "due_at", "outcome", "decided_by")
    list_filter = ("outcome",)
    list_select_related = ("deal", "owner", "decided_by")
    ordering = ("-due_at", "pk")
    sortable_by = ()
    paginator = CappedPaginator
    fields = (
        "deal", "round", "position", "who", "reason", "began_at", "half_at", "last_call_at", "due_at",
        "escalated_at", "outcome", "decided_at", "decided_by",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("deal", "owner", "decided_by")


@admin.register(DecisionTime)
class DecisionTimeAdmin(ReadOnlyAdmin):
    title = "Published decision times"
    list_display = ("median_hours", "p90_hours", "decisions", "computed_at")
    fields = list_display
    readonly_fields = fields
