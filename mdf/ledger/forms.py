"""Forms of the ledger: money put in, given out, a period closed, and which part is looked at."""

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms

from mdf.funds.models import Fund
from mdf.funds.selectors import fits
from partners.models import Partner
from portal.fields import LineField
from portal.ui.forms import AmountField, minor_amount


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"invalid": "Enter a date, for example 2026-11-30."}


class _MoneyForm(forms.Form):
    """An amount of the fund, added or taken back, with the reason that stands in the ledger."""

    way = forms.ChoiceField(label="What is done", widget=forms.RadioSelect)
    amount = AmountField(label="Amount")
    reason = LineField(
        label="Reason",
        max_length=200,
        help_text="It stands in the ledger.",
        error_messages={"required": "Say why; it stands in the ledger."},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    ways: tuple[tuple[str, str], ...] = ()

    def __init__(self, *args: Any, fund: Fund, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fund = fund
        self.fields["way"].choices = self.ways  # type: ignore[attr-defined]
        self.initial.update({"way": self.ways[0][0], "key": uuid4()})
        self.fields["amount"].currency = fund.currency  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["amount"] = minor_amount(self, data.get("amount"), self.fund.currency)
        return data

    @property
    def answers(self) -> dict[str, Any]:
        """What the service takes; the key of the form makes a posting sent twice one."""
        data = dict(self.cleaned_data)
        sign = -1 if data.pop("way") == "less" else 1
        return {**data, "amount": sign * data["amount"], "key": f"form:{data['key']}"}


class BudgetForm(_MoneyForm):
    ways = (("more", "Put money into the fund"), ("less", "Take out what is not allocated"))


class AllocationForm(_MoneyForm):
    ways = (("more", "Allocate to a partner"), ("less", "Take back what is free"))
    partner = forms.ModelChoiceField(Partner.objects.none(), label="Partner", empty_label="Choose a partner")
    field_order = ("partner", "way", "amount", "reason", "key")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["partner"].queryset = Partner.objects.order_by("name")  # type: ignore[attr-defined]

    def clean_partner(self) -> Partner:
        """Money is taken back from anybody, and given to those the fund is for."""
        partner: Partner = self.cleaned_data["partner"]
        if self.data.get(self.add_prefix("way")) == "more" and not fits(self.fund.eligibility.all(), partner):
            raise forms.ValidationError(f"{self.fund} is not for {partner}.")
        return partner


class CloseForm(forms.Form):
    through = DayField(
        label="Close the books through",
        help_text="For good: nothing is posted on this day or before any more.",
        error_messages={"required": "Choose a day that is over."},
    )


class PeriodForm(forms.Form):
    """Which part of the ledger is shown."""

    partner = forms.ModelChoiceField(
        Partner.objects.none(), label="Partner", required=False, empty_label="All partners"
    )
    start = DayField(label="From")
    end = DayField(label="To")

    def __init__(self, *args: Any, fund: Fund, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with_money = Partner.objects.filter(pk__in=fund.balances.values("partner"))
        self.fields["partner"].queryset = with_money.order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = data.get("start"), data.get("end")
        if start and end and end < start:
            self.add_error("end", "It ends after it starts.")
        return data


def asked_for(fund: Fund, today: date, given: Any) -> dict[str, Any]:
    """The answers of a period form; what is not in the address is the whole period so far."""
    end = min(max(today, fund.starts_on), fund.ends_on if today <= fund.ends_on else today)
    given_values = {name: given.get(name, "") for name in ("partner", "start", "end")}
    defaults = {"partner": "", "start": fund.starts_on.isoformat(), "end": end.isoformat()}
    return {name: given_values[name] or defaults[name] for name in defaults}
