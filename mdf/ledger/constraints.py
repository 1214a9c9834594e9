"""What the database itself holds a ledger to, whoever writes."""

from typing import Any

from django.db import models

from portal.tenancy.constraints import AfterTable


class _Trigger(AfterTable):
    """A trigger on the model's table with a function of its own, both called `name`."""

    timing = ""
    body = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)

    def statements(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(model._meta.db_table)
        function = (
            f"create function {self.name}() returns trigger language plpgsql "
            f"security definer set search_path = public, pg_temp as $$\n{self.body.strip()}\n$$"
        )
        return [function, self.timing.format(name=self.name, table=table)]

    def drops(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(model._meta.db_table)
        return [f"drop trigger {self.name} on {table}", f"drop function {self.name}()"]


class SumsToZero(_Trigger):
    """Asked at commit: the entries of a posting sum to zero, and there are at least two.

    `column` of the row names its posting: "id" on postings themselves, "posting_id" on entries.
    """

    timing = (
        "create constraint trigger {name} after insert on {table} deferrable initially deferred "
        "for each row execute function {name}()"
    )

    def __init__(self, *, name: str, column: str) -> None:
        super().__init__(name=name)
        self.column = column

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {"column": self.column}

    @property
    def body(self) -> str:  # type: ignore[override]
        # Names of our own columns and tables.
        return f"""
declare
    rows bigint;
    total numeric;
begin
    select count(*), coalesce(sum(amount), 0) into rows, total
    from mdf_entry where vendor_id = new.vendor_id and posting_id = new.{self.column};
    if rows < 2 or total <> 0 then
        raise exception 'posting % does not balance: % entries sum to %', new.{self.column}, rows, total
            using errcode = 'check_violation', constraint = '{self.name}';
    end if;
    return null;
end"""  # noqa: S608


class RefusesClosedPeriods(_Trigger):
    """Nothing is posted on a day that is closed.

    The fund is locked against being closed until the posting is committed: whoever closes a period waits for
    what is under way, and what comes later sees it closed.
    """

    timing = "create trigger {name} before insert on {table} for each row execute function {name}()"

    @property
    def body(self) -> str:  # type: ignore[override]
        return f"""
declare
    through date;
begin
    select closed_through into through from mdf_fund
    where vendor_id = new.vendor_id and id = new.fund_id for share;
    if new.day <= through then
        raise exception 'the books are closed through %', through
            using errcode = 'check_violation', constraint = '{self.name}';
    end if;
    return new;
end"""  # noqa: S608  # a name of our own
