"""`KeepsHistory`: a table whose changes are kept by the database, whoever writes them.

A form, an import, a nightly task and the administration all pass by the same trigger, so that a history
cannot be forgotten. It runs as the owner of the tables: who hands a deal over to another partner may not
write rows of either one's past.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models

from portal.tenancy.constraints import AfterTable

#: When a change is made: the application's clock, as the transaction was given it.
MOMENT = "coalesce(nullif(current_setting('portal.now', true), '')::timestamptz, statement_timestamp())"
_ACTOR = "nullif(current_setting('portal.actor_id', true), '')::bigint"


class KeepsHistory(AfterTable):
    """Changes of a row are kept in the table `into`, whose key to the row is `key`.

    - `edited` columns hold from when they are changed: what they said before is kept.
    - `dated` columns are moments, and hold from that moment: set or corrected, they are written into the
      versions before as well. Emptied (a deal is opened again), they count as edited.
    - `told_with` columns belong to a dated one, as an amount to its win: set with it, or in the same
      transaction, they hold with it; changed later they count as edited.
    - `ends` are moments that may move: later once they have passed is an edit, everything else is dated.

    `complete` is a text column that is empty until the row was filled in: before that, nothing was edited.
    `mark` is a column of the row that keeps the moment of its last edit: a row without one never had any.
    `deleted`: a row that is taken away leaves a version as well, so `key` is a plain number there.
    """

    def __init__(
        self,
        *,
        name: str,
        into: str,
        key: str,
        edited: Sequence[str] = (),
        dated: Sequence[str] = (),
        told_with: Mapping[str, str] | None = None,
        ends: Sequence[str] = (),
        complete: str = "",
        mark: str = "",
        deleted: bool = False,
    ) -> None:
        super().__init__(name=name)
        self.into, self.key, self.complete, self.mark, self.deleted = into, key, complete, mark, deleted
        self.edited, self.dated, self.ends = tuple(edited), tuple(dated), tuple(ends)
        self.told_with = dict(told_with or {})

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs |= {"into": self.into, "key": self.key}
        for name in ("edited", "dated", "told_with", "ends", "complete", "mark", "deleted"):
            if getattr(self, name):
                kwargs[name] = getattr(self, name)
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeepsHistory) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.into))

    @property
    def columns(self) -> list[str]:
        return [*self.edited, *self.dated, *self.told_with, *self.ends]

    def _changes(self) -> tuple[str, str]:
        """SQL conditions on `old` and `new`: something was edited; a dated fact was set or corrected."""
        edited = [f"old.{c} is distinct from new.{c}" for c in self.edited]
        edited += [f"(old.{c} is not null and new.{c} is null)" for c in self.dated]
        edited += [
            f"(old.{date} < moment and old.{c} is distinct from new.{c})"
            for c, date in self.told_with.items()
        ]
        edited += [f"({self._reopened(c)})" for c in self.ends]
        dated = [self._dated(c) for c in (*self.dated, *self.ends)]
        whether = " or ".join(edited)
        if self.complete:
            whether = f"old.{self.complete} <> '' and ({whether})"
        return whether, " or ".join(dated) or "false"

    @staticmethod
    def _reopened(end: str) -> str:
        return f"old.{end} < moment and (new.{end} > old.{end} or new.{end} is null)"

    def _dated(self, column: str) -> str:
        changed = f"new.{column} is not null and old.{column} is distinct from new.{column}"
        if column in self.ends:
            return f"({changed} and not coalesce({self._reopened(column)}, false))"
        return f"({changed})"

    def _told_now(self, column: str) -> str:
        date = self.told_with[column]
        return f"old.{date} is null and new.{date} is not null"

    def _before(self, column: str) -> str:
        """What the kept version says of a column: what it said, and what is now known to have happened."""
        if column in self.edited:
            return f"old.{column}"
        if column in self.told_with:
            return f"case when {self._told_now(column)} then new.{column} else old.{column} end"
        return f"case when {self._dated(column)} then new.{column} else old.{column} end"

    def _corrections(self, versions: str) -> str:
        """Assignments that write dated facts into earlier versions that said the same as the row did."""
        made = [
            f"{c} = case when {self._dated(c)} and {versions}.{c} is not distinct from old.{c} "
            f"then new.{c} else {versions}.{c} end"
            for c in (*self.dated, *self.ends)
        ]
        made += [
            f"{c} = case when {self._told_now(c)} and {versions}.{date} is null "
            f"then new.{c} else {versions}.{c} end"
            for c, date in self.told_with.items()
        ]
        return ", ".join(made)

    def _corrected(self, versions: str, dated: str, same_row: str) -> str:
        update = f"update {versions} set {self._corrections(versions)} where {same_row};"  # noqa: S608
        return f"if {dated} then\n        {update}\n    end if;"

    def statements(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(model._meta.db_table)
        versions = schema_editor.quote_name(self.into)
        edited, dated = self._changes()
        columns, before = ", ".join(self.columns), ", ".join(map(self._before, self.columns))
        same_row = f"vendor_id = old.vendor_id and {self.key} = old.id"
        correct = self._corrected(versions, dated, same_row) if self.dated or self.ends else ""
        marked = f"new.{self.mark} := moment;" if self.mark else ""
        # Whoever writes back a whole row that was read before an edit must not take its mark away.
        guarded = f"new.{self.mark} := old.{self.mark};" if self.mark else ""
        function = f"""
create function {self.name}() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    moment timestamptz := {MOMENT};
begin
    {guarded}
    {correct}
    if {edited} then
        insert into {versions} (vendor_id, {self.key}, held_from, held_until, changed_by_id, {columns})
        values (
            old.vendor_id, old.id, (select max(held_until) from {versions} where {same_row}), moment,
            {_ACTOR}, {before}
        );
        {marked}
    end if;
    return new;
end
$$"""  # noqa: S608  # names of our own tables and columns
        watched = [*self.columns, self.mark] if self.mark else self.columns
        old, new = (", ".join(f"{row}.{c}" for c in watched) for row in ("old", "new"))
        trigger = (
            f"create trigger {self.name} before update on {table} for each row "
            f"when (({old}) is distinct from ({new})) execute function {self.name}()"
        )
        return [function, trigger, *(self._when_deleted(table, versions) if self.deleted else [])]

    def _when_deleted(self, table: str, versions: str) -> list[str]:
        columns, said = ", ".join(self.columns), ", ".join(f"old.{column}" for column in self.columns)
        function = f"""
create function {self.name}_gone() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    insert into {versions} (vendor_id, {self.key}, held_from, held_until, changed_by_id, {columns})
    values (
        old.vendor_id, old.id,
        (select max(held_until) from {versions} where vendor_id = old.vendor_id and {self.key} = old.id),
        {MOMENT}, {_ACTOR}, {said}
    );
    return null;
end
$$"""  # noqa: S608  # names of our own tables and columns
        trigger = (
            f"create trigger {self.name}_gone after delete on {table} "
            f"for each row execute function {self.name}_gone()"
        )
        return [function, trigger]

    def drops(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(model._meta.db_table)
        names = [self.name, *([f"{self.name}_gone"] if self.deleted else [])]
        return [f"drop trigger {name} on {table}" for name in names] + [
            f"drop function {name}()" for name in names
        ]


class NotesLateFacts(AfterTable):
    """What is entered, corrected or deleted for an earlier day is noted as a `portal.LateFact`.

    `dated` are the columns with the moments of what happened; `label` is the column by which people know the
    row. The table has a partner. Loads by the owner of the tables, outside every scope, build a past of their
    own and note nothing.
    """

    def __init__(self, *, name: str, dated: Sequence[str], label: str = "") -> None:
        super().__init__(name=name)
        self.dated, self.label = tuple(dated), label

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs["dated"] = self.dated
        if self.label:
            kwargs["label"] = self.label
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NotesLateFacts) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)

    def _note(self, kind: str, row: str, source: str, moments: Mapping[str, tuple[str, str]]) -> str:
        """An insert of the rows of which a moment lies before today. `moments`: column -> (before, after)."""
        changed = {c: f"{before} is distinct from {after}" for c, (before, after) in moments.items()}
        earliest = ", ".join(
            f"case when {changed[c]} then least({before}, {after}) end"
            for c, (before, after) in moments.items()
        )
        told = ", ".join(
            f"'{c}', case when {changed[c]} then jsonb_build_array({before}, {after}) end"
            for c, (before, after) in moments.items()
        )
        label = f"{row}.{self.label}" if self.label else "''"
        return f"""
    insert into portal_latefact (
        vendor_id, partner_id, kind, subject_type, subject_id, label, facts, holds_from, noted_at, noted_by_id
    )
    select vendor_id, partner_id, '{kind}', tg_argv[0], id, label, facts, earliest, moment, {_ACTOR}
    from (
        select {row}.vendor_id as vendor_id, {row}.partner_id as partner_id, {row}.id as id, {label} as label,
            jsonb_strip_nulls(jsonb_build_object({told})) as facts, least({earliest}) as earliest
        from {source}
    ) fact
    where earliest < (
        select date_trunc('day', moment at time zone time_zone) at time zone time_zone
        from portal_vendor where id = fact.vendor_id
    );"""  # noqa: S608  # names of our own tables and columns

    def _function(self, event: str, note: str) -> str:
        return f"""
create function {self.name}_{event}() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    moment timestamptz := {MOMENT};
begin
    if nullif(current_setting('portal.vendor_id', true), '') is null then
        return null;
    end if;
    {note}
    return null;
end
$$"""

    def statements(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        table, subject = schema_editor.quote_name(model._meta.db_table), model._meta.label_lower
        old, new = (", ".join(f"{row}.{c}" for c in self.dated) for row in ("old", "new"))
        none = "null::timestamptz"
        inserted = self._note("added", "row", "added row", {c: (none, f"row.{c}") for c in self.dated})
        # Emptied, a moment is no late fact: what it said is kept as a version.
        corrected = self._note(
            "changed",
            "new",
            "(values (1)) one",
            {c: (f"old.{c}", f"coalesce(new.{c}, old.{c})") for c in self.dated},
        )
        deleted = self._note("deleted", "row", "gone row", {c: (f"row.{c}", none) for c in self.dated})
        return [
            self._function("added", inserted),
            f"create trigger {self.name}_added after insert on {table} referencing new table as added "
            f"for each statement execute function {self.name}_added('{subject}')",
            self._function("changed", corrected),
            f"create trigger {self.name}_changed after update on {table} for each row "
            f"when (({old}) is distinct from ({new})) execute function {self.name}_changed('{subject}')",
            self._function("deleted", deleted),
            f"create trigger {self.name}_deleted after delete on {table} referencing old table as gone "
            f"for each statement execute function {self.name}_deleted('{subject}')",
        ]

    def drops(self, model: type[models.Model], schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(model._meta.db_table)
        events = ("added", "changed", "deleted")
        triggers = [f"drop trigger {self.name}_{event} on {table}" for event in events]
        return [*triggers, *(f"drop function {self.name}_{event}()" for event in events)]
