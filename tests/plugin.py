"""Loaded by `-p tests.plugin` before pytest-django reads the settings: the suite needs running servers.

The workers of pytest-xdist inherit the addresses; the process that started them holds the servers.
"""

import os
import re

from portal import embedded

os.environ.setdefault("HTTPS", "0")  # the browser tests talk to a plain server on this machine

embedded.join()

# Every pytest-xdist worker sends its tasks through a Redis database of its own; a running demo has number 0.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
os.environ["REDIS_URL"] = re.sub(r"\bdb=\d+$", f"db={_worker + 1}", os.environ["REDIS_URL"])

from portal import celery  # noqa: E402, F401  (shared tasks then know their broker)
