"""Where a source was found; the earthquake list that every folder has is complete for one day."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

QUAKES = "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/4.5_day.geojson"


def say_what_is_listed(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """As a new folder has it; a source with another address is left as its operator made it."""
    apps.get_model("feeds", "Source").objects.filter(key="usgs-quakes", url=QUAKES).update(
        lists_all=True, window_seconds=86400, stale_after_seconds=3600
    )


class Migration(migrations.Migration):
    """One column."""

    dependencies = [("feeds", "0002_sources_as_they_are")]

    operations = [
        migrations.AddField(
            "source",
            "src",
            models.CharField(
                blank=True,
                help_text="Register or recording that names it.",
                max_length=300,
                verbose_name="where this was found",
            ),
        ),
        migrations.RunPython(say_what_is_listed, migrations.RunPython.noop),
    ]
