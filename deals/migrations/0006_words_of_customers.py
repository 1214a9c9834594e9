"""The words of a customer are those of its name as names are compared, and what else it is found by."""

from django.db import migrations

# A row that a bulk load wrote without its spelling is kept by its normalised name; so is one that was renamed alone.
# A name has few words: the thousand rows PostgreSQL takes a function for made it set up tables of 40 MB for a look-up.
KEEP_WORDS = """
alter function deals_words_of(text) rows 8;
create function deals_words_found(spelling text, heard text) returns setof text
language sql immutable strict parallel safe rows 12 as $$
    select deals_words_of(spelling)
    union select word from string_to_table(heard, ' ') as t(word) where word <> ''
$$;
create or replace function deals_keep_words() returns trigger language plpgsql as $$
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
drop trigger deals_customer_words_change on deals_customer;
create trigger deals_customer_words_change after update of normalised_name, spelling, heard_as on deals_customer
    for each row when (
        (old.normalised_name, old.spelling, old.heard_as)
        is distinct from (new.normalised_name, new.spelling, new.heard_as)
    )
    execute function deals_keep_words();
"""


def spell_customers(apps, schema_editor):
    customers = apps.get_model('deals', 'Customer').objects.using(schema_editor.connection.alias)
    fields = [customers.model._meta.get_field(name) for name in ('spelling', 'heard_as')]
    batch = []
    for customer in customers.order_by('pk').iterator(2000):
        for field in fields:
            field.pre_save(customer, False)
        batch.append(customer)
        if len(batch) == 2000:
            customers.bulk_update(batch, ['spelling', 'heard_as'])
            batch = []
    customers.bulk_update(batch, ['spelling', 'heard_as'])


def begin_other_names(apps, schema_editor):
    from deals.customers.defaults import listed

    alias = schema_editor.connection.alias
    names = apps.get_model('deals', 'OtherName').objects.using(alias)
    for vendor in apps.get_model('portal', 'Vendor').objects.using(alias):
        names.bulk_create(names.model(vendor=vendor, name=name, company=company) for name, company in listed())


class Migration(migrations.Migration):

    dependencies = [
        ('deals', '0005_recognising_customers'),
    ]

    operations = [
        migrations.RunSQL(KEEP_WORDS, migrations.RunSQL.noop),
        migrations.RunPython(spell_customers, migrations.RunPython.noop),
        migrations.RunPython(begin_other_names, migrations.RunPython.noop),
    ]
