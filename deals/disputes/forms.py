"""Forms of conflict cases."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from deals.disputes.models import CaseOutcome, CaseRule, CaseState, CaseWinner, ConflictCase
from deals.disputes.policies import LOST
from portal.files.uploads import UploadField


def _text(label: str, required: str, *, rows: int = 3, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": required},
        **kwargs,
    )


class _ForBoth(forms.Form):
    """A reason for colleagues, and what the losing partner reads."""

    reason = _text("Why? For colleagues", "Say why, for your colleagues.")
    told = _text(
        "What the losing partner reads",
        "Say what the partner reads.",
        initial=LOST,
        help_text="Partners never learn who the other is: name nobody.",
    )


class DecideForm(_ForBoth):
    winner = forms.ChoiceField(
        label="Who has the customer?",
        choices=CaseWinner.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Say who has the customer."},
    )
    rule = forms.ChoiceField(
        label="By which rule?",
        choices=[("", "Choose a rule"), *CaseRule.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
        error_messages={"required": "Say by which rule."},
    )
    field_order = ("winner", "rule", "reason", "told")

    def __init__(self, *args: Any, case: ConflictCase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        winner: Any = self.fields["winner"]
        winner.choices = sides(case)


class CloseForm(_ForBoth):
    outcome = forms.ChoiceField(
        label="Does the decision stand?",
        choices=[
            (CaseOutcome.UPHELD, "It stands"),
            (CaseOutcome.REVERSED, "Reverse it: the other claim has the customer"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether the decision stands."},
    )
    field_order = ("outcome", "reason", "told")


def sides(case: ConflictCase) -> list[tuple[str, str]]:
    rival = f"{case.rival.partner.name}, {case.rival.reference}" if case.rival else "Direct sales"
    return [
        (CaseWinner.DEAL.value, f"{case.deal.partner.name}, {case.deal.reference}"),
        (CaseWinner.RIVAL.value, rival),
    ]


class AppealForm(forms.Form):
    text = forms.CharField(
        label="What was overlooked?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="An appeal is answered once, by a program admin.",
        error_messages={"required": "Say what was overlooked."},
    )


class PreferenceForm(forms.Form):
    upload = UploadField(
        label="What the customer has written",
        error_messages={"required": "Choose a file.", "missing": "Choose a file."},
    )


class CaseFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(label="State", choices=CaseState.choices)
    rule = django_filters.ChoiceFilter(label="Rule", choices=CaseRule.choices)
    outcome = django_filters.ChoiceFilter(label="Outcome", choices=CaseOutcome.choices)

    class Meta:
        model = ConflictCase
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[ConflictCase]) -> None:
        super().__init__(data, queryset)
