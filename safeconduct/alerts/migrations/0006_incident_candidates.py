"""Events are looked up by type and beginning, and by a name in whatever source."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two indexes."""

    dependencies = [("alerts", "0005_every_event_has_an_incident")]

    operations = [
        migrations.AddIndex(
            "event", models.Index(fields=["event_type", "started_at"], name="event_type_start")
        ),
        migrations.AddIndex("eventkey", models.Index(fields=["key"], name="event_key_name")),
    ]
