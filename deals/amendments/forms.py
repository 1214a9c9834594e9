"""The form of a change; its products are those of the registration form."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms

from deals.deal.fields import DayField, amount_typed
from deals.deal.models import Deal
from deals.registration.forms import FARTHEST
from portal.ui.formatting import format_date
from portal.ui.forms import AmountField, minor_amount, state_currency


class AmendmentForm(forms.Form):
    amount = AmountField(
        label="Amount of the whole deal", error_messages={"required": "Enter the value of the whole deal."}
    )
    expected_close = DayField(
        label="Expected close", error_messages={"required": "Choose when you expect to close."}
    )
    reason = forms.CharField(
        label="Why does it change?",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Two sentences help whoever has to approve it.",
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, deal: Deal, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.deal, self.today = deal, today
        state_currency(self, "amount", deal.currency)
        self.fields["amount"].label = f"Amount of the whole deal, in {deal.currency}"
        self.initial.setdefault("key", uuid4())
        self.initial.setdefault("expected_close", deal.expected_close)
        self.initial.setdefault("amount", amount_typed(deal))

    def clean_amount(self) -> int | None:
        return minor_amount(self, self.cleaned_data["amount"], self.deal.currency)

    def clean_expected_close(self) -> date:
        day: date = self.cleaned_data["expected_close"]
        if day < self.today and day != self.deal.expected_close:
            raise forms.ValidationError(f"{format_date(day, 'year')} is in the past. Choose today or later.")
        if day - self.today > FARTHEST:
            raise forms.ValidationError("This is more than five years away. Choose an earlier date.")
        return day
