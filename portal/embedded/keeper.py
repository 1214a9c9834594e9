"""The keeper: a detached process that owns the servers for as long as anybody uses them."""

import os
import signal
import sys
import time
from pathlib import Path

import psycopg2

from portal.embedded.place import Place, provision, try_lock
from portal.embedded.servers import Account, make_cluster, postgres, redis_server

POLL = 0.1  # seconds


def keep(place: Place, keeper_lock: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    account = Account.choose(place)
    make_cluster(place, account)
    servers = [postgres(place, account), redis_server(place, account)]
    users: int | None = None
    try:
        provisioned = False
        while (users := try_lock(place.users_lock)) is None:
            for server in servers:
                server.keep_alive()
            provisioned = provisioned or _try_to_provision(place)
            time.sleep(POLL)
    finally:
        for server in servers:
            server.ask_to_stop()
        for server in servers:
            server.wait_for_end()
        # In this order: whoever gets `users` next must find the keeper's place free.
        os.close(keeper_lock)
        if users is not None:
            os.close(users)


def _try_to_provision(place: Place) -> bool:
    try:
        provision(place)
    except psycopg2.OperationalError:
        return False
    return True


if __name__ == "__main__":
    keep(Place(Path(sys.argv[1])), int(sys.argv[2]))
