"""Work that is due: asking the mailbox, reading what came, forgetting documents after their time."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.db.models import Q

from safeconduct.inbox import imap, receiving
from safeconduct.inbox.models import Letter
from safeconduct.lib import clock

KEEP_IGNORED: Final = timedelta(days=30)
"""Rows of strangers and machines hold a digest, a size and a reason; they are counted at the desk."""


def poll_due(limit: int = 50) -> int:
    """Ask the mailbox when it is due; return how many documents came."""
    return imap.poll_due(limit)


def read_due(limit: int = 20) -> int:
    """Read documents that wait; return how many."""
    return receiving.work(limit, read=_reader())


def tidy_due(limit: int = 500) -> int:
    """Drop documents after their time, and the rows of what was ignored; return how many."""
    now = clock.now()
    old = now - timedelta(days=settings.SAFECONDUCT_BOOKINGS_DAYS)
    done = Q(due_at__isnull=True)
    kept = list(Letter.objects.filter(done, raw__isnull=False, received_at__lt=old).values_list("pk", flat=True)[:limit])
    count = Letter.objects.filter(pk__in=kept).update(raw=None)
    gone = Letter.objects.filter(done, state=Letter.State.IGNORED, received_at__lt=now - KEEP_IGNORED)
    keys = list(gone.values_list("pk", flat=True)[:limit])
    Letter.objects.filter(pk__in=keys).delete()
    return count + len(keys)


@lru_cache(maxsize=1)
def _reader() -> receiving.Reader:
    """One for the life of the worker: its child keeps the libraries loaded."""
    return receiving.Reader()
