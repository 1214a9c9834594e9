"""A sign of life while rows are written."""

from typing import Any, Self

from tqdm import tqdm

from demo.simulation.cast import Size

#: Rows that come with a deal besides its events: itself, customer, lines, stages, protection.
ROWS_PER_DEAL = 7


class Bar:
    """A progress bar over the expected rows; only a terminal gets it."""

    def __init__(self, what: str, size: Size, out: Any) -> None:
        expected = size.events + ROWS_PER_DEAL * size.deals
        quiet = not getattr(out, "isatty", lambda: False)()
        self._bar = tqdm(total=expected, desc=what, unit=" rows", leave=False, disable=quiet, unit_scale=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def add(self, rows: int) -> None:
        self._bar.update(rows)
