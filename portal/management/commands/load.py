import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from tqdm import tqdm

from portal.imports import kinds
from portal.imports.encodings import Unreadable
from portal.imports.maps import BadMap, parse_map, vendor_settings
from portal.imports.report import Report, write_faults
from portal.imports.services import load
from portal.imports.tables import LARGEST_FILE, Fault
from portal.tenancy.models import Vendor
from portal.tenancy.new_vendor import create_vendor
from portal.tenancy.scope import entered, system_scope

#: Rejected lines printed; --report writes them all.
SHOWN_FAULTS = 20
SHOWN_REASONS = 10


class Command(BaseCommand):
    help = (
        "Import a CSV or XLSX file. Good lines are written, rejected ones reported; loading it again changes "
        "nothing. Exit status 1 where the file or the map cannot be read or every line was rejected, else 0."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=[kind.name for kind in kinds.kinds()])
        parser.add_argument("file", type=Path, help="CSV or XLSX, may be compressed with gzip")
        parser.add_argument("--vendor", required=True, metavar="SLUG")
        parser.add_argument("--map", type=Path, metavar="FILE", help="which column is what (TOML)")
        parser.add_argument("--create-vendor", action="store_true", help="where there is none of this slug")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write all rejected lines as CSV")

    def handle(self, *, kind: str, file: Path, **options: Any) -> None:
        sections = self._sections(options["map"])
        self._refuse_empty_database()
        data = _read(file)
        try:
            with transaction.atomic():
                with self._vendor(sections, **options) as vendor:
                    report = load(
                        kinds.kind(kind),
                        data,
                        vendor=vendor,
                        file=file.name,
                        sections=sections,
                        dry_run=options["dry_run"],
                        progress=_progress,
                    )
                # A vendor made only to be able to check the file goes with the rest.
                transaction.set_rollback(options["dry_run"])
        except (Unreadable, BadMap) as error:
            raise CommandError(f"{file}: {error}") from error
        self._print(report, options["report"])
        if report.failed:
            raise CommandError("Nothing was imported: every line was rejected.")

    def _refuse_empty_database(self) -> None:
        if Vendor._meta.db_table not in connection.introspection.table_names():
            raise CommandError("The database has no tables yet. Run manage.py migrate first.")

    def _sections(self, path: Path | None) -> dict[str, Any]:
        if path is None:
            return {}
        try:
            return parse_map(_read(path).decode())
        except (BadMap, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: {error}") from error

    @contextmanager
    def _vendor(
        self, sections: dict[str, Any], *, vendor: str, create_vendor: bool, **_: Any
    ) -> Iterator[Vendor]:
        """The vendor, under its system scope."""
        found = Vendor.objects.filter(slug=vendor).first()
        if found is None and not create_vendor:
            raise CommandError(f"There is no vendor {vendor!r}. Add --create-vendor to begin one.")
        found = found or self._new_vendor(vendor, vendor_settings(sections))
        with entered(system_scope(found.pk)):
            yield found

    def _new_vendor(self, slug: str, settings: dict[str, str]) -> Vendor:
        name = settings.pop("name", slug.replace("-", " ").title())
        try:
            made = create_vendor(slug=slug, name=name, **settings)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"New vendor {made} ({slug}), currency {made.currency}, time zone {made.time_zone}")
        return made

    def _print(self, report: Report, path: Path | None) -> None:
        done = "Would have imported" if report.dry_run else "Imported"
        self.stdout.write(f"{done} {report.kind} from {report.file} ({report.format}): {report.summary()}")
        for note in report.notes:
            self.stdout.write(f"  {note}")
        for reason in report.reasons[:SHOWN_REASONS]:
            if reason.count > 1:
                self.stderr.write(f"  {reason}")
        for fault in report.faults[:SHOWN_FAULTS]:
            self.stderr.write(f"  {_line(fault)}")
        hidden = len(report.faults) - SHOWN_FAULTS
        if hidden > 0:
            self.stderr.write(f"  and {hidden:,} more; --report FILE writes them all")
        if path:
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                write_faults(report.faults, file)


def _line(fault: Fault) -> str:
    column = f", {fault.column}" if fault.column else ""
    value = f" {fault.value!r}" if fault.value else ""
    return f"line {fault.line}{column}{value}: {fault.reason}"


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise CommandError(f"{path} is larger than {LARGEST_FILE // 1024**2} MB. Split it.")
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _progress(total: int) -> Callable[[int], Any]:
    """A bar on a terminal, silence in a pipe."""
    return tqdm(total=total, unit=" lines", disable=not sys.stderr.isatty(), leave=False).update
