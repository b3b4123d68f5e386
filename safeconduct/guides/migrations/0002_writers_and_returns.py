from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def writers_from_log(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take who saved each text from the log of changes, beside whom its own row names."""
    edition, entry = apps.get_model("guides", "Edition"), apps.get_model("audit", "Entry")
    for row in edition.objects.all().iterator():
        saved = entry.objects.filter(
            action="edition.saved", subject_kind="guides.edition", subject_id=row.public_id
        )
        people = saved.exclude(actor_id=None).order_by("at", "id").values_list("actor_id", flat=True)
        row.writers = list(dict.fromkeys([*people, row.written_by_id]))
        row.save(update_fields=["writers"])


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
        ("guides", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="edition",
            name="writers",
            field=models.JSONField(
                default=list,
                help_text="Ids of everybody who saved it, the first one first; none of them may approve it",
            ),
        ),
        migrations.AddField(
            model_name="edition",
            name="return_reason",
            field=models.CharField(blank=True, max_length=1000),
        ),
        migrations.AddField(
            model_name="edition",
            name="returned_by_id",
            field=models.BigIntegerField(help_text="Who gave it back last, with that reason", null=True),
        ),
        migrations.AddField(
            model_name="edition",
            name="returned_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(writers_from_log, migrations.RunPython.noop),
    ]
