"""Watching real processes come and go."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from portal.embedded.place import Place
from tests.support.patience import patient

PATIENCE = 60  # seconds, before `patient`


def place_of(var: Path) -> Place:
    """The embedded servers of a process that runs with PORTAL_VAR=`var`."""
    return Place(var.resolve() / "embedded")


def servers_of(place: Place) -> list[psutil.Process]:
    """The keeper and every process of the two servers."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            in_folder = Path(process.cwd()) in (place.data, place.redis)
            if in_folder or str(place.folder) in process.cmdline():
                found.append(process)
    return found


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Fails after `patience` seconds, or later where the machine has other things to do."""
    started = time.monotonic()
    while not condition():
        waited = time.monotonic() - started
        assert waited < patient(patience), f"waited {waited:.0f} s in vain until {what}"
        time.sleep(0.05)
