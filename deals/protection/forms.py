"""What a partner answers who asks for more protection."""

from typing import Any

from django import forms

from deals.deal.models import Deal
from deals.protection.policies import Room, days_allowed
from portal.ui.formatting import format_date, format_days


class ExtensionForm(forms.Form):
    """`room` is what may be asked for; most is proposed, and a reason the deal itself gives."""

    days = forms.IntegerField(
        label="Days more",
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "class": "form-control"}),
        error_messages={"required": "Say how many days.", "invalid": "Enter a whole number of days."},
    )
    reason = forms.CharField(
        label="Why do you need more time?",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why you need more time."},
    )

    def __init__(
        self, *args: Any, deal: Deal, room: Room, propose_reason: bool = False, **kwargs: Any
    ) -> None:
        initial: dict[str, Any] = {"days": room.most_days}
        if propose_reason:
            initial["reason"] = proposed_reason(deal)
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.room = room
        days: Any = self.fields["days"]
        days.help_text = f"At most {format_days(room.most_days)}, counted from the end of the protection."
        days.widget.attrs.update({"min": 1, "max": room.most_days})

    def clean_days(self) -> int:
        days: int = self.cleaned_data["days"]
        if not 1 <= days <= self.room.most_days:
            raise forms.ValidationError(days_allowed(self.room.most_days))
        return days


def proposed_reason(deal: Deal) -> str:
    """What the deal says of itself, so that one press is enough."""
    stage = f"in stage {deal.stage.name}" if deal.stage else "being worked on"
    close = f", expected to close {format_date(deal.expected_close, 'year')}" if deal.expected_close else ""
    return f"Still {stage}{close}."
