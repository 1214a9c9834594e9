"""`manage.py load`: what it says, what it writes, and how it ends."""

import csv
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from partners.models import Partner
from portal.imports import kinds
from portal.imports.reference import with_fields
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from scorecards.models import MetricTarget
from tests.support.imports import CRM
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def load(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command; returns (standard output, standard error)."""

    def call(kind: str, file: Path, vendor: str, **options: Any) -> tuple[str, str]:
        call_command("load", kind, str(file), vendor=vendor, **options)
        captured = capsys.readouterr()
        return captured.out, captured.err

    return call


def partners_of(slug: str) -> int:
    vendor = Vendor.objects.get(slug=slug)
    with entered(system_scope(vendor.pk)):
        return Partner.objects.count()


def test_a_new_vendor_is_made_only_when_asked(load: Any) -> None:
    with pytest.raises(CommandError, match=r"There is no vendor 'sample'\. Add --create-vendor"):
        load("partners", CRM / "teams.csv", "sample", map=CRM / "map.toml")
    out, _ = load("partners", CRM / "teams.csv", "sample", map=CRM / "map.toml", create_vendor=True)
    assert out == (
        "New vendor Sample (sample), currency GBP, time zone Europe/London\n"
        "Imported partners from teams.csv (CSV, utf-8, comma): 3 created, 0 updated, 0 unchanged; "
        "0 of 3 lines rejected\n"
        "  Columns not used: manager.\n"
        "  New regions: North, South.\n"
    )
    assert partners_of("sample") == 3
    with entered(system_scope(Vendor.objects.get(slug="sample").pk)):
        assert MetricTarget.objects.exists()
    again, _ = load("partners", CRM / "teams.csv", "sample", map=CRM / "map.toml", create_vendor=True)
    assert "0 created, 0 updated, 3 unchanged" in again


def test_a_dry_run_leaves_not_even_a_vendor(load: Any) -> None:
    options = {"map": CRM / "map.toml", "create_vendor": True, "dry_run": True}
    out, _ = load("partners", CRM / "teams.csv", "sample", **options)
    assert "Would have imported partners from teams.csv" in out
    assert not Vendor.objects.filter(slug="sample").exists()


def test_rejected_lines_are_shown_and_written(load: Any, world: VendorWorld, tmp_path: Path) -> None:
    file, report = tmp_path / "partners.csv", tmp_path / "rejected.csv"
    file.write_text("name,country\nGood,AT\n=1+1,Nowhere\n" + "".join(f"N{n},XX\n" for n in range(30)))
    out, err = load("partners", file, "acme", report=report)
    assert "1 created, 0 updated, 0 unchanged; 31 of 32 lines rejected" in out
    shown = err.splitlines()
    reason = "There is no such country. Use its ISO code or its English name."
    assert shown[:2] == [f"  30 x country 'XX': {reason}", f"  line 3, country 'Nowhere': {reason}"]
    assert shown[21:] == ["  and 11 more; --report FILE writes them all"]
    with report.open(encoding="utf-8-sig") as written:
        rows = list(csv.reader(written))
    assert rows[0] == ["line", "column", "value", "reason"]
    assert rows[1] == ["3", "country", "Nowhere", reason]
    assert len(rows) == 32


def test_the_report_holds_no_live_formula(load: Any, world: VendorWorld, tmp_path: Path) -> None:
    file, report = tmp_path / "partners.csv", tmp_path / "rejected.csv"
    file.write_text("name,country\nGood,AT\nEvil,=HYPERLINK(1)\n")
    load("partners", file, "acme", report=report)
    assert "3,country,'=HYPERLINK(1),There is no" in report.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b"%PDF-1.7", "document or an image"),
        (b"firm\nx\n", "Nothing fills name. The file has the columns firm"),
        (b"name,country\nx,XX\ny,XX\n", "every line was rejected"),
    ],
)
def test_it_fails_where_nothing_can_be_taken(
    load: Any, world: VendorWorld, tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=message):
        load("partners", file, "acme")
    assert partners_of("acme") == 4


def test_mistakes_of_the_person_at_the_keyboard(load: Any, world: VendorWorld, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        load("partners", tmp_path / "absent.csv", "acme")
    broken = tmp_path / "map.toml"
    broken.write_text("[partners]\ncolumns.nmae = 'x'\n")
    with pytest.raises(CommandError, match=r"partners\.columns knows no nmae"):
        load("partners", CRM / "teams.csv", "acme", map=broken)
    broken.write_text("[vendor]\ncurrency = 'pounds'\n[partners]\ncolumns.name = 'agency'\n")
    with pytest.raises(CommandError, match="three-letter ISO code"):
        load("partners", CRM / "teams.csv", "new", map=broken, create_vendor=True)
    assert not Vendor.objects.filter(slug="new").exists()


def test_any_file_that_holds_no_partner_leaves_the_partners_alone(load: Any, world: VendorWorld) -> None:
    with pytest.raises(CommandError, match="Nothing fills external_key, partner"):
        load("deals", CRM / "accounts.csv", "acme")
    assert partners_of("acme") == 4


def test_the_list_of_fields_in_the_documentation_is_current() -> None:
    text = (Path(settings.BASE_DIR) / "docs" / "import" / "README.md").read_text()
    assert with_fields(text) == text, "manage.py import_fields docs/import/README.md"
    assert all(f"### {kind.name}\n" in text for kind in kinds.kinds())


def test_a_database_without_tables_is_told_of(
    load: Any, world: VendorWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", list)
    with pytest.raises(CommandError, match=r"no tables yet. Run manage.py migrate first"):
        load("partners", tmp_path / "partners.csv", "acme")
