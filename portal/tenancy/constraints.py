"""Row security, declared in a model's `Meta.constraints`."""

from enum import StrEnum
from functools import cache
from typing import Any

from django.db import models
from django.db.models.constraints import BaseConstraint


class Rows(StrEnum):
    """The kinds of tenant tables (architecture, section 4)."""

    PARTNER = "partner"  # rows of the scope's partners
    BOOKS = "books"  # the same to read, but only the vendor's people write them
    PROGRAMME = "programme"  # everybody of the vendor reads, staff writes
    STAFF = "staff"  # the vendor's people only
    MAILBOX = "mailbox"  # everybody of the vendor may drop a row in, staff reads
    PERSONAL = "personal"  # the person's own (`own`), and the vendor's machinery


def _number(name: str) -> str:
    return f"(select nullif(current_setting('portal.{name}', true), '')::bigint)"


def _on(name: str) -> str:
    return f"(select current_setting('portal.{name}', true) = 'on')"


def _listed(column: str, all_setting: str, ids_setting: str) -> str:
    # `in (select unnest(...))` is looked up in a hash; `= any (array)` would walk the array for every row:
    # a channel manager's 2,000 partners over 300,000 rows took 4.4 s instead of 0.1 s.
    ids = f"string_to_array(nullif(current_setting('portal.{ids_setting}', true), ''), ',')::bigint[]"
    return f"({_on(all_setting)} or {column} in (select unnest({ids})))"


def _same_vendor(column: str = "vendor_id") -> str:
    return f"{column} = {_number('vendor_id')}"


def _readable(column: str) -> str:
    return _listed(column, "all_partners", "partner_ids")


def _writable(column: str) -> str:
    return _listed(column, "write_all_partners", "write_partner_ids")


class AfterTable(BaseConstraint):
    """A constraint that is written after its table, and drops with statements of its own."""

    def statements(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        raise NotImplementedError

    def drops(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        raise NotImplementedError

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        schema_editor.deferred_sql.extend(self.statements(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        # Deferred as well: the tables a policy names may come later in the same migration.
        self.constraint_sql(model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return "; ".join(self.drops(model, schema_editor))

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database decides; a form cannot know the other vendor's rows."""


class RowSecurity(AfterTable):
    """Row security of one table: its kind, the column holding the partner, and the person's own rows.

    `own` names the column of a user id: the acting person always reads (and, on insert, writes) these.
    `everywhere` extends reading one's own rows to every vendor (the vendor switcher needs it).
    """

    def __init__(
        self, *, rows: str, name: str, partner: str = "partner_id", own: str = "", everywhere: bool = False
    ) -> None:
        super().__init__(name=name)
        self.rows, self.partner, self.own, self.everywhere = Rows(rows), partner, own, everywhere

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs["rows"] = self.rows.value
        for key, default in (("partner", "partner_id"), ("own", ""), ("everywhere", False)):
            if getattr(self, key) != default:
                kwargs[key] = getattr(self, key)
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowSecurity) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.rows))

    def predicates(self) -> tuple[str, str, str]:
        """SQL conditions (read, insert, change) of this kind, without the vendor."""
        staff, staff_writes = _on("staff"), _on("staff_writes")
        machinery = f"({_on('all_partners')} and {staff_writes})"
        read, change = {
            Rows.PARTNER: (_readable(self.partner), _writable(self.partner)),
            Rows.BOOKS: (_readable(self.partner), f"({staff_writes} and {_writable(self.partner)})"),
            Rows.PROGRAMME: ("true", staff_writes),
            Rows.STAFF: (staff, staff_writes),
            Rows.MAILBOX: (staff, staff_writes),
            Rows.PERSONAL: (machinery, machinery),
        }[self.rows]
        insert = "true" if self.rows == Rows.MAILBOX else change
        if not self.own:
            return read, insert, change
        own = f"{self.own} = {_number('actor_id')}"
        if self.rows == Rows.PERSONAL:
            change = f"({change} or {own})"
        return f"({read} or {own})", f"({insert} or {own})", change

    def policies(self) -> dict[str, str]:
        read, insert, change = self.predicates()
        vendor = _same_vendor()
        policies = {
            "read": f"for select using ({vendor} and {read})",
            "insert": f"for insert with check ({vendor} and {insert})",
            "update": f"for update using ({vendor} and {change}) with check ({vendor} and {change})",
            "delete": f"for delete using ({vendor} and {change})",
        }
        if self.everywhere:
            policies["own"] = f"for select using ({self.own} = {_number('actor_id')})"
        return policies

    def statements(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(model._meta.db_table)
        create = [
            f"create policy {self.name}_{what} on {table} {how}" for what, how in self.policies().items()
        ]
        return [f"alter table {table} enable row level security", *create]

    def drops(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(model._meta.db_table)
        drop = [f"drop policy {self.name}_{what} on {table}" for what in self.policies()]
        return [*drop, f"alter table {table} disable row level security"]


class SharesRow(AfterTable):
    """Who sees this row also sees the row its `field` points to ("visible by link").

    With `writes`, who may change this row may also change that one.
    """

    def __init__(self, *, field: str, name: str, writes: bool = False) -> None:
        super().__init__(name=name)
        self.field, self.writes = field, writes

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs["field"] = self.field
        if self.writes:
            kwargs["writes"] = True
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharesRow) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.field))

    def _tables(self, model: type[models.Model], schema_editor: Any) -> tuple[str, str, str]:
        field: Any = model._meta.get_field(self.field)
        here = schema_editor.quote_name(model._meta.db_table)
        there = schema_editor.quote_name(field.remote_field.model._meta.db_table)
        return here, there, field.column

    def statements(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        here, there, column = self._tables(model, schema_editor)
        link = f"link.vendor_id = {there}.vendor_id and link.{column} = {there}.id"
        # Names come from models, never from input.
        linked = f"{_same_vendor(f'{there}.vendor_id')} and exists (select 1 from {here} link where {link}"  # noqa: S608
        made = [f"create policy {self.name}_read on {there} for select using ({linked}))"]
        if self.writes:
            writable = f"{linked} and {_writable('link.partner_id')})"
            made.append(
                f"create policy {self.name}_update on {there} for update "
                f"using ({writable}) with check ({writable})"
            )
        return made

    def drops(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        _, there, _ = self._tables(model, schema_editor)
        names = [f"{self.name}_read", *([f"{self.name}_update"] if self.writes else [])]
        return [f"drop policy {name} on {there}" for name in names]


class ReadThrough(AfterTable):
    """Who sees a row of the table `link` also sees the rows of `table` that it leads to, and only reads them.

    `on` are the column of `table` and the column of `link` that must be equal; `where` narrows the links.
    Both tables are named, because the model that declares it may be either.
    """

    def __init__(self, *, name: str, table: str, link: str, on: tuple[str, str], where: str = "") -> None:
        super().__init__(name=name)
        self.table, self.link, self.on, self.where = table, link, tuple(on), where

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs |= {"table": self.table, "link": self.link, "on": self.on}
        if self.where:
            kwargs["where"] = self.where
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReadThrough) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.table))

    def statements(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        there, here = self.on
        linked = f"link.vendor_id = {self.table}.vendor_id and link.{here} = {self.table}.{there}"
        if self.where:
            linked += f" and {self.where}"
        # Names come from models, never from input.
        seen = f"exists (select 1 from {self.link} link where {linked})"  # noqa: S608
        vendor = _same_vendor(f"{self.table}.vendor_id")
        return [f"create policy {self.name} on {self.table} for select using ({vendor} and {seen})"]

    def drops(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        return [f"drop policy {self.name} on {self.table}"]


@cache
def row_security(model: type[models.Model]) -> RowSecurity | None:
    return next((c for c in model._meta.constraints if isinstance(c, RowSecurity)), None)
