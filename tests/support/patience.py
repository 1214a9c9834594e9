"""How long a test waits before it gives up."""

import os

MOST = 4.0  # times as long: past that somebody waits for what never comes


def patient(seconds: float) -> float:
    """`seconds` on a machine that has nothing else to do, and up to four times that on one overbooked."""
    return seconds * min(MOST, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
