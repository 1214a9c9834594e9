"""Files as people really send them: read as meant, or refused with a reason."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core import mail
from django.utils import timezone

from deals.approvals.steps import approvals_nudge
from deals.customers.models import Customer
from deals.deal.models import Deal, DealStatus
from deals.leads.models import Lead
from partners.models import Partner, PartnerStatus, Seat
from portal.events.models import OutboxMessage
from portal.imports.encodings import Unreadable
from portal.imports.maps import BadMap
from portal.imports.report import by_reason
from portal.people.models import Membership, User
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from portal.ui.exports import spreadsheet_safe
from tests.support.imports import SHARED, counts, faults, run, workbook
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db
Scoped = Callable[[Vendor], Any]
DEALS = "external_key,partner,customer,status,amount,submitted_on\n"


def deal(amount: str, key: str = "A-1", **more: str) -> str:
    return f'{key},beta,{more.get("customer", "Inntal Milch")},submitted,"{amount}",2026-02-02\n'


def deals_of(vendor: Vendor) -> dict[str | None, Deal]:
    with entered(system_scope(vendor.pk)):
        return {one.external_key: one for one in Deal.objects.filter(external_key__isnull=False)}


def with_results(*rows: list[Any], results: dict[str, str]) -> bytes:
    """A workbook whose formulas have the results that a spreadsheet program stores beside them."""
    plain = workbook(*rows)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as given, zipfile.ZipFile(made, "w") as out:
        for name in given.namelist():
            content = given.read(name)
            if name == "xl/worksheets/sheet1.xml":
                for formula, result in results.items():
                    old, new = f"<f>{formula}</f><v></v>", f"<f>{formula}</f><v>{result}</v>"
                    text = content.decode()
                    assert f"<f>{formula}</f>" in text
                    text = text.replace(f"<f>{formula}</f><v />", new).replace(f"<f>{formula}</f><v/>", new)
                    content = text.replace(old, new).encode()
            out.writestr(name, content)
    return made.getvalue()


# Money ----------------------------------------------------------------------------------------------------


class TestMoney:
    @pytest.mark.parametrize("text", ["48.500", "48,500", "EUR 1.200"])
    def test_a_lone_amount_with_two_readings_is_refused(self, world: VendorWorld, text: str) -> None:
        report = run(world.vendor, "deals", DEALS + deal(text))
        assert counts(report) == (0, 0, 0, 1)
        assert "can mean" in report.faults[0].reason
        assert "say which decimal sign the file has" in report.faults[0].reason

    @pytest.mark.parametrize(
        ("texts", "minor"),
        [
            (["48.500", "1.234.567"], 48_500_00),
            (["48.500", "12,50"], 48_500_00),
            (["48.500", "12.50"], 48_50),
            (["48,500", "1,234,567"], 48_500_00),
            (["48,500", "1.234,5"], 48_50),
        ],
    )
    def test_the_column_shows_what_is_meant(self, world: VendorWorld, texts: list[str], minor: int) -> None:
        lines = [deal(text, f"A-{number}") for number, text in enumerate(texts)]
        assert counts(run(world.vendor, "deals", DEALS + "".join(lines))) == (len(texts), 0, 0, 0)
        assert deals_of(world.vendor)["A-0"].amount == minor

    def test_a_column_that_is_written_both_ways_proves_nothing(self, world: VendorWorld) -> None:
        text = DEALS + deal("12,5", "A-1") + deal("12.5", "A-2") + deal("48.500", "A-3")
        report = run(world.vendor, "deals", text)
        assert counts(report) == (2, 0, 0, 1)
        assert report.faults[0].line == 4

    def test_the_map_decides(self, world: VendorWorld) -> None:
        run(world.vendor, "deals", DEALS + deal("48.500"), '[deals]\ndecimal = ","')
        assert deals_of(world.vendor)["A-1"].amount == 48_500_00
        run(world.vendor, "deals", DEALS + deal("48.500"), '[deals]\ndecimal = "."')
        assert deals_of(world.vendor)["A-1"].amount == 48_50

    def test_a_sign_that_contradicts_the_currency_is_refused(self, world: VendorWorld) -> None:
        text = "external_key,partner,customer,status,amount,currency,submitted_on\n"
        text += "A,beta,One,submitted,$500,EUR,2026-02-02\nB,beta,Two,submitted,€500,EUR,2026-02-02\n"
        text += "C,beta,Three,submitted,CHF 500,,2026-02-02\n"
        report = run(world.vendor, "deals", text)
        assert [(line, column) for line, column, _, _ in faults(report)] == [(2, "amount"), (4, "amount")]
        assert report.faults[1].reason == "This says CHF, and the currency is EUR."

    def test_a_list_price_and_a_quantity_are_read_alike(self, world: VendorWorld) -> None:
        report = run(world.vendor, "products", "code,name,list_price\nx,Crane,1.200\n")
        assert "can mean" in report.faults[0].reason
        report = run(world.vendor, "leads", "id,customer,product,quantity\nL,Inntal,arm,1.200\n")
        assert "can mean" in report.faults[0].reason

    def test_binary_fractions_are_what_the_sheet_shows(self, world: VendorWorld) -> None:
        floats = [0.30000000000000004, 59.96999999999999, 1375.0000000000002, 57.699999999999996, 2468214.32]
        rows = [
            [f"F-{n}", "beta", "Inntal", "submitted", x, dt.date(2026, 2, 2)] for n, x in enumerate(floats)
        ]
        report = run(world.vendor, "deals", workbook(DEALS.strip().split(","), *rows))
        assert counts(report) == (5, 0, 0, 0)
        kept = deals_of(world.vendor)
        assert [kept[f"F-{n}"].amount for n in range(5)] == [30, 5997, 137500, 5770, 246821432]
        assert counts(run(world.vendor, "deals", DEALS + deal("57.699999999999996"))) == (1, 0, 0, 0)

    def test_a_number_of_a_workbook_has_one_reading(self, world: VendorWorld) -> None:
        rows = [["N-1", "beta", "Inntal", "submitted", 48.5, dt.date(2026, 2, 2)]]
        book = workbook(DEALS.strip().split(","), *rows)
        run(world.vendor, "deals", book, '[deals]\ndecimal = ","')
        assert deals_of(world.vendor)["N-1"].amount == 48_50


# Cells ----------------------------------------------------------------------------------------------------


class TestCells:
    def test_a_formula_counts_as_its_stored_result(self, world: VendorWorld) -> None:
        book = with_results(
            DEALS.strip().split(","),
            ["E-1", "beta", "Inntal", "submitted", "=3*500", dt.date(2026, 2, 2)],
            results={"3*500": "1500"},
        )
        assert counts(run(world.vendor, "deals", book)) == (1, 0, 0, 0)
        assert deals_of(world.vendor)["E-1"].amount == 1500_00

    def test_short_lines_are_filled(self, world: VendorWorld) -> None:
        text = DEALS.strip() + ",competitor,notes\n" + "S-1,beta,Inntal,submitted,1000,2026-02-02\n" * 1
        assert counts(run(world.vendor, "deals", text)) == (1, 0, 0, 0)

    def test_line_breaks_become_blanks_but_in_notes(self, world: VendorWorld) -> None:
        text = DEALS.strip() + ',notes\nL-1,beta,"Inntal\nKäserei GmbH",submitted,1,2026-02-02,"one\ntwo"\n'
        text += 'L-2,beta,"Ziller\rBcc: all@evil.example",submitted,1,2026-02-02,\n'
        text += "L-3,beta,Tab\tWerke,submitted,1,2026-02-02,\n"
        assert counts(run(world.vendor, "deals", text)) == (3, 0, 0, 0)
        kept = deals_of(world.vendor)
        names = [kept[f"L-{number}"].customer_name for number in (1, 2, 3)]
        assert names == ["Inntal Käserei GmbH", "Ziller Bcc: all@evil.example", "Tab Werke"]
        assert kept["L-1"].notes == "one\ntwo"
        run(world.vendor, "partners", 'external_key,name,city\nLB,"Alpen\nTechnik","Graz\nWest"\n')
        with entered(system_scope(world.vendor.pk)):
            partner = Partner.objects.get(external_key="LB")
        assert (partner.name, partner.city) == ("Alpen Technik", "Graz West")

    @pytest.mark.parametrize("nothing", ["#N/A", "NULL", "n/a", "-", "None", "nan", "\\N", "#NV"])
    def test_a_word_for_nothing_is_no_customer(self, world: VendorWorld, nothing: str) -> None:
        report = run(world.vendor, "deals", DEALS + deal("1000", customer=nothing))
        assert counts(report) == (0, 0, 0, 1)
        assert faults(report)[0][1:3] == ("customer", nothing)
        with entered(system_scope(world.vendor.pk)):
            assert not Customer.objects.exists()

    def test_the_map_may_give_such_a_word_a_meaning(self, world: VendorWorld) -> None:
        aliases = "[deals]\nvalues.customer = { '-' = 'Walk-in' }\n[deals.columns]\n"
        columns = "".join(f"{name} = '{name}'\n" for name in DEALS.strip().split(","))
        assert (
            counts(run(world.vendor, "deals", DEALS + deal("1000", customer="-"), aliases + columns))[0] == 1
        )

    @pytest.mark.parametrize("error", ["#REF!", "#VALUE!", "#DIV/0!", "#WERT!"])
    def test_an_error_is_refused_wherever_it_stands(self, world: VendorWorld, error: str) -> None:
        text = (
            DEALS.strip()
            + ",competitor\n"
            + deal("1000").strip()
            + f",{error}\n"
            + deal(error, "A-2").strip()
            + ",\n"
        )
        report = run(world.vendor, "deals", text)
        assert {(fault.line, fault.column) for fault in report.faults} == {(2, "competitor"), (3, "amount")}
        assert all("spreadsheet's error" in fault.reason for fault in report.faults)

    @pytest.mark.parametrize(
        "kind", ["partners", "customers", "deals", "products", "leads", "direct_accounts"]
    )
    def test_a_cut_key_is_refused(self, world: VendorWorld, kind: str) -> None:
        text = {
            "partners": "external_key,name\n1.23457E+11,Gamma\n",
            "customers": "external_key,name\n1.2E+11,Gamma\n",
            "deals": DEALS + deal("5", "1.23457E+11"),
            "products": "code,name\n1.2E+11,Crane\n",
            "leads": "id,customer\n1E+12,Inntal\n",
            "direct_accounts": "external_key,name,owner\n1.2E+11,Inntal,Ada\n",
        }[kind]
        report = run(world.vendor, kind, text)
        assert counts(report) == (0, 0, 0, 1)
        assert "shortened this key" in report.faults[0].reason

    def test_what_an_export_quotes_comes_back_as_it_was(self, world: VendorWorld) -> None:
        texts = ["+43 512", "'+43", "=1+1", "@home", "-x", "'tis", "''=1", "plain"]
        lines = "".join(f"R-{n},Inntal {n},{spreadsheet_safe(text)}\n" for n, text in enumerate(texts))
        assert counts(run(world.vendor, "leads", "id,customer,contact_phone\n" + lines)) == (8, 0, 0, 0)
        with entered(system_scope(world.vendor.pk)):
            kept = dict(Lead.objects.values_list("external_key", "contact_phone"))
        assert [kept[f"R-{n}"] for n in range(8)] == texts

    def test_people_sign_in_with_the_address_as_it_is_typed(self, world: VendorWorld) -> None:
        text = "email,name,role,partner\nrita@third.example\u200b,Rita,partner_rep,beta\n"
        text += "\ufefftom@third.example,Tom,partner_rep,beta\npia@third.example\xa0,Pia,partner_rep,beta\n"
        text += "mailto:ole@THIRD.example,Ole,partner_rep,beta\n"
        assert counts(run(world.vendor, "people", text)) == (4, 0, 0, 0)
        addresses = set(User.objects.filter(email__endswith="@third.example").values_list("email", flat=True))
        assert addresses == {f"{name}@third.example" for name in ("rita", "tom", "pia", "ole")}
        assert counts(run(world.vendor, "people", text)) == (0, 0, 4, 0)

    def test_dates(self, world: VendorWorld) -> None:
        moment = dt.datetime.fromisoformat("2026-02-02T10:30")
        given: list[Any] = [
            46055, "02/11/2025", "20260202", "2026-02-02T10:30:00Z", "2026-02-02 10:30:00", moment,
            "2026-02-02T10:30:00.000+0000", "2026-02-02 10:30:00 UTC", "2026-W06-1", "2026-02-30",
        ]  # fmt: skip
        rows = [[f"X-{n}", "beta", "Inntal", "submitted", 1, day] for n, day in enumerate(given)]
        report = run(world.vendor, "deals", workbook(DEALS.strip().split(","), *rows))
        refused = {fault.line: fault.reason for fault in report.faults}
        assert set(refused) == {2, 3, 9, 11}
        assert "spreadsheet's number of a day" in refused[2]
        assert "Day or month first? Write it like 2017-03-01" in refused[3]
        assert "2017-03-01T10:30:00Z" in refused[9]
        assert "no such day" in refused[11]


# Where the table is ---------------------------------------------------------------------------------------


class TestTheTable:
    REPORT = (
        "Open deals this quarter\nAs of 2026-11-30\n\n"
        + DEALS
        + deal("1000")
        + 'Total,,,,1000,\n"Confidential"\n'
    )

    def test_a_title_above_the_header_is_recognised(self, world: VendorWorld) -> None:
        with pytest.raises(BadMap, match="Line 4 looks like the header, below a title: set header = 4"):
            run(world.vendor, "deals", self.REPORT)

    @pytest.mark.parametrize("delimiter", [",", ";"])
    def test_the_header_is_where_the_map_says(self, world: VendorWorld, delimiter: str) -> None:
        text = self.REPORT.replace(",", delimiter)
        report = run(world.vendor, "deals", text, "[deals]\nheader = 4")
        assert counts(report) == (1, 0, 0, 2)
        assert {fault.line for fault in report.faults} == {6, 7}

    def test_so_in_a_workbook(self, world: VendorWorld) -> None:
        book = workbook(
            ["Open deals"], [], DEALS.strip().split(","), ["A", "beta", "I", "submitted", 1, "2026-02-02"]
        )
        with pytest.raises(BadMap, match="Line 3 looks like the header"):
            run(world.vendor, "deals", book)
        assert counts(run(world.vendor, "deals", book, "[deals]\nheader = 3")) == (1, 0, 0, 0)

    def test_other_sheets_are_named(self, world: VendorWorld) -> None:
        book = openpyxl.Workbook()
        book.active.append(["about"])  # type: ignore[union-attr]
        book.create_sheet("Deals").append(["external_key"])
        book.create_sheet("Old").append(["x"])
        file = io.BytesIO()
        book.save(file)
        with pytest.raises(
            (BadMap, Unreadable), match=r"has 3 sheets \(Sheet, Deals, Old\), and Sheet was read"
        ):
            run(world.vendor, "deals", file.getvalue())

    def test_only_a_header(self, world: VendorWorld) -> None:
        with pytest.raises(Unreadable, match="only a header line"):
            run(world.vendor, "deals", DEALS)

    def test_a_password(self, world: VendorWorld) -> None:
        data = b"\xd0\xcf\x11\xe0" + b"\0" * 64 + "EncryptedPackage".encode("utf-16-le")
        with pytest.raises(Unreadable, match="password-protected"):
            run(world.vendor, "deals", data)

    def test_reasons_are_summed_up(self, world: VendorWorld) -> None:
        text = DEALS + "".join(f"D-{n},beta,Inntal,Closed Won,1000,2026-02-02\n" for n in range(104))
        text += "".join(f"E-{n},beta,Inntal,submitted,{n}x,2026-02-02\n" for n in range(3))
        told = [str(reason) for reason in run(world.vendor, "deals", text).reasons]
        assert told[0].startswith("104 x status 'Closed Won': This must be one of")
        assert told[1].startswith("3 x amount '0x' and others: Enter an amount")
        assert by_reason([]) == []


# What exists ----------------------------------------------------------------------------------------------


class TestWhatExists:
    def test_an_empty_cell_changes_nothing(self, world: VendorWorld, scoped: Scoped) -> None:
        with scoped(world.vendor):
            Partner.objects.filter(slug="beta").update(
                status=PartnerStatus.SUSPENDED, city="Linz", country="AT"
            )
        text = "slug,name,status,city,country\nbeta,,,,\n"
        assert counts(run(world.vendor, "partners", text)) == (0, 0, 1, 0)
        with scoped(world.vendor):
            beta = Partner.objects.get(slug="beta")
            assert (beta.status, beta.city, beta.country) == ("suspended", "Linz", "AT")

    def test_unless_the_map_says_so(self, world: VendorWorld, scoped: Scoped) -> None:
        with scoped(world.vendor):
            Partner.objects.filter(slug="beta").update(
                status=PartnerStatus.SUSPENDED, city="Linz", country="AT"
            )
        text = "slug,name,status,city,country\nbeta,Beta,,,\n"
        run(world.vendor, "partners", text, "[partners]\nempties = ['city']")
        with scoped(world.vendor):
            beta = Partner.objects.get(slug="beta")
            assert (beta.status, beta.city, beta.country) == ("suspended", "", "AT")
        run(world.vendor, "partners", text, "[partners]\nempties = true")
        with scoped(world.vendor):
            assert Partner.objects.get(slug="beta").status == "active"

    def test_nobody_is_switched_on_again(self, world: VendorWorld, scoped: Scoped) -> None:
        person = world.people["partner_rep"].user
        with scoped(world.vendor):
            Membership.objects.filter(user=person).update(is_active=False, left_at=timezone.now())
        text = f"email,role,partner,job_title,is_active\n{person.email},partner_rep,,,\n"
        assert counts(run(world.vendor, "people", text)) == (0, 0, 1, 0)
        with scoped(world.vendor):
            member = Membership.objects.get(user=person)
            assert not member.is_active
            assert Seat.objects.get(membership=member).partner == world.partners["beta"]

    def test_a_deal_keeps_what_a_file_does_not_say(self, world: VendorWorld) -> None:
        header = "external_key,partner,customer,customer_name,status,amount,submitted_on,product,"
        header += "competitor,notes\n"
        full = "K,beta,Inntal,Inntal West,submitted,1000,2026-02-02,arm,Rival,asked\n"
        run(world.vendor, "deals", header + full)
        empty = "K,beta,Inntal,,submitted,,,,-,NULL\n"
        assert counts(run(world.vendor, "deals", header + empty)) == (0, 0, 1, 0)
        kept = deals_of(world.vendor)["K"]
        said = (kept.customer_name, kept.amount, kept.competitor, kept.notes)
        assert said == ("Inntal West", 100_000, "Rival", "asked")

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            ("partners", "external_key,name\nK-1,Gamma\n,Delta Works\n"),
            ("customers", "external_key,name\nK-1,Gamma\n,Delta Works\n"),
            ("products", "code,name\nk-1,Gamma\n,Delta Works\n"),
            ("direct_accounts", "external_key,name,owner\nK-1,Gamma,Ada\n,Delta Works,Ada\n"),
        ],
    )
    def test_a_line_without_a_key_never_comes_twice(self, world: VendorWorld, kind: str, text: str) -> None:
        assert counts(run(world.vendor, kind, text)) == (2, 0, 0, 0)
        assert counts(run(world.vendor, kind, text)) == (0, 0, 2, 0)

    @pytest.mark.parametrize("kind", ["deals", "leads", "people"])
    def test_or_is_refused_where_nothing_else_tells_records_apart(
        self, world: VendorWorld, kind: str
    ) -> None:
        text = {
            "deals": DEALS + deal("1", ""),
            "leads": "id,customer\n,Inntal\n",
            "people": "email,role,partner\n,partner_rep,beta\n",
        }[kind]
        report = run(world.vendor, kind, text)
        assert counts(report) == (0, 0, 0, 1)

    def test_a_line_without_a_key_is_not_told_from_a_namesake_with_one(self, world: VendorWorld) -> None:
        report = run(world.vendor, "partners", "external_key,name\nK-1,Gamma\n,gamma\n")
        assert counts(report) == (1, 0, 0, 1)
        assert (
            report.faults[0].reason == "Line 2 is called the same and has a key. Give this line its key, too."
        )

    def test_nor_from_two_namesakes(self, world: VendorWorld) -> None:
        run(world.vendor, "partners", "external_key,name\nK-1,Gamma\nK-2,Gamma\n")
        report = run(world.vendor, "partners", "external_key,name\n,Gamma\n")
        assert report.faults[0].reason == "There are several partners of this name. Give the line its key."

    def test_keys_that_differ_in_case_stay_two(self, world: VendorWorld, scoped: Scoped) -> None:
        text = "external_key,name\nAb,One\naB,Two\n"
        assert counts(run(world.vendor, "customers", text)) == (2, 0, 0, 0)
        assert counts(run(world.vendor, "customers", text)) == (0, 0, 2, 0)
        neither = run(world.vendor, "customers", "external_key,name\nAB,Three\n")
        assert neither.faults[0].reason == "Several keys are written nearly like this, and none exactly."

    def test_a_key_written_a_little_differently_is_the_same(self, world: VendorWorld, scoped: Scoped) -> None:
        run(world.vendor, "customers", "external_key,name\nMu\u0308-1,One\n")
        for spelling in ("Mü-1", "mü-1", "\u200bMü-1", "Ｍü-1"):
            report = run(world.vendor, "customers", f"external_key,name\n{spelling},One\n")
            assert counts(report) == (0, 0, 1, 0), spelling
        both = run(world.vendor, "customers", "external_key,name\nmü-1,One\nMÜ-1,Two\n")
        assert counts(both) == (0, 0, 0, 2)

    def test_zeros_in_front_are_asked_about(self, world: VendorWorld) -> None:
        run(world.vendor, "customers", "external_key,name\n00042,One\n")
        report = run(world.vendor, "customers", "external_key,name\n42,Two\n")
        assert report.faults[0].reason.startswith("There is 00042, too.")
        assert (
            counts(
                run(world.vendor, "customers", "external_key,name\n42,Two\n", "[customers]\nzeros = true")
            )[0]
            == 1
        )
        both = run(world.vendor, "customers", "external_key,name\n7,Three\n007,Four\n")
        assert counts(both) == (0, 0, 0, 2)

    def test_zeros_that_a_format_shows_are_there(self, world: VendorWorld) -> None:
        book = openpyxl.Workbook()
        sheet: Any = book.active
        sheet.append(["external_key", "name"])
        sheet.append([42, "One"])
        sheet["A2"].number_format = "00000"
        file = io.BytesIO()
        book.save(file)
        run(world.vendor, "customers", file.getvalue())
        with entered(system_scope(world.vendor.pk)):
            assert Customer.objects.get().external_key == "00042"


# History --------------------------------------------------------------------------------------------------


def test_history_is_quiet(world: VendorWorld, django_capture_on_commit_callbacks: Any) -> None:
    lines = "".join(f"OLD-{n},beta,Customer {n},submitted,1000,2025-06-{n + 1:02}\n" for n in range(20))
    assert counts(run(world.vendor, "deals", DEALS + lines)) == (20, 0, 0, 0)
    now = timezone.now()
    for later in (0, 1, 5, 30):
        with entered(system_scope(world.vendor.pk)):
            assert approvals_nudge(vendor=world.vendor, now=now + dt.timedelta(days=later)) == 0
    with entered(system_scope(world.vendor.pk)):
        waiting = Deal.objects.filter(status=DealStatus.SUBMITTED, external_key__startswith="OLD")
        assert all(one.decision_due_at > now - dt.timedelta(minutes=5) for one in waiting)
        assert all(one.assigned_to for one in waiting)
        assert not OutboxMessage.objects.exists()
    assert mail.outbox == []


# The files themselves -------------------------------------------------------------------------------------

CASES = SHARED / "cases"
#: {file: (kind, created, rejected)}
FILES = {
    "02_formulas.xlsx": ("deals", 2, 0),
    "03_binary_fractions.xlsx": ("deals", 6, 0),
    "04_short_rows.csv": ("deals", 3, 0),
    "06_people_invisible.csv": ("people", 4, 0),
    "09_line_break.csv": ("deals", 3, 0),
    "09_partners_line_break.csv": ("partners", 1, 0),
    "10_dates.xlsx": ("deals", 6, 3),
    "14_round_trip.csv": ("leads", 3, 0),
    "17_error_cells.csv": ("deals", 0, 6),
    "19_import_storm.csv": ("deals", 6, 0),
}


@pytest.mark.skipif(not CASES.exists(), reason="the collection of odd files is not here")
@pytest.mark.parametrize("name", FILES)
def test_every_file_comes_out_right(world: VendorWorld, name: str) -> None:
    kind, created, rejected = FILES[name]
    run(world.vendor, "partners", (CASES / "00_partners_base.csv").read_bytes())
    data = (CASES / name).read_bytes()
    assert counts(run(world.vendor, kind, data)) == (created, 0, 0, rejected)
    assert counts(run(world.vendor, kind, data)) == (0, 0, created, rejected)


@pytest.mark.skipif(not CASES.exists(), reason="the collection of odd files is not here")
def test_a_report_export_needs_its_header(world: VendorWorld) -> None:
    run(world.vendor, "partners", (CASES / "00_partners_base.csv").read_bytes())
    data = (CASES / "11_report_export.csv").read_bytes()
    with pytest.raises(BadMap, match="Line 4 looks like the header"):
        run(world.vendor, "deals", data)
    assert counts(run(world.vendor, "deals", data, "[deals]\nheader = 4")) == (1, 0, 0, 2)
