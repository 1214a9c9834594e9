"""Forms of special prices. Prices are typed in major units and leave the forms in minor ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms

from deals.deal.fields import DayField
from deals.deal.models import Deal, DealLine
from deals.special_prices.models import PriceLine, PriceRequest
from deals.special_prices.services import LONGEST, Asked
from portal.fields import LineField
from portal.money.amounts import typed
from portal.ui.formatting import format_money
from portal.ui.forms import AmountField, minor_amount, state_currency


@dataclass(frozen=True, slots=True)
class Row:
    """One product on the form; `list_price` in minor units, None where the partner states it."""

    line: Any
    list_price: int | None
    fields: list[forms.BoundField]


class PriceForm(forms.Form):
    """What a partner asks for: a price per piece, or a discount, for each product of the deal."""

    justification = forms.CharField(
        label="Why does this deal need it?",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What the customer compares, and what the price would change.",
        error_messages={"required": "Say why this deal needs a special price."},
    )
    competitor = LineField(label="Competitor", required=False, max_length=120)
    competitor_price = AmountField(label="Their price for the whole deal", required=False)

    def __init__(
        self, *args: Any, deal: Deal, lines: Iterable[DealLine], list_prices: Mapping[int, int], **kwargs: Any
    ) -> None:
        """`list_prices`: minor units of the deal's currency by product; partners state missing ones."""
        super().__init__(*args, **kwargs)
        self.deal, self.lines, self.list_prices = deal, list(lines), list_prices
        self.initial.setdefault("competitor", deal.competitor)
        state_currency(self, "competitor_price", deal.currency)
        self.fields["competitor_price"].help_text = f"In {deal.currency}, if you know it."
        for line in self.lines:
            self._add_fields(line)

    def _add_fields(self, line: DealLine) -> None:
        about = f" of {line.product}"
        if line.product_id not in self.list_prices:
            self.fields[f"list_{line.pk}"] = AmountField(
                label=f"List price{about}",
                currency=self.deal.currency,
                error_messages={"required": "Enter the list price per piece."},
            )
        self.fields[f"price_{line.pk}"] = AmountField(
            label=f"Price{about}", currency=self.deal.currency, required=False
        )
        self.fields[f"discount_{line.pk}"] = forms.DecimalField(
            label=f"Discount{about}",
            required=False,
            min_value=0,
            max_value=Decimal("99.99"),
            decimal_places=2,
            widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
            error_messages={"invalid": "Enter a number of per cent, for example 12.5."},
        )

    @property
    def rows(self) -> list[Row]:
        return [
            Row(line, self.list_prices.get(line.product_id), [self[name] for name in self._names(line)])
            for line in self.lines
        ]

    def _names(self, line: DealLine) -> list[str]:
        names = (f"list_{line.pk}", f"price_{line.pk}", f"discount_{line.pk}")
        return [name for name in names if name in self.fields]

    @property
    def common(self) -> list[forms.BoundField]:
        return [self[name] for name in ("justification", "competitor", "competitor_price")]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["lines"] = [asked for line in self.lines if (asked := self._asked(line, data))]
        data["competitor_price"] = self._minor("competitor_price", data.get("competitor_price"))
        asks = any(asked.price < asked.list_price for asked in data["lines"])
        if not asks and not self.errors:
            self.add_error(
                f"price_{self.lines[0].pk}", "Enter a price or a discount for one product at least."
            )
        return data

    def _asked(self, line: DealLine, data: Mapping[str, Any]) -> Asked | None:
        if any(name in self.errors for name in self._names(line)):
            return None
        list_price = self.list_prices.get(line.product_id) or self._minor(
            f"list_{line.pk}", data.get(f"list_{line.pk}")
        )
        if list_price is None:
            return None
        price = self._price(line, data, list_price)
        return None if price is None else Asked(line.product_id, line.quantity, list_price, price)

    def _price(self, line: DealLine, data: Mapping[str, Any], list_price: int) -> int | None:
        """What is typed, else the list price less the discount, rounded halves up; else the list price."""
        name = f"price_{line.pk}"
        if data.get(name) is not None:
            price = self._minor(name, data[name])
            if price is not None and price > list_price:
                self.add_error(name, f"The list price is {format_money(list_price, self.deal.currency)}.")
                return None
            return price
        share = 1 - (data.get(f"discount_{line.pk}") or Decimal(0)) / 100
        return max(1, int((list_price * share).to_integral_value(ROUND_HALF_UP)))

    def _minor(self, name: str, amount: Any) -> int | None:
        return minor_amount(self, amount, self.deal.currency, name)

    @property
    def answers(self) -> dict[str, Any]:
        """What the service takes."""
        kept = ("lines", "justification", "competitor", "competitor_price")
        return {name: self.cleaned_data[name] for name in kept}


class GrantForm(forms.Form):
    """The answer: the price asked for stands in every field, and may be raised up to the list price."""

    valid_until = DayField(
        label="Last day of this price", error_messages={"required": "Choose the last day of this price."}
    )

    def __init__(
        self,
        *args: Any,
        request: PriceRequest,
        lines: Iterable[PriceLine],
        days: int,
        today: date,
        **kwargs: Any,
    ):
        super().__init__(*args, **{"auto_id": "grant_%s", **kwargs})
        self.request, self.lines = request, list(lines)
        self.initial["valid_until"] = today + timedelta(days=days)
        bounds = {"min": today.isoformat(), "max": (today + LONGEST).isoformat()}
        self.fields["valid_until"].widget.attrs.update(bounds)
        for line in self.lines:
            name = f"price_{line.pk}"
            self.fields[name] = AmountField(
                label=f"Price of {line.product}",
                currency=request.currency,
                error_messages={"required": "Enter the price per piece."},
            )
            self.initial[name] = typed(line.requested_price, request.currency)

    @property
    def rows(self) -> list[Row]:
        return [Row(line, line.list_price, [self[f"price_{line.pk}"]]) for line in self.lines]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["prices"] = {}
        for line in self.lines:
            name = f"price_{line.pk}"
            price = minor_amount(self, data.get(name), self.request.currency, name)
            if price is not None:
                data["prices"][line.pk] = price
        return data

    @property
    def answers(self) -> dict[str, Any]:
        return {"valid_until": self.cleaned_data["valid_until"], "prices": self.cleaned_data["prices"]}
