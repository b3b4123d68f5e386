"""Work that is due: new versions against all stays, changed trips against active warnings, and what is to be said.

Versions and trips are claimed under leases, so a killed worker's are taken over; doing one again changes nothing.
Each item is isolated: its failure is written into its row and it comes up again later. The only place of this room
that reads across organisations.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import OperationalError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.lib import clock, leases
from safeconduct.matching import actions, levels, telling, together
from safeconduct.matching.actions import Everybody
from safeconduct.matching.active import warnings
from safeconduct.matching.candidates import KeptCovers
from safeconduct.matching.leveladvice import ADVICE
from safeconduct.matching.models import Exposure, Leased, MatchRun, TripMatch
from safeconduct.matching.ranks import rank_of
from safeconduct.matching.ratinglevels import RATINGS, own_queue
from safeconduct.matching.subscriptions import tell_subscribers
from safeconduct.notify.actions import MOST_AT_ONCE
from safeconduct.notify.models import Notice, Subscription
from safeconduct.orgs.models import Membership
from safeconduct.ratings.models import OrganisationRating
from safeconduct.trips.models import Stay, StayCell, Trip

logger = logging.getLogger(__name__)

LEASE_SECONDS: Final = 120.0
"""As long as a killed worker's warnings wait. Whoever works longer does what another does as well: nothing changes."""
CLAIMED_AT_ONCE: Final = 20
"""So many are one worker's alone; the others find the rest."""
SOON: Final = timedelta(seconds=2)
MOST_SOON: Final = 3
"""Two workers that waited for each other are no fault of a warning: it comes up again soon, so many times."""
LOOK_BACK: Final = 5000
"""Versions this many keys before the newest matched one are looked at again: commits do not come in key order."""
LEVEL_QUEUES: Final = (ADVICE, RATINGS)
"""Every table of versions whose changes of level are told."""
REASON: Final = "a warning concerns travellers of every organisation"


def everybody() -> Everybody:
    """Return the rows of all organisations."""
    return Everybody(
        trips=Trip.objects.across_orgs(REASON),
        stays=Stay.objects.across_orgs(REASON),
        cells=StayCell.objects.across_orgs(REASON),
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
    _rerun_ended(now, limit)
    _rerun_left(now, limit)
    done += _versions(rows, now, limit)
    done += _trips(rows, now, limit)
    done += together.wake_due(rows, now, limit)
    return done + telling.tell_due(rows, now, max(limit, MOST_AT_ONCE))


def tell_levels(limit: int = 200) -> int:
    """Tell of changes of level that wait, up to `limit` versions of each kind; return how many were settled."""
    now, rows = clock.now(), everybody()
    done = sum(levels.tell_queue(queue, rows, now, limit) for queue in LEVEL_QUEUES)
    return done + _tell_own_ratings(rows, now, limit)


def _tell_own_ratings(rows: Everybody, now: datetime, limit: int) -> int:
    """Tell of what organisations think of destinations: each its own members alone."""
    waiting = OrganisationRating.objects.across_orgs(REASON).filter(is_notable=True, matched_at__isnull=True)
    done = 0
    for organisation in waiting.order_by().values_list("organisation_id", flat=True).distinct():
        own = replace(
            rows,
            stays=rows.stays.filter(organisation_id=organisation),
            subscriptions=rows.subscriptions.filter(organisation_id=organisation),
        )
        queue = own_queue(partial(OrganisationRating.objects.for_org, organisation))
        done += levels.tell_queue(queue, own, now, limit)
    return done


def _close(rows: Everybody, now: datetime, limit: int) -> int:
    """Close what is over: events that ended or were cancelled without a message of their own, and stays."""
    held = rows.exposures.filter(state=Exposure.State.OPEN).exclude(event__state=Event.State.ACTIVE)
    ids = list(held.order_by().values_list("event_id", flat=True).distinct()[:limit])
    closed = sum(
        actions.close_event(event, everybody=rows, now=now) for event in Event.objects.filter(pk__in=ids)
    )
    return closed + actions.close_over(rows, now, limit)


def _rerun_ended(now: datetime, limit: int) -> None:
    """Match again what ended before its time without a message of its own: its source lists it no longer, or a
    cancellation of another one took it along. Subscribers do not know it yet."""
    early = (Event.State.VANISHED, Event.State.CANCELLED)
    ended = Event.objects.filter(state__in=early, ends_at__gt=now)
    runs = MatchRun.objects.filter(
        version__current_of__in=ended,
        version__current_of__ended_at__lte=now,
        version__current_of__ended_at__gt=F("ran_at"),
    )
    keys = list(runs.filter(due_at__isnull=True).values_list("pk", flat=True)[:limit])
    if keys:
        _make_due(MatchRun.objects.filter(pk__in=keys, due_at__isnull=True), now)


def _rerun_left(now: datetime, limit: int) -> None:
    """Match again what is left of an incident when one of its events ended since, or eased and is told so by now:
    subscribers may not know yet what the others say."""
    current = Event.objects.filter(state=Event.State.ACTIVE).values("current_version")
    ended = Event.objects.filter(
        incident=OuterRef("version__event__incident"),
        # What ended while the clock ran ahead would bring them up for ever once it is set back.
        ended_at__lte=now,
        ended_at__gt=OuterRef("ran_at"),
    )
    eased = (
        MatchRun.objects.filter(
            version__event__incident=OuterRef("version__event__incident"),
            version__in=current,
            ran_at__gt=OuterRef("ran_at"),
            version__received_at__lte=now - together.BEHIND,
        )
        .annotate(step=rank_of("version__severity"))
        .filter(step__lt=OuterRef("step"))
    )
    left = MatchRun.objects.annotate(step=rank_of("version__severity")).filter(
        Exists(ended) | Exists(eased), due_at__isnull=True, version__in=current
    )
    keys = list(left.values_list("pk", flat=True)[:limit])
    if keys:
        _make_due(MatchRun.objects.filter(pk__in=keys, due_at__isnull=True), now)


def _make_due(rows: QuerySet[Any], now: datetime) -> None:
    """Bring rows up; those that another worker has in hand are brought up by it, or in the next round."""
    with transaction.atomic():
        free = rows.select_for_update(skip_locked=True).order_by("pk")
        rows.filter(pk__in=list(free.values_list("pk", flat=True))).update(due_at=now)


def _versions(rows: Everybody, now: datetime, limit: int) -> int:
    newest = MatchRun.objects.aggregate(newest=Max("version_id"))["newest"] or 0
    seen = Exists(MatchRun.objects.filter(version=OuterRef("pk")))
    fresh = AlertVersion.objects.filter(~seen, pk__gt=newest - LOOK_BACK).order_by("pk")
    # Keys are drawn before a batch is stored: a slow one may come in below all that was matched meanwhile.
    current = Exists(MatchRun.objects.filter(version=OuterRef("current_version")))
    late = Event.objects.filter(~current, state=Event.State.ACTIVE, current_version__isnull=False).order_by(
        "pk"
    )
    keys = {
        *fresh.values_list("pk", flat=True)[:limit],
        *late.values_list("current_version_id", flat=True)[:limit],
    }
    nowhere = _nowhere(keys)
    MatchRun.objects.bulk_create(
        [MatchRun(version_id=pk, ran_at=now) for pk in sorted(nowhere)]
        + [MatchRun(version_id=pk, due_at=now) for pk in sorted(keys - nowhere)],
        ignore_conflicts=True,
    )

    def match(run: MatchRun) -> dict[str, Any]:
        version = AlertVersion.objects.select_related("event__source").get(pk=run.version_id)
        kept = KeptCovers(run.cover_sha, bytes(run.cover))
        matched = actions.match_version(version, everybody=rows, now=now, kept=kept)
        tell_subscribers(version, everybody=rows, now=now)
        return {"matched": matched, "cover_sha": kept.digest, "cover": kept.data}

    return len(nowhere) + _each(MatchRun.objects.order_by("version_id"), match, now, limit)


def _nowhere(keys: Collection[int]) -> set[int]:
    """Of versions: those that concern nobody, so that there is nothing to ask: small earthquakes, by the hundred.

    Without an area, and the first of an event of which therefore nobody has been told. What was ever put right by
    hand goes the usual way.
    """
    rows = AlertVersion.objects.filter(
        pk__in=keys, number=1, impact_origin=AlertVersion.ImpactOrigin.NONE, impact_area__isnull=True,
        possible_area__isnull=True, event__corrections__isnull=True,
    )  # fmt: skip
    return set(rows.order_by().values_list("pk", flat=True))


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
    _make_due(matches.filter(pk__in=keys, due_at__isnull=True), now)

    def match(row: TripMatch) -> dict[str, Any]:
        return {"revision": actions.match_trip(row.trip_id, warnings=warnings, everybody=rows, now=now)}

    return _each(matches.order_by("pk"), match, now, limit)


def match_again(trips: list[int]) -> None:
    """Make trips due: their search rows reach further than when the active warnings were matched."""
    rows = TripMatch.objects.across_orgs(REASON).filter(trip_id__in=trips)
    # In one order, as every statement that waits for these rows: the trips are locked already.
    keys = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    rows.filter(pk__in=keys).update(due_at=clock.now())


def _each(queryset: QuerySet[Any], match: Callable[[Any], dict[str, Any]], now: datetime, limit: int) -> int:
    """Claim due rows, some at a time, and do each; what it returns is stored, a failure too."""
    by = leases.holder()
    done = 0
    while done < limit:
        some = min(CLAIMED_AT_ONCE, limit - done)
        # Due at `now`: what fails, or is asked for again, comes up in the next round.
        claimed: list[Leased] = leases.claim(queryset, by=by, limit=some, seconds=LEASE_SECONDS, now=now)
        _do(claimed, queryset, match, by, now)
        done += len(claimed)
        if len(claimed) < some:
            break
    return done


def _do(
    claimed: list[Leased],
    queryset: QuerySet[Any],
    match: Callable[[Any], dict[str, Any]],
    by: str,
    now: datetime,
) -> None:
    for row in claimed:
        mine = leases.held(queryset, by=by).filter(pk=row.pk)
        freed: dict[str, Any] = {"lease_until": None, "lease_by": ""}
        try:
            result = match(row)
        except Exception as error:
            logger.exception("a match failed", extra={"row": str(row)})
            pause = timedelta(minutes=min(60, 2 ** min(row.failures, 6)))
            if isinstance(error, OperationalError) and row.failures < MOST_SOON:
                pause = SOON
            mine.update(
                due_at=now + pause, failures=F("failures") + 1,
                last_error=type(error).__name__[:200], **freed,
            )  # fmt: skip
        else:
            # Asked for again meanwhile (an area was corrected): it stays due.
            mine.filter(due_at=row.due_at).update(due_at=None)
            mine.update(ran_at=now, failures=0, last_error="", **result, **freed)
