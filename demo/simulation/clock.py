"""Days, office hours and seasons of the simulated past, in a vendor's time zone."""

from bisect import bisect
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from portal.calendar.business_time import BusinessCalendar, standard_week

DAY, HOUR = 86_400, 3_600  # seconds
_OPENS, _CLOSES = 8 * HOUR, int(18.5 * HOUR)
_WEEKDAYS = (1.0, 1.15, 1.15, 1.05, 0.85, 0.05, 0.03)
_TIMES = [f"{s // HOUR:02}:{s // 60 % 60:02}:{s % 60:02}+00" for s in range(DAY)]


def months_before(day: date, months: int) -> date:
    """First day of the `months` whole months that end with `day`: 31 May and 3 give 1 March."""
    after = day + timedelta(days=1)
    month = after.year * 12 + after.month - 1 - months
    return date(month // 12, month % 12 + 1, min(after.day, 28))


class Clock:
    """Moments are whole seconds since 1970, so that they compare and add up; days count from the first.

    `end` is the last simulated day; nothing happens at or after `self.now`, the midnight that ends it.
    """

    def __init__(
        self, zone: ZoneInfo, end: date, months: int, *, fiscal_year_start: int, dip: tuple[int, float]
    ) -> None:
        first = months_before(end, months)
        self.days = [first + timedelta(days=n) for n in range((end - first).days + 1)]
        self.midnights = [self._midnight(day, zone) for day in [*self.days, end + timedelta(days=1)]]
        self.now = self.midnights[-1]
        self.left_in_quarter = [_left_in_quarter(day, fiscal_year_start) for day in self.days]
        self._calendar = BusinessCalendar(zone, standard_week())
        self.season = [self._season(n, dip) for n in range(len(self.days))]
        self._registering = list(accumulate(self.season))
        first_utc, last_utc = self.midnights[0] // DAY - 1000, self.now // DAY + 1000
        self._dates = {n: str(date(1970, 1, 1) + timedelta(days=n)) for n in range(first_utc, last_utc)}

    @staticmethod
    def _midnight(day: date, zone: ZoneInfo) -> int:
        return int(datetime.combine(day, time.min, tzinfo=zone).timestamp())

    def _season(self, n: int, dip: tuple[int, float]) -> float:
        day = self.days[n]
        quiet = dip[1] if day.month == dip[0] else 0.7 if (day.month, day.day) > (12, 20) else 1.0
        growth = 0.85 + 0.3 * n / len(self.days)
        rush = 1.45 if self.left_in_quarter[n] < 21 else 1.0
        # The end is busy even on a weekend: who looks on a Monday finds something to decide.
        least = 0.4 if n >= len(self.days) - 2 else 0.0
        weekday = max(least, _WEEKDAYS[day.weekday()])
        return weekday * quiet * growth * rush

    def season_day(self, random: Random) -> int:
        """A day, likelier in season and before a quarter ends."""
        return bisect(self._registering, random.random() * self._registering[-1])

    def in_office(self, day: int, random: Random) -> int:
        """A moment of the `day`-th day when people work."""
        return self.midnights[day] + _OPENS + int(random.random() * (_CLOSES - _OPENS))

    def day_of(self, moment: int) -> int:
        """Which day a moment falls on; moments after the end count on as days of 24 hours."""
        if moment >= self.now:
            return len(self.days) + (moment - self.now) // DAY
        return bisect(self.midnights, moment) - 1

    def working(self, moment: int) -> int:
        """The moment itself, or the same time on the Monday after a weekend."""
        day = self.day_of(moment)
        weekday = (self.days[0].weekday() + day) % 7
        return moment + (7 - weekday) * DAY if weekday > 4 else moment

    def working_hours_after(self, moment: int, hours: float) -> int:
        """When so many working hours have passed."""
        return int(self._calendar.add_hours(self.at(moment), hours).timestamp())

    def stamp(self, moment: int) -> str:
        """As PostgreSQL reads it, in UTC."""
        return f"{self._dates[moment // DAY]} {_TIMES[moment % DAY]}"

    def at(self, moment: int) -> datetime:
        return datetime.fromtimestamp(moment, UTC)

    def date_after(self, moment: int, days: int) -> date:
        """The calendar day `days` days after a moment."""
        return self.days[0] + timedelta(days=self.day_of(moment) + days)


def _left_in_quarter(day: date, fiscal_year_start: int) -> int:
    """Days until the fiscal quarter ends."""
    done = (day.month - fiscal_year_start) % 3
    month = day.year * 12 + day.month - 1 + 3 - done
    return (date(month // 12, month % 12 + 1, 1) - day).days - 1
