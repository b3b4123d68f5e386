"""Matching a version against everybody's stays, and a trip against every active warning.

Both run under the lock of the trips they judge and read stays and exposures after it, so whichever comes last
sees what is so: an older version never overwrites a newer one's verdict, an older itinerary never a newer one's.
Doing either twice changes nothing. What is to be said is left in the exposures; `telling.py` says it.

The doors across organisations are opened by `jobs.py` alone and handed in as `Everybody`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import reaches_public, reaches_travellers
from safeconduct.matching import exposures
from safeconduct.matching.active import ActiveWarnings
from safeconduct.matching.candidates import KeptCovers, concerned
from safeconduct.matching.emails import LEVEL, RATING
from safeconduct.matching.match import MARGIN, Impact, Match, matches
from safeconduct.matching.models import Exposure, TripMatch
from safeconduct.matching.reading import (
    STAY_COLUMNS,
    Finding,
    by_trip,
    finding_of,
    impact_of,
    is_over,
    whereabouts_of,
)
from safeconduct.matching.recalling import recall
from safeconduct.notify.models import Notice, Subscription
from safeconduct.orgs.models import Membership
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.trips.models import WATCHED, Stay, StayCell, Trip

PAGE = 1000
"""Trips in one transaction."""


@dataclass(frozen=True)
class Everybody:
    """The rows of all organisations, opened by the worker."""

    trips: TenantQuerySet[Trip]
    stays: TenantQuerySet[Stay]
    cells: TenantQuerySet[StayCell]
    exposures: TenantQuerySet[Exposure]
    subscriptions: TenantQuerySet[Subscription]
    notices: TenantQuerySet[Notice]
    memberships: TenantQuerySet[Membership]
    trip_matches: TenantQuerySet[TripMatch]


def hand_over(organisation_id: int, old: int, new: int) -> None:
    """Let what concerned a person in an organisation concern another: their trips became this one's just now."""
    Exposure.objects.for_org(organisation_id).filter(user_id=old).update(user_id=new)
    # Changes of level are known by person: what the one heard is not told to the other.
    mine = Notice.objects.for_org(organisation_id)
    for notice in mine.filter(kind__in=(LEVEL.code, RATING.code), key__endswith=f":{old}"):
        key = f"{notice.key.removesuffix(f':{old}')}:{new}"
        if not mine.filter(key=key).exists():
            mine.filter(pk=notice.pk).update(key=key)


def match_version(
    version: AlertVersion, *, everybody: Everybody, now: datetime, kept: KeptCovers | None = None
) -> int:
    """Match a version against all stays; return how many people it concerns.

    A version that is no longer its event's current one concerns nobody: the current one decides. `kept` are the
    covers that are stored with the version; the caller stores them when they were made anew.
    """
    event = version.event
    if event.current_version_id != version.pk:
        return 0
    if event.state != Event.State.ACTIVE or version.ends_at <= now:
        close_event(event, everybody=everybody, now=now)
        return 0
    impact = impact_of(version) if reaches_travellers(version) else None
    people: set[int] = set()
    for page in _pages(version, impact, everybody, now, kept):
        with transaction.atomic():
            findings = _judged(version, impact, page, everybody, now)
            people |= _settle_version(version, findings, page, everybody, now)
    return len(people)


def _pages(
    version: AlertVersion, impact: Impact | None, everybody: Everybody, now: datetime, kept: KeptCovers | None
) -> Iterator[list[int]]:
    """Trips to judge: those that may be concerned, and those that are until now.

    Their keys are read once, without a lock. A trip that is changed later has a new revision and is matched by
    itself, against this version too; one that was changed before is found by its new search rows.
    """
    held = everybody.exposures.filter(event_id=version.event_id, state=Exposure.State.OPEN).order_by()
    trips = np.fromiter(held.values_list("trip_id", flat=True), dtype=np.int64)
    if impact is not None:
        found = concerned(impact, cells=everybody.cells, stays=everybody.stays, now=now, kept=kept)
        trips = np.union1d(trips, found.trips)
    for start in range(0, len(trips), PAGE):
        yield trips[start : start + PAGE].tolist()


def _judged(
    version: AlertVersion, impact: Impact | None, page: Sequence[int], everybody: Everybody, now: datetime
) -> dict[int, Finding]:
    """The findings of a page of trips, which are locked until the end of the transaction."""
    # Locked first, read afterwards: a trip that is being changed is seen as it will be.
    list(everybody.trips.select_for_update().filter(pk__in=page).order_by("pk").values_list("pk"))
    if impact is None:
        return {}
    here = everybody.stays.filter(trip_id__in=page, trip__state__in=WATCHED, to_at__gte=now - MARGIN)
    stays = list(here.only(*STAY_COLUMNS).order_by("trip_id", "from_at", "id"))
    judged = matches(impact, [whereabouts_of(stay) for stay in stays])
    hits = [(stay, hit) for stay, hit in zip(stays, judged, strict=True) if hit is not None]
    return {trip: finding_of(version, pairs, now) for trip, pairs in by_trip(hits).items()}


def _settle_version(
    version: AlertVersion, findings: dict[int, Finding], page: Sequence[int], everybody: Everybody, now: datetime
) -> set[int]:
    """Write one page of trips. Open exposures there that nothing was found for are closed."""
    ours = Q(state=Exposure.State.OPEN) | Q(trip_id__in=list(findings))
    known = {
        row.trip_id: row
        for row in everybody.exposures.select_for_update(no_key=True).filter(ours, trip_id__in=page, event_id=version.event_id)
    }
    _settle(findings, known, everybody, now, version=version)
    return {finding.stay.user_id for finding in findings.values()}


def _settle(
    findings: dict[int, Finding],
    known: dict[int, Exposure],
    everybody: Everybody,
    now: datetime,
    *,
    version: AlertVersion,
) -> None:
    before = exposures.snapshot(known.values())
    new = [exposures.opened(finding, now) for trip, finding in findings.items() if trip not in known]
    by_traveller = _changed_by_the_traveller([trip for trip in known if trip not in findings], everybody)
    changed: list[Exposure] = []
    gone = _why_nobody(version)
    for trip, row in known.items():
        finding = findings.get(trip)
        if finding is not None:
            if exposures.renew(row, finding, now):
                changed.append(row)
        elif exposures.close(row, by_traveller.get(trip, gone), now, version=version):
            changed.append(row)
    recall([row for row in changed if row.state == Exposure.State.CLOSED])
    # Another worker whose lease this one took over may have written the same rows: theirs are as good.
    Exposure.objects.bulk_create(new, ignore_conflicts=True)
    _store(changed, before, everybody)


def _why_nobody(version: AlertVersion) -> str:
    """Why a version that is in force does not concern whom the one before it did. What is not known is not said: of a
    message that is not for the public, neither that the danger is over nor where it is."""
    if not reaches_public(version.scope, version.event.source):
        return Exposure.Closed.RESTRICTED
    return Exposure.Closed.MOVED_AWAY if reaches_travellers(version) else Exposure.Closed.EASED


def _changed_by_the_traveller(trips: Sequence[int], everybody: Everybody) -> dict[int, str]:
    """Trips, of those given, that were cancelled or changed and not matched since: not the warning moved, they did."""
    if not trips:
        return {}
    matched = Subquery(everybody.trip_matches.filter(trip=OuterRef("pk")).values("revision")[:1])
    rows = everybody.trips.filter(pk__in=trips).annotate(matched=matched)
    cancelled, changed = Exposure.Closed.TRIP_CANCELLED, Exposure.Closed.TRIP_CHANGED
    return {
        key: cancelled if state == Trip.State.CANCELLED else changed
        for key, state, revision, was in rows.values_list("pk", "state", "revision", "matched")
        if state == Trip.State.CANCELLED or was not in (None, 0, revision)
    }


def _store(rows: Sequence[Exposure], before: dict[int, list[object]], everybody: Everybody) -> None:
    """Write changed exposures; those that only follow to the next version, or close, in one statement."""
    simple, rich = exposures.split(rows, before)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row in simple:
        groups.setdefault(tuple(getattr(row, name) for name in exposures.SHARED), []).append(row.pk)
    for values, keys in groups.items():
        everybody.exposures.filter(pk__in=keys).update(**dict(zip(exposures.SHARED, values, strict=True)))
    if rich:
        everybody.exposures.bulk_update(rich, exposures.FIELDS, batch_size=100)


def match_trip(trip_id: int, *, warnings: ActiveWarnings, everybody: Everybody, now: datetime) -> int:
    """Match a trip against the active warnings; return the revision that was matched."""
    with transaction.atomic():
        trip = everybody.trips.select_for_update().filter(pk=trip_id).first()
        if trip is None:
            return 0
        # Read after the lock: a warning stored before now is in it, one stored later meets this trip by itself.
        index = warnings.current(now)
        stays = [] if trip.is_cancelled else [one for one in trip.stays.all() if not is_over(one, now)]
        found = index.matches([whereabouts_of(stay) for stay in stays])
        grouped: dict[int, list[tuple[Stay, Match]]] = {}
        for version_id, number, hit in found:
            grouped.setdefault(version_id, []).append((stays[number], hit))
        versions = warnings.versions(grouped)
        findings = {
            versions[version_id].event_id: finding_of(versions[version_id], pairs, now)
            for version_id, pairs in grouped.items()
        }
        _settle_trip(trip, findings, warnings, everybody, now)
        return int(trip.revision)


def _settle_trip(
    trip: Trip, findings: dict[int, Finding], warnings: ActiveWarnings, everybody: Everybody, now: datetime
) -> None:
    known = {row.event_id: row for row in everybody.exposures.select_for_update(no_key=True).filter(trip_id=trip.pk)}
    before = exposures.snapshot(known.values())
    Exposure.objects.bulk_create(
        [exposures.opened(finding, now) for event, finding in findings.items() if event not in known],
        ignore_conflicts=True,
    )
    gone = Exposure.Closed.TRIP_CANCELLED if trip.is_cancelled else Exposure.Closed.TRIP_CHANGED
    changed: list[Exposure] = []
    for event, row in known.items():
        if event in findings:
            is_changed = exposures.renew(row, findings[event], now)
        else:
            # A warning that is over closes by itself, with its own reason; a newer version decides for itself.
            is_judged = trip.is_cancelled or row.version_id in warnings.ids
            is_changed = is_judged and exposures.close(row, gone, now)
        if is_changed:
            changed.append(row)
    recall([row for row in changed if row.state == Exposure.State.CLOSED])
    _store(changed, before, everybody)


def close_event(event: Event, *, everybody: Everybody, now: datetime) -> int:
    """Close the exposures of an event that is over; return how many."""
    reason = exposures.end_reason(event)
    closed = 0
    while True:
        with transaction.atomic():
            rows = everybody.exposures.select_for_update(no_key=True).filter(event_id=event.pk, state=Exposure.State.OPEN)
            page = list(rows.order_by("pk")[:PAGE])
            if not page:
                return closed
            unheard = recall(page)
            everybody.exposures.filter(pk__in=unheard).update(told_at=None, told_version_id=None)
            told = [row.pk for row in page if _hears_of_it(row, reason, now)]
            quiet = [row.pk for row in page if row.pk not in set(told)]
            shared: dict[str, Any] = {
                "state": Exposure.State.CLOSED, "closed_at": now, "version_id": event.current_version_id,
            }  # fmt: skip
            everybody.exposures.filter(pk__in=told).update(closed_reason=reason, tell_due_at=now, **shared)
            everybody.exposures.filter(pk__in=quiet).update(
                closed_reason=reason if reason in _ENDS_OF_THE_WARNING else Exposure.Closed.ENDED,
                tell_due_at=None,
                **shared,
            )
            closed += len(page)


_ENDS_OF_THE_WARNING = (Exposure.Closed.CANCELLED, Exposure.Closed.VANISHED)


def _hears_of_it(row: Exposure, reason: str, now: datetime) -> bool:
    is_away = row.to_at + MARGIN < now
    return row.told_at is not None and reason in Exposure.TOLD_AT_THE_END and not is_away


def close_over(everybody: Everybody, now: datetime, limit: int) -> int:
    """Close exposures whose stay is over, quietly; return how many."""
    over = everybody.exposures.filter(state=Exposure.State.OPEN, to_at__lt=now - MARGIN)
    with transaction.atomic():
        # Whoever else holds some of them, in whatever order, is not waited for: the next round closes the rest.
        free = over.select_for_update(skip_locked=True).order_by("to_at")
        keys = list(free.values_list("pk", flat=True)[: min(limit, PAGE)])
        return everybody.exposures.filter(pk__in=keys).update(
            state=Exposure.State.CLOSED, closed_at=now, closed_reason=Exposure.Closed.ENDED, tell_due_at=None
        )
