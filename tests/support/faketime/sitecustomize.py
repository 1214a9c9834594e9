"""Read by every Python that `tests.at_clocks` starts.

There the monotonic clock is the true one, or waits that must end would not. libfaketime then fails on
`clock_nanosleep` with "Invalid argument", which is what `time.sleep` calls.
"""

import threading
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    threading.Event().wait(seconds)


time.sleep = _sleep
