"""How money, numbers and dates are written: minor units in, the reader's locale out.

Amounts are bigint minor units with an ISO 4217 currency ("EUR", 480050 = 4,800.50 euro; "JPY", 4800 =
4,800 yen). Dates and times are shown in the active time zone, which is the vendor's. Every function
takes the locale from Django's active language unless told otherwise. Texts for people come from here,
so that a table, a chart's label and an e-mail agree.
"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, dates, numbers
from django.utils import timezone
from django.utils.translation import get_language, to_locale

NOT_ENOUGH = "Not enough data"

#: Decimals of the currencies that do not have two (ISO 4217, list one). CLDR's own figures are for
#: display and differ (it gives the Iraqi dinar none), so they must not decide what is stored.
_EXPONENTS = {
    code: digits
    for digits, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for code in codes.split()
}
_LARGEST = 2**63 - 1  # a bigint

#: English dates are written day first ("26 Nov"), whichever English the browser asks for.
_ENGLISH = {
    "day": "d MMM",
    "year": "d MMM y",
    "weekday": "EEE d MMM",
    "full": "EEEE d MMMM y",
    "month": "MMM y",
}
_SKELETONS = {"day": "MMMd", "year": "yMMMd", "weekday": "MMMEd", "month": "yMMM"}


# Money --------------------------------------------------------------------------------------------


def exponent(currency: str) -> int:
    """Decimals of an ISO 4217 currency: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount in major ones; `Decimal("4800.5"), "EUR"` -> 480050.

    ValueError when the amount is not finite, is finer than the currency, or does not fit a bigint:
    nothing is rounded silently.
    """
    if not amount.is_finite():
        raise ValueError("Enter a number.")
    minor = amount.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{currency} has {_decimals(currency)}.")
    if abs(minor) > _LARGEST:
        raise ValueError("This amount is too large.")
    return int(minor)


def from_minor(minor: int, currency: str) -> Decimal:
    """The amount in major units, with the currency's decimals; `480050, "EUR"` -> Decimal("4800.50")."""
    return Decimal(minor).scaleb(-exponent(currency))


def _signed(text: str) -> str:
    """With a real minus: a hyphen is too short beside a plus, and breaks off at the end of a line."""
    return text.replace("-", "\N{MINUS SIGN}")


@cache
def _money_pattern(locale: str, decimals: int) -> numbers.NumberPattern:
    pattern = Locale.parse(locale).currency_formats["standard"].pattern
    return numbers.parse_pattern(re.sub(r"\.0+", "." + "0" * decimals if decimals else "", pattern))


@lru_cache(maxsize=8192)
def _money(minor: int, currency: str, locale: str, decimals: int) -> str:
    amount = round(from_minor(minor, currency), decimals)
    pattern = _money_pattern(locale, decimals)
    text = numbers.format_currency(amount, currency, pattern, locale=locale, currency_digits=False)
    return _signed(re.sub(r"(?<=[^\W\d_])(?=\d)", "\u00a0", text))  # "KWD 4", not "KWD4"


def format_money(
    minor: int | float | Decimal, currency: str, *, whole: bool = False, locale: str | None = None
) -> str:
    """Such as "€4,800" or "€4,800.50": decimals only where there are some, none at all when `whole`."""
    rounded = round(minor)
    exact = whole or rounded % 10 ** exponent(currency) == 0
    return _money(rounded, currency, locale or active_locale(), 0 if exact else exponent(currency))


def format_money_short(minor: int | float | Decimal, currency: str, *, locale: str | None = None) -> str:
    """Such as "€2.84M" from a hundred thousand up, whole units below: for headlines and axes only."""
    locale = locale or active_locale()
    amount = from_minor(round(minor), currency)
    if abs(amount) < 100_000:
        return format_money(minor, currency, whole=True, locale=locale)
    digits = 2 if abs(amount) >= 1_000_000 else 0
    return _signed(numbers.format_compact_currency(amount, currency, fraction_digits=digits, locale=locale))


# Numbers --------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def _number(value: float | Decimal, digits: int, locale: str) -> str:
    return _signed(numbers.format_decimal(value, f"#,##0.{'#' * digits}", locale=locale))


def format_number(value: float | Decimal, digits: int = 0, *, locale: str | None = None) -> str:
    """Grouped, with at most `digits` decimals and no trailing zeros: "4,238", "51.8"."""
    return _number(value, digits, locale or active_locale())


@lru_cache(maxsize=8192)
def _percent(ratio: float | Decimal, digits: int, locale: str) -> str:
    shape = Locale.parse(locale).percent_formats[None].pattern
    fixed = re.sub(r"0(\.[0#]+)?(?=[^0#]*$)", "0." + "0" * digits if digits else "0", shape)
    return _signed(numbers.format_percent(ratio, fixed, locale=locale))


def format_percent(ratio: float | Decimal, digits: int = 1, *, locale: str | None = None) -> str:
    """A ratio as percent: 0.382 -> "38.2%" (German: "38,2 %")."""
    return _percent(ratio, digits, locale or active_locale())


def format_days(days: float | Decimal, *, locale: str | None = None) -> str:
    """Such as "1 day", "45 days" and "51.8 days"."""
    return _counted(days, "day", locale)


def format_count(count: int, noun: str, many: str = "", *, locale: str | None = None) -> str:
    """Such as "1 row", "1,200 rows" and "3 people" (`many` where the plural is no "s")."""
    return f"{format_number(count, locale=locale)} {noun if count == 1 else many or f'{noun}s'}"


def format_times(count: int) -> str:
    """Such as "once", "twice" and "3 times"."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def format_hours(hours: float | Decimal, *, locale: str | None = None) -> str:
    """Such as "1 hour", "7.4 hours"."""
    return _counted(hours, "hour", locale)


def _counted(amount: float | Decimal, noun: str, locale: str | None) -> str:
    figure = format_number(amount, 1, locale=locale)
    return f"{figure} {noun}" if figure == "1" else f"{figure} {noun}s"


def ordinal(place: int) -> str:
    """Such as "1st", "2nd", "3rd", "11th"."""
    ending = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def format_metric(value: float | Decimal | None, unit: str, currency: str = "") -> str:
    """A metric's value with its unit; None is "Not enough data".

    Units: percent (a ratio), money and money_per_day (minor units of `currency`), days, hours, count.
    """
    if value is None:
        return NOT_ENOUGH
    match unit:
        case "percent":
            return format_percent(value)
        case "money":
            return format_money(value, currency, whole=True)
        case "money_per_day":
            return format_money(value, currency, whole=True) + " per day"
        case "days":
            return format_days(value)
        case "hours":
            return format_hours(value)
        case "count":
            return format_number(value, 1)
    raise ValueError(f"Unknown unit {unit!r}.")


# Dates -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _date(day: date, style: str, locale: str) -> str:
    if locale.startswith("en"):
        return dates.format_date(day, _ENGLISH[style], locale=locale)
    if style == "full":
        return dates.format_date(day, "full", locale=locale)
    return dates.format_skeleton(_SKELETONS[style], day, locale=locale)


def local_day(moment: date | datetime) -> date:
    """The calendar day of a moment in the active time zone; a plain date stays itself."""
    if not isinstance(moment, datetime):
        return moment
    return timezone.localtime(moment).date()


def format_date(moment: date | datetime, style: str = "", *, locale: str | None = None) -> str:
    """Such as "26 Nov", and "26 Nov 2025" when that is not this year.

    Styles: day (never a year), year (always), weekday ("Thu 26 Nov"), full, month ("Nov 2026").
    """
    day = local_day(moment)
    style = style or ("day" if day.year == local_day(timezone.now()).year else "year")
    return _date(day, style, locale or active_locale())


def format_time(moment: datetime, *, locale: str | None = None) -> str:
    """Such as "16:42" in the active time zone."""
    local = timezone.localtime(moment)
    locale = locale or active_locale()
    if locale.startswith("en"):
        return f"{local:%H:%M}"
    return dates.format_time(local, "short", locale=locale)


def format_when(moment: datetime, *, now: datetime | None = None, locale: str | None = None) -> str:
    """Such as "today 14:00", "tomorrow 11:30", "yesterday 09:05", else "Thu 26 Nov" or "26 Nov 2025"."""
    day, today = local_day(moment), local_day(now or timezone.now())
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((day - today).days)
    if near:
        return f"{near} {format_time(moment, locale=locale)}"
    style = "weekday" if abs((day - today).days) < 180 else "year"
    return format_date(day, style, locale=locale)


def format_span(span: timedelta) -> str:
    """A length of time in the two units that matter: "40 min", "5 h 40 min", "47 h", "37 days"."""
    minutes = int(abs(span).total_seconds()) // 60
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return format_days(hours // 24)
    if hours >= 24:
        return f"{hours} h"  # "1 day" would hide nearly half of it
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def active_locale() -> str:
    """The reader's locale in Babel's spelling, from Django's active language; English when none is."""
    return _in_babels_spelling(get_language() or "en")


_in_babels_spelling = cache(to_locale)


def _decimals(currency: str) -> str:
    digits = exponent(currency)
    return {0: "no decimals", 1: "one decimal"}.get(digits, f"at most {digits} decimals")
