"""What the database does beside the tables: the words of customers' names, and the lines of shared credit."""

from django.db import migrations

# What is kept of a normalised name: see deals.conflicts.keys.words_kept. A name has few words: the thousand rows
# PostgreSQL takes a function for made it set up tables of 40 MB for a look-up.
WORDS_OF = """
create function deals_words_of(name text) returns setof text
language sql immutable strict parallel safe rows 8 as $$
    with word as (
        select text, place from string_to_table(name, ' ') with ordinality as t(text, place) where text <> ''
    ), forwards as (
        select text from word union select string_agg(text, '' order by place) from word having count(*) > 0
    )
    select text from forwards
    union select '<' || reverse(text) from forwards where length(text) >= 5
    union select string_agg(left(text, 1), '' order by place) from word having count(*) >= 3
$$
"""
# A row that a bulk load wrote without its spelling is kept by its normalised name; so is one that was renamed alone.
# Whoever writes a customer writes its words: a form, an import, a bulk load. Under the writer's own scope.
KEEP_WORDS = """
create function deals_words_found(spelling text, heard text) returns setof text
language sql immutable strict parallel safe rows 12 as $$
    select deals_words_of(spelling)
    union select word from string_to_table(heard, ' ') as t(word) where word <> ''
$$;
create function deals_keep_words() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into deals_customerword (vendor_id, customer_id, word)
        select added.vendor_id, added.id, word
        from added, deals_words_found(coalesce(nullif(added.spelling, ''), added.normalised_name), added.heard_as) as word;
    else
        delete from deals_customerword where vendor_id = new.vendor_id and customer_id = new.id;
        insert into deals_customerword (vendor_id, customer_id, word)
        select new.vendor_id, new.id, word from deals_words_found(
            case when new.spelling = '' or
                (new.spelling = old.spelling and new.normalised_name <> old.normalised_name)
                then new.normalised_name else new.spelling end,
            new.heard_as
        ) as word;
    end if;
    return null;
end
$$;
create trigger deals_customer_words after insert on deals_customer
    referencing new table as added for each statement execute function deals_keep_words();
create trigger deals_customer_words_change after update of normalised_name, spelling, heard_as on deals_customer
    for each row when (
        (old.normalised_name, old.spelling, old.heard_as)
        is distinct from (new.normalised_name, new.spelling, new.heard_as)
    )
    execute function deals_keep_words();
"""
FORGET_WORDS = """
drop trigger deals_customer_words on deals_customer;
drop trigger deals_customer_words_change on deals_customer;
drop function deals_keep_words();
drop function deals_words_found(text, text);
"""

# Copies into credit lines what the partners named on a deal may know of it, and splits its amounts: whole minor
# units, the largest remainders rounded up, so that the parts are the whole. As the owner of the tables, because a
# partner who changes its deal neither sees nor writes the other one's line. A line that has ended hears of nothing
# that came later: only what lies before its end, and may have been told late, is still filled in.
COPY = """
create function deals_credit_copy(of_vendor bigint, of_deal bigint) returns void
language sql security definer set search_path = public, pg_temp as $$
    with part as (
        select
            line.id, line.cosell_id, line.kind,
            line.ended_at is null or line.reference = '' as is_live,
            deal.reference, deal.customer_name, deal.status, deal.approved_at,
            least(deal.open_until, line.ended_at) as open_until,
            case when deal.won_at < coalesce(line.ended_at, 'infinity') then deal.won_at end as won_at,
            case when deal.counted_at < coalesce(line.ended_at, 'infinity') then deal.counted_at end as counted_at,
            case when line.agreed_at is not null then deal.amount_vendor end as amount,
            case when line.agreed_at is not null and deal.won_at < coalesce(line.ended_at, 'infinity')
                then deal.won_amount_vendor end as booked,
            line.share::numeric as share
        from deals_creditline line
        join deals_deal deal on deal.vendor_id = line.vendor_id and deal.id = line.deal_id
        where line.vendor_id = of_vendor and line.deal_id = of_deal
    ), ranked as (
        select *,
            amount - sum(div(amount * share, 10000)) over (partition by cosell_id) as amount_left,
            booked - sum(div(booked * share, 10000)) over (partition by cosell_id) as booked_left,
            row_number() over (
                partition by cosell_id order by mod(amount * share, 10000) desc, kind = 'sourced' desc, id
            ) as amount_place,
            row_number() over (
                partition by cosell_id order by mod(booked * share, 10000) desc, kind = 'sourced' desc, id
            ) as booked_place
        from part
    ), split as (
        select *,
            div(amount * share, 10000) + (amount_place <= amount_left)::int as amount_part,
            div(booked * share, 10000) + (booked_place <= booked_left)::int as booked_part
        from ranked
    )
    update deals_creditline line set
        reference = split.reference,
        customer_name = case when is_live then split.customer_name else line.customer_name end,
        status = case when is_live then split.status else line.status end,
        approved_at = split.approved_at, open_until = split.open_until, won_at = split.won_at,
        counted_at = split.counted_at, booked = booked_part,
        amount = case when is_live then amount_part else line.amount end,
        amount_shift = case when is_live
            then coalesce(amount_part - case when split.kind = 'sourced' then split.amount else 0 end, 0)
            else line.amount_shift end,
        booked_shift = coalesce(booked_part - case when split.kind = 'sourced' then split.booked else 0 end, 0)
    from split
    where line.id = split.id and (is_live or line.agreed_at is not null)
$$;

create function deals_credit_of_line() returns trigger language plpgsql as $$
begin
    perform deals_credit_copy(new.vendor_id, new.deal_id);
    return null;
end
$$;
create trigger deals_credit_line after insert or update of share, agreed_at on deals_creditline
    for each row execute function deals_credit_of_line();

create function deals_credit_of_deal() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    -- Hardly any deal is shared: the others pay for one look into an index.
    if exists (select from deals_creditline where vendor_id = new.vendor_id and deal_id = new.id) then
        perform deals_credit_copy(new.vendor_id, new.id);
    end if;
    return null;
end
$$;
create trigger deals_credit_deal
    after update of status, customer_name, amount_vendor, won_amount_vendor, approved_at, expires_at, won_at,
        lost_at, withdrawn_at, proof_needed, proof_accepted_at
    on deals_deal for each row
    when ((old.status, old.customer_name, old.amount_vendor, old.won_amount_vendor, old.approved_at, old.expires_at,
            old.won_at, old.lost_at, old.withdrawn_at, old.proof_needed, old.proof_accepted_at)
        is distinct from
            (new.status, new.customer_name, new.amount_vendor, new.won_amount_vendor, new.approved_at, new.expires_at,
            new.won_at, new.lost_at, new.withdrawn_at, new.proof_needed, new.proof_accepted_at))
    execute function deals_credit_of_deal();
"""
FORGET_COPY = """
drop trigger deals_credit_deal on deals_deal;
drop trigger deals_credit_line on deals_creditline;
drop function deals_credit_of_deal();
drop function deals_credit_of_line();
drop function deals_credit_copy(bigint, bigint);
"""
# At the end of the transaction the lines of an agreement are the whole, begin and end together, and one of them is
# the source's. As the owner, because each partner sees its own line only, which alone is never the whole.
WHOLE = """
create function deals_credit_whole() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    touched record;
begin
    if tg_op = 'DELETE' then touched := old; else touched := new; end if;
    if exists (
        select from deals_creditline
        where vendor_id = touched.vendor_id and cosell_id = touched.cosell_id
        having count(*) > 0 and (
            sum(share) <> 10000
            or count(*) filter (where kind = 'sourced') <> 1
            or count(distinct deal_id) > 1
            or count(distinct coalesce(agreed_at, '-infinity')) > 1
            or count(distinct coalesce(ended_at, 'infinity')) > 1
        )
    ) then
        raise exception 'credit lines of agreement % are not the whole deal', touched.cosell_id
            using errcode = 'check_violation', constraint = 'deals_creditline_whole', table = 'deals_creditline';
    end if;
    return null;
end
$$;
create constraint trigger deals_creditline_whole after insert or update or delete on deals_creditline
    deferrable initially deferred for each row execute function deals_credit_whole();
-- A line stays with its agreement: moved elsewhere, only one of the two would be looked at.
create function deals_credit_stays() returns trigger language plpgsql as $$
begin
    raise exception 'a credit line stays with its agreement, deal and partner' using errcode = 'check_violation';
end
$$;
create trigger deals_creditline_stays before update on deals_creditline for each row
    when ((old.vendor_id, old.cosell_id, old.deal_id, old.partner_id)
        is distinct from (new.vendor_id, new.cosell_id, new.deal_id, new.partner_id))
    execute function deals_credit_stays();
"""
FORGET_WHOLE = """
drop trigger deals_creditline_stays on deals_creditline;
drop trigger deals_creditline_whole on deals_creditline;
drop function deals_credit_stays();
drop function deals_credit_whole();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('deals', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(WORDS_OF, 'drop function deals_words_of(text)'),
        migrations.RunSQL(KEEP_WORDS, FORGET_WORDS),
        migrations.RunSQL(COPY, FORGET_COPY),
        migrations.RunSQL(WHOLE, FORGET_WHOLE),
    ]
