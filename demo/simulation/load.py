"""Writes simulated rows with COPY, as the owner of the tables: row security knows no COPY FROM."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connections, transaction
from django.db.models import Model

from demo.simulation import history, tables
from demo.simulation.cast import Ids, Size
from demo.simulation.channel import Channel
from demo.simulation.clock import months_before
from demo.simulation.names import Unique
from demo.simulation.plans import MONTHS, MOST_PEOPLE, VendorPlan
from demo.simulation.tables import Row, Table
from partners.grants import MANAGE_PARTNER, MANAGE_REGION
from portal.calendar.defaults import standard_hours
from portal.calendar.models import Holiday
from portal.events import partitions
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from portal.tenancy.vendors import forget
from scorecards.services import programme_defaults

OWNER = "owner"
CHUNK = 20_000  # rows per COPY
#: From this many deals on it is quicker to build indexes and check foreign keys after the rows.
INDEXES_AFTERWARDS = 5_000
LARGE = (tables.CUSTOMER, tables.DEAL, tables.LINE, tables.STAGE_CHANGE, tables.PROTECTION, tables.EVENT)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
#: Called with the number of rows written since the last call.
Progress = Callable[[int], object]


def load_vendor(
    plan: VendorPlan,
    size: Size,
    *,
    seed: str,
    end: date,
    domains: Unique | None = None,
    progress: Progress = lambda rows: None,
) -> Channel:
    """Create the vendor and its whole channel in one transaction. ValidationError when the slug is taken."""
    partitions.ensure(partitions.months_between(months_before(end, MONTHS), end))
    with transaction.atomic(using=OWNER):
        vendor = _create_vendor(plan)
        ids = _reserve_ids(size)
        channel = Channel(plan, size, seed=seed, end=end, vendor_id=vendor.pk, ids=ids, domains=domains)
        with _indexes_built_afterwards(size.deals >= INDEXES_AFTERWARDS):
            copy(history.rows(channel), progress)
    forget()
    with entered(system_scope(vendor.pk)), transaction.atomic():
        standard_hours(vendor)
        _holidays(end)
        programme_defaults(vendor)
    return channel


def _holidays(end: date) -> None:
    """The days most of the world is closed, this year and the next."""
    days = [
        Holiday(day=date(year, month, day), name=name)
        for year in (end.year, end.year + 1)
        for month, day, name in ((1, 1, "New Year's Day"), (12, 25, "Christmas Day"), (12, 31, "Year end"))
    ]
    Holiday.objects.bulk_create(days, ignore_conflicts=True)


def settle(*models: type[Model]) -> None:
    """What autovacuum would do in time: statistics, and maps that let indexes answer alone.

    For these models (none: all that are simulated); outside a transaction.
    """
    with connections[OWNER].cursor() as cursor:
        for model in models or [table.model for table in tables.TABLES]:
            cursor.execute(f"vacuum (analyze) {connections[OWNER].ops.quote_name(model._meta.db_table)}")


def _create_vendor(plan: VendorPlan) -> Vendor:
    vendor = Vendor(
        slug=plan.slug,
        name=plan.name,
        time_zone=plan.time_zone,
        currency=plan.currency,
        colour=plan.colour,
        fiscal_year_start=plan.fiscal_year_start,
        support_email=f"partners@{plan.slug}.example",
    )
    vendor.full_clean()
    vendor.save(using=OWNER)
    return vendor


def _reserve_ids(size: Size) -> Ids:
    """Blocks of ids out of the sequences, so that rows can point to one another before they are written."""
    people, few = size.partners * MOST_PEOPLE + 100, 100
    wanted = {
        tables.USER: people,
        tables.MEMBERSHIP: people,
        tables.PARTNER: size.partners,
        tables.CUSTOMER: size.deals,
        tables.DEAL: size.deals,
        **dict.fromkeys((tables.TIER, tables.GROUP, tables.REGION, tables.PRODUCT, tables.STAGE), few),
    }
    permissions = dict(Permission.objects.using(OWNER).values_list("codename", "pk"))
    return Ids(
        {table: _reserve(table, number) for table, number in wanted.items()},
        manage_partner=permissions[MANAGE_PARTNER],
        manage_region=permissions[MANAGE_REGION],
    )


def _reserve(table: Table, number: int) -> int:
    with connections[OWNER].cursor() as cursor:
        # Nobody else may draw a number between the two calls.
        cursor.execute(f"lock table {_quoted(table)} in exclusive mode")
        sequence = "pg_get_serial_sequence(%s, 'id')"
        name = table.model._meta.db_table
        cursor.execute(f"select nextval({sequence})", [name])
        first: int = cursor.fetchone()[0]
        cursor.execute(f"select setval({sequence}, %s)", [name, first + number])
        return first


# COPY -----------------------------------------------------------------------------------------------


def copy(rows: Iterable[Row], progress: Progress = lambda rows: None) -> None:
    """Write the rows, a chunk per table at a time. Foreign keys are checked at the end of the transaction."""
    writers = {table: _Writer(table) for table in tables.TABLES}
    for table, values in rows:
        if writers[table].add(values):
            progress(writers[table].flush())
    for writer in writers.values():
        progress(writer.flush())


class _Writer:
    """Collects rows of one table in COPY's text format."""

    def __init__(self, table: Table) -> None:
        self._lines: list[str] = []
        self._tabs = len(table.columns) - 1
        defaults = _defaults(table)
        columns = ", ".join([*table.columns, *defaults])
        self._end = "".join(f"\t{_text(value)}" for value in defaults.values()) + "\n"
        self._copy = f"copy {_quoted(table)} ({columns}) from stdin"

    def add(self, values: Sequence[object]) -> bool:
        """True when it is time to flush."""
        line = "\t".join(["\\N" if value is None else str(value) for value in values])
        if self._needs_escapes(line, nulls=values.count(None)):
            line = "\t".join(map(_text, values))
        self._lines.append(line + self._end)
        return len(self._lines) >= CHUNK

    def _needs_escapes(self, line: str, nulls: int) -> bool:
        """Hardly ever; looking at the whole line is several times quicker than at each value."""
        if line.count("\t") != self._tabs or "\n" in line or "\r" in line:
            return True
        return line.count("\\") != nulls

    def flush(self) -> int:
        written = len(self._lines)
        if written:
            with connections[OWNER].cursor() as cursor:
                cursor.cursor.copy_expert(self._copy, io.StringIO("".join(self._lines)))
            self._lines.clear()
        return written


def _defaults(table: Table) -> dict[str, object]:
    """Columns the simulation leaves alone and what stands in them; the database numbers the ids."""
    fields = {str(field.column): field for field in table.model._meta.concrete_fields}
    left = {column: field for column, field in fields.items() if column not in table.columns}
    return {
        column: field.get_default()
        for column, field in left.items()
        if not (field.primary_key or field.generated)
    }


def _text(value: object) -> str:
    return "\\N" if value is None else str(value).translate(_ESCAPES)


def _quoted(table: Table) -> str:
    return connections[OWNER].ops.quote_name(table.model._meta.db_table)


# Indexes --------------------------------------------------------------------------------------------


@contextmanager
def _indexes_built_afterwards(worth_it: bool) -> Iterator[None]:
    """Take plain indexes and foreign keys off the large tables and put them back, all in one transaction."""
    if not worth_it:
        yield
        return
    with connections[OWNER].cursor() as cursor:
        keys, indexes = _foreign_keys(cursor), _plain_indexes(cursor)
        for table, name, _ in keys:
            cursor.execute(f"alter table {table} drop constraint {name}")
        for name, _ in indexes:
            cursor.execute(f"drop index {name}")
    yield
    with connections[OWNER].cursor() as cursor:
        cursor.execute("set constraints all immediate")
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in keys:
            cursor.execute(f"alter table {table} add constraint {name} {definition}")


def _large_tables() -> list[str]:
    return [table.model._meta.db_table for table in LARGE]


def _foreign_keys(cursor: Any) -> list[tuple[str, str, str]]:
    """(table, name, definition); those of partitions come and go with their parent's."""
    cursor.execute(
        "select conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) from pg_constraint "
        "where contype = 'f' and conparentid = 0 and conrelid = any (%s::regclass[])",
        [_large_tables()],
    )
    return list(cursor.fetchall())


def _plain_indexes(cursor: Any) -> list[tuple[str, str]]:
    """(name, definition) of indexes that stand behind no constraint."""
    cursor.execute(
        "select indexrelid::regclass::text, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') "
        "from pg_index where indrelid = any (%s::regclass[]) and not indisprimary "
        "and not exists (select from pg_constraint where conindid = indexrelid)",
        [_large_tables()],
    )
    return list(cursor.fetchall())
