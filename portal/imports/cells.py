"""Fields of a resource, and what a cell of each may hold.

A widget turns the text of a cell into a value, or raises `Refused` with the reason a person reads in the
error report. Cells that hold several values (`many`) and amounts that are added up (`total`) get what all the
lines of one record hold, as (which line, text).
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.numbers import get_currency_symbol
from django.core.exceptions import ValidationError
from django_countries import countries
from import_export.fields import Field
from import_export.widgets import Widget
from rapidfuzz import process

from portal.imports.maps import folded
from portal.tenancy.models import Vendor
from portal.ui.formatting import to_minor

#: Nothing that a partner programme records happened earlier or is planned later.
EARLIEST = dt.date(1990, 1, 1)
LATEST_YEARS_AHEAD = 20
#: Major units; keeps sums of millions of amounts within a bigint.
LARGEST_AMOUNT = Decimal(10) ** 12
_YES = {"yes", "y", "true", "t", "1", "on", "active", "ja", "oui", "si", "sí"}
_NO = {"no", "n", "false", "f", "0", "off", "inactive", "nein", "non"}


class Refused(ValidationError):
    """Why a cell cannot be taken; `index` counts the lines of the record, for cells that hold several."""

    def __init__(self, reason: str, index: int = 0) -> None:
        super().__init__(reason)
        self.index = index


@dataclass(slots=True)
class Context:
    """What the cells of one import are read with."""

    vendor: Vendor
    today: dt.date
    dates: tuple[str, ...] = ()
    decimal: str = "."
    #: {noun: Lookup}, filled by the resource before the first row.
    lookups: dict[str, "Lookup"] = field(default_factory=dict)


class Lookup:
    """Finds rows by any of their names, without a query per cell.

    Names given earlier win over names given later; one that means two different rows is refused.
    """

    def __init__(self, noun: str, *names: Iterable[tuple[str | None, Any]]) -> None:
        self.noun = noun
        self.found: dict[str, Any] = {}
        self.spelt: dict[str, str] = {}
        self.ambiguous: set[str] = set()
        for level in names:
            self._add(level)

    def _add(self, level: Iterable[tuple[str | None, Any]]) -> None:
        here: dict[str, Any] = {}
        for name, value in level:
            key = folded(name or "")
            self.spelt.setdefault(key, name or "")
            if key and here.setdefault(key, value) != value:
                self.ambiguous.add(key)
        self.ambiguous -= self.found.keys()
        self.found = here | self.found

    def get(self, text: str) -> Any:
        """What `text` names; raises Refused, with the nearest name, when that is nothing or two things."""
        key = folded(text)
        if key in self.ambiguous:
            raise Refused(f"There are several {self.noun}s of this name. Use the key instead.")
        if key in self.found:
            return self.found[key]
        near = process.extractOne(key, self.found.keys(), score_cutoff=80)
        hint = f" Did you mean {self.spelt[near[0]]}?" if near else ""
        raise Refused(f"There is no such {self.noun}.{hint}")


class Cell(Field):
    """A field of an import: `attribute` on the instance, `help` for the person who writes the map.

    `required`: a line without it is refused. `many`: holds the values of all lines of the record.
    `total`: an amount that is added up over them. `names`: column names it is recognised by, besides its own.
    """

    def __init__(
        self,
        attribute: str,
        widget: Widget,
        *,
        help: str,  # noqa: A002  (as everywhere in Django)
        required: bool = False,
        many: bool = False,
        total: bool = False,
        names: tuple[str, ...] = (),
    ) -> None:
        super().__init__(attribute=attribute, widget=widget)
        self.help, self.required, self.many, self.total, self.names = help, required, many, total, names

    @property
    def collects(self) -> bool:
        return self.many or self.total

    def clean(self, row: Mapping[str, Any], **kwargs: Any) -> Any:
        context: Context = kwargs["context"]
        given = row[self.column_name]
        if not self.collects:
            return self._one(given, context)
        values = [self._at(index, text, context) for index, text in given]
        if self.many:
            return values
        stated = [value for value in values if value is not None]
        return sum(stated) if stated else None

    def _at(self, index: int, text: str, context: Context) -> Any:
        try:
            return self._one(text, context)
        except Refused as refused:
            raise Refused(str(refused.message), index) from refused

    def _one(self, text: str, context: Context) -> Any:
        refuse_unstorable(text)
        if self.required and not text:
            raise Refused("This is missing.")
        return self.widget.clean(text, context=context)


def refuse_unstorable(text: str) -> None:
    """Raises Refused for what the database cannot hold as text."""
    if "\0" in text:
        raise Refused("There is a NUL character in this cell.")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise Refused("There are bytes in this cell that do not belong to the file's encoding.")
    if len(text) > LARGEST_CELL:
        raise Refused(f"This cell has {len(text):,} characters; at most {LARGEST_CELL:,} are taken.")


#: Characters; as much as a spreadsheet's cell can hold.
LARGEST_CELL = 32_767


# Widgets --------------------------------------------------------------------------------------------


class Text(Widget):
    """Any text, as it stands; a formula stays the text of a formula."""

    def __init__(self, *, null: bool = False) -> None:
        super().__init__()
        self.null = null

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str | None:
        return None if self.null and not value else value


class Choice(Widget):
    """One of a model's choices, by its key or its label; `default` for an empty cell."""

    def __init__(self, choices: Any, default: str = "") -> None:
        super().__init__()
        self.default = default
        self.known = {folded(str(name)): key for key, label in choices.choices for name in (label, key)}
        self.keys = ", ".join(sorted(choices.values))

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str:
        if not value and self.default:
            return self.default
        if folded(value) not in self.known:
            raise Refused(f"This must be one of {self.keys}." if value else "This is missing.")
        return str(self.known[folded(value)])


class Flag(Widget):
    """Yes or no; `default` for an empty cell."""

    def __init__(self, *, default: bool) -> None:
        super().__init__()
        self.default = default

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> bool:
        if not value:
            return self.default
        if folded(value) in _YES | _NO:
            return folded(value) in _YES
        raise Refused("This must be yes or no.")


class Count(Widget):
    """A whole number from 1 up; 1 for an empty cell."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> int:
        number = parse_number(value, context.decimal) if value else Decimal(1)
        if number != number.to_integral_value() or not 1 <= number <= 1_000_000:
            raise Refused("This must be a whole number from 1 to 1,000,000.")
        return int(number)


class Amount(Widget):
    """A sum of money in major units, not below zero. None for an empty cell."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> Decimal | None:
        return parse_amount(value, context) if value else None


class Money(Widget):
    """The same in minor units of the vendor's currency."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> int | None:
        return minor_units(parse_amount(value, context), context.vendor.currency) if value else None


class Day(Widget):
    """A calendar day. `past`: not after today."""

    def __init__(self, *, past: bool = False) -> None:
        super().__init__()
        self.past = past

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> dt.date | None:
        if not value:
            return None
        moment = parse_moment(value, context)
        day = moment.date() if isinstance(moment, dt.datetime) else moment
        _refuse_absurd(day, context.today, past=self.past)
        return day


class Moment(Widget):
    """A point in time that has passed; a plain day means its first moment in the vendor's time zone."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> dt.datetime | None:
        if not value:
            return None
        moment = parse_moment(value, context)
        if not isinstance(moment, dt.datetime):
            moment = dt.datetime.combine(moment, dt.time())
        _refuse_absurd(moment.date(), context.today + dt.timedelta(days=1), past=True)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=context.vendor.zone)
        local = moment.astimezone(context.vendor.zone)
        _refuse_absurd(local.date(), context.today, past=True)
        return moment.astimezone(dt.UTC)


class Country(Widget):
    """A country by ISO code or English name, as its two-letter code."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str:
        if not value:
            return ""
        code = _country_codes().get(folded(value))
        if code is None:
            raise Refused("There is no such country. Use its ISO code or its English name.")
        return code


class Currency(Widget):
    """An ISO code; the vendor's currency for an empty cell."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str:
        code = value.upper() or context.vendor.currency
        if code not in Locale("en").currencies:
            raise Refused("There is no such currency. Use its ISO code, for example EUR.")
        return code


class Known(Widget):
    """Something that is here already, named by key or name; None for an empty cell."""

    def __init__(self, noun: str) -> None:
        super().__init__()
        self.noun = noun

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> Any:
        return context.lookups[self.noun].get(value) if value else None


# Numbers, amounts, dates ----------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _number_shape(decimal: str) -> re.Pattern[str]:
    group = r"[,'’ \u00a0\u202f]" if decimal == "." else r"[.'’ \u00a0\u202f]"
    digit = "[0-9]"
    whole = rf"{digit}{{1,3}}(?:{group}{digit}{{3}})+|{digit}+"
    return re.compile(rf"[+-]?(?:{whole})(?:{re.escape(decimal)}{digit}+)?")


def parse_number(text: str, decimal: str) -> Decimal:
    """Digits, thousands in groups of three, one decimal sign. Refused: anything that could mean another."""
    if len(text) > 40 or not _number_shape(decimal).fullmatch(text):
        formula = "a formula, not " if text.startswith("=") else "not "
        raise Refused(f"This is {formula}a number.")
    digits = "".join(char for char in text if char.isdigit() or char in "+-" or char == decimal)
    return Decimal(digits.replace(decimal, "."))


def parse_amount(text: str, context: Context) -> Decimal:
    """An amount, with or without the sign or code of a currency beside it."""
    number = parse_number(_without_currency(text, context.vendor.currency), context.decimal)
    if number < 0:
        raise Refused("An amount cannot be below zero.")
    if number > LARGEST_AMOUNT:
        raise Refused("This amount is too large.")
    return number


def minor_units(amount: Decimal, currency: str) -> int:
    try:
        return to_minor(amount, currency)
    except ValueError as error:
        raise Refused(str(error)) from error


def _without_currency(text: str, currency: str) -> str:
    """Only the vendor's own currency is taken off: another one would be another amount."""
    for sign in (currency, get_currency_symbol(currency, "en")):
        text = text.removeprefix(sign).removesuffix(sign)
    return text.strip()


def parse_moment(text: str, context: Context) -> dt.date | dt.datetime:
    """By the map's own formats, else ISO 8601. A day-and-month order is never guessed."""
    for shape in context.dates:
        try:
            moment = dt.datetime.strptime(text, shape)  # noqa: DTZ007  (the caller adds the zone)
        except ValueError:
            continue
        return moment if "%H" in shape or "%I" in shape else moment.date()
    try:
        return dt.datetime.fromisoformat(text) if len(text) > 10 else dt.date.fromisoformat(text)
    except ValueError as error:
        shapes = " or ".join(["2017-03-01", *context.dates])
        raise Refused(f"This is not a date. Write it like {shapes}.") from error


def _refuse_absurd(day: dt.date, today: dt.date, *, past: bool) -> None:
    if day < EARLIEST:
        raise Refused(f"Dates before {EARLIEST.year} are not taken.")
    if past and day > today:
        raise Refused("This date is still to come.")
    if day.year > today.year + LATEST_YEARS_AHEAD:
        raise Refused(f"Dates more than {LATEST_YEARS_AHEAD} years ahead are not taken.")


@lru_cache(maxsize=1)
def _country_codes() -> dict[str, str]:
    """{folded name or code: ISO code}, with the short names people use beside the official ones."""
    names = {folded(name): code for code, name in Locale("en").territories.items() if len(code) == 2}
    known = {code for code, _ in countries}
    official = {folded(name): code for code, name in countries}
    codes = {folded(code): code for code in known}
    alpha3 = {folded(countries.alpha3(code)): code for code in known}
    usual = {name: code for name, code in names.items() if code in known}
    return {**alpha3, **usual, **official, **codes}
