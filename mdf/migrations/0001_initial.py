import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import mdf.ledger.constraints
import portal.tenancy.constraints
import portal.tenancy.scope
import portal.tenancy.tables
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('partners', '0001_initial'),
        ('portal', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ActivityType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('position', models.PositiveSmallIntegerField(default=1, help_text='1 stands first on the form.')),
                ('vendor_share', models.PositiveSmallIntegerField(blank=True, help_text='Basis points. Empty: as the fund says.', null=True, validators=[django.core.validators.MaxValueValidator(10000)])),
                ('most', models.BigIntegerField(blank=True, help_text="Minor units of the vendor's currency that one activity may be given. Empty: no limit.", null=True, validators=[django.core.validators.MinValueValidator(1)])),
                ('notice_days', models.PositiveSmallIntegerField(default=0, help_text='Days ahead it has to be asked for.', validators=[django.core.validators.MaxValueValidator(366)])),
                ('is_active', models.BooleanField(default=True, verbose_name='offered')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['position', 'name'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_activitytype_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'id'), name='mdf_activitytype_key'), models.UniqueConstraint(fields=('vendor', 'name'), name='mdf_activitytype_name', violation_error_message='There is a kind of activity of this name already.'), models.CheckConstraint(condition=models.Q(('vendor_share__isnull', True), ('vendor_share__lte', 10000), _connector='OR'), name='mdf_activitytype_share'), models.CheckConstraint(condition=models.Q(('most__isnull', True), ('most__gt', 0), _connector='OR'), name='mdf_activitytype_most')],
            },
        ),
        migrations.CreateModel(
            name='CostKind',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('position', models.PositiveSmallIntegerField(default=1, help_text='1 stands first on the form.')),
                ('is_shared', models.BooleanField(default=True, verbose_name='shared by the vendor')),
                ('is_active', models.BooleanField(default=True, verbose_name='offered')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['position', 'name'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_costkind_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'id'), name='mdf_costkind_key'), models.UniqueConstraint(fields=('vendor', 'name'), name='mdf_costkind_name', violation_error_message='There is a kind of cost of this name already.')],
            },
        ),
        migrations.CreateModel(
            name='Fund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('currency', models.CharField(max_length=3, validators=[django.core.validators.RegexValidator('^[A-Z]{3}$', 'Give the three-letter ISO code, for example EUR.')])),
                ('starts_on', models.DateField(help_text='First day of a fiscal quarter.')),
                ('ends_on', models.DateField(help_text='Last day of a fiscal quarter; what is free then ends.')),
                ('activities_until', models.DateField(blank=True, help_text='Last day of activities it pays for. Empty: the day it ends.', null=True)),
                ('vendor_share', models.PositiveSmallIntegerField(default=5000, help_text='Basis points of shared costs, unless the kind of activity says otherwise.', validators=[django.core.validators.MaxValueValidator(10000)])),
                ('claim_days', models.PositiveSmallIntegerField(default=30, help_text='Days after an activity within which it is claimed; moved to a working day.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(366)])),
                ('roll_over', models.PositiveSmallIntegerField(default=0, help_text='Basis points of free money that go on into the next fund.', validators=[django.core.validators.MaxValueValidator(10000)])),
                ('accrues', models.BooleanField(default=False, help_text="Every night partners are given their tier's percentage of what they booked in its period.", verbose_name='accrues by bookings')),
                ('closed_through', models.DateField(blank=True, editable=False, help_text='Nothing is posted on this day or before.', null=True)),
                ('ended_at', models.DateTimeField(editable=False, help_text='When what was free has ended.', null=True)),
                ('rolls_into', portal.tenancy.tables.TenantKey(blank=True, help_text='The fund that takes over what goes on.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mdf.fund')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['-ends_on', 'name'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_fund_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'id'), name='mdf_fund_key'), models.UniqueConstraint(fields=('vendor', 'name'), name='mdf_fund_name', violation_error_message='There is a fund of this name already.'), models.CheckConstraint(condition=models.Q(('starts_on__lt', models.F('ends_on'))), name='mdf_fund_period', violation_error_message='A fund ends after it starts.'), models.CheckConstraint(condition=models.Q(('activities_until__isnull', True), ('activities_until__gte', models.F('ends_on')), _connector='OR'), name='mdf_fund_activities', violation_error_message='Activities may be held until the fund ends, or longer.'), models.CheckConstraint(condition=models.Q(('roll_over__lte', 10000), ('vendor_share__lte', 10000)), name='mdf_fund_shares'), models.CheckConstraint(condition=models.Q(('roll_over', 0), ('rolls_into__isnull', False), _connector='OR'), name='mdf_fund_roll_over', violation_error_message='Say into which fund it rolls over.'), models.CheckConstraint(condition=models.Q(('rolls_into__isnull', True), models.Q(('rolls_into', models.F('id')), _negated=True), _connector='OR'), name='mdf_fund_rolls_into_other', violation_error_message='A fund cannot roll over into itself.')],
            },
        ),
        migrations.CreateModel(
            name='Eligibility',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('partner_type', models.CharField(blank=True, choices=[('reseller', 'Reseller'), ('distributor', 'Distributor'), ('msp', 'Managed service provider'), ('system_integrator', 'System integrator'), ('isv', 'Independent software vendor'), ('referral', 'Referral partner'), ('agency', 'Agency')], help_text='Empty: any type.', max_length=20)),
                ('region', portal.tenancy.tables.TenantKey(blank=True, help_text='Empty: any region.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.region')),
                ('tier', portal.tenancy.tables.TenantKey(blank=True, help_text='Empty: any tier.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.tier')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
                ('fund', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='eligibility', to='mdf.fund')),
            ],
            options={
                'verbose_name_plural': 'eligibility',
                'ordering': ['id'],
                'indexes': [models.Index(fields=['vendor', 'fund'], name='mdf_eligibility_by_fund')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_eligibility_rows', rows='programme')],
            },
        ),
        migrations.CreateModel(
            name='Balance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('funding', models.BigIntegerField(default=0)),
                ('unallocated', models.BigIntegerField(default=0)),
                ('free', models.BigIntegerField(default=0)),
                ('committed', models.BigIntegerField(default=0)),
                ('claimed', models.BigIntegerField(default=0)),
                ('paid', models.BigIntegerField(default=0)),
                ('expired', models.BigIntegerField(default=0)),
                ('partner', portal.tenancy.tables.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
                ('fund', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='balances', to='mdf.fund')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['vendor', 'partner'], name='mdf_balance_by_partner')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_balance_rows', rows='books'), models.UniqueConstraint(fields=('vendor', 'fund', 'partner'), name='mdf_balance_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('claimed__gte', 0), ('committed__gte', 0), ('expired__gte', 0), ('free__gte', 0), ('funding__lte', 0), ('paid__gte', 0), ('unallocated__gte', 0)), name='mdf_balance_not_overdrawn')],
            },
        ),
        migrations.CreateModel(
            name='LedgerCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('postings', models.PositiveIntegerField()),
                ('difference', models.BigIntegerField(help_text='Sum of all deviations, minor units; 0 is right.')),
                ('fund', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='checks', to='mdf.fund')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['-checked_at', '-id'],
                'indexes': [models.Index(fields=['vendor', 'fund', '-checked_at'], name='mdf_check_by_fund')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_ledgercheck_rows', rows='staff')],
            },
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='Given by whoever posts; once per vendor.', max_length=120)),
                ('link', models.CharField(blank=True, help_text='Key of the first of linked postings.', max_length=120)),
                ('kind', models.CharField(choices=[('budget', 'Budget'), ('allocation', 'Allocated'), ('accrual', 'Accrued'), ('commitment', 'Granted'), ('release', 'Released'), ('claim', 'Claimed'), ('claim_return', 'Claimed less'), ('payment', 'Paid'), ('payment_return', 'Payment returned'), ('expiry', 'Expired'), ('roll_over', 'Rolled over')], max_length=14)),
                ('reason', models.CharField(max_length=300)),
                ('subject', models.CharField(blank=True, help_text='Reference of the activity it is about.', max_length=40)),
                ('day', models.DateField(help_text='The day it counts on, which must not be closed.')),
                ('posted_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('actor', models.ForeignKey(db_index=False, help_text='Empty: a rule of the fund.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('fund', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mdf.fund')),
                ('partner', portal.tenancy.tables.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['-posted_at', '-id'],
                'indexes': [models.Index(fields=['vendor', 'fund', '-posted_at', '-id'], name='mdf_posting_by_fund'), models.Index(fields=['vendor', 'partner', '-posted_at', '-id'], name='mdf_posting_by_partner')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_posting_rows', rows='books'), models.UniqueConstraint(fields=('vendor', 'id'), name='mdf_posting_key'), models.UniqueConstraint(fields=('vendor', 'key'), name='mdf_posting_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['budget', 'allocation', 'accrual', 'commitment', 'release', 'claim', 'claim_return', 'payment', 'payment_return', 'expiry', 'roll_over'])), name='mdf_posting_kind'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='mdf_posting_reason'), mdf.ledger.constraints.SumsToZero(column='id', name='mdf_posting_has_entries'), mdf.ledger.constraints.RefusesClosedPeriods(name='mdf_posting_open_period')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(choices=[('funding', 'Put into the fund'), ('unallocated', 'Not allocated'), ('free', 'Free with partners'), ('committed', 'Committed'), ('claimed', 'Claimed'), ('paid', 'Paid'), ('expired', 'Expired')], max_length=11)),
                ('amount', models.BigIntegerField()),
                ('day', models.DateField(help_text='That of its posting.')),
                ('partner', portal.tenancy.tables.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
                ('fund', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mdf.fund')),
                ('posting', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='mdf.posting')),
            ],
            options={
                'verbose_name_plural': 'entries',
                'ordering': ['id'],
                'indexes': [models.Index(fields=['vendor', 'posting'], name='mdf_entry_by_posting'), models.Index(fields=['vendor', 'fund', 'partner', 'day'], include=('account', 'amount'), name='mdf_entry_by_day')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_entry_rows', rows='books'), models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='mdf_entry_amount'), models.CheckConstraint(condition=models.Q(models.Q(('account__in', ['funding', 'unallocated']), ('partner__isnull', True)), models.Q(('account__in', ['free', 'committed', 'claimed', 'paid', 'expired']), ('partner__isnull', False)), _connector='OR'), name='mdf_entry_account'), mdf.ledger.constraints.SumsToZero(column='posting_id', name='mdf_entry_sums_to_zero')],
            },
        ),
        migrations.CreateModel(
            name='RequiredProof',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('invoice', 'Invoices'), ('attendees', 'Attendee list'), ('photos', 'Photos'), ('recording', 'Recording'), ('specimen', 'Copy of what was printed or shown'), ('report', 'Report of results')], max_length=12)),
                ('note', models.CharField(blank=True, help_text='What must be on it, as partners read it.', max_length=200)),
                ('activity_type', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='proofs', to='mdf.activitytype')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_requiredproof_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'activity_type', 'kind'), name='mdf_requiredproof_once', violation_error_message='This proof is asked for already.'), models.CheckConstraint(condition=models.Q(('kind__in', ['invoice', 'attendees', 'photos', 'recording', 'specimen', 'report'])), name='mdf_requiredproof_kind')],
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(help_text='Given by whoever reserves; once per vendor.', max_length=100)),
                ('subject', models.CharField(blank=True, max_length=40)),
                ('amount', models.BigIntegerField()),
                ('drawn', models.BigIntegerField(default=0, help_text='Of a grant: held by its claims, or used by them.')),
                ('used', models.BigIntegerField(help_text='What of it was used when it was resolved.', null=True)),
                ('outcome', models.CharField(blank=True, choices=[('posted', 'Used'), ('voided', 'Given back'), ('timed_out', 'Time is up')], max_length=9)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('resolved_at', models.DateTimeField(null=True)),
                ('fund', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mdf.fund')),
                ('parent', portal.tenancy.tables.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='mdf.reservation')),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['-made_at', '-id'],
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['vendor', 'fund', 'partner'], name='mdf_reservation_held'), models.Index(fields=['vendor', 'parent'], name='mdf_reservation_by_parent')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='mdf_reservation_rows', rows='books'), models.UniqueConstraint(fields=('vendor', 'id'), name='mdf_reservation_key'), models.UniqueConstraint(fields=('vendor', 'key'), name='mdf_reservation_once'), models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('drawn__gte', 0), ('drawn__lte', models.F('amount'))), name='mdf_reservation_amounts'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', ''), ('resolved_at__isnull', True), ('used__isnull', True)), models.Q(('outcome__in', ['posted', 'voided', 'timed_out']), ('resolved_at__isnull', False), ('used__gte', 0), ('used__lte', models.F('amount'))), _connector='OR'), name='mdf_reservation_outcome')],
            },
        ),
    ]
