-- The sales quadrant of one vendor's partners, by hand, for the owner of the tables (no row security).
-- One stream of the deals that count in any window, read from narrow indexes and grouped once.
with rows as (
    select partner_id, 'won' as what, won_at as at, won_amount_vendor as amount,
        (won_at at time zone %(zone)s)::date - (approved_at at time zone %(zone)s)::date as days,
        null::numeric as weighted
    from deals_deal
    where vendor_id = %(vendor)s and won_at >= %(year)s and won_at < %(end)s
    union all
    select partner_id, 'lost', null, null, null, null
    from deals_deal
    where vendor_id = %(vendor)s and lost_at >= %(year)s and lost_at < %(end)s
    union all
    select partner_id, 'registered', null, null, null, null
    from deals_deal
    where vendor_id = %(vendor)s and submitted_at >= %(quarter)s and submitted_at < %(end)s
    union all
    select deal.partner_id, 'open', null, amount_vendor, null, amount_vendor * stage.probability
    from deals_deal deal
    left join lateral (
        select stage_id from deals_stagechange change
        where change.vendor_id = deal.vendor_id and change.deal_id = deal.id and changed_at < %(end)s
        order by changed_at desc, id desc limit 1
    ) entered on true
    left join deals_stage stage on stage.id = entered.stage_id
    where deal.vendor_id = %(vendor)s and approved_at < %(end)s and open_until >= %(end)s
), figures as (
    select
        partner_id,
        count(*) filter (where what = 'won') as won,
        count(*) filter (where what = 'lost') as lost,
        count(*) filter (where what = 'registered') as registrations,
        count(*) filter (where what = 'open') as open,
        count(days) as cycles,
        coalesce(sum(amount) filter (where what = 'won'), 0) as bookings,
        coalesce(sum(amount) filter (where what = 'open'), 0) as pipeline,
        coalesce(sum(weighted), 0) as weighted,
        percentile_cont(0.5) within group (order by amount) filter (where what = 'won') as median_amount,
        percentile_cont(0.5) within group (order by days) as median_days,
        count(*) filter (where at >= %(half_year)s) as won_now,
        count(*) filter (where at >= %(two_halves)s and at < %(half_year)s) as won_before,
        coalesce(sum(amount) filter (where at >= %(half_year)s), 0) as amount_now,
        coalesce(sum(amount) filter (where at >= %(two_halves)s and at < %(half_year)s), 0) as amount_before
    from rows
    group by partner_id
)
select
    partner_id,
    case when won + lost >= 5 then won::numeric / (won + lost) end as win_rate,
    case when won >= 3 then floor(median_amount::numeric + 0.5) end as deal_size,
    case when cycles >= 3 then median_days end as sales_cycle,
    pipeline as open_pipeline,
    floor(weighted / 100 + 0.5) as weighted_pipeline,
    bookings,
    case when won_now >= 3 and won_before >= 3 and amount_before > 0
        then amount_now / amount_before - 1 end as bookings_growth,
    case when won + lost >= 5 and cycles >= 3 and median_days > 0
        then floor(open * bookings / ((won + lost) * median_days::numeric) + 0.5) end as pipeline_velocity,
    registrations
from figures
