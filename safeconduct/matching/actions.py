"""Matching a version against everybody's stays, and a trip against every active warning.

Both run under the lock of the trips they judge and read stays and exposures after it, so whichever comes last
sees what is so: an older version never overwrites a newer one's verdict, an older itinerary never a newer one's.
Doing either twice changes nothing. What is to be said is left in the exposures; `telling.py` says it.

The doors across organisations are opened by `jobs.py` alone and handed in as `Everybody`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import reaches_travellers
from safeconduct.matching import exposures
from safeconduct.matching.active import ActiveWarnings
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
from safeconduct.places.shapes import countries_touching
from safeconduct.trips.models import Stay, Trip

PAGE = 1000
"""Trips in one transaction."""


@dataclass(frozen=True)
class Everybody:
    """The rows of all organisations, opened by the worker."""

    trips: TenantQuerySet[Trip]
    stays: TenantQuerySet[Stay]
    exposures: TenantQuerySet[Exposure]
    subscriptions: TenantQuerySet[Subscription]
    notices: TenantQuerySet[Notice]
    memberships: TenantQuerySet[Membership]
    trip_matches: TenantQuerySet[TripMatch]


def match_version(version: AlertVersion, *, everybody: Everybody, now: datetime) -> int:
    """Match a version against all stays; return how many people it concerns.

    A version that is no longer its event's current one concerns nobody: the current one decides.
    """
    event = version.event
    if event.current_version_id != version.pk:
        return 0
    if event.state != Event.State.ACTIVE or version.ends_at <= now:
        close_event(event, everybody=everybody, now=now)
        return 0
    impact = impact_of(version) if reaches_travellers(version) else None
    people: set[int] = set()
    last = 0
    while True:
        with transaction.atomic():
            page, upto = _page(version, impact, last, everybody, now)
            people |= _settle_version(version, page, last, upto, everybody, now)
        if upto is None:
            return len(people)
        last = upto


def candidates(impact: Impact, stays: TenantQuerySet[Stay], now: datetime) -> TenantQuerySet[Stay]:
    """Return the stays that may meet a warning: by time, and by bounding box or country."""
    rows = stays.filter(to_at__gte=max(impact.onset_at, now) - MARGIN)
    if impact.ends_at is not None:
        rows = rows.filter(from_at__lte=impact.ends_at + MARGIN)
    if impact.geometry is None:
        return rows.filter(country_code__in=list(impact.countries or ()))
    west, south, east, north = impact.geometry.bounds
    box = Q(west__lte=east, east__gte=west, south__lte=north, north__gte=south)
    box &= ~Q(extent_kind=Stay.ExtentKind.COUNTRY)
    if impact.is_told_without_a_place:
        nations = countries_touching(impact.geometry)
        box |= Q(extent_kind=Stay.ExtentKind.COUNTRY, country_code__in=nations)
    return rows.filter(box)


def _page(
    version: AlertVersion, impact: Impact | None, last: int, everybody: Everybody, now: datetime
) -> tuple[dict[int, Finding], int | None]:
    """The findings of the next trips after `last`, and the last trip looked at (None: there are no more)."""
    fresh = everybody.stays.none() if impact is None else candidates(impact, everybody.stays, now)
    rows = fresh.filter(trip_id__gt=last)
    held = everybody.exposures.filter(event_id=version.event_id, state=Exposure.State.OPEN, trip_id__gt=last)
    ids: set[int] = set()
    for found in (rows, held):
        ids |= set(found.order_by("trip_id").values_list("trip_id", flat=True).distinct()[:PAGE])
    page = sorted(ids)[:PAGE]
    upto = page[-1] if len(page) == PAGE else None
    if impact is None or not page:
        return {}, upto
    # Locked first, read afterwards: a trip that is being changed is seen as it will be.
    list(everybody.trips.select_for_update().filter(pk__in=page).order_by("pk").values_list("pk"))
    here = rows.filter(trip_id__in=page, trip__state=Trip.State.REGISTERED).only(*STAY_COLUMNS)
    stays = list(here.order_by("trip_id", "from_at", "id"))
    judged = matches(impact, [whereabouts_of(stay) for stay in stays])
    hits = [(stay, hit) for stay, hit in zip(stays, judged, strict=True) if hit is not None]
    return {trip: finding_of(version, pairs, now) for trip, pairs in by_trip(hits).items()}, upto


def _settle_version(
    version: AlertVersion,
    findings: dict[int, Finding],
    last: int,
    upto: int | None,
    everybody: Everybody,
    now: datetime,
) -> set[int]:
    """Write one page: trips in (last, upto]. Open exposures there that nothing was found for are closed."""
    within = Q(trip_id__gt=last) if upto is None else Q(trip_id__gt=last, trip_id__lte=upto)
    ours = Q(state=Exposure.State.OPEN) | Q(trip_id__in=list(findings))
    known = {
        row.trip_id: row
        for row in everybody.exposures.select_for_update().filter(within & ours, event_id=version.event_id)
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
    for trip, row in known.items():
        finding = findings.get(trip)
        if finding is not None:
            if exposures.renew(row, finding, now):
                changed.append(row)
        elif exposures.close(row, by_traveller.get(trip, Exposure.Closed.MOVED_AWAY), now, version=version):
            changed.append(row)
    recall([row for row in changed if row.state == Exposure.State.CLOSED])
    # Another worker whose lease this one took over may have written the same rows: theirs are as good.
    Exposure.objects.bulk_create(new, ignore_conflicts=True)
    _store(changed, before, everybody)


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
    known = {row.event_id: row for row in everybody.exposures.select_for_update().filter(trip_id=trip.pk)}
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
            rows = everybody.exposures.select_for_update().filter(event_id=event.pk, state=Exposure.State.OPEN)
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
                closed_reason=reason if reason == Exposure.Closed.CANCELLED else Exposure.Closed.ENDED,
                tell_due_at=None,
                **shared,
            )
            closed += len(page)


def _hears_of_it(row: Exposure, reason: str, now: datetime) -> bool:
    is_away = row.to_at + MARGIN < now
    return row.told_at is not None and reason in Exposure.TOLD_AT_THE_END and not is_away


def close_over(everybody: Everybody, now: datetime, limit: int) -> int:
    """Close exposures whose stay is over, quietly; return how many."""
    over = everybody.exposures.filter(state=Exposure.State.OPEN, to_at__lt=now - MARGIN)
    keys = list(over.order_by("to_at").values_list("pk", flat=True)[: min(limit, PAGE)])
    return everybody.exposures.filter(pk__in=keys, state=Exposure.State.OPEN).update(
        state=Exposure.State.CLOSED, closed_at=now, closed_reason=Exposure.Closed.ENDED, tell_due_at=None
    )
