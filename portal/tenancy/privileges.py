"""What the unprivileged role may do with the tables: rights are given by name after every migration.

Not by default privileges: those would reach the partitions of the event table, and a partition read
directly is not guarded by its parent's policies.
"""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections


def append_only() -> set[str]:
    """Tables whose rows may be added and read, and never changed: their models say so."""
    return {model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)}


def grant_to_app_role(using: str = "owner", **_: Any) -> None:
    """Give the app role its rights on every table and sequence; idempotent, cheap, run as owner."""
    role = settings.APP_ROLE
    connection = connections[using]
    if connection.settings_dict["USER"] == role:
        return
    quoted = connection.ops.quote_name(role)
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname, relkind from pg_class join pg_namespace n on n.oid = relnamespace "
            "where n.nspname = 'public' and relkind in ('r', 'p', 'S') and not relispartition"
        )
        kept = append_only()
        for name, kind in cursor.fetchall():
            cursor.execute(
                f"grant {_rights(name, kind, kept)} on {connection.ops.quote_name(name)} to {quoted}"
            )


def _rights(name: str, kind: str, kept: set[str]) -> str:
    if kind == "S":
        return "usage, select"
    return "select, insert" if name in kept else "select, insert, update, delete"
