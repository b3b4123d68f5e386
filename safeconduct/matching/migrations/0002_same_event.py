"""Which exposure told a trip of an event that this one tells of as well."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """One column and the index of the few rows that have it."""

    dependencies = [("matching", "0001_initial")]

    operations = [
        migrations.AddField(
            "exposure",
            "told_by",
            models.ForeignKey(
                help_text="The trip was told of the same event by this one: there is nothing to add while it holds",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="matching.exposure",
            ),
        ),
        migrations.AddIndex(
            "exposure",
            models.Index(
                condition=models.Q(("told_by__isnull", False)), fields=["id"], name="exposure_told_by"
            ),
        ),
    ]
