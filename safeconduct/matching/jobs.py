"""Work that is due: new versions against all stays, changed trips against active warnings, and what is to be said.

Versions and trips are claimed under leases, so a killed worker's are taken over; doing one again changes nothing.
Each item is isolated: its failure is written into its row and it comes up again later. The only place of this room
that reads across organisations.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.lib import clock, leases
from safeconduct.matching import actions, telling
from safeconduct.matching.actions import Everybody
from safeconduct.matching.active import warnings
from safeconduct.matching.models import Exposure, Leased, MatchRun, TripMatch
from safeconduct.matching.subscriptions import tell_subscribers
from safeconduct.notify.actions import MOST_AT_ONCE
from safeconduct.notify.models import Notice, Subscription
from safeconduct.orgs.models import Membership
from safeconduct.trips.models import Stay, Trip

logger = logging.getLogger(__name__)

LEASE_SECONDS: Final = 600.0
LOOK_BACK: Final = 5000
"""Versions this many keys before the newest matched one are looked at again: commits do not come in key order."""
REASON: Final = "a warning concerns travellers of every organisation"


def everybody() -> Everybody:
    """Return the rows of all organisations."""
    return Everybody(
        trips=Trip.objects.across_orgs(REASON),
        stays=Stay.objects.across_orgs(REASON),
        exposures=Exposure.objects.across_orgs(REASON),
        subscriptions=Subscription.objects.across_orgs(REASON),
        notices=Notice.objects.across_orgs(REASON),
        memberships=Membership.objects.across_orgs(REASON),
        trip_matches=TripMatch.objects.across_orgs(REASON),
    )


def all_exposures() -> QuerySet[Exposure]:
    """Return every exposure with what the `exposures` command prints, oldest first."""
    rows: QuerySet[Exposure] = everybody().exposures
    return rows.select_related("organisation", "user", "trip", "version").order_by("pk")


def run_due(limit: int = 200) -> int:
    """Do what is due, up to about `limit` of each kind; return how much was done. 0: nothing is left."""
    now, rows = clock.now(), everybody()
    done = _close(rows, now, limit)
    done += _versions(rows, now, limit)
    done += _trips(rows, now, limit)
    return done + telling.tell_due(rows, now, max(limit, MOST_AT_ONCE))


def _close(rows: Everybody, now: datetime, limit: int) -> int:
    """Close what is over: events that ended or were cancelled without a message of their own, and stays."""
    held = rows.exposures.filter(state=Exposure.State.OPEN).exclude(event__state=Event.State.ACTIVE)
    ids = list(held.order_by().values_list("event_id", flat=True).distinct()[:limit])
    closed = sum(
        actions.close_event(event, everybody=rows, now=now) for event in Event.objects.filter(pk__in=ids)
    )
    return closed + actions.close_over(rows, now, limit)


def _versions(rows: Everybody, now: datetime, limit: int) -> int:
    newest = MatchRun.objects.aggregate(newest=Max("version_id"))["newest"] or 0
    seen = Exists(MatchRun.objects.filter(version=OuterRef("pk")))
    fresh = AlertVersion.objects.filter(~seen, pk__gt=newest - LOOK_BACK).order_by("pk")
    MatchRun.objects.bulk_create(
        [MatchRun(version_id=pk, due_at=now) for pk in fresh.values_list("pk", flat=True)[:limit]],
        ignore_conflicts=True,
    )

    def match(run: MatchRun) -> dict[str, Any]:
        version = AlertVersion.objects.select_related("event__source").get(pk=run.version_id)
        matched = actions.match_version(version, everybody=rows, now=now)
        tell_subscribers(version, everybody=rows, now=now)
        return {"matched": matched}

    return _each(MatchRun.objects.order_by("version_id"), match, now, limit)


def _trips(rows: Everybody, now: datetime, limit: int) -> int:
    matches = TripMatch.objects.across_orgs(REASON)
    alive = rows.trips.filter(Q(ends_at__isnull=True) | Q(ends_at__gte=now - timedelta(days=2)))
    unseen = alive.filter(~Exists(matches.filter(trip=OuterRef("pk")))).order_by("pk")
    TripMatch.objects.bulk_create(
        [
            TripMatch(organisation_id=organisation_id, trip_id=pk, due_at=now)
            for pk, organisation_id in unseen.values_list("pk", "organisation_id")[:limit]
        ],
        ignore_conflicts=True,
    )
    changed = matches.filter(due_at__isnull=True).exclude(revision=F("trip__revision"))
    keys = list(changed.order_by("pk").values_list("pk", flat=True)[:limit])
    matches.filter(pk__in=keys, due_at__isnull=True).update(due_at=now)

    def match(row: TripMatch) -> dict[str, Any]:
        return {"revision": actions.match_trip(row.trip_id, warnings=warnings, everybody=rows, now=now)}

    return _each(matches.order_by("pk"), match, now, limit)


def _each(
    queryset: QuerySet[Any], match: Callable[[Any], dict[str, Any]], now: datetime, limit: int
) -> int:
    """Claim due rows and do each; what it returns is stored, a failure too."""
    by = leases.holder()
    claimed: list[Leased] = leases.claim(queryset, by=by, limit=limit, seconds=LEASE_SECONDS, now=now)
    for row in claimed:
        mine = leases.held(queryset, by=by).filter(pk=row.pk)
        freed: dict[str, Any] = {"lease_until": None, "lease_by": ""}
        try:
            result = match(row)
        except Exception as error:
            logger.exception("a match failed", extra={"row": str(row)})
            pause = timedelta(minutes=min(60, 2 ** min(row.failures, 6)))
            mine.update(
                due_at=now + pause, failures=F("failures") + 1,
                last_error=type(error).__name__[:200], **freed,
            )  # fmt: skip
        else:
            mine.update(due_at=None, ran_at=now, failures=0, last_error="", **result, **freed)
    return len(claimed)
