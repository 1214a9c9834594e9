"""Events of a month without a partition have a place, and partitions are attached instead of created."""

from django.db import migrations

from portal.events import partitions


class Migration(migrations.Migration):
    dependencies = [
        ('portal', '0004_secrets_out_of_sight'),("portal", "0004_secrets_out_of_sight")]

    operations = [
        migrations.RunSQL(partitions.CREATE_DEFAULT, partitions.DROP_DEFAULT),
        migrations.RunSQL(partitions.CREATE_FUNCTION, migrations.RunSQL.noop),
        migrations.RunSQL(partitions.CREATE_WAITING, partitions.DROP_WAITING),
    ]
