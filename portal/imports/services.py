"""One file into one vendor: everything that is right in it, in one transaction, and a report of the rest."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from import_export.results import RowResult

from portal.events.log import record
from portal.imports.cells import Context
from portal.imports.encodings import Unreadable
from portal.imports.kinds import ImportKind
from portal.imports.maps import ImportMap, import_map
from portal.imports.records import Record, decimals_of, grouped, orphans, records_of, unused_columns
from portal.imports.report import Report
from portal.imports.resources import VendorResource
from portal.imports.tables import Fault, Table, read_table
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor

#: One import of a kind at a time and vendor: two at once would each create what the other does.
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%s, %s))"
Advance = Callable[[int], Any]


def load(
    kind: ImportKind,
    source: bytes | Table,
    *,
    vendor: Vendor,
    file: str = "",
    sections: dict[str, Any] | None = None,
    dry_run: bool = False,
    actor: Actor | None = None,
    progress: Callable[[int], Advance] | None = None,
) -> Report:
    """Import a file, or what was read of it, under the vendor's scope: good lines are written, bad ones told.

    `sections` is a parsed map; `progress(total lines)` returns what is told how many lines were done. With
    `dry_run` the same happens and is undone. Raises Unreadable or BadMap where there is nothing to import.
    """
    resource_class = kind.resource_class
    cells = resource_class.cells()
    mapping = import_map(sections or {}, kind.name, set(cells))
    table = source if isinstance(source, Table) else table_of(source, mapping)
    records = records_of(table, mapping, cells)
    if not table.lines and not table.faults:
        raise Unreadable("There is only a header line in the file, and nothing below it.")
    report = Report(kind.name, file, table.format, dry_run, lines=len(table.lines) + len(table.faults))
    report.faults += table.faults
    report.notes += _unused(unused_columns(table, mapping, cells))
    context = _context(vendor, mapping)
    context.decimals = decimals_of(records, mapping, cells)
    resource = resource_class(context, mapping, actor=actor, dry_run=dry_run)
    resource.use_key(records[0].texts if records else cells)
    if mapping.group:
        records, faults = grouped(records, resource.key, cells)
        report.faults += faults
    resource.advance = progress(len(table.lines)) if progress else lambda lines: None
    with transaction.atomic():
        _lock(kind, vendor)
        _write(resource, records, report)
        _record(report, actor)
    report.faults.sort(key=lambda fault: fault.line)
    return report


def table_of(data: bytes, mapping: ImportMap, *, most_lines: int | None = None) -> Table:
    """A file read as its map says. Raises Unreadable, for more than `most_lines` as well."""
    table = read_table(
        data,
        encoding=mapping.encoding,
        delimiter=mapping.delimiter,
        sheet=mapping.sheet,
        header=mapping.header,
    )
    count = len(table.lines)
    if most_lines is not None and count > most_lines:
        raise Unreadable(f"The file has {count:,} lines; at most {most_lines:,} are taken here.")
    return table


def _context(vendor: Vendor, mapping: ImportMap) -> Context:
    return Context(vendor, timezone.localdate(timezone=vendor.zone), mapping.dates)


def _unused(columns: list[str]) -> list[str]:
    return [f"Columns not used: {', '.join(columns)}."] if columns else []


def _lock(kind: ImportKind, vendor: Vendor) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"import {kind.name}", vendor.pk])


def _write(resource: VendorResource, records: list[Record], report: Report) -> None:
    resource.load_lookups()
    dataset = resource.dataset(resource.prepare(records))
    result = resource.import_data(dataset, dry_run=report.dry_run, use_transactions=True)
    report.created = result.totals[RowResult.IMPORT_TYPE_NEW]
    report.updated = result.totals[RowResult.IMPORT_TYPE_UPDATE]
    report.unchanged = result.totals[RowResult.IMPORT_TYPE_SKIP]
    for invalid in result.invalid_rows:
        report.faults += _faults(resource, resource.records[invalid.number - 1], invalid.error)
    report.notes += resource.notes
    report.changes = resource.changes


def _record(report: Report, actor: Actor | None) -> None:
    """That somebody changed the programme by a file is told once, besides what became of each partner."""
    if report.dry_run or not report.changed:
        return
    data = {"title": f"{report.kind} from {report.file}", "summary": report.summary()}
    record("portal.imported", actor=actor, data=data)


def _faults(resource: VendorResource, record: Record, error: ValidationError) -> list[Fault]:
    """Every reason by its line and column; the record's other lines go with it, and say so."""
    faults = [
        record.fault(resource.place_of(name, record), reason, getattr(one, "index", 0))
        for name, errors in error.error_dict.items()
        for one in errors
        for reason in one.messages
    ]
    return [*faults, *orphans(record.lines, faults)]
