"""Measuring the same way everywhere."""

import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from typing import TypeVar

T = TypeVar("T")


def seconds(do: Callable[[], T], times: int = 3) -> tuple[float, T]:
    """(median of several runs, result of the last)."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        result = do()
        taken.append(time.perf_counter() - started)
    return median(taken), result


def p50(values: Sequence[float]) -> float:
    return median(values)


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
