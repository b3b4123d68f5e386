"""Every event gets an incident of its own; what was replaced by another alert is superseded."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BATCH = 500


def fill(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make one incident for each event."""
    event_model, incident_model = apps.get_model("alerts", "Event"), apps.get_model("alerts", "Incident")
    rows = event_model.objects.filter(incident=None).order_by("pk")
    while events := list(rows[:BATCH]):
        for event in events:
            event.incident = incident_model.objects.create(
                event_type=event.event_type, lead_id=event.pk, created_at=event.started_at
            )
        event_model.objects.bulk_update(events, ["incident"])
    event_model.objects.filter(state="ended", ended_reason="replaced").update(state="superseded")


class Migration(migrations.Migration):
    """Fill, then require."""

    dependencies = [("alerts", "0004_incidents")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            "event",
            "incident",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="events", to="alerts.incident"
            ),
        ),
    ]
