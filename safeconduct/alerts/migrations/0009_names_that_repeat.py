"""An event that is said again under another name knows which of its names still hold it up."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Three columns, empty for what is known already: such an event ends by whichever of its names is cancelled."""

    dependencies = [("alerts", "0008_known_contents"), ("feeds", "0004_level_of_a_link")]

    operations = [
        migrations.AddField(
            "eventkey",
            "repeated_at",
            models.DateTimeField(
                help_text="When a message under this name said the event again, word for word", null=True
            ),
        ),
        migrations.AddField(
            "eventkey",
            "gone_at",
            models.DateTimeField(
                help_text="When another name took its place in the source's list: it holds nothing up any more",
                null=True,
            ),
        ),
        migrations.AddField(
            "eventkey",
            "document",
            models.ForeignKey(
                help_text="That message, when an index names it",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repeated_by",
                to="feeds.document",
            ),
        ),
    ]
