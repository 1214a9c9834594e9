"""The suite's databases: copies of one migrated template, which is kept from run to run.

Migrating takes most of the time of one test file, copying a fraction of a second. The template lies in the
same cluster as the copies (the embedded one under `var/`, unless the environment names another) and is
called after a fingerprint of what shapes it, so a changed migration never meets an old schema.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.models.signals import post_migrate

ALIASES = ("default", "owner")
TEMPLATE = "test_template_"
#: Any number, the same in every process: one at a time builds or copies the template.
BUILDING = 7_301_441


def fingerprint(*, base: Path = settings.BASE_DIR, today: date | None = None, run: str = "") -> str:
    """Names the schema that `base` would migrate to today; `run` makes it a name of that run alone."""
    today = today or datetime.now(UTC).date()
    digest = hashlib.sha256()
    # Migrating makes the partitions of the months around today.
    for part in (version("django"), f"{today:%Y-%m}", run):
        digest.update(part.encode() + b"\0")
    for path in sorted(schema_files(base)):
        digest.update(str(path.relative_to(base)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def schema_files(base: Path) -> set[Path]:
    """Migrations and what they import, models, what runs after migrating, and the versions of libraries."""
    folders = [_project_path(config.module.__file__, base) for config in apps.get_app_configs()]
    migrations = {file for folder in folders if folder for file in folder.parent.glob("migrations/*.py")}
    used = {model.__module__ for model in apps.get_models(include_auto_created=True)}
    used |= {receiver().__module__ for _, receiver, *_ in post_migrate.receivers if receiver()}
    used |= {name for file in migrations for name in _imported(file)}
    return migrations | _modules(used, base) | set(base.glob("requirements/*.txt"))


def _project_path(file: str | None, base: Path) -> Path | None:
    """Where a module of this project lies below `base`; None for a library's."""
    path = Path(file or "/")
    if not path.is_relative_to(settings.BASE_DIR) or ".venv" in path.parts:
        return None
    return base / path.relative_to(settings.BASE_DIR)


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _modules(names: Iterable[str], base: Path) -> set[Path]:
    paths = (base.joinpath(*name.split(".")) for name in names)
    found = (file for path in paths for file in (path.with_suffix(".py"), path / "__init__.py"))
    return {file for file in found if file.is_file()}


@contextmanager
def database_of_this_worker(*, run: str = "") -> Iterator[None]:
    """Point both connections at a fresh copy of the template, made first where there is none.

    With `run` the template is one of that run: nothing an earlier run left is trusted.
    """
    before = {alias: connections[alias].settings_dict["NAME"] for alias in ALIASES}
    name = connections["default"].creation._get_test_db_name()
    template = TEMPLATE + fingerprint(run=run)
    with _server() as server:
        server.execute("select pg_advisory_lock(%s)", [BUILDING])
        _ensure(server, template)
        server.execute(f"drop database if exists {name}")
        server.execute(f"create database {name} template {template}")
        # Who waits for ever fails instead, with the statement that waited.
        for setting in ("lock_timeout", "idle_in_transaction_session_timeout"):
            server.execute(f"alter database {name} set {setting} = '120s'")
    _point_at(dict.fromkeys(ALIASES, name))
    yield
    for alias in ALIASES:
        _end_sessions(alias)
    _point_at(before)
    with _server() as server:
        server.execute(f"drop database {name}")


@contextmanager
def _server() -> Iterator[Any]:
    """A cursor of the owner's outside of every database of the portal; its locks end with it."""
    with connections["owner"]._nodb_cursor() as cursor:
        yield cursor


def _ensure(server: Any, template: str) -> None:
    """Migrate a draft and give it its name only when it is whole; drop the templates of other schemas."""
    server.execute("select datname from pg_database where starts_with(datname, %s)", [TEMPLATE])
    known = {name for (name,) in server.fetchall()}
    for stale in known - {template}:
        server.execute(f"drop database {stale} with (force)")
    if template in known:
        return
    draft = f"{TEMPLATE}draft"
    server.execute(f"create database {draft}")
    _point_at({"owner": draft})
    call_command("migrate", verbosity=0, interactive=False)
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"grant truncate on all tables in schema public to {settings.APP_ROLE}")
    connections["owner"].close()
    server.execute(f"alter database {draft} rename to {template}")


def _point_at(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def _end_sessions(alias: str) -> None:
    """End what a thread of a test left open: the database can be dropped once nobody is in it."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and usename = current_user and pid <> pg_backend_pid()"
        )
    connections[alias].close()
