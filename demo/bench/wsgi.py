"""The portal as gunicorn serves it, telling in headers what each answer took."""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
portal = get_wsgi_application()
settings.ROOT_URLCONF = "demo.bench.urls"


class _Statements:
    """Counts what is sent to the database."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.count += 1
        return execute(*args)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Adds X-Bench-Ms, from the request to the finished answer, and X-Bench-Sql."""
    statements, started = _Statements(), time.perf_counter()

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        took = 1000 * (time.perf_counter() - started)
        told = [("X-Bench-Ms", f"{took:.3f}"), ("X-Bench-Sql", str(statements.count))]
        return start_response(status, headers + told, *error)

    with connection.execute_wrapper(statements):
        return portal(environ, start)
