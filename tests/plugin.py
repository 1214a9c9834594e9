"""Loaded by `-p tests.plugin` before pytest-django reads the settings: the suite needs running servers.

The workers of pytest-xdist inherit the addresses; the process that started them holds the servers.
"""

from portal import embedded

embedded.join()

from portal import celery  # noqa: E402, F401  (shared tasks then know their broker)
