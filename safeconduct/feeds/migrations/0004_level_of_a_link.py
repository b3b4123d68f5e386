"""How many indexes lie before a linked message: what a second one names is not followed further."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies = [("feeds", "0003_where_it_was_found")]

    operations = [
        migrations.AddField(
            model_name="linkedmessage",
            name="level",
            field=models.PositiveSmallIntegerField(
                default=1,
                help_text="1: the source’s own index names it; 2: an index that is named there",
            ),
        ),
    ]
