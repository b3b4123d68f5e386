"""One more reason why somebody was not told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The choice is the code's; the column stays."""

    dependencies = [("notify", "0002_same_event")]

    operations = [
        migrations.AlterField(
            "notice",
            "why_not",
            models.CharField(
                blank=True,
                choices=[
                    ("muted", "E-mail for this trip is switched off"),
                    ("unsubscribed", "The subscription was ended"),
                    ("membership_ended", "The membership ended before the trip began"),
                    ("person_inactive", "The account is closed"),
                    ("no_address", "No verified e-mail address"),
                    ("organisation_inactive", "The organisation is closed"),
                    ("told_by_trip", "Told because of a trip"),
                    ("same_event", "Told already of the same event by another source"),
                    ("still_warned", "Another source still warns of the same event"),
                    ("neighbour", "Told already of a like warning from this source for the same place"),
                ],
                max_length=24,
            ),
        )
    ]
