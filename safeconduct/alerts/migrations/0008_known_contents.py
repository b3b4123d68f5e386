"""Versions are looked up by their content: a document that says the same again costs one question."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index."""

    dependencies = [("alerts", "0007_words_to_search")]

    operations = [
        migrations.AddIndex("alertversion", models.Index(fields=["content_sha"], name="version_content")),
    ]
