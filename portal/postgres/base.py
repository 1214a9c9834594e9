"""PostgreSQL, with the current Scope written into every transaction.

With it goes the moment: what the database keeps of a change bears the time of the application's clock.

The settings are local to the transaction, so a pooled connection (PgBouncer in transaction mode)
cannot carry one person's scope into another's transaction.
"""

from typing import Any

from django.db.backends.postgresql import base
from django.utils import timezone
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from portal.postgres.schema import DatabaseSchemaEditor
from portal.tenancy.scope import Scope, current_scope


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor

    def set_autocommit(self, autocommit: bool, *args: Any, **kwargs: Any) -> None:
        super().set_autocommit(autocommit, *args, **kwargs)
        scope = current_scope()
        if not autocommit and scope is not None:
            self.apply_scope(scope)

    def apply_scope(self, scope: Scope) -> None:
        settings = scope.as_settings() | {"portal.now": timezone.now().isoformat()}
        calls = ", ".join("set_config(%s, %s, true)" for _ in settings)
        params = [part for pair in settings.items() for part in pair]
        with self.cursor() as cursor:
            cursor.execute(f"SELECT {calls}", params)

    @property
    def accepts_statements(self) -> bool:
        """False in a transaction that has failed: its rollback restores the settings by itself."""
        if self.needs_rollback or self.connection is None or self.connection.closed:
            return False
        return bool(self.connection.info.transaction_status != TRANSACTION_STATUS_INERROR)
