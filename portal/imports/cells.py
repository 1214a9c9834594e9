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
from typing import Any

from babel import Locale
from django.core.exceptions import ValidationError
from import_export.fields import Field
from import_export.widgets import Widget
from rapidfuzz import process

from portal.countries import country_code
from portal.imports.maps import folded
from portal.imports.texts import is_cut_key, mishap, unstorable
from portal.money import amounts
from portal.money.amounts import TwoReadings, Written, read_amount
from portal.tenancy.models import Vendor
from portal.text import Ambiguous, KeyIndex, Unknown

#: Nothing that a partner programme records happened earlier or is planned later.
EARLIEST = dt.date(1990, 1, 1)
LATEST_YEARS_AHEAD = 20
_YES = {"yes", "y", "true", "t", "1", "on", "active", "ja", "oui", "si", "sí"}
_NO = {"no", "n", "false", "f", "0", "off", "inactive", "nein", "non"}


MISSING = "This is missing."
CUT_KEY = "A spreadsheet has shortened this key to a rounded number. Give its column the format Text."


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
    #: {field: its decimal sign, where the map or the file shows it}
    decimals: Mapping[str, str] = field(default_factory=dict)
    #: {noun: Lookup}, filled by the resource before the first row.
    lookups: dict[str, "Lookup"] = field(default_factory=dict)


class Lookup:
    """Finds rows by any of their names, without a query per cell.

    The exact spelling first, and names given earlier before those given later; what may mean two different
    rows is refused.
    """

    def __init__(self, noun: str, *names: Iterable[tuple[str | None, Any]]) -> None:
        self.noun = noun
        levels = [[(name, value) for name, value in level if name] for level in names]
        self.index = KeyIndex(*levels)
        #: What each row is called, by the last of its names.
        self.named = {value: name for level in levels for name, value in level if name}
        self.spelt = {folded(name): name for level in reversed(levels) for name, _ in level if name}
        self.known: dict[str, Any] = {}

    def get(self, text: str) -> Any:
        """What `text` names; raises Refused, with the nearest name, when that is nothing or two things."""
        if text not in self.known:
            self.known[text] = self._found(text)
        return self.known[text]

    def _found(self, text: str) -> Any:
        try:
            return self.index.find(text)
        except Ambiguous as error:
            raise Refused(f"There are several {self.noun}s of this name. Use the key instead.") from error
        except Unknown as error:
            if is_cut_key(text):
                raise Refused(CUT_KEY) from error
            raise Refused(f"There is no such {self.noun}.{self._hint(folded(text))}") from error

    def _hint(self, key: str) -> str:
        bare = key.lstrip("0")
        near = next((name for name in self.spelt if bare and name.lstrip("0") == bare), None)
        if near is None:
            found = process.extractOne(key, self.spelt.keys(), score_cutoff=80)
            near = found[0] if found else None
        return f" Did you mean {self.spelt[near]}?" if near else ""


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
        try:
            return Written.total(stated) if stated else None
        except ValueError as error:
            raise Refused(str(error)) from error

    def _at(self, index: int, text: str, context: Context) -> Any:
        try:
            return self._one(text, context)
        except Refused as refused:
            raise Refused(str(refused.message), index) from refused

    def _one(self, text: str, context: Context) -> Any:
        reason = unstorable(text) or mishap(text)
        if reason:
            raise Refused(reason)
        if self.required and not text:
            raise Refused(MISSING)
        return self.widget.clean(text, context=context, decimal=context.decimals.get(self.column_name, ""))

    @property
    def is_number(self) -> bool:
        return getattr(self.widget, "is_number", False)

    @property
    def has_lines(self) -> bool:
        return isinstance(self.widget, Text) and self.widget.lines


# Widgets --------------------------------------------------------------------------------------------


class Text(Widget):
    """Any text, on one line unless `lines`; a formula stays the text of a formula."""

    def __init__(self, *, null: bool = False, lines: bool = False) -> None:
        super().__init__()
        self.null, self.lines = null, lines

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str | None:
        return None if self.null and not value else str(value)


class Key(Text):
    """What another system calls it. A number that a spreadsheet has rounded is none."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str | None:
        if is_cut_key(value):
            raise Refused(CUT_KEY)
        return super().clean(value, context=context)


class Choice(Widget):
    """One of a model's choices, by its key or its label; `default` for an empty cell."""

    def __init__(self, choices: Any, default: str = "") -> None:
        super().__init__()
        self.default = default
        self.known = {folded(str(name)): key for key, label in choices.choices for name in (label, key)}
        self.keys = ", ".join(sorted(choices.values))
        self.options = [(str(key), str(label)) for key, label in choices.choices]

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str:
        if not value and self.default:
            return self.default
        if folded(value) not in self.known:
            raise Refused(f"This must be one of {self.keys}." if value else MISSING)
        return str(self.known[folded(value)])


class Flag(Widget):
    """Yes or no; `default` for an empty cell."""

    def __init__(self, *, default: bool) -> None:
        super().__init__()
        self.default = default

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> bool:
        if not value:
            return self.default
        if self.knows(value):
            return folded(value) in _YES
        raise Refused("This must be yes or no.")

    def knows(self, value: str) -> bool:
        return folded(value) in _YES | _NO


class Count(Widget):
    """A whole number from 1 up; 1 for an empty cell."""

    is_number = True

    def clean(self, value: str, row: Any = None, *, context: Context, decimal: str = "", **_: Any) -> int:
        number = read_number(value, decimal) if value else Written(Decimal(1))
        if number.currencies or number != number.to_integral_value() or not 1 <= number <= 1_000_000:
            raise Refused("This must be a whole number from 1 to 1,000,000.")
        return int(number)


class Amount(Widget):
    """A sum of money in major units, not below zero. None for an empty cell."""

    is_number = True

    def clean(
        self, value: str, row: Any = None, *, context: Context, decimal: str = "", **_: Any
    ) -> Written | None:
        return _amount(value, decimal) if value else None


class Money(Widget):
    """The same in minor units of the vendor's currency."""

    is_number = True

    def clean(
        self, value: str, row: Any = None, *, context: Context, decimal: str = "", **_: Any
    ) -> int | None:
        return minor_units(_amount(value, decimal), context.vendor.currency) if value else None


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
    """A country by ISO code or by a name in common use, as its two-letter code."""

    def clean(self, value: str, row: Any = None, *, context: Context, **_: Any) -> str:
        if not value:
            return ""
        code = country_code(value)
        if not code:
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


def read_number(text: str, decimal: str) -> Written:
    """The number a cell means. Raises Refused, with the setting that would decide."""
    try:
        return read_amount(text, decimal=decimal)
    except TwoReadings as error:
        raise Refused(f"{error} Or say which decimal sign the file has.") from error
    except ValueError as error:
        raise Refused(str(error)) from error


def _amount(text: str, decimal: str) -> Written:
    number = read_number(text, decimal)
    if number < 0:
        raise Refused("An amount cannot be below zero.")
    if number > amounts.LARGEST:
        raise Refused("This amount is too large.")
    return number


def minor_units(amount: Decimal, currency: str) -> int:
    """Raises Refused where the amount says another currency, or is finer than this one."""
    try:
        return amounts.minor_units(amount, currency)
    except ValueError as error:
        raise Refused(str(error)) from error


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
        raise Refused(_not_a_date(text, context.dates)) from error


_SERIAL = re.compile(r"[1-9][0-9]{4}(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\b.*")
_TWO_ORDERS = re.compile(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}\b.*")
_ZONE_NAME = re.compile(r"[0-9-]{10}[ T][0-9:.]+ ?[A-Za-z]{2,5}")


def _not_a_date(text: str, shapes: tuple[str, ...]) -> str:
    """Why a text is no date, and what to write or to set."""
    if _SERIAL.fullmatch(text):
        return "This is a spreadsheet's number of a day. Give the column a date format, or write 2017-03-01."
    if _ZONE_NAME.fullmatch(text):
        return "The name of a time zone is not taken. Write 2017-03-01T10:30:00Z, or +01:00 for Z."
    if _DAY.fullmatch(text):
        return "There is no such day or time. Write it like 2017-03-01 or 2017-03-01T10:30:00."
    wanted = " or ".join(["2017-03-01", *shapes])
    if _TWO_ORDERS.fullmatch(text) and not shapes:
        return f"Day or month first? Write it like {wanted}, or set the shape of the file's dates."
    return f"This is not a date. Write it like {wanted}."


def _refuse_absurd(day: dt.date, today: dt.date, *, past: bool) -> None:
    if day < EARLIEST:
        raise Refused(f"Dates before {EARLIEST.year} are not taken.")
    if past and day > today:
        raise Refused("This date is still to come.")
    if day.year > today.year + LATEST_YEARS_AHEAD:
        raise Refused(f"Dates more than {LATEST_YEARS_AHEAD} years ahead are not taken.")
