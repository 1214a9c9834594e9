"""The one statement behind the sales quadrant: what every partner's deals add up to, as of any day.

A deal's status is never read. Amounts are minor units of the vendor's currency. Days are calendar days in the
vendor's time zone, so that neither the hour of a click nor a change of the clocks moves them.
"""

from typing import Any, Final, NamedTuple

from portal.metrics.declarations import AsOf
from portal.metrics.statements import Statement

YEAR, HALF_YEAR, QUARTER = 365, 180, 90  # days

# The past is read from the deals that were never edited since (`revised_at`), each by a narrow index, and
# from the versions in force for the few that were. A deal is open until the first of its win, loss,
# withdrawal and expiry. It has expired when it was open at its expiry and nothing else has become of it.


def _deals(columns: str, condition: str, of_versions: str = "true") -> str:
    """A sub-select of the deals as they were at the end of the day; `of_versions` is asked of those alone."""
    own = columns.replace("deal_id", "id as deal_id")
    return f"""(
        select {own} from deals_deal
        where vendor_id = %(vendor)s and (revised_at is null or revised_at < %(end)s)
            and {condition} {{of_partners}}
        union all
        select {columns} from version where {condition} and {of_versions}
    )"""  # noqa: S608  # columns of our own


_WON = _deals(
    "partner_id, won_at, won_amount_vendor, approved_at",
    "won_at >= %(year)s and won_at < %(end)s and counted_at < %(end)s",
)
_UNPROVEN = _deals(
    "partner_id, won_amount_vendor",
    "proof_needed and won_at >= %(year)s and won_at < %(end)s "
    "and (counted_at is null or counted_at >= %(end)s)",
)
# A win that was entered later for an earlier day stands in the versions beside the loss it replaced.
_LOST = _deals(
    "partner_id",
    "lost_at >= %(year)s and lost_at < %(end)s",
    of_versions="(won_at is null or won_at >= %(end)s)",
)
_WITHDRAWN = _deals("partner_id", "withdrawn_at >= %(year)s and withdrawn_at < %(end)s")
_EXPIRED = _deals(
    "partner_id",
    """open_until = expires_at and expires_at >= %(year)s and expires_at < %(end)s
            and (won_at is null or won_at >= %(end)s)
            and (lost_at is null or lost_at >= %(end)s)
            and (withdrawn_at is null or withdrawn_at >= %(end)s)""",
)
_OPEN = _deals(
    "deal_id, partner_id, amount_vendor, at_list_price", "approved_at < %(end)s and open_until >= %(end)s"
)
_REGISTERED = _deals("partner_id", "submitted_at >= %(quarter)s and submitted_at < %(end)s")
_IN_FORCE = "held_until >= %(end)s and (held_from is null or held_from < %(end)s)"
_LINE = "deal_id, partner_id, kind, approved_at, open_until, won_at, counted_at, amount, booked"

_SQL = f"""
with
version as (
    select * from deals_dealversion
    where vendor_id = %(vendor)s and {_IN_FORCE} {{of_partners}}
),
stage as (
    select stage.id, coalesce(version.probability, stage.probability) as probability
    from deals_stage stage
    left join deals_stageversion version
        on version.vendor_id = %(vendor)s and version.stage_id = stage.id and {_IN_FORCE}
    where stage.vendor_id = %(vendor)s
),
won as (
    select
        partner_id,
        count(*) as won,
        sum(amount)::bigint as amount,
        percentile_cont(0.5) within group (order by amount) as median_amount,
        count(days) as cycles,
        sum(days) as days,
        percentile_cont(0.5) within group (order by days) as median_days,
        coalesce(sum(amount) filter (where won_at >= %(quarter)s), 0)::bigint as amount_90,
        coalesce(sum(amount) filter (where won_at >= %(fiscal_quarter)s), 0)::bigint as amount_fiscal_quarter,
        count(*) filter (where won_at >= %(half_year)s) as won_180,
        coalesce(sum(amount) filter (where won_at >= %(half_year)s), 0)::bigint as amount_180,
        count(*) filter (where won_at >= %(two_halves)s and won_at < %(half_year)s) as won_before,
        coalesce(sum(amount) filter (where won_at >= %(two_halves)s and won_at < %(half_year)s), 0)::bigint
            as amount_before
    from (
        select
            partner_id,
            won_at,
            won_amount_vendor as amount,
            case when approved_at < %(end)s then
                (won_at at time zone %(zone)s)::date - (approved_at at time zone %(zone)s)::date
            end as days
        from {_WON} win
        offset 0 -- or each of the three uses of `days` would work it out again
    ) deal
    group by partner_id
),
unproven as (
    select partner_id, count(*) as unproven, sum(won_amount_vendor)::bigint as unproven_amount
    from {_UNPROVEN} deal
    group by partner_id
),
lost as (
    select partner_id, count(*) as lost from {_LOST} deal group by partner_id
),
withdrawn as (
    select partner_id, count(*) as withdrawn from {_WITHDRAWN} deal group by partner_id
),
expired as (
    select partner_id, count(*) as expired from {_EXPIRED} deal group by partner_id
),
open as (
    select
        deal.partner_id,
        count(*) as open,
        count(*) filter (where amount_vendor is null) as without_amount,
        count(*) filter (where at_list_price) as at_list_price,
        coalesce(sum(amount_vendor), 0)::bigint as open_amount,
        count(*) filter (where probability is null) as without_stage,
        coalesce(sum(amount_vendor * probability), 0)::bigint as weighted_percents
    from {_OPEN} deal
    left join lateral (
        select stage_id
        from deals_stagechange change
        where change.vendor_id = %(vendor)s and change.deal_id = deal.deal_id and change.changed_at < %(end)s
        order by change.changed_at desc, change.id desc
        limit 1
    ) entered on true
    left join stage on stage.id = entered.stage_id
    group by deal.partner_id
),
registered as (
    select partner_id, count(*) as registrations from {_REGISTERED} deal group by partner_id
),
-- What sharing moves from one partner to another; over both of them it is nothing. Few deals are shared.
line as (
    select id, {_LINE}, amount_shift, booked_shift, agreed_at, ended_at
    from deals_creditline
    where vendor_id = %(vendor)s {{of_partners}} and not exists (
        select from deals_creditlineversion version
        where version.vendor_id = %(vendor)s and version.line_id = deals_creditline.id and {_IN_FORCE}
    )
    union all
    select line_id, {_LINE}, amount_shift, booked_shift, agreed_at, ended_at
    from deals_creditlineversion
    where vendor_id = %(vendor)s and {_IN_FORCE} {{of_partners}}
),
shared as (
    select
        partner_id,
        coalesce(sum(booked_shift) filter (where booked_now), 0)::bigint as shift,
        coalesce(sum(booked_shift) filter (where booked_now and won_at >= %(quarter)s), 0)::bigint
            as shift_90,
        coalesce(sum(booked_shift) filter (where booked_now and won_at >= %(fiscal_quarter)s), 0)::bigint
            as shift_fiscal_quarter,
        coalesce(sum(booked_shift) filter (where booked_now and won_at >= %(half_year)s), 0)::bigint
            as shift_180,
        coalesce(sum(booked_shift) filter (
            where booked_now and won_at >= %(two_halves)s and won_at < %(half_year)s
        ), 0)::bigint as shift_before,
        count(*) filter (where booked_now and kind = 'influenced') as influenced,
        coalesce(sum(booked) filter (where booked_now and kind = 'influenced'), 0)::bigint
            as influenced_amount,
        count(*) filter (where open_now and kind = 'influenced') as influenced_deals_open,
        coalesce(sum(amount_shift) filter (where open_now), 0)::bigint as open_shift,
        coalesce(sum(amount) filter (where open_now and kind = 'influenced'), 0)::bigint as influenced_open,
        coalesce(sum(amount_shift * probability) filter (where open_now), 0)::bigint as percents_shift
    from (
        select
            line.*,
            won_at >= %(year)s and won_at < %(end)s and counted_at < %(end)s as booked_now,
            approved_at < %(end)s and open_until >= %(end)s as open_now,
            (
                select probability
                from deals_stagechange change
                join stage on stage.id = change.stage_id
                where change.vendor_id = %(vendor)s and change.deal_id = line.deal_id
                    and change.changed_at < %(end)s
                order by change.changed_at desc, change.id desc
                limit 1
            ) as probability
        from line
        where agreed_at < %(end)s and (ended_at is null or ended_at >= %(end)s)
    ) line
    group by partner_id
)
select
    partner_id,
    coalesce(won, 0), coalesce(amount, 0), median_amount, coalesce(cycles, 0), days, median_days,
    coalesce(amount_90, 0), coalesce(amount_fiscal_quarter, 0),
    coalesce(won_180, 0), coalesce(amount_180, 0), coalesce(won_before, 0), coalesce(amount_before, 0),
    coalesce(lost, 0), coalesce(withdrawn, 0), coalesce(expired, 0),
    coalesce(open, 0), coalesce(without_amount, 0), coalesce(at_list_price, 0), coalesce(open_amount, 0),
    coalesce(without_stage, 0), coalesce(weighted_percents, 0),
    coalesce(registrations, 0),
    coalesce(unproven, 0), coalesce(unproven_amount, 0),
    coalesce(shift, 0), coalesce(shift_90, 0), coalesce(shift_fiscal_quarter, 0), coalesce(shift_180, 0),
    coalesce(shift_before, 0), coalesce(influenced, 0), coalesce(influenced_amount, 0),
    coalesce(open_shift, 0), coalesce(percents_shift, 0), coalesce(influenced_open, 0),
    coalesce(influenced_deals_open, 0)
from won
full join unproven using (partner_id)
full join lost using (partner_id)
full join withdrawn using (partner_id)
full join expired using (partner_id)
full join open using (partner_id)
full join registered using (partner_id)
full join shared using (partner_id)
"""  # noqa: S608  # sub-selects of our own


class Figures(NamedTuple):
    """What the query says of one partner: counts, minor units and calendar days.

    Amounts are those of the partner's own deals; shifts are what sharing adds to them, or takes away.
    """

    partner_id: int
    won: int
    won_amount: int
    median_amount: float | None
    cycles: int
    days: int | None
    median_days: float | None
    amount_90: int
    amount_fiscal_quarter: int
    won_180: int
    amount_180: int
    won_before: int
    amount_before: int
    lost: int
    withdrawn: int
    expired: int
    open: int
    without_amount: int
    at_list_price: int
    open_amount: int
    without_stage: int
    weighted_percents: int
    registrations: int
    unproven: int
    unproven_amount: int
    shift: int
    shift_90: int
    shift_fiscal_quarter: int
    shift_180: int
    shift_before: int
    influenced: int
    influenced_amount: int
    open_shift: int
    percents_shift: int
    influenced_open: int
    influenced_deals_open: int


def _moments(as_of: AsOf) -> dict[str, Any]:
    return {
        "zone": str(as_of.zone),
        "end": as_of.end,
        "year": as_of.trailing(YEAR),
        "quarter": as_of.trailing(QUARTER),
        "half_year": as_of.trailing(HALF_YEAR),
        "two_halves": as_of.trailing(2 * HALF_YEAR),
        "fiscal_quarter": as_of.quarter_start,
    }


#: One row per partner that has any deal in any window.
FIGURES: Final = Statement(_SQL, Figures, _moments)
