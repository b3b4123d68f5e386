"""Taking back what was said but has not left the house: mail that waits while its warning ends or changes.

When mail is not set up or the server is away for a day, nobody wants a heap of warnings that are over. It cancels
deliveries that have not been written to the line, and marks who has therefore not been told.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.matching import emails
from safeconduct.matching.models import Exposure
from safeconduct.outbox.actions import cancel_queued
from safeconduct.outbox.models import Delivery

REASON = "the warning ended or changed before this left"


def key_of(row: Exposure, version_id: int | None) -> str:
    """Return what makes the same news for the same traveller the same."""
    # What began anew after its end was told is news again, even of the same version.
    again = f":{row.times_over}" if row.times_over else ""
    return f"{row.event_id}:{version_id}:{row.trip_id}:{row.user_id}{again}"


def recall(rows: Sequence[Exposure]) -> set[int]:
    """Cancel waiting mail about exposures; return the keys of those whose people have heard nothing at all.

    Their rows are changed in memory (told_at and told_version empty, nothing due when closed); the caller stores.
    """
    told = {row.pk: row for row in rows if row.told_at is not None and row.told_version_id is not None}
    if not told:
        return set()
    keys = {
        f"{kind.code}:{key_of(row, row.told_version_id)}": (row.pk, kind.code)
        for row in told.values()
        for kind in (emails.OPENED, emails.UPDATED)
    }
    waiting = Delivery.objects.filter(key__in=list(keys), state__in=Delivery.CANCELLABLE)
    pks = list(waiting.values_list("pk", flat=True))
    if not pks:
        return set()
    cancel_queued(Delivery.objects.filter(pk__in=pks), by=None, reason=REASON)
    # Another process may have written some of them to the line meanwhile: only what was cancelled was not said.
    gone = Delivery.objects.filter(pk__in=pks, state=Delivery.State.CANCELLED).values_list("key", flat=True)
    unheard = {pk for pk, code in (keys[key] for key in gone) if code == emails.OPENED.code}
    for pk in unheard:
        row = told[pk]
        row.told_at, row.told_version_id = None, None
        if row.state == Exposure.State.CLOSED:
            row.tell_due_at = None
    return unheard
