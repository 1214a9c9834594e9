"""A promise "until a day" ends with that day at the vendor's, also where the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.protection.models import Protection
from portal.calendar.days import end_of_day, end_of_day_after
from tests.support.deals import approved, now_is
from tests.support.worlds import VendorWorld, acting_as

VIENNA, AUCKLAND = ZoneInfo("Europe/Vienna"), ZoneInfo("Pacific/Auckland")
ZONES = ("Europe/Vienna", "America/New_York", "Pacific/Auckland", "America/St_Johns", "Asia/Kathmandu")


@pytest.mark.parametrize(
    ("day", "hours", "ends"),
    [
        (date(2026, 3, 28), 24, datetime(2026, 3, 28, 22, 59, 59, 999_999, tzinfo=UTC)),
        (date(2026, 3, 29), 23, datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)),  # clocks go forward
        (date(2026, 10, 24), 24, datetime(2026, 10, 24, 21, 59, 59, 999_999, tzinfo=UTC)),
        (date(2026, 10, 25), 25, datetime(2026, 10, 25, 22, 59, 59, 999_999, tzinfo=UTC)),  # and back
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(day: date, hours: int, ends: datetime) -> None:
    assert end_of_day(day, VIENNA).astimezone(UTC) == ends
    before = end_of_day(day - timedelta(days=1), VIENNA).astimezone(UTC)
    assert ends - before == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("moment", "last"),
    [
        (datetime(2026, 3, 1, 22, 30, tzinfo=UTC), date(2026, 5, 30)),  # 23:30 in Vienna, across the change
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), date(2026, 5, 31)),  # half past midnight there
        (datetime(2026, 9, 1, 21, 59, tzinfo=UTC), date(2026, 11, 30)),
        (datetime(2026, 9, 1, 22, 0, tzinfo=UTC), date(2026, 12, 1)),
    ],
)
def test_days_are_counted_on_the_wall_of_the_vendor(moment: datetime, last: date) -> None:
    until = end_of_day_after(moment, 90, VIENNA)
    assert until.date() == last
    assert (until + timedelta(microseconds=1)).timetz().replace(tzinfo=None).isoformat() == "00:00:00"


def test_two_vendors_days_end_at_their_own_midnight() -> None:
    day = date(2026, 7, 1)
    assert end_of_day(day, VIENNA) - end_of_day(day, AUCKLAND) == timedelta(hours=10)


@given(
    st.integers(1_577_836_800, 2_051_222_400).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.integers(0, 400),
    st.sampled_from(ZONES),
)
def test_it_always_ends_with_the_day_so_many_days_later(moment: datetime, days: int, name: str) -> None:
    zone = ZoneInfo(name)
    until = end_of_day_after(moment, days, zone).astimezone(UTC)
    assert until.astimezone(zone).date() == moment.astimezone(zone).date() + timedelta(days=days)
    assert (until + timedelta(microseconds=1)).astimezone(zone).date() > until.astimezone(zone).date()


@pytest.mark.django_db
def test_protection_ends_with_a_day_of_the_vendor(world: VendorWorld) -> None:
    deal = now_is(world, approved(world))
    assert deal.expires_at is not None
    assert deal.approved_at is not None
    zone = world.vendor.zone
    assert deal.expires_at == end_of_day(deal.expires_at.astimezone(zone).date(), zone)
    days = (deal.expires_at.astimezone(zone).date() - deal.approved_at.astimezone(zone).date()).days
    with acting_as(world.people["program_admin"]):
        kept = Protection.objects.get(deal=deal).expires_at
        tier = deal.partner.tier
    assert kept == deal.expires_at
    assert days == ((tier.protection_days if tier else None) or world.vendor.protection_days)
