"""Keeps one narrow row per partner in step with its newest scorecard, for the lists that show them all."""

from collections.abc import Collection
from datetime import date, timedelta

from django.db import connection

from portal.tenancy.scope import current_vendor_id
from scorecards.models import SCORES, ScoringRun

WEEK = timedelta(days=7)

_COLUMNS = ", ".join(SCORES)
_OF_CARD = ", ".join(f"card.{name}" for name in SCORES)
_NEW_COLUMNS = ", ".join(f"{name} = excluded.{name}" for name in SCORES)
_RENEW = f"""
insert into scorecards_latestscore (vendor_id, partner_id, as_of, computed_at, {_COLUMNS}, since, change)
select
    card.vendor_id, card.partner_id, card.as_of, card.computed_at, {_OF_CARD},
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
    as_of = excluded.as_of, computed_at = excluded.computed_at, {_NEW_COLUMNS},
    since = excluded.since, change = excluded.change
where scorecards_latestscore.as_of <= excluded.as_of
"""  # noqa: S608  # columns of our own


def renew(*, as_of: date, partner_ids: Collection[int]) -> None:
    """Take over what the scorecards of this day say, where a partner has no newer one.

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
