"""Fields that several forms share: a line of text, an amount, a day."""

from django import forms

from deals.deal.models import Deal
from portal.money.amounts import typed


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"invalid": "Enter a date, for example 2026-11-30."}


def amount_typed(deal: Deal) -> str:
    """The deal's amount as people type it; empty when it is not stated."""
    if deal.amount is None:
        return ""
    return typed(deal.amount, deal.currency)
