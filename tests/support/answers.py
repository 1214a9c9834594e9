"""The end of a test with a browser: what the server still does holds up or fills the tables of the next."""

import time

from django.db import connection

from tests.support.patience import patient

BUSY = """
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and state in ('active', 'idle in transaction', 'idle in transaction (aborted)')
"""


def wait_for_answers(seconds: float = 10) -> None:
    """Return when no other session works on this test's database; one that does not end by then is ended."""
    until = time.monotonic() + patient(seconds)
    quiet = 0
    while quiet < 2 and time.monotonic() < until:
        time.sleep(0.05)  # what the browser sent last may not have arrived
        quiet = 0 if _busy() else quiet + 1
    if quiet < 2:
        with connection.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(pid) " + BUSY)


def _busy() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"select exists (select {BUSY})")
        return bool(cursor.fetchone()[0])
