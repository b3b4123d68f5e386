"""When a delivery that did not work is tried again, and when it is given up."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

# Seconds after the n-th try. Urgent mail is of no use tomorrow; other mail outlives a day's outage.
URGENT = (15, 30, 60, 120, 300, 300, 600, 600, 900, 900, 1800, 1800, 3600)
ORDINARY = (60, 300, 900, 1800, 3600, 7200, 14400, 14400, 28800, 28800, 43200)
CHANNEL = (10, 20, 40, 80, 160, 300)
_random = secrets.SystemRandom()


def _jittered(seconds: float) -> timedelta:
    # Up to a quarter later, so that a thousand refusals do not come back in one second.
    return timedelta(seconds=seconds * _random.uniform(1.0, 1.25))


def next_try(*, attempts_made: int, urgent: bool, now: datetime) -> datetime | None:
    """Return when to try again after `attempts_made` tries, or None: give up."""
    waits = URGENT if urgent else ORDINARY
    if attempts_made > len(waits):
        return None
    return now + _jittered(waits[max(0, attempts_made - 1)])


def channel_pause(*, failures: int, now: datetime) -> datetime:
    """Return when a channel whose other end does not answer is tried again."""
    return now + _jittered(CHANNEL[min(failures, len(CHANNEL)) - 1])
