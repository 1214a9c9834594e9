"""What one narrows the figures by."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms

from partners.models import PartnerType
from portal.ui import formatting
from scorecards.forms import AsOfForm
from scorecards.training_effect.selectors import ABOVE, BELOW, PERIODS, Chosen


class EffectForm(AsOfForm):
    """Partners by type, location and volume, a period, and the day it ends with."""

    type = forms.ChoiceField(label="Partner type", required=False, choices=[("", ""), *PartnerType.choices])
    region = forms.TypedChoiceField(label="Location", required=False, coerce=int, empty_value=None)
    volume = forms.ChoiceField(
        label="Volume", required=False, choices=[("", ""), (BELOW, "Lower half"), (ABOVE, "Upper half")]
    )
    days = forms.ChoiceField(label="Period", choices=[(str(days), label) for days, label in PERIODS.items()])

    field_order = ("type", "region", "volume", "days", "as_of")

    def __init__(self, data: Any, *, today: date, newest: date) -> None:
        """`newest`: the day that is shown where none is asked for, or one that makes no sense."""
        asked = {name: data[name] for name in self.base_fields if data.get(name)}
        super().__init__({"as_of": f"{newest:%Y-%m-%d}", "days": "365", **asked}, today=today)
        self.newest = newest

    @property
    def asked_day(self) -> date:
        """Known before the locations are that one may choose from on that day."""
        return AsOfForm({"as_of": self.data["as_of"]}, today=self.today).day or self.newest

    def offer_regions(self, regions: Mapping[int, str]) -> None:
        named = sorted((name, str(pk)) for pk, name in regions.items())
        self._offer("region", [(pk, name) for name, pk in named])

    @property
    def chosen(self) -> Chosen:
        """Everybody within a year, where an answer makes no sense."""
        if not self.is_valid():
            return Chosen()
        kept = self.cleaned_data
        return Chosen(kept["type"], kept["region"], kept["volume"], int(kept["days"]))

    def name_volumes(self, edge: int, currency: str) -> None:
        """Say where the two halves meet, once it is known."""
        amount = formatting.format_money_short(edge, currency)
        self._offer("volume", [(BELOW, f"Below {amount} a year"), (ABOVE, f"{amount} a year and more")])

    def _offer(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = [("", ""), *choices]
