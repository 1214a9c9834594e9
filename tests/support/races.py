"""Many at once, each with a connection of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from deals.protection.models import Protection
from tests.support.patience import patient
from tests.support.worlds import VendorWorld, acting_as

PATIENCE = 30  # seconds, before `patient`


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Start all together; returns what each returned or raised, in the order given."""
    start = threading.Barrier(len(actions), timeout=patient(PATIENCE))
    results: list[Any] = [None] * len(actions)

    def run(place: int, action: Callable[[], Any]) -> None:
        try:
            start.wait()
            results[place] = action()
        except Exception as error:  # noqa: BLE001  (whatever it is, the test looks at it)
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patient(PATIENCE))
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results


def active_claims(world: VendorWorld) -> int:
    with acting_as(world.people["program_admin"]):
        return Protection.objects.filter(released_at=None).count()


@contextmanager
def without_index(name: str, table: str = "deals_protection") -> Iterator[None]:
    """As the owner of the tables; the index is back when the block ends, and its table empty."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("select indexdef from pg_indexes where indexname = %s", [name])
        definition = cursor.fetchone()[0]
        cursor.execute(f"drop index {name}")
    try:
        yield
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"delete from {table}")
            cursor.execute(definition)
