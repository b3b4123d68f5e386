"""The search rows of matching (StayCell) and how far they reach (Roll).

StayCell is one table that is its own index: its rows are stored in the order of the key and carry all that a search
reads. Django's CreateModel knows neither WITHOUT ROWID (SQLite) nor INCLUDE (PostgreSQL), so the statement that it
would run is taken and completed.
"""

import django.db.models.deletion
from django.db import migrations, models

CARRIED = '"trip_id", "user_id", "lon", "lat", "radius_km", "from_epoch", "to_epoch"'


def make(apps, schema_editor):
    model = apps.get_model("trips", "StayCell")
    sql, params = schema_editor.table_sql(model)
    vendor = schema_editor.connection.vendor
    if vendor == "sqlite":
        sql += " WITHOUT ROWID"
    schema_editor.execute(sql, params or None)
    if vendor == "postgresql":
        schema_editor.execute('ALTER TABLE "trips_staycell" DROP CONSTRAINT "trips_staycell_pkey"')
        schema_editor.execute(
            'ALTER TABLE "trips_staycell" ADD CONSTRAINT "trips_staycell_pkey"'
            f' PRIMARY KEY ("key", "stay_id") INCLUDE ({CARRIED})'
        )
    schema_editor.deferred_sql.extend(schema_editor._model_indexes_sql(model))


def drop(apps, schema_editor):
    schema_editor.delete_model(apps.get_model("trips", "StayCell"))


class Migration(migrations.Migration):

    dependencies = [
        ('orgs', '0001_initial'),
        ('trips', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Roll',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_week', models.IntegerField(unique=True)),
                ('last_week', models.IntegerField()),
                ('after_stay', models.BigIntegerField(default=0, help_text='Stays up to this key have their rows')),
                ('done_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('lease_by', models.CharField(blank=True, default='', max_length=80)),
            ],
            options={
                'ordering': ['first_week'],
            },
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='StayCell',
                    fields=[
                        ('pk', models.CompositePrimaryKey('key', 'stay_id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('key', models.BigIntegerField(help_text='Week and cell; below zero: week and country')),
                        ('trip_id', models.BigIntegerField()),
                        ('user_id', models.BigIntegerField()),
                        ('lon', models.FloatField()),
                        ('lat', models.FloatField()),
                        ('radius_km', models.FloatField(help_text='0: only the country is known')),
                        ('from_epoch', models.BigIntegerField(help_text='Seconds since 1970, without the margin')),
                        ('to_epoch', models.BigIntegerField()),
                        ('organisation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='orgs.organisation')),
                        ('stay', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cells', to='trips.stay')),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
            ],
        ),
        migrations.RunPython(make, drop),
    ]
