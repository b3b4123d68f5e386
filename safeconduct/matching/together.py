"""One event of many sources, told to a traveller as one. It decides what a further source adds; `telling.py` tells.

Exposures stay one for each source's event and trip. What is due is held against the other exposures of the same trip
and incident: a source that says nothing worse than what the trip was told already is not told, it is remembered by
which exposure it was (`told_by`). When that one no longer holds, `wake_due` brings it up again, so nobody is told
“over” while another source still warns, and nobody stays untold of the one that does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.feeds.models import Source
from safeconduct.matching import emails
from safeconduct.matching.actions import Everybody
from safeconduct.matching.models import Exposure
from safeconduct.matching.neighbours import still_covered
from safeconduct.matching.ranks import rank, rank_of
from safeconduct.matching.recalling import key_of

Manner = Literal["full", "also", "goes_on", "quiet", "heard", "near"]
"""As ever; briefly, as a further source; briefly, as the one that is left; not at all; nor what was told already; nor
what a neighbouring district adds (neighbours.py)."""

BEHIND: Final = timedelta(minutes=30)
"""So long a source may be behind another one that eases its warning: a relay that says the same soon is no news."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How something due is told, and the other exposure that this follows from."""

    manner: Manner
    other: Exposure | None = None


FULL: Final = Verdict("full")


class Together:
    """The other exposures of the trips that are told now, read under the trips' locks."""

    def __init__(self, rows: Sequence[Exposure], everybody: Everybody, now: datetime) -> None:
        self.now = now
        self._others: dict[tuple[int, int], list[Exposure]] = {}
        self._over: dict[tuple[int, int], tuple[datetime, int]] = {}
        self._told: dict[int, int] = {}
        self._leads: dict[int, int | None] = {row.event.incident_id: None for row in rows}
        shared = shared_incidents(self._leads)
        if not shared:
            return
        trips = {row.trip_id for row in rows if row.event.incident_id in shared}
        found = (
            everybody.exposures.filter(trip_id__in=trips, event__incident_id__in=shared)
            .select_related("event__source", "event__incident", "told_version", "version")
            .defer(*(f"{name}__{column}" for name in ("version", "told_version") for column in HEAVY))
        )
        for other in found.order_by("pk"):
            self._leads[other.event.incident_id] = other.event.incident.lead_id
            self._others.setdefault((other.trip_id, other.event.incident_id), []).append(other)
        self._over |= self._heard_over(everybody)
        self._told = self._last_told(rows, everybody) if self._over else {}

    def _last_told(self, rows: Sequence[Exposure], everybody: Everybody) -> dict[int, int]:
        """The notice by which each exposure that ended was told last. Notices of a trip are written under its lock."""
        keys = {
            f"{kind.code}:{key_of(row, row.told_version_id)}": row.pk
            for row in rows
            for kind in (emails.OPENED, emails.UPDATED)
            if row.state == Exposure.State.CLOSED and row.told_version_id is not None
        }
        told = everybody.notices.filter(key__in=list(keys), told=True).order_by("pk")
        return {keys[key]: pk for key, pk in told.values_list("key", "pk")}

    def _heard_over(self, everybody: Everybody) -> dict[tuple[int, int], tuple[datetime, int]]:
        """When, and by which notice, a trip was told last that an incident is over: what was told before is forgotten."""
        closed = {
            f"{emails.ENDED.code}:{key_of(other, other.version_id)}": group
            for group, others in self._others.items()
            for other in others
            if other.state == Exposure.State.CLOSED and other.told_at is not None
        }
        if not closed:
            return {}
        told = everybody.notices.filter(key__in=list(closed), told=True).order_by("created_at", "pk")
        return {closed[key]: (at, pk) for key, at, pk in told.values_list("key", "created_at", "pk")}

    def verdict(
        self, row: Exposure, version: AlertVersion, before: AlertVersion | None, kind: str
    ) -> Verdict:
        """Return how what is due for an exposure is told: of `version`, to somebody who knows `before`."""
        others = [
            other
            for other in self._others.get((row.trip_id, row.event.incident_id), ())
            if other.pk != row.pk
        ]
        if not others:
            return FULL
        if kind == emails.ENDED.code:
            left = [other for other in others if self._holds(other)]
            return Verdict("quiet", self._first(left)) if left else self._ended(row, others)
        carriers = [other for other in others if other.told_at is not None and self._holds(other)]
        if kind == emails.OPENED.code:
            return self._opened(row, version, others, carriers)
        if not carriers or self._first([row, *carriers]) is row or _is_worse(version, carriers, before):
            return FULL
        return Verdict("quiet", self._first(carriers))

    def _ended(self, row: Exposure, others: Sequence[Exposure]) -> Verdict:
        """“Over” is said once, also where several sources were told of and end before the first of them is told."""
        over, told = self._over.get((row.trip_id, row.event.incident_id)), self._told.get(row.pk)
        is_heard = over is not None and told is not None and told < over[1]
        return Verdict("heard", self._first(others)) if is_heard else FULL

    def _opened(
        self, row: Exposure, version: AlertVersion, others: Sequence[Exposure], carriers: Sequence[Exposure]
    ) -> Verdict:
        if carriers:
            first = self._first(carriers)
            is_surer = row.strength != Exposure.Strength.POSSIBLE and all(
                other.strength == Exposure.Strength.POSSIBLE for other in carriers
            )
            is_news = is_surer or _is_worse(version, carriers) or is_first_official(row, version, carriers)
            return Verdict("also" if is_news else "quiet", first)
        before = [other for other in others if self._was_told(other)]
        if before:
            return Verdict(
                "goes_on", max(before, key=lambda other: (other.closed_at or other.opened_at, other.pk))
            )
        return FULL

    def _was_told(self, other: Exposure) -> bool:
        """Whether the trip knows the event from an exposure that no longer holds, and never heard that it is over."""
        if other.told_at is None:
            return False
        if other.state != Exposure.State.CLOSED:
            # Its event has ended a moment ago: the exposure is closed soon, and until then nobody heard that it is over.
            over = self._over.get((other.trip_id, other.event.incident_id))
            return not self._holds(other) and (over is None or other.told_at > over[0])
        if other.closed_reason in (Exposure.Closed.TRIP_CHANGED, Exposure.Closed.TRIP_CANCELLED):
            return False
        over = self._over.get((other.trip_id, other.event.incident_id))
        return over is None or (other.closed_at is not None and other.closed_at > over[0])

    def _holds(self, other: Exposure) -> bool:
        event = other.event
        is_over = event.ends_at is not None and event.ends_at <= self.now
        return other.state == Exposure.State.OPEN and event.state == Event.State.ACTIVE and not is_over

    def _first(self, rows: Sequence[Exposure]) -> Exposure:
        """The lead's exposure, else the one that was told first."""
        return min(
            rows,
            key=lambda row: (
                row.event_id != self._leads.get(row.event.incident_id),
                row.told_at is None,
                row.told_at or self.now,
                row.pk,
            ),
        )


def is_first_official(row: Exposure, version: AlertVersion, carriers: Sequence[Exposure]) -> bool:
    """Whether an authority's own warning holds the place, of which so far only an estimate or a relay told.

    A disc around an epicentre says neither where the authority sees the danger nor what it asks people to do. What is
    relayed word for word is the authority's.
    """
    if row.strength != Exposure.Strength.INSIDE or not is_authoritative(version, row.event.source):
        return False
    return not any(speaks_for(other.told_version, other.event.source, version) for other in carriers)


def speaks_for(told: AlertVersion | None, source: Source, version: AlertVersion) -> bool:
    """Whether what was told is an authority's own word, or a version's sender's own, relayed."""
    return told is not None and (
        is_authoritative(told, source) or (bool(told.sender) and told.sender == version.sender)
    )


def is_authoritative(version: AlertVersion | None, source: Source) -> bool:
    """Whether a version is an official source's own, for an area that it names."""
    origins = (AlertVersion.ImpactOrigin.GIVEN, AlertVersion.ImpactOrigin.CODES)
    return version is not None and source.trust == Source.Trust.OFFICIAL and version.impact_origin in origins


def _is_worse(
    version: AlertVersion, carriers: Sequence[Exposure], before: AlertVersion | None = None
) -> bool:
    known = [before, *(other.told_version for other in carriers)]
    return rank(version.severity) > max((rank(one.severity) for one in known if one is not None), default=0)


HEAVY: Final = (
    "infos", "notes", "references", "area_names", "unplaced", "impact_area", "possible_area", "countries",
)  # fmt: skip


def shared_incidents(ids: Collection[int]) -> frozenset[int]:
    """Return those incidents that more than one event belongs to."""
    seen: set[int] = set()
    twice: set[int] = set()
    for pk in Event.objects.filter(incident_id__in=list(ids)).values_list("incident_id", flat=True):
        (twice if pk in seen else seen).add(pk)
    return frozenset(twice)


Part = tuple[int, bool]
"""A version, and of those whom it concerns either who is inside it or the others."""


def in_order(parts: Collection[Part], versions: Mapping[int, AlertVersion]) -> list[Part]:
    """Return the order in which people are told: leads first, then the worse ones, who is inside, then the older."""

    def order(part: Part) -> tuple[bool, int, bool, int]:
        pk, is_inside = part
        version, event = versions[pk], versions[pk].event
        return event.incident.lead_id != event.pk, -rank(version.severity), not is_inside, pk

    return sorted(parts, key=order)


def wake_due(everybody: Everybody, now: datetime, limit: int) -> int:
    """Bring up what was not told because another exposure told it, where that one no longer holds.

    It ended, was closed, taken back before it left, moved to another incident, or is milder by now. Return how many.
    """
    carrier = everybody.exposures.filter(
        pk=OuterRef("told_by"),
        state=Exposure.State.OPEN,
        told_at__isnull=False,
        event__state=Event.State.ACTIVE,
        event__incident=OuterRef("event__incident"),
    ).filter(Q(event__ends_at__isnull=True) | Q(event__ends_at__gt=now))
    # What was told last is as bad, or so new that this source may only be behind.
    as_bad = (
        everybody.exposures.filter(
            trip=OuterRef("trip"),
            event__incident=OuterRef("event__incident"),
            state=Exposure.State.OPEN,
            told_at__isnull=False,
            event__state=Event.State.ACTIVE,
        )
        .filter(Q(event__ends_at__isnull=True) | Q(event__ends_at__gt=now))
        .annotate(step=rank_of("told_version__severity"))
        .filter(Q(step__gte=OuterRef("step")) | Q(told_version__received_at__gt=now - BEHIND))
    )
    quiet = everybody.exposures.filter(
        told_by__isnull=False,
        tell_due_at__isnull=True,
        state=Exposure.State.OPEN,
        event__state=Event.State.ACTIVE,
    ).annotate(step=rank_of("version__severity"))
    covered = (Exists(carrier) & Exists(as_bad)) | still_covered(everybody, now)
    left = quiet.exclude(covered).order_by("pk")
    found = dict(left.values_list("pk", "trip_id")[:limit])
    if not found:
        return 0
    with transaction.atomic():
        # The order of locks everywhere: trips, then exposures.
        trips = everybody.trips.select_for_update(skip_locked=True).filter(pk__in=set(found.values()))
        free = set(trips.order_by("pk").values_list("pk", flat=True))
        keys = [pk for pk, trip in found.items() if trip in free]
        rows = everybody.exposures.filter(pk__in=keys, told_by__isnull=False, tell_due_at__isnull=True)
        # An event that ends closes its exposures without the trips: locked by key, as there.
        locked = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
        return int(everybody.exposures.filter(pk__in=locked).update(told_by=None, tell_due_at=now))
