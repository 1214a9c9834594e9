"""Fields that several forms share: a line of text, an amount, a day."""

import re
from typing import Any

from django import forms

from deals.deal.models import Deal
from portal.money.amounts import typed

#: Control characters, line breaks and what turns the direction of the text after it; not NUL, which is
#: refused with a message.
_BREAKS = re.compile(r"[\x01-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class LineField(forms.CharField):
    """One line of text: no control characters, single spaces; a required one says something readable."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return " ".join(_BREAKS.sub(" ", text).split())

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.required and not any(sign.isalnum() for sign in value):
            raise forms.ValidationError(self.error_messages["required"], code="required")


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"invalid": "Enter a date, for example 2026-11-30."}


def amount_typed(deal: Deal) -> str:
    """The deal's amount as people type it; empty when it is not stated."""
    if deal.amount is None:
        return ""
    return typed(deal.amount, deal.currency)
