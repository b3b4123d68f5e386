"""Whose turn it is at a host: requests of all processes are spaced, and a host that asked for quiet gets it.

One row per host name. A turn is taken in one short transaction; waiting happens outside of it. Knows no
source and asks nobody.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Coalesce, Greatest

from safeconduct.feeds.models import Host
from safeconduct.lib import clock

PATIENCE = timedelta(seconds=2)
"""As long as this a worker waits for its turn; for longer it does something else."""
LONGEST = timedelta(days=1, minutes=1)
"""A host is closed for a day at most (`http._retry_after`)."""

# Named here so that a test may wait without waiting.
sleep = time.sleep


def take_turn(name: str, *, spacing: float) -> datetime | None:
    """Wait for a turn at a host and take it: None. When it is far off, return when to come back.

    `spacing`: seconds until the next request may follow this one.
    """
    with transaction.atomic():
        now = clock.now()
        Host.objects.get_or_create(name=name, defaults={"free_at": now})
        host = Host.objects.select_for_update().get(name=name)
        # Nobody is asked to wait longer: a later time was written by a clock that ran ahead.
        begins = max(at for at in (now, host.free_at, host.closed_until or now) if at - now <= LONGEST)
        if begins - now > PATIENCE:
            return begins
        host.free_at = begins + timedelta(seconds=spacing)
        host.save(update_fields=["free_at"])
    if begins > now:
        sleep((begins - now).total_seconds())
    return None


def close(name: str, *, until: datetime) -> None:
    """Leave a host alone until then, whichever process wanted to ask it; a later time that is known stays."""
    with transaction.atomic():
        Host.objects.get_or_create(name=name, defaults={"free_at": clock.now()})
        Host.objects.filter(name=name).update(closed_until=Greatest(Coalesce("closed_until", until), until))
