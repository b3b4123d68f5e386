"""A further reason why an exposure no longer holds: the source no longer lists the warning."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Choices only."""

    dependencies = [("matching", "0004_times_over")]

    operations = [
        migrations.AlterField(
            "exposure",
            "closed_reason",
            models.CharField(
                blank=True,
                choices=[
                    ("cancelled", "The warning was cancelled"),
                    ("vanished", "The source no longer lists the warning"),
                    ("moved_away", "The warning no longer covers the place or the time"),
                    ("ended", "The warning or the stay is over"),
                    ("trip_changed", "The trip was changed"),
                    ("trip_cancelled", "The trip was cancelled"),
                ],
                max_length=16,
            ),
        )
    ]
