"""For whoever tells of the past in its own time: a simulation, a migration of another system's edits."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection
from django.utils import timezone


@contextmanager
def made_at(moment: datetime) -> Iterator[None]:
    """What is changed in this block of an open transaction counts as changed at that moment."""
    _set(moment)
    try:
        yield
    finally:
        _set(timezone.now())


def _set(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config('portal.now', %s, true)", [moment.isoformat()])
