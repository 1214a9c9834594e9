"""Stages, and how a deal ended."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from deals.deal.fields import DayField
from deals.deal.models import Deal, Stage
from deals.registration.forms import DealForm
from portal.fields import LineField
from portal.ui.formatting import format_date
from portal.ui.forms import AmountField, minor_amount, state_currency

LOSS_REASONS: Final = (
    ("Price", "Price"),
    ("Product does not fit", "Product does not fit"),
    ("No budget or project stopped", "No budget or project stopped"),
    ("Bad timing", "Bad timing"),
    ("Lost to a competitor", "Lost to a competitor"),
    ("Customer went quiet", "Customer went quiet"),
    ("Another reason", "Another reason"),
)


class WonForm(forms.Form):
    amount = AmountField(
        label="Amount it was won for", error_messages={"required": "Enter the amount it was won for."}
    )
    closed_on = DayField(
        label="Day of the order", error_messages={"required": "Choose the day of the order."}
    )
    special_price = forms.BooleanField(required=False)

    def __init__(self, *args: Any, deal: Deal, today: date, **kwargs: Any) -> None:
        initial: dict[str, Any] = {"closed_on": today}
        if deal.amount is not None:
            initial["amount"] = DealForm.initial_of(deal)["amount"]
        kwargs.setdefault("initial", initial)
        super().__init__(*args, **kwargs)
        self.deal = deal
        if deal.special_price_until and deal.special_price_until > timezone.now():
            last = format_date(deal.special_price_until - timedelta(seconds=1), "year")
            self.fields["special_price"].label = f"Sold at the special price, which holds until {last}"
        else:
            del self.fields["special_price"]
        state_currency(self, "amount", deal.currency)
        self.fields["amount"].help_text = f"In {deal.currency}, without tax."
        self.fields["closed_on"].widget.attrs["max"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["amount"] = minor_amount(self, data.get("amount"), self.deal.currency)
        return data


class LostForm(forms.Form):
    reason = forms.ChoiceField(
        label="Why was it lost?",
        choices=[("", "Choose"), *LOSS_REASONS],
        error_messages={"required": "Choose why it was lost."},
    )
    competitor = LineField(label="To whom?", required=False, max_length=120, help_text="If you know.")


class StageForm(forms.Form):
    """`stages` are all of the vendor's, read once for the page; the cleaned value is the stage itself."""

    stage = forms.TypedChoiceField(label="Stage", widget=forms.Select(attrs={"class": "form-select"}))

    def __init__(self, *args: Any, stages: Iterable[Stage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        by_id = {str(stage.pk): stage for stage in stages}
        stage: Any = self.fields["stage"]
        stage.choices = [(pk, f"{stage.name}, {stage.probability}%") for pk, stage in by_id.items()]
        stage.coerce = by_id.__getitem__
