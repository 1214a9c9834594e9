"""How long a test waits before it gives up."""

import os


def patient(seconds: float) -> float:
    """`seconds` on a machine that has nothing else to do, and as many times that as it is overbooked."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
