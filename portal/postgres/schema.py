"""Foreign keys between tenant tables name the vendor on both sides."""

from typing import Any

from django.db.backends.ddl_references import Columns, Statement, Table
from django.db.backends.postgresql import schema
from django.db.models import Model


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    #: Keys come once all tables of a migration stand: a composite one needs the other's unique key.
    sql_create_column_inline_fk = None  # type: ignore[assignment]

    def _create_fk_sql(self, model: type[Model], field: Any, suffix: str) -> Statement:
        if not getattr(field, "leads_with_vendor", False):
            return super()._create_fk_sql(model, field, suffix)  # type: ignore[no-any-return, misc]
        here, there = model._meta.db_table, field.remote_field.model._meta.db_table
        name = f"{here}_{field.name}_fk"
        return Statement(
            self.sql_create_fk,
            table=Table(here, self.quote_name),
            name=self.quote_name(name),
            column=Columns(here, ["vendor_id", field.column], self.quote_name),
            to_table=Table(there, self.quote_name),
            to_column=Columns(there, ["vendor_id", "id"], self.quote_name),
            deferrable=self.connection.ops.deferrable_sql(),
        )

    def create_model(self, model: type[Model]) -> None:
        super().create_model(model)
        # Beside a default in the database Django defers what constraints return, and ours return nothing.
        self.deferred_sql = [sql for sql in self.deferred_sql if sql is not None]
