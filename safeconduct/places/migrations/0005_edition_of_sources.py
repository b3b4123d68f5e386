from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("places", "0004_wider_field_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="factsource",
            name="edition",
            field=models.CharField(
                blank=True, help_text="The document's own date: 2024, 2024-05 or 2024-05-03", max_length=10
            ),
        ),
    ]
