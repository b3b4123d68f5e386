"""An entry may be newly listed; sources that have entries are loaded: what they list from now on is new."""

from django.db import migrations, models
from django.db.models import Max


def loaded(apps, schema_editor):
    """Take the last entry that a source brought as the end of its first load."""
    Source, Advisory = apps.get_model("feeds", "Source"), apps.get_model("advisories", "Advisory")
    for source, at in Advisory.objects.order_by().values_list("source").annotate(Max("first_seen_at")):
        Source.objects.filter(pk=source, loaded_at__isnull=True).update(loaded_at=at)


class Migration(migrations.Migration):
    """A change of its own for what was not listed before."""

    dependencies = [
        ("advisories", "0001_initial"),
        ("feeds", "0008_handed_in_loaded_proved"),
    ]

    operations = [
        migrations.AlterField(
            model_name="advisoryversion",
            name="change",
            field=models.CharField(
                choices=[
                    ("first", "first seen"),
                    ("new", "newly listed"),
                    ("raised", "level raised"),
                    ("lowered", "level lowered"),
                    ("areas", "other parts of the country"),
                    ("ended", "no longer listed"),
                    ("back", "listed again"),
                    ("words", "words changed"),
                ],
                max_length=8,
            ),
        ),
        migrations.RunPython(loaded, migrations.RunPython.noop),
    ]
