"""Keeps one narrow row per partner in step with its newest scorecard, for the lists that show them all."""

from collections.abc import Collection
from datetime import date, timedelta

from django.db import connection

from portal.tenancy.scope import current_vendor_id
from scorecards.models import ScoringRun

WEEK = timedelta(days=7)

_RENEW = """
insert into scorecards_standing (
    vendor_id, partner_id, as_of, computed_at, health, coverage, sales, enablement, marketing, engagement,
    bookings, booked_quarter, open_pipeline, since, change
)
select
    card.vendor_id, card.partner_id, card.as_of, card.computed_at, card.health, card.coverage,
    card.sales, card.enablement, card.marketing, card.engagement,
    card.bookings, card.booked_quarter, card.open_pipeline,
    %(since)s, card.health - earlier.health
from unnest(%(partners)s::bigint[]) chosen (partner_id)
join scorecards_scorecard card
    on card.vendor_id = %(vendor)s and card.partner_id = chosen.partner_id and card.as_of = %(day)s
left join scorecards_scorecard earlier
    on earlier.vendor_id = card.vendor_id
    and earlier.partner_id = card.partner_id
    and earlier.as_of = %(since)s
order by card.partner_id
on conflict (vendor_id, partner_id) do update set
    as_of = excluded.as_of, computed_at = excluded.computed_at, health = excluded.health,
    coverage = excluded.coverage, sales = excluded.sales, enablement = excluded.enablement,
    marketing = excluded.marketing, engagement = excluded.engagement, bookings = excluded.bookings,
    booked_quarter = excluded.booked_quarter, open_pipeline = excluded.open_pipeline,
    since = excluded.since, change = excluded.change
where scorecards_standing.as_of <= excluded.as_of
"""


def renew(*, as_of: date, partner_ids: Collection[int]) -> None:
    """Let the partners stand where their scorecards of this day say, unless they have newer ones.

    Runs in the caller's transaction under the vendor's system scope. In one order of partners, so that a
    night and a rescore never wait for each other in a circle.
    """
    parameters = {
        "vendor": current_vendor_id(),
        "day": as_of,
        "since": _a_week_before(as_of),
        "partners": list(partner_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, parameters)


def _a_week_before(as_of: date) -> date | None:
    """What changes are counted from: a week before the last night, also for who was rescored since."""
    days = ScoringRun.objects.order_by("-as_of").values_list("as_of", flat=True)
    last_night = days.filter(as_of__lte=as_of).first()
    if last_night is None:
        return None
    return days.filter(as_of__lte=last_night - WEEK, finished_at__isnull=False).first()
