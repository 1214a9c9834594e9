"""PostgreSQL and Redis out of wheels, for the demo, the tests and a first look: nothing to install.

Every process that needs the servers calls `join()` and holds a shared lock on `users.lock` for as long as
it lives, however it dies. A detached *keeper* process owns the two servers as its children, restarts one
that dies, and stops both as soon as it can take that lock alone: nobody is left. So nothing stays behind,
not even after `kill -9` of every user.

Clients connect over Unix sockets only; the sockets' folder is closed to other OS users, which is why the
roles need no passwords. Production never comes here: it names its servers in the environment.
"""

import fcntl
import os
import secrets
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

from portal.embedded.place import (
    DATABASE,
    LONGEST_SOCKET_PATH,
    Place,
    answers,
    ask_redis,
    default_place,
    lock,
    log_tail,
    provision,
    try_lock,
    var_folder,
)
from portal.embedded.servers import postgres_binary, tethered

__all__ = [
    "ADDRESSES",
    "LONGEST_SOCKET_PATH",
    "EmbeddedError",
    "Place",
    "default_place",
    "empty_database",
    "hold",
    "is_needed",
    "join",
    "postgres_binary",
    "tethered",
    "var_folder",
]

ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
START_TIMEOUT = 180  # seconds; crash recovery of a large demo database takes its time
POLL = 0.1  # seconds
PROJECT = Path(__file__).resolve().parent.parent.parent


class EmbeddedError(RuntimeError):
    """The embedded servers cannot be started; the message says why and what to do."""


_held: list[int] = []  # file descriptors of the locks this process holds until it ends


def is_needed() -> bool:
    """True when the environment names no servers. With only some of them named, the settings complain."""
    return not any(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in ADDRESSES)


def join() -> None:
    """Start or join the embedded servers and put their addresses into the environment.

    Does nothing when the environment names servers already, as it does in production and in the child
    processes of somebody who joined. Raises EmbeddedError when the servers do not come up.
    """
    if not is_needed():
        return
    place = default_place()
    _held.append(hold(place))
    os.environ.update(place.addresses())
    os.environ.setdefault("SECRET_KEY", kept_secret_key())


def hold(place: Place) -> int:
    """Start or join the servers of `place`; they run at least until the returned descriptor is closed."""
    place.folder.mkdir(parents=True, exist_ok=True)
    users = lock(place.users_lock, fcntl.LOCK_SH)  # waits out a keeper that is just shutting down
    try:
        _wait_for_servers(place)
    except BaseException:
        os.close(users)
        raise
    return users


def empty_database() -> None:
    """Drop and create the embedded database, throwing out whoever is connected, and empty Redis."""
    place = default_place()
    with closing(place.connect()) as superuser, superuser.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    provision(place)
    ask_redis(place, "FLUSHDB")


def kept_secret_key() -> str:
    """A key made once per var/ folder, so that a restart signs nobody out."""
    path = var_folder() / "secret_key"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(0o600)
        draft.write_text(secrets.token_urlsafe(64))
        with suppress(FileExistsError):  # whoever links first decides
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


def _wait_for_servers(place: Place) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    started_a_keeper = False
    while True:
        free = try_lock(place.keeper_lock)
        if free is not None:
            _start_keeper(place, free, may_start=not started_a_keeper)
            started_a_keeper = True
        if answers(place):
            return
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The embedded servers do not answer.\n{log_tail(place)}")
        time.sleep(POLL)


def _start_keeper(place: Place, free: int, *, may_start: bool) -> None:
    """Start a keeper. It inherits the free lock just taken, so there is never a moment with two keepers."""
    try:
        if not may_start:
            raise EmbeddedError(f"The embedded servers do not start.\n{log_tail(place)}")
        with place.log.open("wb") as log:
            subprocess.Popen(
                [sys.executable, "-m", "portal.embedded.keeper", str(place.folder), str(free)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=PROJECT,
                pass_fds=[free],
                start_new_session=True,
            )
    finally:
        os.close(free)
