"""A database of the bench's own on the same server, gone afterwards, and what its web server needs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from django.core.management import call_command
from django.db import connections

ALIASES = ("default", "owner")


@contextmanager
def scratch_database() -> Iterator[str]:
    """Point both connections at a new, migrated database; yields its name and drops it on exit."""
    name = f"portal_bench_{os.getpid()}"
    before = {alias: connections[alias].settings_dict["NAME"] for alias in ALIASES}
    _execute(f"create database {name}")
    try:
        _point_at(dict.fromkeys(ALIASES, name))
        call_command("migrate", verbosity=0, interactive=False)
        yield name
    finally:
        _point_at(before)
        _execute(f"drop database {name} with (force)")


def _point_at(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def _execute(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
    connections["owner"].close()


@contextmanager
def web_environment() -> Iterator[dict[str, str]]:
    """Environment for a web server on the scratch database, with collected static files of its own."""
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        Path(folder).chmod(0o755)
        yield {
            **os.environ,
            "DATABASE_URL": database_url("default"),
            "DATABASE_OWNER_URL": database_url("owner"),
            "PORTAL_VAR": folder,
            "DEMO": "1",  # plain http
            "DEBUG": "0",
            "LOG_LEVEL": "WARNING",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
        }


def database_url(alias: str) -> str:
    """What `portal.environment.database` would read back."""
    now: dict[str, Any] = connections[alias].settings_dict
    login = quote(now["USER"], safe="") + (f":{quote(now['PASSWORD'], safe='')}" if now["PASSWORD"] else "")
    port = f"&port={now['PORT']}" if now["PORT"] else ""
    return f"postgresql://{login}@/{quote(now['NAME'])}?host={quote(now['HOST'], safe='')}{port}"
