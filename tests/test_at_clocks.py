"""The clocks of `make test-clock` are the awkward ones they claim to be."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.at_clocks import CLOCKS, PROJECT, SELECTION, VIENNA
from tests.support.patience import patient


def moment(name: str) -> datetime:
    return next(clock.moment for clock in CLOCKS if clock.name == name)


def utc_offset(at: datetime) -> timedelta | None:
    return at.astimezone(VIENNA).utcoffset()


def test_every_clock_stands_where_it_says() -> None:
    turn = moment("turn-of-year")
    assert (turn.year, turn.astimezone(VIENNA).year) == (2026, 2027)
    assert moment("leap-day").date().isoformat() == "2028-02-29"
    assert (moment("end-of-quarter") + timedelta(days=1)).day == 1
    for name in ("spring-forward", "fall-back"):
        at = moment(name).astimezone(UTC)
        assert utc_offset(at) != utc_offset(at + timedelta(hours=1)), "the clock changes while the suite runs"


def test_what_is_selected_is_there() -> None:
    assert all((PROJECT / file).is_file() for file in SELECTION)
    assert len(set(SELECTION)) == len(SELECTION)


def test_the_shift_leads_to_the_moment_from_either_side() -> None:
    clock = CLOCKS[0]
    assert clock.shift(clock.moment - timedelta(minutes=2)) == "+120s"
    assert clock.shift(clock.moment + timedelta(days=1)) == "-86400s"


def test_patience_grows_with_the_load_never_shrinks_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    for load, seconds in ((0.0, 60), (2.0, 60), (6.0, 180), (500.0, 240)):
        monkeypatch.setattr("os.getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert patient(60) == seconds
