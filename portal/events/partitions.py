"""Monthly partitions of the event table, created ahead of time by their owner, and one for all other months.

No event is ever refused for its date: what falls into a month without a partition lies in the default one
until the daily task makes that month its own. So nobody who writes events ever makes a partition.

The unprivileged role owns nothing and so cannot create one; it may call a function of the owner's that
creates exactly the partition of a month and nothing else.
"""

from collections.abc import Iterable
from datetime import date

from django.db import connection, transaction

#: Months kept ready ahead of the running one.
AHEAD = 3
#: Months that one run takes out of the default partition; the next run goes on.
AT_ONCE = 60

# The table is made beside its parent and then attached: creating it as a partition would wait for every
# reader and writer of events, and make all later ones wait. Attaching locks the default partition alone,
# since rows of the month may lie there; while somebody works with those, the month is left for the next run.
CREATE_FUNCTION = """
create or replace function portal_ensure_event_partition(month date) returns boolean
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
    first date := date_trunc('month', month)::date;
    name text := 'portal_portalevent_' || to_char(first, 'YYYYMM');
    starts timestamptz := first::timestamp at time zone 'UTC';
    ends timestamptz := (first + interval '1 month')::timestamp at time zone 'UTC';
begin
    perform pg_advisory_xact_lock(hashtext('portal_portalevent'));
    if to_regclass('public.' || name) is not null then
        return false;
    end if;
    execute format(
        'create table public.%I (like public.portal_portalevent including defaults including indexes)', name);
    if to_regclass('public.portal_portalevent_default') is not null then
        execute format(
            'with moved as (delete from public.portal_portalevent_default'
            '  where occurred_at >= %L and occurred_at < %L returning *)'
            ' insert into public.%I select * from moved', starts, ends, name);
    end if;
    execute format(
        'alter table public.portal_portalevent attach partition public.%I for values from (%L) to (%L)',
        name, starts, ends);
    return true;
exception when lock_not_available then
    return false;
end $$
"""
DROP_FUNCTION = "drop function portal_ensure_event_partition(date)"

CREATE_DEFAULT = "create table portal_portalevent_default partition of portal_portalevent default"
DROP_DEFAULT = "drop table portal_portalevent_default"

CREATE_WAITING = """
create or replace function portal_event_months_without_partition() returns setof date
language sql stable security definer set search_path = public, pg_temp as $$
    select distinct date_trunc('month', occurred_at at time zone 'UTC')::date
    from portal_portalevent_default order by 1 desc
$$
"""
DROP_WAITING = "drop function portal_event_months_without_partition()"


def months_between(first: date, last: date) -> list[date]:
    """The first day of every month from `first` to `last`, both included."""
    start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(start, end + 1)]


def months_ahead(today: date, months: int = AHEAD) -> list[date]:
    last = today.year * 12 + today.month - 1 + months
    return months_between(today, date(last // 12, last % 12 + 1, 1))


def months_waiting() -> list[date]:
    """Months with events in the default partition, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute("select portal_event_months_without_partition()")
        return [month for (month,) in cursor.fetchall()]


def ensure(months: Iterable[date]) -> int:
    """Create the partitions of these months where they are missing; returns how many were.

    Each in a transaction of its own, and never in one that does anything else: a partition that is made
    beside other work keeps its locks until that work is done. Raises RuntimeError inside a transaction.
    """
    return sum(_ensure_one(month) for month in months)


def _ensure_one(month: date) -> int:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("select portal_ensure_event_partition(%s)", [month])
        return int(cursor.fetchone()[0])
