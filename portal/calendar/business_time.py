"""Time as a vendor's people work it: promises run in opening hours, not at night or on holidays.

Pure. Days and opening hours are those of the vendor's wall clock, lengths are real elapsed time, so both
changes of the clock come out exact: a shift across the autumn change is an hour longer than it looks.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

#: Opens and closes, on the wall clock. A closing time of 00:00 is midnight at the end of the day.
Opening = tuple[time, time]
#: A stretch of open time, in UTC, begin included, end not.
Stretch = tuple[datetime, datetime]

MIDNIGHT = time(0)
_ONE_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_SECOND = timedelta(seconds=1)
#: Nobody is closed for longer; a calendar that is has no answer.
_LONGEST_CLOSED = timedelta(days=366)


class BusinessCalendar:
    """Opening hours of a week (Monday is 0) in a zone, less the holidays.

    `holidays` are days, or {day: when a half day closes, None for a whole one}. A day may open several times;
    openings that touch or overlap count once. ValueError for a week that never opens, a weekday out of range,
    and an opening that ends before it begins.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        hours: Mapping[int, Sequence[Opening]],
        holidays: Mapping[date, time | None] | Collection[date] = (),
    ) -> None:
        self.zone = zone
        self.hours = {weekday: sorted(openings) for weekday, openings in hours.items() if openings}
        self.holidays = dict(holidays) if isinstance(holidays, Mapping) else dict.fromkeys(holidays)
        self._kept: dict[date, list[Stretch]] = {}
        _refuse_impossible(self.hours)

    def add_hours(self, start: datetime, hours: float) -> datetime:
        """The first moment by which `hours` open hours have passed since `start`, in UTC.

        What ends with the day is due at closing time, not at the next opening. Zero hours are `start`
        itself; a negative number counts back. ValueError when the calendar is closed for a year on end.
        """
        moment, left = start.astimezone(UTC), timedelta(hours=hours)
        if not left:
            return moment
        return self._forward(moment, left) if left > timedelta(0) else self._back(moment, -left)

    def hours_between(self, start: datetime, end: datetime) -> float:
        """Open hours from `start` to `end`; negative when `end` comes first."""
        return self.time_between(start, end) / _HOUR

    def time_between(self, start: datetime, end: datetime) -> timedelta:
        """Open time from `start` to `end`, to the microsecond; negative when `end` comes first."""
        if end < start:
            return -self.time_between(end, start)
        begin, finish = start.astimezone(UTC), end.astimezone(UTC)
        day, last = self._day(begin), self._day(finish)
        total = timedelta(0)
        while day <= last:
            for opens, closes in self.stretches(day):
                total += max(min(closes, finish) - max(opens, begin), timedelta(0))
            day += _ONE_DAY
        return total

    def is_open(self, moment: datetime) -> bool:
        return any(opens <= moment < closes for opens, closes in self.stretches(self._day(moment)))

    def stretches(self, day: date) -> list[Stretch]:
        """When the vendor is open on this day of its own calendar, in order."""
        if day not in self._kept:
            self._kept[day] = self._open_on(day)
        return self._kept[day]

    def _forward(self, moment: datetime, left: timedelta) -> datetime:
        day = self._day(moment)
        seen = day
        while day - seen < _LONGEST_CLOSED:
            for opens, closes in self.stretches(day):
                begin = max(opens, moment)
                if closes - begin >= left:
                    return begin + left
                if closes > begin:
                    left, seen = left - (closes - begin), day
            day += _ONE_DAY
        raise ValueError("closed for more than a year")

    def _back(self, moment: datetime, left: timedelta) -> datetime:
        day = self._day(moment)
        seen = day
        while seen - day < _LONGEST_CLOSED:
            for opens, closes in reversed(self.stretches(day)):
                end = min(closes, moment)
                if end - opens >= left:
                    return end - left
                if end > opens:
                    left, seen = left - (end - opens), day
            day -= _ONE_DAY
        raise ValueError("closed for more than a year")

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def _open_on(self, day: date) -> list[Stretch]:
        if day not in self.holidays:
            return self._regular(day)
        closes = self.holidays[day]
        if closes is None:
            return []
        end = self._last(day, closes)
        return [(begin, min(until, end)) for begin, until in self._regular(day) if begin < end]

    def _regular(self, day: date) -> list[Stretch]:
        stretches: list[Stretch] = []
        for opens, closes in self.hours.get(day.weekday(), ()):
            begin, end = self._first(day, opens), self._end(day, closes)
            if stretches and begin <= stretches[-1][1]:
                stretches[-1] = (stretches[-1][0], max(stretches[-1][1], end))
            elif begin < end:
                stretches.append((begin, end))
        return stretches

    def _end(self, day: date, closes: time) -> datetime:
        if closes == MIDNIGHT:
            return self._first(day + _ONE_DAY, MIDNIGHT)
        return self._last(day, closes)

    def _first(self, day: date, wall: time) -> datetime:
        """The first moment the wall clock shows this time."""
        return self._moment(day, wall, fold=0)

    def _last(self, day: date, wall: time) -> datetime:
        """The last such moment: what closes within the repeated hour closes the second time."""
        return self._moment(day, wall, fold=1)

    def _moment(self, day: date, wall: time, fold: int) -> datetime:
        shown = datetime.combine(day, wall, self.zone)
        before, after = shown.replace(fold=0).astimezone(UTC), shown.replace(fold=1).astimezone(UTC)
        if after < before:  # the clock jumps over this time: the moment of the jump stands for it
            offset = after.astimezone(self.zone).utcoffset()
            return _first_where(after, before, lambda at: at.astimezone(self.zone).utcoffset() != offset)
        return after if fold else before


def standard_week() -> dict[int, list[Opening]]:
    """Monday to Friday, 9 to 17: what a vendor works until it says otherwise."""
    return {weekday: [(time(9), time(17))] for weekday in range(5)}


def _first_where(low: datetime, high: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """The first whole second in (low, high] from which `holds` is true."""
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _refuse_impossible(hours: Mapping[int, Sequence[Opening]]) -> None:
    if not hours:
        raise ValueError("a calendar needs opening hours on at least one day")
    for weekday, openings in hours.items():
        if weekday not in range(7):
            raise ValueError(f"{weekday} is no weekday: Monday is 0, Sunday 6")
        if any(closes != MIDNIGHT and closes <= opens for opens, closes in openings):
            raise ValueError("an opening must end after it begins")


def overlapping(openings: Sequence[Opening]) -> bool:
    """Whether two openings of one day share some time."""
    ends = [time.max if closes == MIDNIGHT else closes for _, closes in sorted(openings)]
    begins = [opens for opens, _ in sorted(openings)]
    return any(end > begin for (end, _), (_, begin) in pairwise(zip(ends, begins, strict=True)))
