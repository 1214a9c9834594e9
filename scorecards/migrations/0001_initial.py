import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import portal.tenancy.constraints
import portal.tenancy.scope
import portal.tenancy.tables
import scorecards.models
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('partners', '0001_initial'),
        ('portal', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScoringScheme',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('rules', models.JSONField()),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_scoringscheme_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'id'), name='scorecards_scoringscheme_key'), models.UniqueConstraint(fields=('vendor', 'digest'), name='scorecards_scoringscheme_once')],
            },
        ),
        migrations.CreateModel(
            name='Scorecard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('health', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('coverage', models.DecimalField(decimal_places=2, help_text='Weight with enough data, per cent.', max_digits=5)),
                ('sales', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('enablement', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('marketing', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('engagement', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('booked', models.BigIntegerField(help_text='Trailing 365 days, minor units.', null=True)),
                ('booked_quarter', models.BigIntegerField(help_text='Fiscal quarter to the day, minor units.', null=True)),
                ('pipeline', models.BigIntegerField(help_text='On the day, minor units.', null=True)),
                ('as_of', models.DateField()),
                ('computed_at', models.DateTimeField()),
                ('measured', scorecards.models.JSONText(default=dict)),
                ('places', scorecards.models.JSONText(default=dict)),
                ('peer_spread', scorecards.models.JSONText(default=dict)),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='scorecards', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
                ('scheme', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scorecards.scoringscheme')),
            ],
            options={
                'ordering': ['-as_of'],
                'indexes': [models.Index(fields=['vendor', 'as_of', '-health'], name='scorecards_by_health')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_scorecard_rows', rows='partner'), models.UniqueConstraint(fields=('vendor', 'partner', 'as_of'), name='scorecards_scorecard_once')],
            },
        ),
        migrations.CreateModel(
            name='RestatedScorecard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('health', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('coverage', models.DecimalField(decimal_places=2, help_text='Weight with enough data, per cent.', max_digits=5)),
                ('sales', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('enablement', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('marketing', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('engagement', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('booked', models.BigIntegerField(help_text='Trailing 365 days, minor units.', null=True)),
                ('booked_quarter', models.BigIntegerField(help_text='Fiscal quarter to the day, minor units.', null=True)),
                ('pipeline', models.BigIntegerField(help_text='On the day, minor units.', null=True)),
                ('as_of', models.DateField()),
                ('computed_at', models.DateTimeField()),
                ('measured', scorecards.models.JSONText(default=dict)),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='restated_scorecards', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
                ('scheme', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scorecards.scoringscheme')),
            ],
            options={
                'ordering': ['-as_of'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_restatedscorecard_rows', rows='partner'), models.UniqueConstraint(fields=('vendor', 'partner', 'as_of'), name='scorecards_restated_once')],
            },
        ),
        migrations.CreateModel(
            name='StalePartner',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['since'],
                'indexes': [models.Index(fields=['vendor', 'partner'], name='scorecards_stale_by_partner')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_stalepartner_rows', rows='mailbox')],
            },
        ),
        migrations.CreateModel(
            name='LatestScore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('health', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('coverage', models.DecimalField(decimal_places=2, help_text='Weight with enough data, per cent.', max_digits=5)),
                ('sales', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('enablement', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('marketing', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('engagement', models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ('booked', models.BigIntegerField(help_text='Trailing 365 days, minor units.', null=True)),
                ('booked_quarter', models.BigIntegerField(help_text='Fiscal quarter to the day, minor units.', null=True)),
                ('pipeline', models.BigIntegerField(help_text='On the day, minor units.', null=True)),
                ('as_of', models.DateField()),
                ('computed_at', models.DateTimeField()),
                ('since', models.DateField(help_text='The day of the run a week before, which `change` is from.', null=True)),
                ('change', models.DecimalField(decimal_places=2, help_text='Of the health.', max_digits=5, null=True)),
                ('partner', portal.tenancy.tables.TenantKey(on_delete=django.db.models.deletion.CASCADE, related_name='latest_scores', to='partners.partner')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['partner_id'],
                'indexes': [models.Index(fields=['vendor', 'health', 'partner'], name='scorecards_latest_by_health'), models.Index(fields=['vendor', 'change'], name='scorecards_latest_by_change')],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_latestscore_rows', rows='partner'), models.UniqueConstraint(fields=('vendor', 'partner'), name='scorecards_latestscore_once')],
            },
        ),
        migrations.CreateModel(
            name='MetricTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('metric', models.CharField(help_text='Key of the metric, for example win_rate.', max_length=60)),
                ('floor', models.DecimalField(decimal_places=4, help_text='Scores 0.', max_digits=18)),
                ('target', models.DecimalField(decimal_places=4, help_text='Scores 100.', max_digits=18)),
                ('weight', models.DecimalField(decimal_places=2, default=1, help_text='Within its quadrant; 0 leaves the metric out of the score.', max_digits=6, validators=[django.core.validators.MinValueValidator(Decimal('0'))])),
                ('tier', portal.tenancy.tables.TenantKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='metric_targets', to='partners.tier')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['metric', 'tier_id'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_metrictarget_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'metric', 'tier'), name='scorecards_metrictarget_once', nulls_distinct=False, violation_error_message='There is a target for this metric and tier already.'), models.CheckConstraint(condition=models.Q(('floor', models.F('target')), _negated=True), name='scorecards_metrictarget_span', violation_error_message='Floor and target must differ.'), models.CheckConstraint(condition=models.Q(('weight__gte', 0)), name='scorecards_metrictarget_weight')],
            },
        ),
        migrations.CreateModel(
            name='ProgrammeVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('held_until', models.DateTimeField()),
                ('targets', models.JSONField(help_text='[[metric, tier id, floor, target, weight]].')),
                ('weights', models.JSONField(help_text='{quadrant: weight}.')),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['held_until'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_programmeversion_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'held_until'), name='scorecards_programmeversion_once')],
            },
        ),
        migrations.CreateModel(
            name='QuadrantWeight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quadrant', models.CharField(choices=[('sales', 'Sales'), ('enablement', 'Enablement'), ('marketing', 'Marketing'), ('engagement', 'Engagement')], max_length=12)),
                ('weight', models.DecimalField(decimal_places=2, max_digits=6, validators=[django.core.validators.MinValueValidator(Decimal('0'))])),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_quadrantweight_rows', rows='programme'), models.UniqueConstraint(fields=('vendor', 'quadrant'), name='scorecards_quadrantweight_once', violation_error_message='This quadrant has a weight already.'), models.CheckConstraint(condition=models.Q(('quadrant__in', ['sales', 'enablement', 'marketing', 'engagement'])), name='scorecards_quadrantweight_quadrant'), models.CheckConstraint(condition=models.Q(('weight__gte', 0)), name='scorecards_quadrantweight_positive')],
            },
        ),
        migrations.CreateModel(
            name='ScoringRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('as_of', models.DateField()),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('partners', models.PositiveIntegerField(default=0)),
                ('vendor', models.ForeignKey(db_index=False, default=portal.tenancy.scope.current_vendor_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portal.vendor')),
            ],
            options={
                'ordering': ['-as_of'],
                'constraints': [portal.tenancy.constraints.RowSecurity(name='scorecards_scoringrun_rows', rows='staff'), models.UniqueConstraint(fields=('vendor', 'as_of'), name='scorecards_scoringrun_once')],
            },
        ),
    ]
