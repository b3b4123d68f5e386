"""Work that is due: mails before trips, and forgetting what was asked once a journey is over.

The only place of this room that reads across organisations.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q

from safeconduct.advice import preparing, pretrip
from safeconduct.advice.models import Preparation, PreTripMail
from safeconduct.advice.pretrip import Gather
from safeconduct.advice.standing import is_over
from safeconduct.lib import clock, leases
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips.models import Trip

logger = logging.getLogger(__name__)

REASON: Final = "trips of every organisation are prepared for"
LEASE_SECONDS: Final = 120.0
MOST_PAUSE_MINUTES: Final = 60
FOUND_AT_ONCE: Final = 1000
UNTOUCHED: Final = timedelta(days=30)
"""A preparation without a trip is forgotten when nobody opened a page of it by its button for so long."""


def run_due(limit: int = 20) -> int:
    """Write up to `limit` mails that are due, and see to trips that are new or changed; return how much was done."""
    now = clock.now()
    rows: TenantQuerySet[PreTripMail] = PreTripMail.objects.across_orgs(REASON)
    found = _find(rows, now)
    by = leases.holder()
    claimed = leases.claim(rows.order_by("pk"), by=by, limit=limit, seconds=LEASE_SECONDS, now=now)
    gather = pretrip.gathered()
    for row in claimed:
        _do(row, rows, by, now, gather)
    return found + len(claimed)


def _find(rows: TenantQuerySet[PreTripMail], now: datetime) -> int:
    """Make rows of trips ahead that have none, and make those due whose trip was changed; return how many were made.

    A row is made from what stands in its trip: many at once cost little, stops are read when something is due.
    """
    trips: TenantQuerySet[Trip] = Trip.objects.across_orgs(REASON)
    unseen = trips.filter(
        ~Exists(rows.filter(trip=OuterRef("pk"))), state__in=pretrip.WRITTEN_FOR, starts_at__gt=now
    ).order_by("pk")
    columns = unseen.values_list("pk", "organisation_id", "revision", "changed_at", "starts_at")[:FOUND_AT_ONCE]
    made = PreTripMail.objects.bulk_create(
        [
            PreTripMail(
                organisation_id=organisation_id, trip_id=pk, revision=revision,
                due_at=pretrip.first_due(changed_at, starts_at, now),
            )
            for pk, organisation_id, revision, changed_at, starts_at in columns
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    changed = rows.filter(trip__starts_at__gt=now).exclude(revision=F("trip__revision"))
    keys = list(changed.filter(Q(due_at__isnull=True) | Q(due_at__gt=now)).order_by("pk").values_list("pk", flat=True)[:FOUND_AT_ONCE])
    with transaction.atomic():
        free = rows.filter(pk__in=keys).select_for_update(skip_locked=True).order_by("pk")
        rows.filter(pk__in=list(free.values_list("pk", flat=True))).update(due_at=now)
    return len(made)


def _do(row: PreTripMail, rows: TenantQuerySet[PreTripMail], by: str, now: datetime, gather: Gather) -> None:
    """One trip. A failure is written into its row, and it comes up again later."""
    freed: dict[str, Any] = {"lease_until": None, "lease_by": ""}
    mine = leases.held(rows, by=by).filter(pk=row.pk)
    try:
        with transaction.atomic():
            if not list(mine.select_for_update().values_list("pk")):
                return
            mine.update(failures=0, last_error="", **pretrip.write(row, now, gather), **freed)
    except Exception as error:
        logger.exception("a mail before a trip could not be written", extra={"row": row.pk})
        pause = timedelta(minutes=min(MOST_PAUSE_MINUTES, 2 ** min(row.failures, 6)))
        if isinstance(error, OperationalError):
            pause = timedelta(seconds=5)
        mine.update(due_at=now + pause, failures=F("failures") + 1, last_error=type(error).__name__[:200], **freed)


def forget_due(limit: int = 200) -> int:
    """Forget what was asked for journeys that are over, and what nobody came back to; return how many."""
    now = clock.now()
    rows = Preparation.objects.across_orgs("what was asked is kept until the journey is over").filter(
        forgotten_at__isnull=True, is_kept=False
    )
    # A day's margin: the exact day is that of the organisation.
    over = rows.filter(
        Q(trip__ends_at__lt=now) | Q(trip__cancelled_at__isnull=False)
        | Q(trip__isnull=True, touched_at__lt=now - UNTOUCHED)
        | Q(trip__isnull=True, ends_on__lt=(now + timedelta(days=1)).date())
    ).select_related("trip", "organisation", "user")  # fmt: skip
    done = 0
    for row in over.order_by("pk")[:limit]:
        if is_over(row, now) or (row.trip_id is None and row.touched_at < now - UNTOUCHED):
            preparing.forget(row, by=None, now=now)
            done += 1
    return done
