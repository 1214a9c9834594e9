"""Assigning a course."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

Choices = Iterable[tuple[str, str]]


class AssignForm(forms.Form):
    """`people` and `courses` are (value, label) pairs: ids of users, keys of courses."""

    people = forms.MultipleChoiceField(
        label="People", widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose people."}
    )
    course = forms.ChoiceField(label="Course", error_messages={"required": "Choose a course."})
    due_on = forms.DateField(
        label="Due",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        help_text="By the end of this day.",
        error_messages={"required": "Choose a day.", "invalid": "Choose a day, such as 2026-11-30."},
    )
    note = forms.CharField(
        label="Why", required=False, max_length=300, help_text="They read it with the assignment."
    )

    def __init__(self, *args: Any, people: Choices, courses: Choices, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].choices = list(people)  # type: ignore[attr-defined]
        self.fields["course"].choices = [("", "Choose a course"), *courses]  # type: ignore[attr-defined]
        self.fields["due_on"].widget.attrs["min"] = today.isoformat()


class MoveForm(forms.Form):
    due_on = forms.DateField(input_formats=["%Y-%m-%d"])
