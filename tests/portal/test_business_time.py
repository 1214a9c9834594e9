"""Opening hours, over nights, weekends, holidays and both changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from portal.calendar.business_time import BusinessCalendar, overlapping, standard_week
from portal.calendar.models import Holiday, WorkingHours
from portal.calendar.selectors import calendar_of, forget_calendar
from portal.tenancy.models import Vendor
from portal.tenancy.new_vendor import create_vendor
from portal.tenancy.scope import NO_SCOPE, entered, system_scope

VIENNA = ZoneInfo("Europe/Vienna")
OFFICE = BusinessCalendar(VIENNA, standard_week(), [date(2026, 12, 25)])
ROUND_THE_CLOCK = BusinessCalendar(VIENNA, {day: [(time(0), time(0))] for day in range(7)})
NIGHT_SHIFT = BusinessCalendar(VIENNA, {6: [(time(1), time(6))]})


def vienna(*parts: int, fold: int = 0) -> datetime:
    """In UTC: Python calls moments of two zones unequal where one of them is repeated."""
    return datetime(*parts, tzinfo=VIENNA, fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (vienna(2026, 11, 18, 10), 2, vienna(2026, 11, 18, 12)),
        (vienna(2026, 11, 18, 16), 2, vienna(2026, 11, 19, 10)),
        (vienna(2026, 11, 18, 9), 8, vienna(2026, 11, 18, 17)),  # closing time, not the next opening
        (vienna(2026, 11, 18, 6), 1, vienna(2026, 11, 18, 10)),  # before opening
        (vienna(2026, 11, 18, 22), 1, vienna(2026, 11, 19, 10)),  # at night
        (vienna(2026, 11, 21, 12), 1, vienna(2026, 11, 23, 10)),  # Saturday
        (vienna(2026, 11, 20, 16), 2, vienna(2026, 11, 23, 10)),  # Friday afternoon
        (vienna(2026, 12, 24, 16), 2, vienna(2026, 12, 28, 10)),  # holiday, then weekend
        (vienna(2026, 11, 18, 10), 0, vienna(2026, 11, 18, 10)),
        (vienna(2026, 11, 18, 9, 30), -1, vienna(2026, 11, 17, 16, 30)),
        (vienna(2026, 11, 23, 9), -8, vienna(2026, 11, 20, 9)),
        # Over both changes of the clock the promise stays in working hours of the wall clock.
        (vienna(2026, 3, 27, 16), 2, vienna(2026, 3, 30, 10)),
        (vienna(2026, 10, 23, 16), 2, vienna(2026, 10, 26, 10)),
    ],
)
def test_due_times(start: datetime, hours: float, due: datetime) -> None:
    assert OFFICE.add_hours(start, hours) == due


class TestTheClockChanges:
    def test_a_shift_across_the_spring_change_is_an_hour_short(self) -> None:
        assert NIGHT_SHIFT.hours_between(vienna(2026, 3, 29), vienna(2026, 3, 30)) == 4
        assert NIGHT_SHIFT.hours_between(vienna(2026, 3, 22), vienna(2026, 3, 23)) == 5

    def test_a_shift_across_the_autumn_change_is_an_hour_long(self) -> None:
        assert NIGHT_SHIFT.hours_between(vienna(2026, 10, 25), vienna(2026, 10, 26)) == 6

    def test_adding_across_the_changes_counts_real_hours(self) -> None:
        assert NIGHT_SHIFT.add_hours(vienna(2026, 3, 29, 1), 2) == vienna(2026, 3, 29, 4)
        assert NIGHT_SHIFT.add_hours(vienna(2026, 10, 25, 1), 3) == vienna(2026, 10, 25, 3)
        assert NIGHT_SHIFT.add_hours(vienna(2026, 10, 25, 1), 1.5) == vienna(2026, 10, 25, 2, 30)
        assert NIGHT_SHIFT.add_hours(vienna(2026, 10, 25, 1), 2.5) == vienna(2026, 10, 25, 2, 30, fold=1)

    def test_days_of_23_and_25_hours(self) -> None:
        assert ROUND_THE_CLOCK.hours_between(vienna(2026, 3, 29), vienna(2026, 3, 30)) == 23
        assert ROUND_THE_CLOCK.hours_between(vienna(2026, 10, 25), vienna(2026, 10, 26)) == 25

    def test_times_that_do_not_exist_or_exist_twice(self) -> None:
        """02:30 is left out in spring: the jump stands for it. In autumn it comes twice: both are open."""
        opens_in_gap = BusinessCalendar(VIENNA, {6: [(time(2, 30), time(5))]})
        assert opens_in_gap.stretches(date(2026, 3, 29)) == [(vienna(2026, 3, 29, 3), vienna(2026, 3, 29, 5))]
        closes_in_gap = BusinessCalendar(VIENNA, {6: [(time(1), time(2, 30))]})
        assert closes_in_gap.hours_between(vienna(2026, 3, 29), vienna(2026, 3, 30)) == 1
        within_gap = BusinessCalendar(VIENNA, {6: [(time(2, 10), time(2, 50))]})
        assert within_gap.stretches(date(2026, 3, 29)) == []
        assert within_gap.hours_between(vienna(2026, 10, 25), vienna(2026, 10, 26)) == pytest.approx(5 / 3)

    @pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"])
    def test_changes_of_half_an_hour_and_at_midnight(self, zone: str) -> None:
        calendar = BusinessCalendar(ZoneInfo(zone), {day: [(time(0), time(0))] for day in range(7)})
        start, end = datetime(2017, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)
        assert calendar.hours_between(start, end) == 2 * 365 * 24


class TestSeveralOpeningsADay:
    def test_the_break_does_not_count(self) -> None:
        calendar = BusinessCalendar(VIENNA, {2: [(time(13), time(17)), (time(8), time(12))]})
        assert calendar.add_hours(vienna(2026, 11, 18, 11), 2) == vienna(2026, 11, 18, 14)
        assert calendar.hours_between(vienna(2026, 11, 18, 11), vienna(2026, 11, 18, 14)) == 2

    def test_what_overlaps_counts_once(self) -> None:
        calendar = BusinessCalendar(VIENNA, {2: [(time(8), time(12)), (time(10), time(14))]})
        assert calendar.hours_between(vienna(2026, 11, 18), vienna(2026, 11, 19)) == 6

    def test_overlaps_are_noticed(self) -> None:
        assert overlapping([(time(8), time(12)), (time(11), time(13))])
        assert overlapping([(time(20), time(0)), (time(22), time(23))])
        assert not overlapping([(time(13), time(0)), (time(8), time(13))])


@pytest.mark.parametrize(
    "hours",
    [{}, {0: []}, {7: [(time(9), time(17))]}, {0: [(time(17), time(9))]}, {0: [(time(9), time(9))]}],
)
def test_calendars_that_cannot_be_are_refused(hours: dict[int, list[tuple[time, time]]]) -> None:
    with pytest.raises(ValueError, match=r"opening|weekday"):
        BusinessCalendar(VIENNA, hours)


def test_closed_for_a_year_is_said_and_not_searched_for_ever() -> None:
    holidays = [date(2026, 1, 1) + timedelta(days=n) for n in range(800)]
    calendar = BusinessCalendar(VIENNA, standard_week(), holidays)
    with pytest.raises(ValueError, match="closed"):
        calendar.add_hours(vienna(2026, 1, 1), 1)
    with pytest.raises(ValueError, match="closed"):
        calendar.add_hours(vienna(2028, 3, 1), -1)


# Laws --------------------------------------------------------------------------------------------------

ZONES = ["Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
TIMES = st.times().map(lambda t: t.replace(microsecond=0, fold=0))


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    openings = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] < pair[1] or pair[1] == time(0))
    days = st.lists(openings, min_size=1, max_size=3)
    hours = draw(st.dictionaries(st.integers(0, 6), days, min_size=1))
    first, last = date(2026, 3, 1), date(2026, 11, 30)
    holidays = draw(st.sets(st.dates(first, last), max_size=4))
    return BusinessCalendar(ZoneInfo(draw(st.sampled_from(ZONES))), hours, holidays)


MOMENTS = st.integers(0, 245 * 24 * 60 * 60).map(
    lambda seconds: datetime(2026, 3, 15, tzinfo=UTC) + timedelta(seconds=seconds)
)
HOURS = st.integers(1, 60 * 60 * 60).map(lambda seconds: seconds / 3600)


def roughly(hours: float) -> timedelta:
    """timedelta rounds to the microsecond, as the calendar does."""
    return timedelta(hours=hours)


@given(calendars(), MOMENTS, HOURS)
@example(ROUND_THE_CLOCK, vienna(2026, 3, 28, 12), 24)
@example(ROUND_THE_CLOCK, vienna(2026, 10, 24, 12), 24)
@example(NIGHT_SHIFT, vienna(2026, 10, 25, 2, 30), 1)
def test_what_was_added_lies_between(calendar: BusinessCalendar, start: datetime, hours: float) -> None:
    assume(_opens_soon(calendar))
    due = calendar.add_hours(start, hours)
    assert calendar.time_between(start, due) == roughly(hours)
    # ... and it is the first such moment.
    assert calendar.time_between(start, due - timedelta(microseconds=1)) < roughly(hours)


@given(calendars(), MOMENTS, HOURS)
def test_counting_back_undoes_counting_forward(
    calendar: BusinessCalendar, start: datetime, hours: float
) -> None:
    assume(_opens_soon(calendar))
    earlier = calendar.add_hours(start, -hours)
    assert calendar.time_between(earlier, start) == roughly(hours)
    assert calendar.time_between(earlier + timedelta(microseconds=1), start) < roughly(hours)


@given(calendars(), MOMENTS, MOMENTS, MOMENTS)
def test_time_adds_up(calendar: BusinessCalendar, a: datetime, b: datetime, c: datetime) -> None:
    assert calendar.time_between(a, b) + calendar.time_between(b, c) == calendar.time_between(a, c)


@given(calendars(), MOMENTS, st.integers(0, 72))
def test_open_time_is_never_longer_than_time(calendar: BusinessCalendar, start: datetime, hours: int) -> None:
    span = timedelta(hours=hours)
    assert timedelta(0) <= calendar.time_between(start, start + span) <= span


@given(calendars(), MOMENTS)
def test_minutes_counted_one_by_one(calendar: BusinessCalendar, start: datetime) -> None:
    """The naive way: look at every minute of two days. Openings of whole minutes only."""
    hours = {
        weekday: [(a.replace(second=0), b.replace(second=0)) for a, b in openings]
        for weekday, openings in calendar.hours.items()
    }
    assume(all(a < b or b == time(0) for openings in hours.values() for a, b in openings))
    whole = BusinessCalendar(calendar.zone, hours, calendar.holidays)
    begin = start.replace(second=0, microsecond=0)
    minutes = [begin + timedelta(minutes=n) for n in range(2 * 24 * 60)]
    counted = sum(_shown_open(whole, minute) for minute in minutes)
    changes = len({minute.astimezone(whole.zone).utcoffset() for minute in minutes}) > 1
    exact = whole.time_between(begin, begin + timedelta(days=2))
    if not changes:  # within the repeated hour the wall clock alone cannot tell the two apart
        assert exact == timedelta(minutes=counted)


def _shown_open(calendar: BusinessCalendar, moment: datetime) -> bool:
    local = moment.astimezone(calendar.zone)
    if local.date() in calendar.holidays:
        return False
    openings = calendar.hours.get(local.weekday(), [])
    return any(
        opens <= local.time() and (closes == time(0) or local.time() < closes) for opens, closes in openings
    )


def _opens_soon(calendar: BusinessCalendar) -> bool:
    """Hypothesis likes weeks that open for a second: sixty hours would take centuries."""
    day = date(2026, 6, 1)
    week = (calendar.stretches(day + timedelta(days=n)) for n in range(7))
    return sum((b - a for stretches in week for a, b in stretches), timedelta(0)) >= timedelta(hours=2)


# The vendor's rows -------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestTheVendorsCalendar:
    def test_a_new_vendor_works_monday_to_friday_nine_to_five(self) -> None:
        vendor = create_vendor(slug="fresh", name="Fresh", time_zone="Europe/Vienna")
        with entered(system_scope(vendor.pk)):
            assert WorkingHours.objects.count() == 5
            assert calendar_of(vendor).hours == standard_week()

    def test_one_query_then_none(self, vendor: Vendor, django_assert_num_queries: object) -> None:
        with entered(system_scope(vendor.pk)):
            WorkingHours.objects.create(weekday=0, opens=time(8), closes=time(12))
            Holiday.objects.create(day=date(2026, 11, 23), name="Founders' Day")
            with django_assert_num_queries(1):  # type: ignore[operator]
                calendar = calendar_of(vendor)
                assert calendar_of(vendor) is calendar
            assert calendar.add_hours(vienna(2026, 11, 20), 1) == vienna(2026, 11, 30, 9)
            WorkingHours.objects.create(weekday=0, opens=time(6), closes=time(7))
            forget_calendar(vendor)
            assert calendar_of(vendor).add_hours(vienna(2026, 11, 20), 1) == vienna(2026, 11, 30, 7)

    def test_it_is_not_guessed_where_the_rows_cannot_be_read(self, vendor: Vendor) -> None:
        with entered(NO_SCOPE), pytest.raises(RuntimeError, match="within its scope"):
            calendar_of(vendor)


def test_on_a_half_day_work_ends_when_it_closes() -> None:
    christmas_eve = BusinessCalendar(VIENNA, standard_week(), {date(2026, 12, 24): time(12)})
    assert christmas_eve.add_hours(vienna(2026, 12, 24, 9), 3) == vienna(2026, 12, 24, 12)
    assert christmas_eve.add_hours(vienna(2026, 12, 24, 10), 4) == vienna(2026, 12, 25, 11)
    assert christmas_eve.hours_between(vienna(2026, 12, 24, 0), vienna(2026, 12, 25, 0)) == 3
    closed = BusinessCalendar(VIENNA, standard_week(), {date(2026, 12, 24): time(8)})
    assert closed.stretches(date(2026, 12, 24)) == [], "it closes before it opens"
