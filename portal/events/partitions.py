"""Monthly partitions of the event table, created ahead of time by their owner.

The unprivileged role owns nothing and so cannot create one; it may call a function of the owner's that
creates exactly the partition of a month and nothing else.
"""

from datetime import date

from django.db import connection

#: Months kept ready ahead of the running one.
AHEAD = 3

CREATE_FUNCTION = """
create or replace function portal_ensure_event_partition(month date) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    first date := date_trunc('month', month)::date;
    name text := 'portal_portalevent_' || to_char(first, 'YYYYMM');
begin
    perform pg_advisory_xact_lock(hashtext('portal_portalevent'));
    if to_regclass('public.' || name) is not null then
        return false;
    end if;
    execute format(
        'create table public.%I partition of public.portal_portalevent for values from (%L) to (%L)',
        name,
        first::timestamp at time zone 'UTC',
        (first + interval '1 month')::timestamp at time zone 'UTC');
    return true;
end $$
"""
DROP_FUNCTION = "drop function portal_ensure_event_partition(date)"


def months_between(first: date, last: date) -> list[date]:
    """The first day of every month from `first` to `last`, both included."""
    start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(start, end + 1)]


def months_ahead(today: date, months: int = AHEAD) -> list[date]:
    last = today.year * 12 + today.month - 1 + months
    return months_between(today, date(last // 12, last % 12 + 1, 1))


def ensure(months: list[date]) -> int:
    """Create the partitions of these months where they are missing; returns how many were."""
    with connection.cursor() as cursor:
        return sum(_ensure_one(cursor, month) for month in months)


def _ensure_one(cursor: object, month: date) -> int:
    cursor.execute("select portal_ensure_event_partition(%s)", [month])  # type: ignore[attr-defined]
    return int(cursor.fetchone()[0])  # type: ignore[attr-defined]
