"""Importing in the administration: choose, look, confirm."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from deals.deal.models import Deal
from partners.models import Partner
from portal.events.models import PortalEvent
from portal.imports import forms, services
from portal.imports import kept_files as imports_kept_files
from portal.tenancy.scope import entered, system_scope
from tests.support.imports import CRM
from tests.support.worlds import PortalClient, VendorWorld

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]
PAGE = "admin:partners_partner_import"
FILE = b"name,country\nNewcomer,AT\nNowhere,XX\nbeta,AT\n"


@pytest.fixture(autouse=True)
def _storage(tmp_path: Path, settings: Any) -> None:
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = storages


def upload(data: bytes, name: str = "partners.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def check(client: PortalClient, data: bytes = FILE, **more: Any) -> Any:
    return client.post(reverse(PAGE), {"file": upload(data), **more})


def slugs(world: VendorWorld) -> set[str]:
    with entered(system_scope(world.vendor.pk)):
        return set(Partner.objects.values_list("slug", flat=True))


def kept_files() -> list[str]:
    return default_storage.listdir("imports")[1] if default_storage.exists("imports") else []


def test_a_table_offers_the_import(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    for table in (
        "partners_partner",
        "portal_membership",
        "deals_customer",
        "partners_product",
        "deals_deal",
    ):
        page = client.get(reverse(f"admin:{table}_changelist"))
        assert reverse(f"admin:{table}_import") in page.content.decode(), table
        form = client.get(reverse(f"admin:{table}_import"))
        assert form.status_code == 200
        assert "Columns that are recognised" in form.content.decode()


def test_the_check_shows_everything_and_writes_nothing(client_as: SignIn, world: VendorWorld) -> None:
    before = slugs(world)
    page = check(client_as(world.people["program_admin"]))
    text = page.content.decode()
    assert page.status_code == 200
    report = page.context["report"]
    assert (report.created, report.updated, report.unchanged, report.rejected) == (1, 1, 0, 1)
    assert "<td>3</td><td>country</td><td>XX</td><td>There is no such country." in text
    assert "<td>2</td><td>created</td><td>Newcomer</td>" in text
    assert "<td>4</td><td>updated</td><td>beta</td><td>name</td>" in text
    assert 'value="Import 2 records"' in text
    assert slugs(world) == before


def test_the_confirmation_writes_once(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    token = check(client).context["token"]
    answer = client.post(reverse(f"{PAGE}_confirm"), {"token": token}, follow=True)
    told = "Imported partners.csv: 1 created, 1 updated, 0 unchanged; 1 of 3 lines rejected."
    assert told in answer.content.decode()
    assert "newcomer" in slugs(world)
    assert kept_files() == []
    with entered(system_scope(world.vendor.pk)):
        event = PortalEvent.objects.get(type="portal.imported")
    assert event.actor == world.people["program_admin"].user
    again = client.post(reverse(f"{PAGE}_confirm"), {"token": token})
    assert again.status_code == 409
    assert "Choose it again" in again.content.decode()


def test_rejected_lines_can_be_taken_along(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    token = check(client, b"name,country\nGood,AT\nEvil,=1+1\n").context["token"]
    answer = client.post(reverse(f"{PAGE}_rejected"), {"token": token})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1][:3] == ["3", "country", "'=1+1"]
    assert "good" not in slugs(world)


def test_a_map_works_as_on_the_command_line(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    map_file = SimpleUploadedFile("map.toml", (CRM / "map.toml").read_bytes())
    page = check(client, (CRM / "teams.csv").read_bytes(), map=map_file)
    assert page.context["report"].created == 3
    client.post(reverse(f"{PAGE}_confirm"), {"token": page.context["token"]})
    assert {"vela-networks", "orbit-sohne", "kite-labs"} <= slugs(world)


@pytest.mark.parametrize(
    ("data", "map_text", "message"),
    [
        (b"", None, "The submitted file is empty."),
        (b"%PDF-1.7", None, "not a table"),
        (FILE, b"[partners", "not valid TOML"),
        (FILE, b"\xff\xfe", "text file in UTF-8"),
        (FILE, b"[partners]\ncolumn.name = 'Firm'\n", "partners knows no column"),
        (b"name\n" + b"x\n" * 10_001, None, "10,001 lines; at most 10,000"),
    ],
)
def test_what_cannot_be_read_is_said_next_to_the_field(
    client_as: SignIn, world: VendorWorld, data: bytes, map_text: bytes | None, message: str
) -> None:
    more = {} if map_text is None else {"map": SimpleUploadedFile("map.toml", map_text)}
    page = check(client_as(world.people["program_admin"]), data, **more)
    assert page.status_code == 422
    assert message in page.content.decode()
    assert kept_files() == []


def test_too_large_a_file_is_not_read(
    client_as: SignIn, world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "LARGEST_UPLOAD", 10)
    page = check(client_as(world.people["program_admin"]))
    assert page.status_code == 422
    assert "at most" in page.content.decode()


def test_a_file_is_kept_for_the_one_who_gave_it(
    client_as: SignIn, world: VendorWorld, other_world: VendorWorld
) -> None:
    token = check(client_as(world.people["program_admin"])).context["token"]
    before = slugs(other_world)
    stranger = client_as(other_world.people["program_admin"])
    assert stranger.post(reverse(f"{PAGE}_confirm"), {"token": token}).status_code == 409
    other_table = reverse("admin:partners_product_import_confirm")
    assert client_as(world.people["program_admin"]).post(other_table, {"token": token}).status_code == 409
    assert (
        client_as(world.people["program_admin"])
        .post(reverse(f"{PAGE}_confirm"), {"token": token + "x"})
        .status_code
        == 409
    )
    assert slugs(other_world) == before
    assert len(kept_files()) == 2  # the file, and what is known of it


@pytest.mark.parametrize("page", ["", "_check", "_confirm", "_rejected"])
@pytest.mark.parametrize("name", ["executive", "manager", "partner_admin", "partner_rep"])
def test_only_program_admins_import(client_as: SignIn, world: VendorWorld, name: str, page: str) -> None:
    client = client_as(world.people[name])
    assert client.post(reverse(f"{PAGE}{page}"), {"file": upload(FILE)}).status_code == 403


def test_confirming_is_no_link(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    assert client.get(reverse(f"{PAGE}_confirm")).status_code == 302
    assert client.get(reverse(f"{PAGE}_rejected")).status_code == 302
    assert client.get(reverse(f"{PAGE}_check")).status_code == 302


def test_uploads_nobody_confirmed_are_swept(
    client_as: SignIn, world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_as(world.people["program_admin"])
    check(client)
    first = kept_files()
    monkeypatch.setattr(imports_kept_files, "KEPT_FOR", timedelta(0))
    check(client)
    assert len(first) == len(kept_files()) == 2
    assert first != kept_files()


# How the file is read -----------------------------------------------------------------------------------


def again(client: PortalClient, page: Any, **changes: Any) -> Any:
    """The form of the second page sent back, with some answers changed."""
    form = page.context["form"]
    answers = {name: form.initial.get(name) for name in form.fields} | changes
    answers = {name: value for name, value in answers.items() if value not in (None, False)}
    return client.post(reverse(f"{PAGE}_check"), {"token": page.context["token"], **answers})


def confirm(client: PortalClient, page: Any) -> Any:
    return client.post(reverse(f"{PAGE}_confirm"), {"token": page.context["token"]}, follow=True)


def test_a_file_is_read_once(client_as: SignIn, world: VendorWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[bytes] = []
    read = services.read_table
    monkeypatch.setattr(services, "read_table", lambda data, **how: times.append(data) or read(data, **how))
    client = client_as(world.people["program_admin"])
    page = check(client)
    client.post(reverse(f"{PAGE}_rejected"), {"token": page.context["token"]})
    assert "1 created" in confirm(client, page).content.decode()
    assert len(times) == 1


def test_columns_are_chosen_on_the_page(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    page = check(client, "Firma;Land\nOmicron;Österreich\n".encode())
    assert page.status_code == 422
    assert "Nothing fills name. The file has the columns Firma, Land." in page.content.decode()
    page = again(client, page, **{"column-name": "Firma", "column-country": "Land"})
    assert page.context["report"].created == 1
    confirm(client, page)
    with entered(system_scope(world.vendor.pk)):
        assert Partner.objects.get(slug="omicron").country == "AT"


def test_a_header_below_a_title_is_pointed_at(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    page = check(client, b"All partners\nAs of today\n\nname,country\nOmicron,AT\n")
    text = page.content.decode()
    assert page.status_code == 422
    assert "Line 4 looks like the header" in text
    assert "Line 4: name, country" in text
    assert page.context["form"].initial["header"] == 4
    page = again(client, page)
    assert page.status_code == 200
    confirm(client, page)
    assert "omicron" in slugs(world)


def test_another_sheet_is_read(client_as: SignIn, world: VendorWorld) -> None:
    book = openpyxl.Workbook()
    book.active.append(["about this file"])  # type: ignore[union-attr]
    sheet = book.create_sheet("Partners")
    sheet.append(["name", "country"])
    sheet.append(["Omicron", "AT"])
    file = io.BytesIO()
    book.save(file)
    client = client_as(world.people["program_admin"])
    refused = client.post(reverse(PAGE), {"file": upload(file.getvalue(), "partners.xlsx")})
    assert refused.status_code == 422
    assert "The file has 2 sheets (Sheet, Partners)" in refused.content.decode()
    page = again(client, refused, sheet="Partners", header=1)
    assert page.context["report"].created == 1


def test_dates_and_the_decimal_sign_are_chosen(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    page = check(client, b"name,joined_on\nOmicron,01.02.2025\n")
    assert "Day or month first?" in page.content.decode()
    page = again(client, page, dates="%d.%m.%Y")
    assert page.context["report"].created == 1
    products = reverse("admin:partners_product_import")
    page = client.post(products, {"file": upload(b"code,name,list_price\nx,Crane,1.200\n")})
    assert "1.200 can mean 1,200 or 1.2" in page.content.decode()
    form = page.context["form"]
    answers = {name: form.initial.get(name) or "" for name in form.fields} | {"decimal": ","}
    page = client.post(f"{products}check/", {"token": page.context["token"], **answers})
    assert page.context["report"].created == 1


def test_empty_cells_empty_what_is_there_when_told(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    with entered(system_scope(world.vendor.pk)):
        Partner.objects.filter(slug="beta").update(name="beta", city="Linz")
    page = check(client, b"slug,name,city\nbeta,beta,\n")
    assert page.context["report"].unchanged == 1
    page = again(client, page, empties="on")
    assert page.context["report"].updated == 1


def test_an_uploaded_map_shows_in_the_selects_and_stays(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    mapping = b"[partners]\ncolumns.name = ['First', 'Last']\ncolumns.country = { value = 'AT' }\n"
    data = b"First,Last,Town\nOmicron,Works,Linz\n"
    page = check(client, data, map=SimpleUploadedFile("map.toml", mapping))
    assert "As in the map: First + Last" in page.content.decode()
    page = again(client, page, **{"column-city": "Town"})
    confirm(client, page)
    with entered(system_scope(world.vendor.pk)):
        partner = Partner.objects.get(slug="omicron-works")
    assert (partner.city, partner.country) == ("Linz", "AT")


def test_reasons_are_summed_up(client_as: SignIn, world: VendorWorld) -> None:
    lines = "".join(f"P{number},Atlantis\n" for number in range(7))
    page = check(client_as(world.people["program_admin"]), f"name,country\n{lines}".encode())
    text = page.content.decode()
    assert "Why lines were rejected" in text
    assert "<td>7</td><td>country</td><td>Atlantis</td>" in text


def test_what_no_select_offers_is_refused(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    page = check(client)
    refused = again(client, page, **{"column-name": "Secret"})
    assert refused.status_code == 422
    assert "Secret is not one of the available choices" in refused.content.decode()
    assert client.post(reverse(f"{PAGE}_check"), {"token": "x"}).status_code == 409


def test_what_values_mean_is_chosen_on_the_page(client_as: SignIn, world: VendorWorld) -> None:
    """Status and stage of another system, without writing a map; asked for each value, not line by line."""
    client, page_of = client_as(world.people["program_admin"]), "admin:deals_deal_import"
    lines = [f"K{n},beta,Acme {n},Closed Won,Commit,48000,2026-01-02,2026-03-0{n}" for n in range(1, 4)]
    lines.append("K9,beta,Apex,approved,Commit,100,2026-01-02,")
    data = "\n".join(["id,partner,customer,status,stage,amount,submitted_on,closed_on", *lines]).encode()
    page = client.post(reverse(page_of), {"file": upload(data, "deals.csv")})
    assert page.context["report"].rejected == 4
    asked = {(one.field, one.value): one for one in page.context["form"].meanings}
    assert {key: one.lines for key, one in asked.items()} == {
        ("status", "Closed Won"): 3,
        ("stage", "Commit"): 4,
    }
    reasons = {(reason.column, reason.value): reason.count for reason in page.context["reasons"]}
    assert reasons["status", "Closed Won"] == 3
    chosen = {
        asked["status", "Closed Won"].name: "won",
        asked["stage", "Commit"].name: world.stages[1].name,
    }
    answers = {bound.name: bound.value() or "" for bound in page.context["form"]} | chosen
    again = client.post(reverse(f"{page_of}_check"), {"token": page.context["token"], **answers})
    assert [str(reason) for reason in again.context["reasons"]] == []
    assert (again.status_code, again.context["report"].rejected) == (200, 0)
    shown = {bound.name: bound.value() for bound in again.context["form"]}
    assert {name: shown[name] for name in chosen} == chosen, "and it can be changed once more"
    client.post(reverse(f"{page_of}_confirm"), {"token": again.context["token"]})
    with entered(system_scope(world.vendor.pk)):
        deals = {deal.external_key: deal for deal in Deal.objects.select_related("stage")}
        assert {deals[f"K{n}"].status for n in range(1, 4)} == {"won"}
        assert deals["K9"].stage == world.stages[1]


def test_a_map_handed_in_is_shown_and_may_be_corrected(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    given = b'[partners]\n[partners.values.type]\n"VAR" = "reseller"\n'
    page = check(client, b"name,type\nOmicron,VAR\n", map=upload(given, "map.toml"))
    (one,) = page.context["form"].meanings
    assert (one.field, one.value, one.means) == ("type", "VAR", "reseller")
    page = again(client, page, **{one.name: "msp"})
    confirm(client, page)
    with entered(system_scope(world.vendor.pk)):
        assert Partner.objects.get(slug="omicron").type == "msp"
