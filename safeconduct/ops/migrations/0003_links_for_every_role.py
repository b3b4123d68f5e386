from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0002_weekly_report"),
    ]

    operations = [
        migrations.AddField(
            model_name="startlink",
            name="role",
            field=models.CharField(default="operator", help_text="At the desk", max_length=12),
        ),
    ]
