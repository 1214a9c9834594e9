"""Registering many deals from a file: each row checked as the form checks, nothing before it is confirmed."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from deals.deal.models import Deal, DealLine
from deals.registration import services as registration_services
from deals.registration.bulk import services as bulk_services
from deals.registration.bulk.models import BulkUpload
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.support import files
from tests.support.bulk import HEADER, as_csv, row
from tests.support.deals import approved, do, submitted
from tests.support.pages import BUDGET, statements
from tests.support.worlds import PortalClient, VendorWorld, acting_as

SignIn = Callable[..., PortalClient]
pytestmark = pytest.mark.django_db


def hand_in(client: PortalClient, content: bytes, name: str = "deals.csv") -> Any:
    upload = SimpleUploadedFile(name, content)
    return client.post("/deals/register/many/", {"upload": upload}, follow=True)


def rows_in(answer: Any) -> list[dict[str, Any]]:
    return list(answer.context["rows"])


@pytest.fixture
def client(world: VendorWorld, client_as: SignIn) -> PortalClient:
    return client_as(world.people["partner_rep"])


def deals(world: VendorWorld) -> list[Deal]:
    with acting_as(world.people["program_admin"]):
        return list(Deal.objects.order_by("pk"))


class TestCheck:
    def test_nothing_is_registered_before_it_is_confirmed(
        self, world: VendorWorld, client: PortalClient
    ) -> None:
        answer = hand_in(client, as_csv(row(), row(Customer="Jura Uhren SA", Website="jura-uhren.ch")))
        assert answer.status_code == 200
        assert "All 2 rows can be registered" in answer.content.decode()
        assert deals(world) == []

    def test_each_row_says_what_is_wrong_where(self, client: PortalClient) -> None:
        answer = hand_in(
            client,
            as_csv(
                row(Amount="=1+1"),
                row(Amount="=SUM(A1)"),
                row(Country="Atlantis"),
                row(Product="Carts"),
                row(Expected_close="2020-01-01"),
                row(Website="gmail.com"),
                row(Customer=""),
                row(Quantity="0"),
                row(Source="A friend"),
                row(Currency="XXX"),
                row(Contact="", Use_case=""),
                row(Product="arm") | {"Product 2": "Arm", "Quantity 2": "1"},
            ),
        )
        told = [
            [(one["column"], one["value"], one["reason"]) for one in row["faults"]] for row in rows_in(answer)
        ]
        assert [[column for column, _, _ in faults] for faults in told] == [
            ["Amount"], ["Amount"], ["Country"], ["Product"], ["Expected close"], ["Website"], ["Customer"],
            ["Quantity"], ["Source"], ["Currency"], ["Contact", "Use case"], ["Product 2"],
        ]  # fmt: skip
        assert told[0][0][1:] == ("=1+1", "This is a formula. Give its result.")
        assert "Did you mean" in told[3][0][2]
        assert "in the past" in told[4][0][2]
        assert [row["line"] for row in rows_in(answer)] == list(range(2, 14))
        assert "0 of 12 rows can be registered" in answer.content.decode()
        assert "Register the ticked rows" not in answer.content.decode()

    def test_amounts_are_read_as_the_column_shows(self, client: PortalClient) -> None:
        answer = hand_in(client, as_csv(row(Amount="48.500"), row(Amount="1.234.567", Customer="Other AG")))
        assert [one["amount"] for one in rows_in(answer)] == ["€48,500", "€1,234,567"]

    @pytest.mark.parametrize(
        ("amount", "reason"),
        [
            ("48.500", "48.500 can mean 48,500 or 48.5. Write 48500 or 48.50."),
            ("CHF 500", "This says CHF, and the currency is EUR."),
            ("abc 12", "Enter an amount, for example"),
            ("(500)", "Enter an amount above zero."),
        ],
    )
    def test_an_amount_that_is_not_clear_is_refused(
        self, client: PortalClient, amount: str, reason: str
    ) -> None:
        [line] = rows_in(hand_in(client, as_csv(row(Amount=amount))))
        [fault] = line["faults"]
        assert (fault["column"], fault["value"]) == ("Amount", amount)
        assert fault["reason"].startswith(reason)

    def test_what_programs_put_into_cells_is_no_answer(self, client: PortalClient) -> None:
        lines = [
            row(Customer="#N/A"),
            row(Customer="NULL"),
            row(Competitor="#REF!"),
            row(Customer="Inntal\nKäserei", Contact="'+43 512"),
        ]
        told = rows_in(hand_in(client, as_csv(*lines)))
        assert [[fault["column"] for fault in one["faults"]] for one in told] == [
            ["Customer"], ["Customer"], ["Competitor"], [],
        ]  # fmt: skip
        assert told[3]["customer"] == "Inntal Käserei"

    def test_short_rows_and_countries_in_other_languages(self, client: PortalClient) -> None:
        text = as_csv(row(Country="Österreich")).decode().rstrip().rstrip(",")
        [line] = rows_in(hand_in(client, text.encode()))
        assert line["faults"] == []

    def test_the_verdicts_are_those_of_the_form(self, world: VendorWorld, client: PortalClient) -> None:
        other = approved(
            world, rep="distributor_rep", customer_name="Northern Mill", customer_domain="mill.example.com"
        )
        answer = hand_in(
            client,
            as_csv(
                row(Customer="Northern Mill Ltd", Website="mill.example.com"),
                row(Customer="Quite Other SA", Website="quite-other.fr", Country="FR"),
            ),
        )
        verdicts = [[one["verdict"] for one in row["verdicts"]] for row in rows_in(answer)]
        assert verdicts == [["claimed"], ["clear"]]
        page = answer.content.decode()
        for secret in (other.reference, "Alpha"):
            assert secret not in page

    def test_own_customers_and_those_named_twice_wait_for_a_tick(
        self, world: VendorWorld, client: PortalClient
    ) -> None:
        mine = submitted(world.people["partner_rep"], world)
        answer = hand_in(
            client,
            as_csv(row(), row(Customer="Jura Uhren", Website=""), row(Customer="Jura Uhren SA", Website="")),
        )
        assert [row["twin"] for row in rows_in(answer)] == [mine.reference, "", "line 3"]
        page = answer.content.decode()
        assert page.count(" checked") == 1

    @pytest.mark.parametrize(
        ("name", "content", "text"),
        [
            ("a.csv", b"", "empty"),
            ("a.pdf", files.PDF, "This is no table"),
            ("a.csv", b"one,two\n1,2\n", "no column Customer"),
            ("a.csv", as_csv(), "no rows below it"),
            ("a.csv", as_csv(*[row()] * 51), "more than 50 rows"),
            ("a.csv", as_csv(row()) + b"x" * 2**20, "far larger"),
            ("a.csv", b"<html><script>", "not accepted"),
            ("a.xlsx", files.WORD, "not accepted|content is a Word"),
            ("a.xlsx", files.EXCEL, "ZIP archive|cannot be opened"),
        ],
    )
    def test_a_file_that_cannot_be_taken_says_so_beside_the_field(
        self, client: PortalClient, name: str, content: bytes, text: str
    ) -> None:
        answer = hand_in(client, content, name)
        assert answer.status_code == 422
        assert answer.context["form"].errors["upload"]
        assert any(part in answer.content.decode() for part in text.split("|"))
        assert not BulkUpload._base_manager.exists()

    def test_cells_that_cannot_be_read_are_named(self, client: PortalClient) -> None:
        content = as_csv(row(Customer="Br\u00fccke AG"), row(Customer="Stra\u00dfe AG")).replace(
            b"Br\xc3\xbccke", b"Br\xfccke"
        )
        answer = hand_in(client, content)
        assert answer.status_code in (200, 422)

    def test_a_workbook_works_as_well(self, world: VendorWorld, client: PortalClient) -> None:
        book = openpyxl.Workbook()
        book.active.append(HEADER)
        values: dict[str, Any] = row() | {"Amount": 86000, "Quantity": 6}  # type: ignore[dict-item]
        values["Expected close"] = timezone.localdate() + timedelta(days=40)
        book.active.append([values.get(name, "") for name in HEADER])
        content = BytesIO()
        book.save(content)
        answer = hand_in(client, content.getvalue(), "deals.xlsx")
        assert [row["faults"] for row in rows_in(answer)] == [[]]

    def test_one_person_checks_only_so_many_an_hour(
        self, client: PortalClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("deals.registration.bulk.services.MOST_AN_HOUR", 3)
        assert hand_in(client, as_csv(row(), row())).status_code == 200
        answer = hand_in(client, as_csv(row(), row()))
        assert answer.status_code == 422
        assert "very many customers" in answer.content.decode()


class TestRegister:
    def test_ticked_rows_are_registered_once(self, world: VendorWorld, client: PortalClient) -> None:
        content = as_csv(
            row(),
            row(Customer="Jura Uhren", Website="jura-uhren.ch", Product="Cart"),
            row(Amount="nothing"),
            row(Customer="=HYPERLINK(1)", Website="formula.example.org"),
        )
        checked = hand_in(client, content)
        path = f"{checked.request['PATH_INFO']}register/"
        path = path[path.index("/deals/") :]
        for _ in range(2):
            answer = client.post(path, {"line": ["2", "4", "5", "99", "x"]}, follow=True)
            assert answer.status_code == 200
        made = deals(world)
        assert [(deal.customer_name, deal.status) for deal in made] == [
            ("Tiroler Logistik AG", "submitted"),
            ("=HYPERLINK(1)", "submitted"),
        ]
        assert (made[0].amount, str(made[0].customer_country)) == (86_000_00, "AT")
        assert "2 of 4 rows registered" in answer.content.decode()
        assert made[0].reference in answer.content.decode()
        assert "Not chosen" in answer.content.decode()
        with entered(system_scope(world.vendor.pk)):
            assert PortalEvent.objects.filter(type="deals.submitted").count() == 2
            assert PortalEvent.objects.filter(type="deals.bulk_registered").count() == 1
            assert list(DealLine.objects.values_list("quantity", flat=True)) == [6, 6]

    def test_choosing_nothing_is_refused(self, world: VendorWorld, client: PortalClient) -> None:
        path = self._path(hand_in(client, as_csv(row(), row(Amount="x"))))
        for lines in ([], ["3"], ["99"]):
            answer = client.post(f"{path}register/", {"line": lines})
            assert answer.status_code == 422
            assert "Choose at least one row" in answer.content.decode()
        assert deals(world) == []

    def _path(self, checked: Any) -> str:
        path: str = checked.request["PATH_INFO"]
        return path[path.index("/deals/") :]

    def test_what_changed_since_the_check_counts(self, world: VendorWorld, client: PortalClient) -> None:
        path = self._path(hand_in(client, as_csv(row())))
        with entered(system_scope(world.vendor.pk)):
            world.products[0].is_active = False
            world.products[0].save()
        assert client.post(f"{path}register/", {"line": ["2"]}).status_code == 422
        assert deals(world) == []

    def test_rows_to_correct_come_as_a_file(self, world: VendorWorld, client: PortalClient) -> None:
        path = self._path(hand_in(client, as_csv(row(), row(Amount="=1+1", Customer="=cmd|x"))))
        answer = client.get(f"{path}rejected/")
        text = answer.content.decode("utf-8-sig")
        (line,) = csv.DictReader(StringIO(text))
        assert line["Customer"] == "'=cmd|x"
        assert (line["Line"], line["Contact"]) == ("3", "Chiara Moser")
        assert "Amount: " in line["What is wrong"]

    def test_it_belongs_to_who_sent_it(
        self, world: VendorWorld, client: PortalClient, client_as: SignIn
    ) -> None:
        path = self._path(hand_in(client, as_csv(row())))
        for who in ("partner_admin", "distributor_rep", "manager", "executive"):
            other = client_as(world.people[who])
            assert other.get(path).status_code == 404
            assert other.get(f"{path}rejected/").status_code == 404
            assert other.post(f"{path}register/", {"line": ["2"]}).status_code == 404
        assert deals(world) == []

    def test_the_template_is_a_header_and_nothing_else(self, client: PortalClient) -> None:
        text = client.get("/deals/register/many/template/").content.decode("utf-8-sig")
        assert list(csv.reader(StringIO(text))) == [HEADER]

    def test_rules_of_the_programme_apply_to_each(self, world: VendorWorld, client: PortalClient) -> None:
        from tests.support import factories

        with entered(system_scope(world.vendor.pk)):
            factories.ApprovalRuleFactory(amount_to=10_000_00)
        path = self._path(
            hand_in(client, as_csv(row(), row(Customer="Jura Uhren", Website="", Amount="9,000")))
        )
        client.post(f"{path}register/", {"line": ["2", "3"]})
        assert [deal.status for deal in deals(world)] == ["submitted", "approved"]


def test_statements(world: VendorWorld, client: PortalClient) -> None:
    client.get("/deals/register/many/")
    assert statements(client, "/deals/register/many/") <= BUDGET
    counts = []
    for rows in (1, 50):
        answer = hand_in(client, as_csv(*(row(Customer=f"Customer {n} AG", Website="") for n in range(rows))))
        path = answer.request["PATH_INFO"]
        counts.append(statements(client, path[path.index("/deals/") :]))
    assert counts[0] == counts[1] <= BUDGET


def test_a_deal_withdrawn_is_no_twin(world: VendorWorld, client: PortalClient) -> None:
    rep = world.people["partner_rep"]
    do(registration_services.deal_withdraw, rep, submitted(rep, world))
    assert rows_in(hand_in(client, as_csv(row())))[0]["twin"] == ""


def test_a_file_never_confirmed_is_deleted_after_a_month(world: VendorWorld, client: PortalClient) -> None:
    hand_in(client, as_csv(row()))
    with entered(system_scope(world.vendor.pk)):
        late = timezone.now() + timedelta(days=31)
        assert bulk_services.bulk_sweep(now=late - timedelta(days=2)) == 0
        assert bulk_services.bulk_sweep(now=late) == 1
        assert not BulkUpload.objects.exists()
