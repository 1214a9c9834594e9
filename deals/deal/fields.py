"""Fields that several forms share: a line of text, an amount, a day."""

import re
from decimal import Decimal
from typing import Any, Final

from django import forms

from deals.deal.models import Deal
from portal.ui.formatting import from_minor, parse_amount, to_minor

MOST: Final = Decimal(10) ** 12
_LETTERS_WITHIN = re.compile(r"\d[^\W\d_]+\d")


class AmountField(forms.CharField):
    """A number as people type it: "96,000", "€86,000.50". Gives a Decimal in major units, above zero."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = parse_amount("" if _LETTERS_WITHIN.search(text) else text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if amount <= 0:
            raise forms.ValidationError("Enter an amount above zero.")
        if amount > MOST:
            raise forms.ValidationError("This is more than a deal can be worth. Check the number of zeros.")
        return amount


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"invalid": "Enter a date, for example 2026-11-30."}


def minor_amount(form: forms.Form, amount: Decimal | None, currency: str) -> int | None:
    """The amount in minor units; an error beside the field when it is finer than the currency."""
    if amount is None or not currency:
        return None
    try:
        return to_minor(amount, currency)
    except ValueError as error:
        form.add_error("amount", str(error))
        return None


def amount_typed(deal: Deal) -> str:
    """The deal's amount as people type it; empty when it is not stated."""
    if deal.amount is None:
        return ""
    return f"{from_minor(deal.amount, deal.currency):,f}".removesuffix(".00")
