"""Gives the stays that there are their search rows, a thousand stays in one transaction; begun again it goes on."""

from django.db import migrations, transaction

from safeconduct.lib import clock
from safeconduct.trips.cells import columns_of, keys_of, window

PAGE = 1000


def fill(apps, schema_editor):
    Stay = apps.get_model("trips", "Stay")
    StayCell = apps.get_model("trips", "StayCell")
    Roll = apps.get_model("trips", "Roll")
    now = clock.now()
    weeks = window(now)
    last = 0
    while True:
        with transaction.atomic(using=schema_editor.connection.alias):
            page = list(
                Stay._base_manager.filter(pk__gt=last, trip__state="registered").defer("geometry", "label").order_by("pk")[:PAGE]
            )
            StayCell._base_manager.bulk_create(
                [StayCell(key=key, **columns_of(stay)) for stay in page for key in keys_of(stay, weeks)],
                ignore_conflicts=True,
            )
        if len(page) < PAGE:
            break
        last = page[-1].pk
    Roll.objects.get_or_create(
        first_week=weeks.start, defaults={"last_week": weeks.stop - 1, "done_at": now, "after_stay": 0}
    )


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('trips', '0002_search_rows'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
