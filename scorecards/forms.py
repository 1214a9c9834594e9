"""The as-of date picker."""

from datetime import date
from typing import Any

from django import forms

#: Nobody's records go back further; dates before it are typing errors, and arithmetic on them ends badly.
EARLIEST = date(2000, 1, 1)


class AsOfForm(forms.Form):
    """The day whose end a scorecard shows; empty means the newest."""

    as_of = forms.DateField(
        label="As of",
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": "Give a day as year-month-day, for example 2026-03-31."},
    )

    def __init__(self, data: Any, *, today: date) -> None:
        super().__init__(data)
        self.today = today
        self.fields["as_of"].widget.attrs |= {
            "min": EARLIEST.isoformat(),
            "max": today.isoformat(),
        }

    @property
    def day(self) -> date | None:
        """The day asked for; None for the newest, and for an answer that makes no sense."""
        return self.cleaned_data["as_of"] if self.is_valid() else None

    def full_clean(self) -> None:
        """A wrong answer is marked on the field itself, which stands in the page's head."""
        super().full_clean()
        if self.errors:
            self.fields["as_of"].widget.attrs |= {
                "class": "form-control is-invalid",
                "aria-describedby": "id_as_of-e",
            }

    def clean_as_of(self) -> date | None:
        day: date | None = self.cleaned_data["as_of"]
        if day is None:
            return None
        if day > self.today:
            raise forms.ValidationError("This day has not come yet. Choose today or an earlier day.")
        if day < EARLIEST:
            raise forms.ValidationError("There are no records that old. Choose a day from 1 January 2000 on.")
        return day
