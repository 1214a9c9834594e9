"""What headings say of their figures."""

from datetime import date

import pytest

from scorecards import headlines


@pytest.mark.parametrize(
    ("overdue", "today", "total", "text"),
    [
        (0, 0, 0, "nothing waits for a decision"),
        (0, 0, 1, "one approval waits, none due today"),
        (0, 0, 5, "five approvals wait, none due today"),
        (0, 4, 9, "four approvals are due today"),
        (1, 0, 9, "one approval is overdue"),
        (2, 1, 9, "two approvals are overdue, one more due today"),
        (13, 0, 1300, "13 approvals are overdue"),
    ],
)
def test_approvals_in_the_order_of_urgency(overdue: int, today: int, total: int, text: str) -> None:
    assert headlines.approvals(overdue, today, total) == text


def test_a_vendors_home_names_who_fell_most() -> None:
    fallen = ("Tatra Logix", 8.6, date(2025, 11, 13))
    said = headlines.vendor_home(0, 1, 1, fallen)
    assert said == "One approval is due today, and Tatra Logix fell nine points since 13 Nov 2025"


@pytest.mark.parametrize(
    ("overdue", "total", "text"),
    [
        (0, 0, "€2.84M booked in Q4 so far, no approval waits"),
        (0, 2, "€2.84M booked in Q4 so far, two approvals wait"),
        (1, 2, "€2.84M booked in Q4 so far, one approval is overdue"),
    ],
)
def test_an_executives_home_starts_with_money(overdue: int, total: int, text: str) -> None:
    assert headlines.executive_home("€2.84M", "Q4", overdue, total) == text


@pytest.mark.parametrize(
    ("yours", "theirs", "text"),
    [
        (0, 0, "Nothing waits, on either side"),
        (1, 0, "One thing waits for you, nothing for Acme"),
        (0, 1, "Nothing waits for you, one waits for Acme"),
        (7, 3, "Seven things wait for you, three wait for Acme"),
    ],
)
def test_a_partners_home_says_whose_turn_it_is(yours: int, theirs: int, text: str) -> None:
    assert headlines.partner_home(yours, theirs, "Acme") == text


@pytest.mark.parametrize(
    ("health", "scored", "text"),
    [
        (None, [], "You score nothing yet: there is not enough data"),
        (
            63.4,
            [("Win rate", 81.0), ("Sales cycle", 40.0)],
            "You score 63: strong in win rate, held back by sales cycle",
        ),
        (60.0, [("Win rate", 61.0), ("Sales cycle", 59.0)], "You score 60"),
        (20.0, [("MDF use", 20.0)], "You score 20: held back by MDF use"),
    ],
)
def test_a_scorecard_says_what_is_strong_and_what_is_weak(
    health: float | None, scored: list[tuple[str, float]], text: str
) -> None:
    assert headlines.scorecard("You score", health, scored) == text


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ((date(2025, 11, 30), 57.0), (date(2026, 11, 18), 63.2), "Six points up in a year"),
        ((date(2026, 6, 30), 57.4), (date(2026, 11, 18), 56.6), "Level for five months"),
        ((date(2026, 10, 31), 57.0), (date(2026, 11, 18), 40.0), "17 points down in one month"),
        ((date(2026, 11, 15), 57.0), (date(2026, 11, 18), 58.0), "One point up in three days"),
        ((date(2026, 11, 15), None), (date(2026, 11, 18), 58.0), "No trend yet"),
    ],
)
def test_a_trend_says_how_far_and_how_long(
    first: tuple[date, float | None], last: tuple[date, float | None], text: str
) -> None:
    assert headlines.trend([first, last]) == text


def test_moves_never_promise_more_than_a_hundred() -> None:
    assert headlines.moves(63.0, [4.5, 3.4, 2.4]) == "Three things would lift the score to 73"
    assert headlines.moves(98.0, [1.6]) == "One thing would lift the score to 100"
    assert headlines.moves(100.0, []) == "Nothing is left to gain: every metric is at its target"


@pytest.mark.parametrize(
    ("bands", "text"),
    [
        ((0, 0, 0, 0), "No partners yet"),
        ((1, 0, 0, 0), "One partner: 1 healthy"),
        ((14, 5, 7, 0), "26 partners: 14 healthy, 5 on watch, 7 poor"),
        ((0, 0, 0, 3), "Three partners: 3 not scored"),
    ],
)
def test_a_portfolio_says_how_the_partners_are(bands: tuple[int, int, int, int], text: str) -> None:
    assert headlines.portfolio(*bands) == text
