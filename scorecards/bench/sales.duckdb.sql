-- The sales quadrant of one vendor's partners in DuckDB, over Parquet files of the same rows.
with closing as (
    select *, datediff('day', approved_at at time zone $zone, won_at at time zone $zone) as days
    from read_parquet($deals)
), won as (
    select
        partner_id,
        count(*) as won,
        count(days) as cycles,
        sum(won_amount) as bookings,
        quantile_cont(won_amount, 0.5) as median_amount,
        quantile_cont(days, 0.5) as median_days,
        count(*) filter (where won_at >= $half_year) as won_now,
        count(*) filter (where won_at >= $two_halves and won_at < $half_year) as won_before,
        coalesce(sum(won_amount) filter (where won_at >= $half_year), 0) as amount_now,
        coalesce(sum(won_amount) filter (where won_at >= $two_halves and won_at < $half_year), 0) as amount_before
    from closing
    where won_at >= $year and won_at < $end
    group by partner_id
), counted as (
    select
        partner_id,
        count(*) filter (where lost_at >= $year and lost_at < $end) as lost,
        count(*) filter (where submitted_at >= $quarter and submitted_at < $end) as registrations
    from closing
    group by partner_id
), open_deals as (
    select id, partner_id, amount from closing where approved_at < $end and open_until >= $end
), entered as (
    select deal_id, arg_max(probability, (changed_at, id)) as probability
    from read_parquet($changes)
    where changed_at < $end and deal_id in (select id from open_deals)
    group by deal_id
), pipeline as (
    select
        partner_id,
        count(*) as open,
        sum(amount) as pipeline,
        sum(amount * probability) as weighted
    from open_deals left join entered on deal_id = open_deals.id
    group by partner_id
)
select
    partner_id,
    case when coalesce(won, 0) + lost >= 5 then coalesce(won, 0) / (coalesce(won, 0) + lost) end as win_rate,
    case when won >= 3 then floor(median_amount + 0.5) end as deal_size,
    case when cycles >= 3 then median_days end as sales_cycle,
    coalesce(pipeline, 0) as open_pipeline,
    floor(coalesce(weighted, 0) / 100 + 0.5) as weighted_pipeline,
    coalesce(bookings, 0) as bookings,
    case when won_now >= 3 and won_before >= 3 and amount_before > 0
        then amount_now / amount_before - 1 end as bookings_growth,
    case when won + lost >= 5 and cycles >= 3 and median_days > 0
        then floor(coalesce(open, 0) * bookings / ((won + lost) * median_days) + 0.5) end as pipeline_velocity,
    registrations
from counted
left join won using (partner_id)
left join pipeline using (partner_id)
