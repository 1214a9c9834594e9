"""A clock that stands still, so that deadlines can be tested to the minute."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock


class StoppedClock:
    """What `timezone.now()` says until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.moment

    def move_to(self, moment: datetime) -> None:
        self.moment = moment.astimezone(UTC)

    def shift(self, span: timedelta) -> None:
        self.moment += span


@contextmanager
def stopped_at(moment: datetime) -> Iterator[StoppedClock]:
    clock = StoppedClock(moment)
    with mock.patch("django.utils.timezone.now", clock):
        yield clock
