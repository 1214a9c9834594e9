"""Amounts in the vendor's currency, at the rate of the day they were fixed."""

from bisect import bisect_right
from collections import defaultdict
from datetime import date
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError

from portal.money.models import ExchangeRate
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date, from_minor, to_minor


def in_vendor_currency(
    minor: int, currency: str, day: date, vendor: Vendor, rates: "Rates | None" = None
) -> int:
    """Minor units of `currency` as minor units of the vendor's currency, half rounded to even.

    The rate is the latest one on or before `day`; `rates` saves the query where there are many amounts.
    ValidationError (on "currency") when there is none.
    """
    if currency == vendor.currency:
        return minor
    rate = rates.on(currency, day) if rates else rate_on(currency, day)
    if rate is None:
        raise ValidationError(
            {
                "currency": f"There is no exchange rate for {currency} on {format_date(day, 'year')}. "
                f"State the amount in {vendor.currency}, or ask {vendor.name} to add the rate."
            }
        )
    return _converted(minor, currency, rate, vendor.currency)


def rate_on(currency: str, day: date) -> Decimal | None:
    """Units of the vendor's currency for one unit of `currency`; None when no rate is known by then."""
    rates = ExchangeRate.objects.filter(currency=currency, day__lte=day).order_by("-day")
    return rates.values_list("rate", flat=True).first()


class Rates:
    """All exchange rates of the scope's vendor, read at once."""

    def __init__(self) -> None:
        self.by_currency: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
        rates = ExchangeRate.objects.order_by("day").values_list("currency", "day", "rate")
        for currency, day, rate in rates:
            self.by_currency[currency].append((day, rate))

    def on(self, currency: str, day: date) -> Decimal | None:
        """As `rate_on`."""
        known = self.by_currency.get(currency, [])
        after = bisect_right(known, day, key=lambda entry: entry[0])
        return known[after - 1][1] if after else None


def _converted(minor: int, currency: str, rate: Decimal, into: str) -> int:
    step = from_minor(1, into)
    try:
        return to_minor((from_minor(minor, currency) * rate).quantize(step), into)
    except (ValueError, InvalidOperation) as error:
        raise ValidationError({"amount": "This amount is too large."}) from error


def currencies_with_rates() -> list[str]:
    """Currencies other than the vendor's that amounts can be stated in."""
    return list(ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct())
