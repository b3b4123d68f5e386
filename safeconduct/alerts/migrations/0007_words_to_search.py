"""Every version gets its words as one folded text, so that the list of alerts can be searched."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from safeconduct.alerts.wording import search_text

BATCH = 500


def fill(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Fold the words of what is stored, in the order of the keys."""
    rows = apps.get_model("alerts", "AlertVersion").objects.order_by("pk").only("infos", "area_names")
    last = 0
    while versions := list(rows.filter(pk__gt=last)[:BATCH]):
        for version in versions:
            version.search_text = search_text(version.infos, version.area_names)
        rows.bulk_update(versions, ["search_text"])
        last = versions[-1].pk


class Migration(migrations.Migration):
    """Add, then fill."""

    dependencies = [("alerts", "0006_incident_candidates")]

    operations = [
        migrations.AddField(
            "alertversion",
            "search_text",
            models.TextField(blank=True, default="", help_text="Its words in every language, folded"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
