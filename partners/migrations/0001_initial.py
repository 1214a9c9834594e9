import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import django_countries.fields
import portal.history.constraints
import portal.tenancy.constraints
import portal.tenancy.lookups
import portal.tenancy.scope
import portal.tenancy.tables
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('portal', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Region',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_active', models.BooleanField(db_default=True, default=True, help_text='Switched off, it is no longer offered. What has it keeps it, and past days stay.', verbose_name='in use')),
                ('name', models.CharField(max_length=80)),
                ('code', models.CharField(blank=True, max_length=20)),
                ('group', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='region', to='auth.group')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['name'],
                'permissions': [('manage_region_partners', 'Can manage the partners of this region')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_region_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'id'), name='partners_region_key'), models.UniqueConstraint(fields=('vendor', 'name'), name='partners_region_name', violation_error_message='There is a region of this name already.')],
            },
        ),
        migrations.CreateModel(
            name='RegionGroupGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='partners.region')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.group')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
            ],
            options={
                'abstract': False,
                'unique_together': {('group', 'permission', 'content_object')},
            },
        ),
        migrations.CreateModel(
            name='Tier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_active', models.BooleanField(db_default=True, default=True, help_text='Switched off, it is no longer offered. What has it keeps it, and past days stay.', verbose_name='in use')),
                ('name', models.CharField(max_length=60)),
                ('rank', models.PositiveSmallIntegerField(help_text='1 is the entry tier.')),
                ('description', models.TextField(blank=True)),
                ('protection_days', models.PositiveSmallIntegerField(blank=True, help_text="Days a registration is protected; empty: the vendor's default.", null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(730)])),
                ('deal_discount', models.DecimalField(decimal_places=2, default=0, help_text='Per cent.', max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='deal registration discount')),
                ('mdf_accrual', models.DecimalField(decimal_places=2, default=0, help_text='Per cent of bookings.', max_digits=5, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='MDF accrual')),
                ('lead_priority', models.PositiveSmallIntegerField(default=0, help_text='A higher number is offered leads earlier.')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['rank'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_tier_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'id'), name='partners_tier_key'), models.UniqueConstraint(fields=('vendor', 'name'), name='partners_tier_name', violation_error_message='There is a tier of this name already.'), models.UniqueConstraint(fields=('vendor', 'rank'), name='partners_tier_rank', violation_error_message='Another tier has this rank already.')],
            },
        ),
        migrations.CreateModel(
            name='Partner',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=80, validators=[django.core.validators.RegexValidator('^(?!people$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$', 'Use lower-case letters, digits and hyphens, and not the word people alone.')], verbose_name='key')),
                ('name', models.CharField(max_length=160)),
                ('name_key', models.GeneratedField(db_persist=True, expression=portal.tenancy.lookups.FoldedName('name', length=160), output_field=models.CharField(max_length=160))),
                ('type', models.CharField(choices=[('reseller', 'Reseller'), ('distributor', 'Distributor'), ('msp', 'Managed service provider'), ('system_integrator', 'System integrator'), ('isv', 'Independent software vendor'), ('referral', 'Referral partner'), ('agency', 'Agency')], default='reseller', max_length=20)),
                ('status', models.CharField(choices=[('prospect', 'Prospect'), ('active', 'Active'), ('suspended', 'Suspended'), ('ended', 'Ended')], default='active', max_length=12)),
                ('status_since', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('country', django_countries.fields.CountryField(blank=True, max_length=2)),
                ('city', models.CharField(blank=True, max_length=80)),
                ('website', models.URLField(blank=True)),
                ('external_key', models.CharField(blank=True, help_text="The partner's key in the system it was imported from.", max_length=80, null=True)),
                ('joined_on', models.DateField(default=django.utils.timezone.localdate)),
                ('own_deals_only', models.BooleanField(default=False, help_text="Set by the partner's own admin.", verbose_name='reps see only their own deals')),
                ('parent', portal.tenancy.tables.TenantKey(blank=True, help_text='The distributor it buys through.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sub_partners', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
                ('region', portal.tenancy.tables.TenantKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='partners', to='partners.region')),
                ('tier', portal.tenancy.tables.TenantKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='partners', to='partners.tier')),
            ],
            options={
                'ordering': ['name'],
                'permissions': [('manage_partner', 'Can manage this partner as its channel manager')],
                'indexes': [models.Index(fields=['vendor', 'name'], name='partners_partner_by_name'), models.Index(fields=['vendor', 'name_key', 'id'], name='partners_partner_listed'), models.Index(fields=['vendor', 'name_key'], name='partners_partner_by_name_key', opclasses=['int8_ops', 'varchar_pattern_ops']), models.Index(fields=['vendor', 'parent'], name='partners_partner_by_parent'), models.Index(fields=['vendor', 'region'], name='partners_partner_by_region'), models.Index(fields=['vendor', 'tier'], name='partners_partner_by_tier')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_partner_rows', partner='id', rows='partner'), models.UniqueConstraint(fields=('vendor', 'id'), name='partners_partner_key'), models.UniqueConstraint(fields=('vendor', 'slug'), name='partners_partner_slug', violation_error_message='Another partner has this key already.'), models.UniqueConstraint(fields=('vendor', 'external_key'), name='partners_partner_external_key', violation_error_message='Another partner has this external key already.'), models.CheckConstraint(condition=models.Q(('type__in', ['reseller', 'distributor', 'msp', 'system_integrator', 'isv', 'referral', 'agency'])), name='partners_partner_type'), models.CheckConstraint(condition=models.Q(('status__in', ['prospect', 'active', 'suspended', 'ended'])), name='partners_partner_status'), portal.history.constraints.KeepsHistory(edited=('tier_id', 'region_id'), into='partners_partnerversion', key='partner_id', name='partners_partner_history'), models.CheckConstraint(condition=models.Q(('parent', models.F('id')), _negated=True), name='partners_partner_parent_other', violation_error_message='A partner cannot be its own distributor.')],
            },
        ),
        migrations.CreateModel(
            name='Seat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job_title', models.CharField(blank=True, max_length=80)),
                ('since', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('left_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('membership', portal.tenancy.tables.TenantOneToOne(on_delete=django.db.models.deletion.CASCADE, related_name='seat', to='portal.membership')),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='seats', to='partners.partner')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='seats', to=settings.AUTH_USER_MODEL)),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['vendor', 'partner'], name='partners_seat_by_partner'), models.Index(fields=['vendor', 'user'], name='partners_seat_by_user')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_seat_rows', own='user_id', rows='partner'), portal.tenancy.constraints.SharesRow(field='membership', name='partners_seat_membership', writes=True), models.UniqueConstraint(fields=('vendor', 'id'), name='partners_seat_key'), models.UniqueConstraint(fields=('vendor', 'membership'), name='partners_seat_once'), portal.history.constraints.KeepsHistory(edited=('partner_id', 'user_id', 'membership_id', 'since', 'left_at'), into='partners_seatversion', key='seat_id', name='partners_seat_history'), portal.tenancy.constraints.ReadThrough(link='partners_seat', name='partners_seat_membership_versions', on=('membership_id', 'membership_id'), table='portal_membershipversion')],
            },
        ),
        migrations.CreateModel(
            name='SeatInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('invitation', portal.tenancy.tables.TenantOneToOne(on_delete=django.db.models.deletion.CASCADE, related_name='seat_invitation', to='portal.invitation')),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'indexes': [models.Index(fields=['vendor', 'partner'], name='partners_seatinv_by_partner')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_seatinvitation_rows', rows='partner'), portal.tenancy.constraints.SharesRow(field='invitation', name='partners_seatinvitation_invitation', writes=True), models.UniqueConstraint(fields=('vendor', 'invitation'), name='partners_seatinvitation_once')],
            },
        ),
        migrations.CreateModel(
            name='SeatVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('held_from', models.DateTimeField(help_text='The change before; empty: since the row began.', null=True)),
                ('held_until', models.DateTimeField(help_text='When these values were changed.')),
                ('since', models.DateTimeField()),
                ('left_at', models.DateTimeField(null=True)),
                ('changed_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portal.membership')),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner')),
                ('seat', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='partners.seat')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['held_until'],
                'indexes': [models.Index(fields=['vendor', 'seat', 'held_until'], name='partners_seatversion_by_seat'), models.Index(fields=['vendor', 'partner', 'held_until'], name='partners_seatversion_by_part')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_seatversion_rows', own='user_id', rows='partner')],
            },
        ),
        migrations.CreateModel(
            name='PartnerVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('held_from', models.DateTimeField(help_text='The change before; empty: since the row began.', null=True)),
                ('held_until', models.DateTimeField(help_text='When these values were changed.')),
                ('changed_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
                ('region', portal.tenancy.tables.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.region')),
                ('tier', portal.tenancy.tables.TenantKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.tier')),
            ],
            options={
                'ordering': ['held_until'],
                'indexes': [models.Index(fields=['vendor', 'held_until'], name='partners_version_by_end')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_partnerversion_rows', rows='partner')],
            },
        ),
        migrations.CreateModel(
            name='TierBenefit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=200)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('tier', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='benefits', to='partners.tier')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['position', 'id'],
                'indexes': [models.Index(fields=['vendor', 'tier'], name='partners_benefit_by_tier')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_tierbenefit_rows', rows='programme')],
            },
        ),
        migrations.CreateModel(
            name='TierRequirement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('metric', models.CharField(help_text='Key of the metric, for example bookings.', max_length=60)),
                ('minimum', models.DecimalField(decimal_places=4, help_text='In the unit of the metric; money in major units.', max_digits=18)),
                ('tier', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='requirements', to='partners.tier')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['metric'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_tierrequirement_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'tier', 'metric'), name='partners_tierrequirement_once', violation_error_message='This tier has a requirement on this metric already.')],
            },
        ),
        migrations.CreateModel(
            name='PartnerUserGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='partners.partner')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
                'unique_together': {('user', 'permission', 'content_object')},
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_active', models.BooleanField(db_default=True, default=True, help_text='Switched off, it is no longer offered. What has it keeps it, and past days stay.', verbose_name='in use')),
                ('name', models.CharField(max_length=120)),
                ('code', models.CharField(help_text='Short key, unique for the vendor.', max_length=60)),
                ('family', models.CharField(blank=True, max_length=60)),
                ('list_price', models.BigIntegerField(blank=True, help_text="In minor units of the vendor's currency (cents).", null=True)),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='partners_product_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'id'), name='partners_product_key'), models.UniqueConstraint(fields=('vendor', 'code'), name='partners_product_code', violation_error_message='Another product has this code already.'), models.CheckConstraint(condition=models.Q(('list_price__isnull', True), ('list_price__gte', 0), _connector='OR'), name='partners_product_price')],
            },
        ),
    ]
