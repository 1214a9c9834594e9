-- The sales quadrant of one vendor's partners in DuckDB, over Parquet files of the same rows. Of shared deals only
-- the shares are read: their parts are worked out here once more.
with closing as (
    select *, datediff('day', approved_at at time zone $zone, won_at at time zone $zone) as days,
        not proof_needed or coalesce(proof_accepted_at < $end, false) as is_counted
    from read_parquet($deals)
), credit as (
    select line.*, won_at, won_at >= $year and won_at < $end and is_counted as booked_now,
        approved_at < $end and open_until >= $end as open_now,
        amount::hugeint * share as amount_parts, won_amount::hugeint * share as booked_parts,
        amount, won_amount
    from read_parquet($credit) line join closing on closing.id = line.deal_id
    where agreed_at < $end and (ended_at is null or ended_at >= $end)
), placed as (
    select *,
        row_number() over (partition by cosell_id order by amount_parts % 10000 desc, sourced desc, id) as amount_place,
        row_number() over (partition by cosell_id order by booked_parts % 10000 desc, sourced desc, id) as booked_place,
        amount - sum(amount_parts // 10000) over (partition by cosell_id) as amount_left,
        won_amount - sum(booked_parts // 10000) over (partition by cosell_id) as booked_left
    from credit
), shifted as (
    select partner_id, deal_id, won_at, booked_now, open_now,
        amount_parts // 10000 + (amount_place <= amount_left)::int - if(sourced, amount, 0) as amount_shift,
        booked_parts // 10000 + (booked_place <= booked_left)::int - if(sourced, won_amount, 0) as booked_shift
    from placed
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
    where won_at >= $year and won_at < $end and is_counted
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
    where changed_at < $end
        and (deal_id in (select id from open_deals) or deal_id in (select deal_id from shifted))
    group by deal_id
), pipeline as (
    select
        partner_id,
        count(*) as open,
        sum(amount) as pipeline,
        sum(amount * probability) as weighted
    from open_deals left join entered on deal_id = open_deals.id
    group by partner_id
), shared as (
    select
        partner_id,
        coalesce(sum(booked_shift) filter (where booked_now), 0) as shift,
        coalesce(sum(booked_shift) filter (where booked_now and won_at >= $half_year), 0) as shift_now,
        coalesce(sum(booked_shift) filter (
            where booked_now and won_at >= $two_halves and won_at < $half_year
        ), 0) as shift_before,
        coalesce(sum(amount_shift) filter (where open_now), 0) as open_shift,
        coalesce(sum(amount_shift * probability) filter (where open_now), 0) as weighted_shift
    from shifted left join entered using (deal_id)
    group by partner_id
)
select
    partner_id,
    case when coalesce(won, 0) + lost >= 5 then coalesce(won, 0) / (coalesce(won, 0) + lost) end as win_rate,
    case when won >= 3 then floor(median_amount + 0.5) end as deal_size,
    case when cycles >= 3 then median_days end as sales_cycle,
    coalesce(pipeline, 0) + coalesce(open_shift, 0) as open_pipeline,
    floor((coalesce(weighted, 0) + coalesce(weighted_shift, 0)) / 100 + 0.5) as weighted_pipeline,
    coalesce(bookings, 0) + coalesce(shift, 0) as bookings,
    case when won_now >= 3 and won_before >= 3 and amount_before + coalesce(shift_before, 0) > 0
        then (amount_now + coalesce(shift_now, 0)) / (amount_before + coalesce(shift_before, 0)) - 1
        end as bookings_growth,
    case when won + lost >= 5 and cycles >= 3 and median_days > 0
        then floor(coalesce(open, 0) * bookings / ((won + lost) * median_days) + 0.5) end as pipeline_velocity,
    coalesce(registrations, 0) as registrations
from counted
left join won using (partner_id)
left join pipeline using (partner_id)
full join shared using (partner_id)
