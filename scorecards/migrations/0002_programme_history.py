"""Keeps targets and weights as they were, before any statement changes them."""

from django.db import migrations

# Once per change of the programme: all statements of a transaction bear one moment. As the owner of the tables,
# because whoever changes a target need not be able to write its past. Amounts as text: they are exact.
KEEP = """
create function scorecards_keep_programme() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    changed bigint := nullif(current_setting('portal.vendor_id', true), '')::bigint;
    moment timestamptz := coalesce(nullif(current_setting('portal.now', true), '')::timestamptz, statement_timestamp());
begin
    if not exists (select from scorecards_scorecard where vendor_id = changed) then
        return null;
    end if;
    insert into scorecards_programmeversion (vendor_id, held_until, targets, weights)
    values (
        changed,
        moment,
        (
            select coalesce(jsonb_agg(
                jsonb_build_array(metric, tier_id, floor::text, target::text, weight::text) order by id
            ), '[]')
            from scorecards_metrictarget where vendor_id = changed
        ),
        (
            select coalesce(jsonb_object_agg(quadrant, weight::text), '{}')
            from scorecards_quadrantweight where vendor_id = changed
        )
    )
    on conflict do nothing;
    return null;
end
$$;
create trigger scorecards_keep_targets before insert or update or delete on scorecards_metrictarget
    for each statement execute function scorecards_keep_programme();
create trigger scorecards_keep_weights before insert or update or delete on scorecards_quadrantweight
    for each statement execute function scorecards_keep_programme();
"""
FORGET = """
drop trigger scorecards_keep_targets on scorecards_metrictarget;
drop trigger scorecards_keep_weights on scorecards_quadrantweight;
drop function scorecards_keep_programme();
"""


class Migration(migrations.Migration):
    dependencies = [
        ('scorecards', '0001_initial')]

    operations = [migrations.RunSQL(KEEP, FORGET)]
