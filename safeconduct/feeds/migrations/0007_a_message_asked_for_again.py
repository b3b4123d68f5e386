"""A linked message keeps its validators, so that it can be asked for again; CAP has a shorter label."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """New columns are empty: the next answer brings them."""

    dependencies = [
        ("feeds", "0006_complete_or_link"),
    ]

    operations = [
        migrations.AddField(
            model_name="linkedmessage",
            name="etag",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddField(
            model_name="linkedmessage",
            name="last_modified",
            field=models.CharField(blank=True, default="", max_length=100),
        ),
        migrations.AlterField(
            model_name="source",
            name="format",
            field=models.CharField(
                choices=[
                    ("cap", "CAP (messages or an index of them)"),
                    ("usgs", "USGS earthquakes (GeoJSON)"),
                    ("gdacs", "GDACS (RSS, GeoJSON, CAP)"),
                    ("nws", "US National Weather Service (GeoJSON, CAP)"),
                    ("meteoalarm", "MeteoAlarm (JSON, CAP, Atom)"),
                    ("nina", "NINA and MoWaS (JSON)"),
                    ("alertswiss", "Alertswiss (JSON)"),
                    ("swic", "WMO Severe Weather Information Centre (JSON)"),
                    ("emsc", "EMSC earthquakes (GeoJSON)"),
                    ("gvp", "Smithsonian volcanoes (RSS)"),
                    ("fcdo", "UK foreign travel advice (JSON)"),
                    ("us-state", "US travel advisories (JSON, RSS)"),
                    ("canada", "Canada travel advice (JSON)"),
                    ("smartraveller", "Smartraveller, Australia (RSS)"),
                    ("auswaertiges-amt", "Auswärtiges Amt, Germany (JSON)"),
                    ("cdc", "CDC travel health notices (RSS)"),
                    ("who-don", "WHO disease outbreak news (JSON)"),
                ],
                max_length=20,
                verbose_name="format",
            ),
        ),
    ]
