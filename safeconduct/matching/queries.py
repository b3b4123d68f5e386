"""What concerns a person now, and why, in their words; and the exposures of an alert for lists and commands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language

from safeconduct.alerts.labels import event_label
from safeconduct.alerts.models import AlertVersion, Event
from safeconduct.alerts.queries import texts
from safeconduct.feeds.models import Source
from safeconduct.lib import clock
from safeconduct.matching import words
from safeconduct.matching.match import STRONG_FIRST
from safeconduct.matching.models import Exposure
from safeconduct.orgs.access import Seat
from safeconduct.trips.models import Trip

SEVERITY_ORDER = ("Extreme", "Severe", "Moderate", "Unknown", "Minor")


@dataclass(frozen=True)
class Concern:
    """An alert that concerns the reader now. `why` is whole sentences, `reason` the part without the trip."""

    severity: str
    headline: str
    event: str
    url: str
    why: str
    reason: str
    strength: str
    place: str
    zone: str
    begins_at: datetime
    ends_at: datetime
    is_exercise: bool
    told_at: datetime | None
    trip_title: str
    trip_url: str
    exposure: Exposure
    version: AlertVersion
    also: tuple[str, ...] = ()
    """Names of the other sources that warn of the same event here."""


def _open(rows: QuerySet[Exposure]) -> QuerySet[Exposure]:
    """Those that hold now; what is only told nearer to the stay is not shown before."""
    now = clock.now()
    return rows.filter(
        state=Exposure.State.OPEN, event__state=Event.State.ACTIVE, event__ends_at__gt=now
    ).exclude(told_at__isnull=True, tell_due_at__gt=now)


def count_of(seat: Seat) -> int:
    """Return how many incidents concern the person: the figure beside “Alerts”."""
    rows = Exposure.objects.for_org(seat.organisation).filter(user_id=seat.user.pk)
    return _open(rows).order_by().values("event__incident_id").distinct().count()


def concerning_events(seat: Seat) -> set[int]:
    """Return the keys of the events that concern the person now."""
    rows = Exposure.objects.for_org(seat.organisation).filter(user_id=seat.user.pk)
    return set(_open(rows).order_by().values_list("event_id", flat=True))


def concerning_now(seat: Seat) -> list[Concern]:
    """Return what concerns the person now, worst first, surest first: one line for an incident and trip."""
    rows = Exposure.objects.for_org(seat.organisation).filter(user_id=seat.user.pk)
    return _concerns(_open(rows))


def concerning_trip(seat: Seat, trip: Trip) -> list[Concern]:
    """Return the alerts that concern one trip of the seat's organisation now."""
    return concerning(trip) if trip.organisation_id == seat.organisation.pk else []


def concerning(trip: Trip) -> list[Concern]:
    """Return the alerts that concern a trip now, for what is written to its person, who may have no account."""
    rows = Exposure.objects.for_org(trip.organisation_id).filter(trip_id=trip.pk)
    return _concerns(_open(rows))


def why_you(seat: Seat, event: Event) -> list[Concern]:
    """Return why an event concerns the reader, one for each of their trips; empty when it does not."""
    rows = Exposure.objects.for_org(seat.organisation).filter(user_id=seat.user.pk, event_id=event.pk)
    return _concerns(_open(rows))


def _concerns(rows: QuerySet[Exposure]) -> list[Concern]:
    """Read the events' current versions: whoever was told of an earlier one sees what holds now.

    An incident is one line for a trip: the words of its lead, the worst severity of its sources.
    """
    found = rows.select_related("trip", "event__source", "event__current_version", "event__incident").defer(
        "event__current_version__impact_area", "event__current_version__possible_area"
    )
    groups: dict[tuple[int, int], list[Exposure]] = {}
    for row in found:
        groups.setdefault((row.trip_id, row.event.incident_id), []).append(row)
    year = clock.now().year
    return sorted((_incident(group, year) for group in groups.values()), key=_worst_first)


def _incident(group: list[Exposure], year: int) -> Concern:
    first = min(
        group, key=lambda row: (row.event_id != row.event.incident.lead_id, row.told_at is None, row.pk)
    )
    concern = _concern(first, year)
    if len(group) == 1:
        return concern
    versions = [row.event.current_version for row in group if row.event.current_version is not None]
    names = dict.fromkeys(
        row.event.source.name for row in group if row.event.source_id != first.event.source_id
    )
    return replace(
        concern,
        severity=min((version.severity for version in versions), key=_severity_place),
        told_at=min((row.told_at for row in group if row.told_at), default=None),
        also=tuple(names),
    )


def _severity_place(severity: str) -> int:
    return SEVERITY_ORDER.index(severity) if severity in SEVERITY_ORDER else 3


def _concern(row: Exposure, year: int) -> Concern:
    version = row.event.current_version
    assert version is not None  # noqa: S101  # an event with exposures has a version
    version.event = row.event
    shown = texts(version, get_language() or "en")
    # The name of the area is the source's: what was stored under a wider licence is not shown under a narrower one.
    reason = row.reason if row.event.source.display != Source.Display.LINK else {**row.reason, "area": ""}
    return Concern(
        severity=version.severity,
        headline=shown.headline,
        event=event_label(version.event_type),
        url=reverse("alerts:version", args=[version.public_id]),
        why=words.sentence(reason, this_year=year, trip_title=row.trip.title),
        reason=words.short(reason, this_year=year),
        strength=row.strength,
        place=words.place_name(row.reason),
        zone=str(row.reason.get("zone") or "UTC"),
        begins_at=version.begins_at,
        ends_at=version.ends_at,
        is_exercise=version.status == "Exercise",
        told_at=row.told_at,
        trip_title=row.trip.title,
        trip_url=reverse("trips:detail", args=[row.trip.public_id]),
        exposure=row,
        version=version,
    )


def _worst_first(concern: Concern) -> tuple[int, int, datetime]:
    return _severity_place(concern.severity), STRONG_FIRST.index(concern.strength), concern.begins_at


def exposures_of_event(seat: Seat, event: Event) -> QuerySet[Exposure]:
    """Return the organisation's exposures to an event, open ones first: the manager's list."""
    rows: QuerySet[Exposure] = Exposure.objects.for_org(seat.organisation).filter(event_id=event.pk)
    return rows.select_related("trip", "user", "version").order_by("-state", "from_at", "pk")


def exposures_of_version(seat: Seat, version: AlertVersion) -> QuerySet[Exposure]:
    """Return the organisation's exposures to a version's event."""
    return exposures_of_event(seat, version.event)


def as_row(row: Exposure, year: int) -> dict[str, Any]:
    """One exposure as the `exposures` command prints it."""
    return {
        "alert": row.version.public_id,
        "traveller": row.user.email,
        "organisation": row.organisation.name,
        "trip": row.trip.public_id,
        "place": row.place_label,
        "from": _iso(row.from_at),
        "to": _iso(row.to_at),
        "strength": row.strength,
        "distance_km": row.distance_km,
        "reason": words.sentence(row.reason, this_year=year),
        "told_at": _iso(row.told_at),
        "state": row.state,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
