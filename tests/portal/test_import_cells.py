"""Import maps, and what a cell of each kind takes or refuses."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_export.widgets import Widget

from deals.deal.models import DealStatus
from portal.imports.cells import (
    Amount,
    Cell,
    Choice,
    Context,
    Count,
    Country,
    Currency,
    Day,
    Flag,
    Key,
    Lookup,
    Moment,
    Money,
    Refused,
    Text,
)
from portal.imports.maps import BadMap, ImportMap, Source, import_map, parse_map, vendor_settings
from portal.imports.texts import cleaned, mishap
from portal.tenancy.models import Vendor

VIENNA = Vendor(slug="v", name="V", currency="EUR", time_zone="Europe/Vienna")
FIELDS = {"name", "type", "city"}


def context(**given: Any) -> Context:
    return Context(VIENNA, dt.date(2026, 6, 30), **given)


def read(widget: Widget, text: str, **given: Any) -> Any:
    return widget.clean(text, context=context(**given))


# Maps ---------------------------------------------------------------------------------------------------


def test_a_map_says_which_column_is_what() -> None:
    sections = parse_map(
        """
        [partners]
        key = "slug"
        group = true
        dates = ["%d.%m.%Y"]
        decimal = ","
        columns.name = ["First", "Last"]
        columns.type = { value = "msp" }
        columns.city = { column = "Town", default = "Graz" }
        values.type = { "VAR " = "reseller", both = ["a", "b"] }
        """
    )
    assert import_map(sections, "partners", FIELDS) == ImportMap(
        columns={
            "name": Source(("First", "Last")),
            "type": Source((), "msp"),
            "city": Source(("Town",), "Graz"),
        },
        values={"type": {"var": ("reseller",), "both": ("a", "b")}},
        dates=("%d.%m.%Y",),
        decimal=",",
        key="slug",
        group=True,
    )


def test_no_map_at_all_is_an_empty_one() -> None:
    assert import_map({}, "partners", FIELDS) == ImportMap()
    assert import_map({"vendor": {"name": "V"}}, "partners", FIELDS) == ImportMap()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[partners", "not valid TOML"),
        ("name = 1", "outside a section"),
        ("[people]", r"no section \[partners\]"),
        ("[partners]\ncolumn.name = 'x'", "partners knows no column;"),
        ("[partners]\ncolumns.nmae = 'x'", "partners.columns knows no nmae; it knows city, name, type"),
        ("[partners]\nvalues.size = {}", "partners.values knows no size"),
        ("[partners]\ncolumns.name = { colum = 'x' }", "partners.columns.name knows no colum"),
        ("[partners]\ncolumns.name = { default = 'x' }", "names no column"),
        ("[partners]\ncolumns.name = { value = 'x', column = 'y' }", "a constant value stands alone"),
        ("[partners]\ncolumns.name = [['x']]", "must be a text"),
        ("[partners]\nvalues.name = 'x'", "must be a table of values"),
        ("[partners]\ndecimal = ';'", 'decimal is "." or ","'),
        ("[partners]\ndelimiter = ';;'", "single character"),
    ],
)
def test_mistakes_in_a_map_are_named(text: str, message: str) -> None:
    with pytest.raises(BadMap, match=message):
        import_map(parse_map(text), "partners", FIELDS)


def test_what_a_new_vendor_begins_with() -> None:
    assert vendor_settings(parse_map("[vendor]\nname = 'X'\ncurrency = 'USD'")) == {
        "name": "X",
        "currency": "USD",
    }
    with pytest.raises(BadMap, match="vendor knows no colour"):
        vendor_settings(parse_map("[vendor]\ncolour = '#000000'"))


# Numbers and amounts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("0", ".", "0"),
        ("1054", ".", "1054"),
        ("+7", ".", "7"),
        ("1,234,567.89", ".", "1234567.89"),
        ("1 234,5", ",", "1234.5"),
        ("1.234,5", ",", "1234.5"),
        ("1’234.5", ".", "1234.5"),
        ("48.500", ",", "48500"),
        ("48.500", ".", "48.5"),
    ],
)
def test_amounts_are_read_with_the_decimal_sign_of_the_file(text: str, decimal: str, number: str) -> None:
    assert Amount().clean(text, context=context(), decimal=decimal) == Decimal(number)


@pytest.mark.parametrize("widget", [Amount(), Money(), Count()])
@pytest.mark.parametrize("text", ["48.500", "48,500"])
def test_a_lone_number_with_two_readings_is_refused_with_the_setting(widget: Widget, text: str) -> None:
    asked = "48,500 or 48.5. Write 48500 or 48.50. Or say which decimal sign the file has."
    with pytest.raises(Refused, match=re.escape(f"{text} can mean {asked}")):
        read(widget, text)


def test_a_formula_is_not_calculated() -> None:
    with pytest.raises(Refused, match="a formula, not an amount"):
        read(Amount(), "=1+1")


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_every_amount_of_the_currency_is_taken_exactly(amount: Decimal) -> None:
    assert read(Money(), f"{amount:,.2f}") == int(amount * 100)
    assert read(Amount(), f"EUR {amount}") == amount
    assert read(Amount(), f"{amount} €") == amount


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-1", "below zero"),
        ("1000000000000.01", "too large"),
        ("$5", "another currency"),
        ("5 CHF", "This says CHF, and the currency is EUR"),
        ("abc 12", "Enter an amount"),
    ],
)
def test_amounts_that_cannot_be(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(Money(), text)


def test_nothing_is_rounded() -> None:
    with pytest.raises(Refused, match="at most 2 decimals"):
        read(Money(), "1.0051")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1000001", "x"])
def test_counts_are_whole_and_at_least_one(text: str) -> None:
    with pytest.raises(Refused):
        read(Count(), text)
    assert read(Count(), "") == 1


# Dates --------------------------------------------------------------------------------------------------


def test_days() -> None:
    assert read(Day(), "2026-03-01") == dt.date(2026, 3, 1)
    assert read(Day(), "2026-03-01 10:00:00") == dt.date(2026, 3, 1)
    assert read(Day(), "1.3.2026", dates=("%d.%m.%Y",)) == dt.date(2026, 3, 1)
    assert read(Day(), "") is None


def test_a_day_begins_in_the_vendor_s_zone() -> None:
    assert read(Moment(), "2026-03-01") == dt.datetime(2026, 2, 28, 23, tzinfo=dt.UTC)
    assert read(Moment(), "2026-06-01") == dt.datetime(2026, 5, 31, 22, tzinfo=dt.UTC)
    assert read(Moment(), "2026-03-01T12:00:00") == dt.datetime(2026, 3, 1, 11, tzinfo=dt.UTC)
    assert read(Moment(), "2026-03-01T12:00:00-05:00") == dt.datetime(2026, 3, 1, 17, tzinfo=dt.UTC)
    shapes = ("%m/%d/%Y %H:%M",)
    assert read(Moment(), "3/1/2026 12:30", dates=shapes) == dt.datetime(2026, 3, 1, 11, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("01/02/2026", "Day or month first.* set the shape of the file's dates"),
        ("02.11.2026", "Day or month first"),
        ("2026-02-30", "no such day"),
        ("2026-11-02 10:30:00 UTC", "name of a time zone.* 2017-03-01T10:30:00Z"),
        ("soon", "not a date. Write it like 2017-03-01"),
        ("0001-01-01T00:00:00", "before 1990"),
        ("9999-12-31T23:59:59-12:00", "still to come"),
        ("1899-12-31", "before 1990"),
        ("2026-07-01", "still to come"),
        ("45000", "spreadsheet's number of a day"),
        ("=TODAY()", "not a date"),
    ],
)
def test_absurd_dates_are_refused(text: str, reason: str) -> None:
    for widget in (Moment(), Day(past=True)):
        with pytest.raises(Refused, match=reason):
            read(widget, text)


def test_plans_may_lie_ahead_but_not_for_ever() -> None:
    assert read(Day(), "2030-01-01") == dt.date(2030, 1, 1)
    with pytest.raises(Refused, match="20 years ahead"):
        read(Day(), "2199-01-01")


# Words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("at", "AT"),
        ("AUT", "AT"),
        ("Austria", "AT"),
        ("United States", "US"),
        ("United States of America", "US"),
        ("South Korea", "KR"),
        ("united  kingdom", "GB"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("The Netherlands", "NL"),
        ("Czech Republic", "CZ"),
        ("Deutschland", "DE"),
        ("Österreich", "AT"),
        ("Oesterreich", "AT"),
        ("ESPAÑA", "ES"),
        ("Italie", "IT"),
        ("Polska", "PL"),
        ("Česko", "CZ"),
        ("Türkei", "TR"),
        ("Türkiye", "TR"),
        ("日本", "JP"),
        ("Россия", "RU"),
        ("NA", "NA"),
        ("", ""),
    ],
)
def test_countries(text: str, code: str) -> None:
    assert read(Country(), text) == code


def test_words_that_mean_nothing_are_refused() -> None:
    for widget, text in (
        (Country(), "Atlantis"),
        (Country(), "Korea"),
        (Currency(), "EURO"),
        (Flag(default=True), "perhaps"),
    ):
        with pytest.raises(Refused):
            read(widget, text)


def test_choices_by_key_or_label() -> None:
    widget = Choice(DealStatus)
    assert read(widget, "Under review") == read(widget, "under_review") == "under_review"
    with pytest.raises(Refused, match="one of approved, draft, expired"):
        read(widget, "Closed Won")
    with pytest.raises(Refused, match="missing"):
        read(widget, "")


def test_flags_and_currencies_have_their_defaults() -> None:
    assert read(Flag(default=True), "") is True
    assert read(Flag(default=True), "No") is False
    assert read(Currency(), "") == "EUR"
    assert read(Currency(), "usd") == "USD"


@pytest.mark.parametrize("text", ["a\0b", "B\udcff", "x" * 40_000])
def test_what_the_database_cannot_hold_is_refused(text: str) -> None:
    assert cleaned(text) == text
    with pytest.raises(Refused):
        Cell("name", Text(), help="").clean({"name": text, None: text}, context=context())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Inntal\nKäserei", "Inntal Käserei"),
        ("Ziller\rBcc: all@evil.example", "Ziller Bcc: all@evil.example"),
        ("Tab\tWerke", "Tab Werke"),
        ("\ufeffTom\u200b", "Tom"),
        ("Mu\u0308ller", "Müller"),
        ("'+43 512", "+43 512"),
        ("'=1+1", "=1+1"),
        ("''+43", "'+43"),
        ("'s-Hertogenbosch", "'s-Hertogenbosch"),
        ("=1+1", "=1+1"),
        ("NULL", ""),
        ("Null", "Null"),
        ("n/a", ""),
        ("#N/A", ""),
        ("-", ""),
        ("Nina", "Nina"),
        ("Unternull", "Unternull"),
        ("7-Eleven", "7-Eleven"),
    ],
)
def test_what_programs_add_to_a_text_comes_off(text: str, kept: str) -> None:
    assert cleaned(text) == kept


def test_notes_keep_their_lines() -> None:
    assert cleaned("one \u200b\r\n\n two", lines=True) == "one\n\ntwo"


@pytest.mark.parametrize(
    "text", ["#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#BEZUG!", "#WERT!", "####", "#¡VALOR!"]
)
def test_errors_of_spreadsheets_are_told(text: str) -> None:
    assert "spreadsheet's error" in mishap(cleaned(text))
    assert not mishap("#1 Bikes")


@pytest.mark.parametrize("text", ["1.23457E+11", "1,2E+11", "1e+05", "4E10"])
def test_a_key_that_a_spreadsheet_cut_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="rounded number"):
        read(Key(), text)
    assert read(Key(), "4E") == "4E"


def test_two_names_that_differ_in_case_alone_stay_two() -> None:
    lookup = Lookup("partner", [("A1", 1), ("a1", 2)], [("a1", 3), ("Beta", 3)])
    assert (lookup.get("A1"), lookup.get("a1"), lookup.get("beta")) == (1, 2, 3)
    lookup = Lookup("partner", [("Ab", 1), ("aB", 2)], [("AB", 3), ("ab", 3)])
    assert lookup.get("AB") == 3
    for neither in ("\N{FULLWIDTH LATIN SMALL LETTER A}B ",):
        with pytest.raises(Refused, match="several"):
            lookup.get(neither)


def test_a_name_that_is_ambiguous_is_not_looked_up_among_others() -> None:
    lookup = Lookup("partner", [("north", 1), ("NORTH", 2)], [("North", 3)], [("Norte", 3)])
    assert lookup.get("North") == 3
    lookup = Lookup("partner", [("Twin", 1), ("Twin", 2)], [("twin", 3)])
    with pytest.raises(Refused, match="several"):
        lookup.get("Twin")


def test_a_number_that_lost_its_zeros_finds_a_hint() -> None:
    with pytest.raises(Refused, match="Did you mean 00042"):
        Lookup("partner", [("00042", 1)]).get("42")


# Lookups ------------------------------------------------------------------------------------------------


def test_a_lookup_prefers_keys_to_names() -> None:
    lookup = Lookup("partner", [("7", 1), (None, 2)], [("alpha", 1), ("seven", 2)], [("7", 2), ("Alpha", 1)])
    assert lookup.get("7") == 1
    assert lookup.get(" ALPHA ") == 1
    assert lookup.get("seven") == 2


def test_a_lookup_says_what_it_might_have_been() -> None:
    lookup = Lookup("partner", [("Alpha Systems", 1), ("two", 2), ("two", 3)])
    for text, reason in {
        "alpha sistems": "There is no such partner. Did you mean Alpha Systems?",
        "zzz": "There is no such partner.",
        "Two": "There are several partners of this name. Use the key instead.",
    }.items():
        with pytest.raises(Refused) as refused:
            lookup.get(text)
        assert refused.value.message == reason
