-- The sales quadrant of one vendor's partners, by hand, for the owner of the tables (no row security).
-- Each part reads one narrow index and nothing else; the stage is looked up only for deals that are open.
with won as (
    select
        partner_id,
        count(*) as won,
        count(days) as cycles,
        sum(amount) as bookings,
        percentile_cont(0.5) within group (order by amount) as median_amount,
        percentile_cont(0.5) within group (order by days) as median_days,
        count(*) filter (where won_at >= %(half_year)s) as won_now,
        count(*) filter (where won_at >= %(two_halves)s and won_at < %(half_year)s) as won_before,
        sum(amount) filter (where won_at >= %(half_year)s) as amount_now,
        sum(amount) filter (where won_at >= %(two_halves)s and won_at < %(half_year)s) as amount_before
    from (
        select
            partner_id, won_at, won_amount_vendor as amount,
            (won_at at time zone %(zone)s)::date - (approved_at at time zone %(zone)s)::date as days
        from deals_deal
        where vendor_id = %(vendor)s and won_at >= %(year)s and won_at < %(end)s and counted_at < %(end)s
        offset 0 -- works the days out once
    ) deal
    group by partner_id
), lost as (
    select partner_id, count(*) as lost
    from deals_deal
    where vendor_id = %(vendor)s and lost_at >= %(year)s and lost_at < %(end)s
    group by partner_id
), registered as (
    select partner_id, count(*) as registrations
    from deals_deal
    where vendor_id = %(vendor)s and submitted_at >= %(quarter)s and submitted_at < %(end)s
    group by partner_id
), open_by_stage as (
    select partner_id, stage_id, count(*) as open, sum(amount) as amount
    from (
        select partner_id, amount_vendor as amount, (
            select stage_id from deals_stagechange change
            where change.vendor_id = %(vendor)s and change.deal_id = deal.id and changed_at < %(end)s
            order by changed_at desc, id desc limit 1
        ) as stage_id
        from deals_deal deal
        where vendor_id = %(vendor)s and approved_at < %(end)s and open_until >= %(end)s
        offset 0
    ) staged
    group by partner_id, stage_id
), pipeline as (
    select partner_id, sum(open) as open, sum(amount) as pipeline, sum(amount * probability) as weighted
    from open_by_stage left join deals_stage on id = stage_id
    group by partner_id
), shared as (
    select
        partner_id,
        coalesce(sum(booked_shift) filter (where booked_now), 0) as shift,
        coalesce(sum(booked_shift) filter (where booked_now and won_at >= %(half_year)s), 0) as shift_now,
        coalesce(sum(booked_shift) filter (
            where booked_now and won_at >= %(two_halves)s and won_at < %(half_year)s
        ), 0) as shift_before,
        coalesce(sum(amount_shift) filter (where open_now), 0) as open_shift,
        coalesce(sum(amount_shift * probability) filter (where open_now), 0) as weighted_shift
    from (
        select
            partner_id, won_at, booked_shift, amount_shift,
            won_at >= %(year)s and won_at < %(end)s and counted_at < %(end)s as booked_now,
            approved_at < %(end)s and open_until >= %(end)s as open_now,
            (
                select probability from deals_stagechange change join deals_stage stage on stage.id = stage_id
                where change.vendor_id = %(vendor)s and change.deal_id = line.deal_id and changed_at < %(end)s
                order by changed_at desc, change.id desc limit 1
            ) as probability
        from deals_creditline line
        where vendor_id = %(vendor)s and agreed_at < %(end)s and (ended_at is null or ended_at >= %(end)s)
    ) line
    group by partner_id
), figures as (
    select
        partner_id, coalesce(won, 0) as won, coalesce(lost, 0) as lost, coalesce(won, 0) + coalesce(lost, 0) as closed,
        cycles, coalesce(bookings, 0) as bookings, coalesce(shift, 0) as shift, median_amount, median_days,
        won_now, won_before, amount_now + coalesce(shift_now, 0) as amount_now,
        amount_before + coalesce(shift_before, 0) as amount_before, coalesce(open, 0) as open,
        coalesce(pipeline, 0) + coalesce(open_shift, 0) as pipeline,
        coalesce(weighted, 0) + coalesce(weighted_shift, 0) as weighted,
        coalesce(registrations, 0) as registrations
    from won
    full join lost using (partner_id)
    full join registered using (partner_id)
    full join pipeline using (partner_id)
    full join shared using (partner_id)
)
select
    partner_id,
    case when closed >= 5 then won::numeric / closed end as win_rate,
    case when won >= 3 then floor(median_amount::numeric + 0.5) end as deal_size,
    case when cycles >= 3 then median_days end as sales_cycle,
    pipeline as open_pipeline,
    floor(weighted / 100 + 0.5) as weighted_pipeline,
    bookings + shift as bookings,
    case when won_now >= 3 and won_before >= 3 and amount_before > 0
        then amount_now / amount_before - 1 end as bookings_growth,
    case when closed >= 5 and cycles >= 3 and median_days > 0
        then floor(open * bookings / (closed * median_days::numeric) + 0.5) end as pipeline_velocity,
    registrations
from figures
