"""Importing in tests: small files, given as text."""

import io
from pathlib import Path
from typing import Any

import openpyxl
from django.conf import settings
from django.db import transaction

from portal.imports import kinds
from portal.imports.maps import parse_map
from portal.imports.report import Report
from portal.imports.services import load
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope

CRM = Path(__file__).parent.parent / "data" / "crm"


def run(vendor: Vendor, kind: str, text: str | bytes, map_text: str = "", **options: Any) -> Report:
    """Import a text (or bytes) as the vendor's own machinery."""
    data = text.encode() if isinstance(text, str) else text
    with entered(system_scope(vendor.pk)), transaction.atomic():
        return load(
            kinds.kind(kind), data, vendor=vendor, file="file.csv", sections=parse_map(map_text), **options
        )


def run_crm(vendor: Vendor, kind: str, name: str, **options: Any) -> Report:
    """Import a file of the sample CRM export by its map."""
    return run(vendor, kind, (CRM / name).read_bytes(), (CRM / "map.toml").read_text(), **options)


def run_whole_crm(vendor: Vendor) -> list[Report]:
    files = {
        "partners": "teams.csv",
        "people": "teams.csv",
        "customers": "accounts.csv",
        "products": "products.csv",
        "deals": "pipeline.csv",
    }
    return [run_crm(vendor, kind, name) for kind, name in files.items()]


def counts(report: Report) -> tuple[int, int, int, int]:
    """(created, updated, unchanged, rejected)"""
    return report.created, report.updated, report.unchanged, report.rejected


def faults(report: Report) -> list[tuple[int, str, str, str]]:
    return [(fault.line, fault.column, fault.value, fault.reason) for fault in report.faults]


SHARED = Path(settings.BASE_DIR).parent / "shared" / "data"
SPECTRUM = SHARED / "bad_csv" / "csv-spectrum"


def workbook(*sheet_rows: list[Any], title: str = "Data") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in sheet_rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
