"""Strings and files that break naive software: they land as a form would keep them, or are refused."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from deals.customers.models import Customer
from deals.deal.models import Deal
from partners.models import Partner
from portal.imports.encodings import Unreadable
from portal.imports.maps import BadMap
from portal.imports.texts import cleaned, mishap
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from portal.text import tidy
from portal.ui.exports import spreadsheet_safe
from tests.support.imports import SHARED, SPECTRUM, counts, run, workbook
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db
NAUGHTY = [
    "undefined", "NULL", "1E+02", "0x0", "−5", "../../etc/passwd", "'; DROP TABLE partners; --",
    '<script>alert("x")</script>', "{{ 7*7 }}", "${7*7}", "%s%n", "=1+1", "+1", "-1", "@SUM(A1)",
    "ﺍﻟﻌﺮﺑﻴﺔ", "👩‍👩‍👧", "Ω≈ç√∫˜", "\u202etest", "\ufeffx", "a\u0000b", "T\u0336e\u0336", "田中さん",
    "x" * 170,
]  # fmt: skip
BLNS = SHARED / "bad_input" / "blns" / "blns.json"


def as_csv(values: list[str]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerows([["external_key", "name"], *([f"K{n}", value] for n, value in enumerate(values))])
    return file.getvalue().encode()


def names(vendor: Vendor) -> dict[str, str]:
    with entered(system_scope(vendor.pk)):
        return dict(Partner.objects.exclude(external_key=None).values_list("external_key", "name"))


def check_strings(vendor: Vendor, values: list[str]) -> None:
    """Every string lands as it would from a form, or its line is in the report; twice alike.

    Invisible characters and doubled blanks are gone, and a word for nothing is no name.
    """
    data = as_csv(values)
    first, second = run(vendor, "partners", data), run(vendor, "partners", data)
    landed = names(vendor)
    expected = {
        f"K{n}": tidy(value)
        for n, value in enumerate(values)
        if cleaned(value) and not mishap(value) and "\0" not in value and len(tidy(value)) <= 160
    }
    assert landed == expected
    assert first.created == len(expected)
    assert first.rejected == len(values) - len(expected)
    assert counts(second) == (0, 0, len(expected), first.rejected)


def test_naughty_strings_land_as_they_are(world: VendorWorld) -> None:
    check_strings(world.vendor, NAUGHTY)


@pytest.mark.skipif(not BLNS.exists(), reason="the list of naughty strings is not here")
def test_the_whole_list_of_naughty_strings(world: VendorWorld) -> None:
    values = json.loads(BLNS.read_text())
    assert len(values) > 500
    check_strings(world.vendor, values)


def test_no_naughty_string_leaves_as_a_live_formula() -> None:
    for value in NAUGHTY:
        cell = spreadsheet_safe(value)
        assert cell in (value, f"'{value}")
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_formulas_of_a_workbook_are_not_names(world: VendorWorld, scoped: Callable[[Vendor], Any]) -> None:
    book = workbook(
        ["id", "partner", "customer", "status", "amount", "notes"],
        ["X", "beta", '=HYPERLINK("http://x.example","Quarry")', "draft", 12.5, ""],
        ["Y", "beta", "Quarry", "draft", "=SUM(E2:E2)", ""],
        ["Z", "beta", "Quarry", "draft", 12.5, "@evil"],
    )
    report = run(world.vendor, "deals", book)
    assert counts(report) == (1, 0, 0, 2)
    why = "This formula's result is not in the file. Open and save it in a spreadsheet program first."
    assert [(fault.line, fault.column, fault.value, fault.reason) for fault in report.faults] == [
        (2, "customer", '=HYPERLINK("http://x.example","Quarry")', why),
        (3, "amount", "=SUM(E2:E2)", why),
    ]
    with scoped(world.vendor):
        deal = Deal.objects.get(external_key="Z")
        assert (deal.notes, deal.amount) == ("@evil", 1250)
        assert Customer.objects.get().name == "Quarry"


@pytest.mark.skipif(not SPECTRUM.exists(), reason="the collection of odd CSV files is not here")
@pytest.mark.parametrize("kind", ["partners", "people", "customers", "products", "direct_accounts", "deals"])
def test_odd_files_of_other_things_are_refused_and_leave_nothing(world: VendorWorld, kind: str) -> None:
    files = sorted(SPECTRUM.glob("csvs/*.csv"))
    assert files
    for path in files:
        with pytest.raises((BadMap, Unreadable)):
            run(world.vendor, kind, path.read_bytes())
    assert names(world.vendor) == {}


def test_a_map_finds_its_columns_in_any_spelling(world: VendorWorld) -> None:
    data = "Partner_Name ;COUNTRY\nMüller;Österreich\nMeier;Austria\n".encode("cp1252")
    mapping = "[partners.columns]\nname = 'partner name'\ncountry = 'Country'"
    report = run(world.vendor, "partners", data, mapping)
    assert report.format == "CSV, cp1252, semicolon"
    assert counts(report) == (2, 0, 0, 0)
    with entered(system_scope(world.vendor.pk)):
        assert set(Partner.objects.filter(slug__startswith="m").values_list("country", flat=True)) == {"AT"}
