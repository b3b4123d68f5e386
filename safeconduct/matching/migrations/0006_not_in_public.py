"""Two further reasons why an exposure no longer holds: the source goes on out of the public's sight, or has eased it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Choices only."""

    dependencies = [("matching", "0005_no_longer_listed")]

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
                    ("restricted", "The source no longer warns of it in public"),
                    ("eased", "The warning has become milder than what is told"),
                    ("ended", "The warning or the stay is over"),
                    ("trip_changed", "The trip was changed"),
                    ("trip_cancelled", "The trip was cancelled"),
                ],
                max_length=16,
            ),
        )
    ]
