"""When a source was read from a file, first loaded whole, and first understood; half answers keep how much was known."""

from django.db import migrations, models
from django.db.models import F


def proved(apps, schema_editor):
    """A source that brought something new by a poll was read into levels or warnings."""
    Source, Fetch = apps.get_model("feeds", "Source"), apps.get_model("feeds", "Fetch")
    fruitful = Fetch.objects.filter(outcome="new", new_count__gt=0).values("source")
    Source.objects.filter(last_ok_at__isnull=False, pk__in=fruitful).update(proved_at=F("last_ok_at"))


class Migration(migrations.Migration):
    """New columns are empty, but for sources whose reader has proved itself."""

    dependencies = [
        ("feeds", "0007_a_message_asked_for_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="fetch",
            name="known_count",
            field=models.PositiveIntegerField(
                help_text="Entries that were known, where it was refused as half an answer", null=True
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="handed_in_as",
            field=models.CharField(blank=True, help_text="The name of its file", max_length=200),
        ),
        migrations.AddField(
            model_name="source",
            name="handed_in_at",
            field=models.DateTimeField(
                blank=True, help_text="When a document was last read that somebody handed in", null=True
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="loaded_at",
            field=models.DateTimeField(
                blank=True, help_text="When its list was first read whole: what is named later is new", null=True
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="proved_at",
            field=models.DateTimeField(
                blank=True, help_text="When an entry of a live answer was first read and understood", null=True
            ),
        ),
        migrations.RunPython(proved, migrations.RunPython.noop),
    ]
