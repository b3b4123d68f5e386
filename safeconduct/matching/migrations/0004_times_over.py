"""How often the end of an exposure was told before it began anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies = [("matching", "0003_cover_of_the_areas")]

    operations = [
        migrations.AddField(
            "exposure",
            "times_over",
            models.PositiveSmallIntegerField(
                default=0, help_text="How often its end was told before it began anew"
            ),
        )
    ]
