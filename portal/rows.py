"""Row security, declared in a model's `Meta.constraints`, and keys between rows of one vendor.

Because they are `BaseConstraint`s, `makemigrations` writes them like any other constraint and a new
table cannot forget them (`portal.checks` and the catalog test insist). The shape of the policies was
measured: every setting is read in a sub-select, evaluated once per statement, and `nullif` is there
because a spent local setting reads as ''. See docs/adr/0001-tenancy-by-row-security.md.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models.constraints import BaseConstraint

from portal.scope import All, current_scope, current_vendor_id


class Rows(StrEnum):
    """The kinds of tenant tables (architecture, section 4)."""

    PARTNER = "partner"  # rows of the scope's partners
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


class _AfterTable(BaseConstraint):
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


class RowSecurity(_AfterTable):
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


class SharesRow(_AfterTable):
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


def array_of(ids: Iterable[int]) -> str:
    """The ids as one parameter, for `= any(%s::bigint[])`."""
    return "{" + ",".join(map(str, ids)) + "}"


@models.ForeignKey.register_lookup
@models.Field.register_lookup
class Among(models.Lookup):
    """`partner_id__among=ids`: however many ids, as one parameter.

    Django's `in` makes a parameter of each: with a channel manager's 2,000 partners, putting the statement
    together took longer than running it.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = any(%s::bigint[])", (*parameters, array_of(self.rhs))


class TenantManager(models.Manager[Any]):
    """Adds the scope's vendor (and a partner person's partners) as ordinary filters.

    Row security alone would give the same rows; the filters give the planner exact estimates and
    stand as a second fence. Without a scope nothing is added: the database then shows no rows.
    """

    def get_queryset(self) -> models.QuerySet[Any]:
        rows = super().get_queryset()
        scope = current_scope()
        if scope is None or scope.vendor_id is None:
            return rows
        rows = rows.filter(vendor_id=scope.vendor_id)
        column = _partner_column(self.model)
        if not column or isinstance(scope.partner_ids, All) or scope.staff:
            return rows
        return rows.filter(**{f"{column}__among": scope.partner_ids})


def _partner_column(model: type[models.Model]) -> str:
    """The partner column to filter on; '' where the policy also shows rows of no partner, or one's own."""
    security = row_security(model)
    if security is None or security.rows != Rows.PARTNER or security.own:
        return ""
    return security.partner


@cache
def row_security(model: type[models.Model]) -> RowSecurity | None:
    return next((c for c in model._meta.constraints if isinstance(c, RowSecurity)), None)


class TenantKey(models.ForeignKey[Any, Any]):
    """A foreign key between tenant tables.

    Its constraint is composite, `(vendor_id, x_id) -> (vendor_id, id)`: a plain one would accept another
    vendor's row. `portal.postgres.schema` writes it, so the model it points to needs a unique key of both.
    """

    leads_with_vendor = True

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_index"] = False  # indexes of tenant tables lead with the vendor and are declared by name
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_index", None)
        return name, path, args, kwargs


class TenantOneToOne(models.OneToOneField[Any, Any]):
    """The same where there is at most one; its own unique key is beside the vendor's."""

    leads_with_vendor = True


class TenantModel(models.Model):
    """A row of one vendor; the vendor is taken from the scope when it is not given."""

    vendor = models.ForeignKey(
        "portal.Vendor",
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        db_index=False,  # every index of a tenant table leads with the vendor already
        default=current_vendor_id,
    )

    objects = TenantManager()

    class Meta:
        abstract = True

    def validate_constraints(self, exclude: Any = None) -> None:
        """As Django does, but a key that is taken is told at the last of its fields, not for the whole row.

        Keys lead with the vendor, so to Django every one of them concerns several fields.
        """
        errors: dict[str, list[ValidationError]] = {}
        for model, constraints in self.get_constraints():
            for constraint in constraints:
                try:
                    constraint.validate(model, self, exclude=exclude)
                except ValidationError as error:
                    fields = getattr(constraint, "fields", ())
                    errors.setdefault(fields[-1] if fields else NON_FIELD_ERRORS, []).append(error)
        if errors:
            raise ValidationError(errors)
