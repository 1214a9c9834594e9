"""Amounts as people and files write them: one reading for forms, files, imports and the administration.

Every way of writing is understood that has one meaning ("48.500,00", "48 500", "1,23,456", "(500)", "€48,5").
What has two ("48.500") is refused, unless the reader's language or the file says which is meant.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any, Final, Self

from babel import Locale
from babel.numbers import format_decimal, get_currency_name, get_group_symbol

from portal.ui.formatting import active_locale, exponent, from_minor, to_minor

#: Major units; keeps sums of millions of amounts within a bigint.
LARGEST: Final = Decimal(10) ** 12
#: What spreadsheets keep of a number; digits beyond it come from binary fractions (57.699999999999996).
SPREADSHEET_DIGITS: Final = 15
_LONGEST = 60
_PARTS = re.compile(r"(?P<head>[^0-9]*)(?P<figure>[0-9](?:[0-9.,'’ ]*[0-9])?)(?P<tail>[^0-9]*)")
#: "500,-" has no cents.
_NO_CENTS = re.compile(r"^[.,][-–—]{1,2}(?![0-9])")
#: Not the hyphen of a word ("US-Dollar").
_MINUS = re.compile(r"(?<![^\W\d_])[-−–]|[-−–](?![^\W\d_])")
#: {decimal sign: how a figure with it looks}. Thousands in groups of three, with commas the Indian way too.
_SHAPES = {
    decimal: re.compile(
        rf"(?:[0-9]+|[1-9][0-9]{{0,2}}(?P<group>[{other}'’ ])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*{indian})"
        rf"(?:[{decimal}](?P<fraction>[0-9]+))?"
    )
    for decimal, other, indian in ((".", ",", "|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"), (",", ".", ""))
}
#: Languages whose names and signs of currencies are understood beside ISO codes.
_LANGUAGES = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "nl",
    "pt",
    "pl",
    "cs",
    "sv",
    "da",
    "nb",
    "fi",
    "hu",
    "ro",
    "tr",
    "ru",
    "uk",
)
#: There the last word of a currency's name says what kind of money it is.
_NOUN_LAST = ("en", "de", "nl", "sv")
#: What several currencies are called or marked with, by the last word of their English names.
_SHARED = {
    "$": "dollar peso",
    "£": "pound",
    "¥": "yen yuan",
    "kr": "krona krone króna",
    "fr": "franc",
    "rs": "rupee",
}


class Figure(str):
    """The text of a number that a program stored as one: its decimal sign is a point, whatever the file."""


class Written(Decimal):
    """A number of major units, with the currencies that the word beside it can mean (none: no word)."""

    currencies: frozenset[str]

    def __new__(cls, value: Decimal, currencies: frozenset[str] = frozenset()) -> Self:
        number = super().__new__(cls, value)
        number.currencies = currencies
        return number

    @classmethod
    def total(cls, amounts: Iterable["Written"]) -> "Written":
        """Their sum. ValueError where they say different currencies."""
        listed = list(amounts)
        stated = [one.currencies for one in listed if one.currencies]
        common = frozenset.intersection(*stated) if stated else frozenset()
        if stated and not common:
            raise ValueError("These amounts say different currencies.")
        return cls(sum(listed, Decimal(0)), common)


class NoAmount(ValueError):
    """The text is no number; the message says how to write one."""


class TwoReadings(ValueError):
    """The text can mean two numbers; the message names both."""

    def __init__(self, text: str, thousands: Decimal, decimals: Decimal) -> None:
        fine = f"{decimals:f}".rstrip("0")
        plain = f"{fine}0" if re.search(r"\.[0-9]$", fine) else fine
        super().__init__(
            f"{text} can mean {format_decimal(thousands, locale='en')} or {fine.rstrip('.')}. "
            f"Write {thousands:f} or {plain.rstrip('.')}."
        )


def read_amount(text: str, *, decimal: str = "", group: str = "") -> Written:
    """The number that a text means, below zero too, with the currency beside it.

    `decimal`: the decimal sign where it is known ("." or ","); any other writing is then refused. `group`:
    the sign for thousands in the reader's language, which decides between two readings and nothing else.
    Raises NoAmount or TwoReadings (both ValueError, with a text for the person).
    """
    sign, figure, currencies = _parts(text)
    readings = _readings(figure)
    decimal = "." if isinstance(text, Figure) else decimal
    if decimal:
        readings = {mark: number for mark, number in readings.items() if mark == decimal}
    if not readings:
        raise NoAmount(_how_to_write(text, decimal))
    if len(set(readings.values())) == 2:
        chosen = _chosen(figure, group, currencies)
        if not chosen:
            raise TwoReadings(text.strip(), *sorted(readings.values(), reverse=True))
        readings = {chosen: readings[chosen]}
    return Written(sign * _without_binary_dust(next(iter(readings.values()))), currencies)


def _chosen(figure: str, group: str, currencies: frozenset[str]) -> str:
    """The decimal sign of a figure with two readings, by the reader's language; "" where that does not tell.

    Three decimals are meant where the currency has them, and nobody else writes three.
    """
    mark = next(char for char in figure if char in ".,")
    if mark == group:
        return "," if mark == "." else "."
    has_three = currencies and all(exponent(code) == 3 for code in currencies)
    return mark if group and has_three else ""


def parse_amount(text: str, locale: str | None = None) -> Written:
    """What a person typed; thousands as in their language decide where there are two readings."""
    return read_amount(text, group=get_group_symbol(locale or active_locale()))


def proven_decimal(texts: Iterable[str]) -> str:
    """The decimal sign ("." or ",") that the texts of a column prove; "" where none does, or both are meant.

    `1.234.567` proves that the point stands between thousands, `12,5` that the comma is the decimal sign.
    """
    proven: set[str] = set()
    for text in texts:
        if isinstance(text, Figure) or not ("." in text or "," in text):
            continue
        try:
            readings = _readings(_parts(text)[1])
        except NoAmount:
            continue
        if len(readings) == 1:
            proven |= readings.keys()
    return proven.pop() if len(proven) == 1 else ""


def minor_units(amount: Decimal, currency: str) -> int:
    """Minor units of an amount in `currency`.

    ValueError where it says another currency, is finer than this one or too large.
    """
    said: frozenset[str] = getattr(amount, "currencies", frozenset())
    if said and currency not in said:
        other = next(iter(said)) if len(said) == 1 else "another currency"
        raise ValueError(f"This says {other}, and the currency is {currency}.")
    if abs(amount) > LARGEST:
        raise ValueError("This amount is too large. Check the number of zeros.")
    return to_minor(amount, currency)


def typed(minor: int, currency: str) -> str:
    """The amount as the reader's language writes it, and as it is read back: "96,000", "4,800.50"."""
    amount = from_minor(minor, currency)
    whole, digits = amount == amount.to_integral_value(), exponent(currency)
    if digits == 3 and not whole:
        digits = 4 if minor % 10 else 2  # three decimals could be thousands
    return format_decimal(amount, "#,##0" if whole else f"#,##0.{'0' * digits}", locale=active_locale())


def plain(amount: Decimal) -> str:
    """An amount in bare digits, which has one reading in every language."""
    text = f"{amount:f}"
    return f"{text}0" if re.search(r"\.[0-9]{3}$", text) else text


def in_words(amount: Decimal, currency: str, locale: str | None = None) -> str:
    """Such as "48,500 euros" or "48,500.50 euros": what was understood, so that nobody is misread."""
    locale = locale or active_locale()
    whole = amount == amount.to_integral_value()
    figure = format_decimal(amount, "#,##0" if whole else f"#,##0.{'0' * exponent(currency)}", locale=locale)
    return f"{figure} {get_currency_name(currency, count=amount, locale=locale)}"


def in_words_if_clear(text: str, currency: str) -> str:
    """What is read in the text of a field, in words; "" where it is no amount of this currency."""
    try:
        amount = parse_amount(text)
        minor_units(amount, currency)
    except ValueError:
        return ""
    return in_words(amount, currency)


def understood(text: str, currency: str) -> str:
    """The same for somebody who is still typing: where it is no amount, why; "" for no text."""
    if not text.strip():
        return ""
    try:
        minor_units(parse_amount(text), currency)
    except ValueError as error:
        return str(error)
    return in_words_if_clear(text, currency)


# How it is taken apart ------------------------------------------------------------------------------


def _parts(text: str) -> tuple[int, str, frozenset[str]]:
    """(1 or -1, the figure, the currencies that the word beside it can mean)"""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    found = _PARTS.fullmatch(plain) if len(plain) <= _LONGEST else None
    if not found:
        raise NoAmount(_how_to_write(text))
    head, tail = found["head"], _NO_CENTS.sub("", found["tail"])
    signs = len(_MINUS.findall(head + tail)) + ("(" in head and ")" in tail)
    if signs > 1 or ("(" in head) != (")" in tail) or (head + tail).count("+") > (not signs and "+" in head):
        raise NoAmount(_how_to_write(text))
    words = [_MINUS.sub("", side).strip("()+ ") for side in (head, tail)]
    meant = [_currencies(word, text) for word in words if word]
    common = frozenset.intersection(*meant) if meant else frozenset()
    if meant and not common:
        raise NoAmount(_how_to_write(text))
    return -1 if signs else 1, found["figure"], common


def _readings(figure: str) -> dict[str, Decimal]:
    """{decimal sign: the number this figure is with it}"""
    readings = {}
    for decimal, shape in _SHAPES.items():
        if shape.fullmatch(figure):
            whole, _, fraction = figure.partition(decimal)
            digits = re.sub("[^0-9]", "", whole)
            readings[decimal] = Decimal(f"{digits}.{fraction}" if fraction else digits)
    return readings


def _without_binary_dust(number: Decimal) -> Decimal:
    """Longer than a spreadsheet keeps numbers, and finer than any currency: as the sheet shows it."""
    _, digits, places = number.as_tuple()
    if len(digits) <= SPREADSHEET_DIGITS or int(places) > -5:
        return number
    shown = Decimal(f"{number:.{SPREADSHEET_DIGITS - 1}e}").normalize()
    return shown.quantize(Decimal(1)) if shown == shown.to_integral_value() else shown


def _how_to_write(text: str, decimal: str = "") -> str:
    if text.startswith("="):
        return "This is a formula, not an amount. Give its result."
    example = {".": "96000.50", ",": "96000,50"}.get(decimal) or format_decimal(
        Decimal("96000.5"), "#,##0.00", locale=active_locale()
    )
    return f"Enter an amount, for example {example}."


def _currencies(word: str, text: str) -> frozenset[str]:
    key = _word(word)
    meant = _currency_words(("en",)).get(key) or _currency_words(_LANGUAGES).get(key)
    if not meant:
        raise NoAmount(_how_to_write(text))
    return meant


def _word(word: str) -> str:
    return " ".join(word.replace(".", "").split()).casefold()


@cache
def _currency_words(languages: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """{code, sign or name: the currencies it can mean}; all languages take half a second to make."""
    words: dict[str, set[str]] = defaultdict(set)
    english: list[str] = [str(code) for code in Locale("en").currencies]
    for language in languages:
        locale: Any = Locale(language)
        for code in english:
            names = (get_currency_name(code, count, locale) for count in (None, 1, 2, 5))
            for name in (code, *names, locale.currency_symbols.get(code, "")):
                words[_word(name)].add(code)
        for count in (1, 2) if language in _NOUN_LAST else ():
            for code in english:
                words[_word(get_currency_name(code, count, locale).rpartition(" ")[2])].add(code)
    for sign, nouns in _SHARED.items():
        for noun in nouns.split():
            words[sign] |= words[_word(noun)]
    del words[""]
    return {word: frozenset(codes) for word, codes in words.items()}
