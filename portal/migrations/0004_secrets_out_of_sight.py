"""Links of invitations that were sent leave the outbox; addresses nobody proved leave allauth's table."""

from django.db import migrations

WIPE_LINKS = """
update portal_outboxmessage set payload = payload #- '{context,link}'
where sent_at is not null and payload ->> 'template' = 'invitation';
update portal_outboxmessage set payload = payload #- '{context,extend_link}'
where sent_at is not null and payload ->> 'template' = 'deal_protection_ending'
"""
FORGET_UNPROVED = """
delete from account_emailaddress one using portal_user person
where person.id = one.user_id and lower(person.email) <> lower(one.email)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0003_identity'),
        ('account', '0009_emailaddress_unique_primary_email'),
    ]

    operations = [
        migrations.RunSQL(WIPE_LINKS, migrations.RunSQL.noop),
        migrations.RunSQL(FORGET_UNPROVED, migrations.RunSQL.noop),
    ]
