"""Incidents for the operator: what happens, who tells of it and who leads. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from safeconduct.alerts import corrections
from safeconduct.alerts.models import AreaCorrection, Event, Incident
from safeconduct.alerts.queries import texts
from safeconduct.lib import clock
from safeconduct.lib.errors import NotFound

WORST_FIRST = ("Extreme", "Severe", "Moderate", "Unknown", "Minor")
STATUSES = ("Actual", "Exercise")
PART = 500


@dataclass(frozen=True)
class Summary:
    """One incident with its events, the lead first."""

    incident: Incident
    lead: Event
    events: tuple[Event, ...]
    corrected: Mapping[int, AreaCorrection]
    """The corrections that hold for their current versions, by version."""

    @property
    def is_active(self) -> bool:
        """Whether at least one source still warns."""
        return any(event.is_in_force for event in self.events)

    @property
    def state(self) -> str:
        """Active while one source warns; else how the lead ended."""
        return Event.State.ACTIVE.value if self.is_active else self.lead.state_now.value

    @property
    def severity(self) -> str:
        """The worst that a source says now; when all have ended, the worst that one said last."""
        speaking = [event for event in self.events if event.is_in_force] or list(self.events)
        found = [event.current_version.severity for event in speaking if event.current_version is not None]
        return min(found, key=severity_place, default="Unknown")

    @property
    def countries(self) -> list[str]:
        """Countries of all its events, in order; an area that was corrected counts as corrected."""
        versions = [event.current_version for event in self.events]
        return sorted(
            {
                code
                for version in versions
                if version is not None
                for code in corrections.countries_of(version, self.corrected)
            }
        )

    @property
    def sources(self) -> list[str]:
        """Names of its sources, the lead's first, each once."""
        return list(dict.fromkeys(event.source.name for event in self.events))

    @property
    def started_at(self) -> datetime:
        """When the first of them began."""
        return min(event.started_at for event in self.events)

    def headline(self, language: str) -> str:
        """The lead's words."""
        version = self.lead.current_version
        if version is None:
            return self.lead.identity_key
        version.event = self.lead
        return texts(version, language).headline


def severity_place(severity: str) -> int:
    """Return where a severity stands, the worst first."""
    return WORST_FIRST.index(severity) if severity in WORST_FIRST else 3


def events_read() -> QuerySet[Event]:
    """Events with a current version that could be told or practised; texts and shapes are loaded when asked for."""
    return (
        Event.objects.filter(current_version__isnull=False, status__in=STATUSES)
        .select_related("source", "current_version", "incident")
        .defer("current_version__impact_area", "current_version__possible_area")
    )


def summaries(ids: Iterable[int]) -> list[Summary]:
    """Return incidents by key with their events, in the order given; those without a readable event are left out."""
    order = list(dict.fromkeys(ids))
    groups: dict[int, list[Event]] = {}
    for start in range(0, len(order), PART):
        for event in events_read().filter(incident_id__in=order[start : start + PART]):
            groups.setdefault(event.incident_id, []).append(event)
    versions = [event.current_version for events in groups.values() for event in events]
    corrected = corrections.of_versions([version for version in versions if version is not None])
    return [_summary(groups[pk], corrected) for pk in order if pk in groups]


def _summary(events: Sequence[Event], corrected: Mapping[int, AreaCorrection]) -> Summary:
    incident = events[0].incident
    ordered = sorted(
        events,
        key=lambda event: (event.pk != incident.lead_id, not event.is_active, event.started_at, event.pk),
    )
    return Summary(incident, ordered[0], tuple(ordered), corrected)


def in_force(rows: QuerySet[Event]) -> QuerySet[Event]:
    """Return those events that matter now, to the second."""
    return rows.filter(Q(ends_at=None) | Q(ends_at__gt=clock.now()), state=Event.State.ACTIVE)


def active_ids(rows: QuerySet[Event] | None = None) -> list[int]:
    """Return the keys of incidents that a source still warns of, the latest first."""
    found = in_force(rows if rows is not None else events_read())
    return list(dict.fromkeys(found.order_by("-started_at", "-pk").values_list("incident_id", flat=True)))


def ended_ids(rows: QuerySet[Event] | None = None, *, most: int = 2000) -> list[int]:
    """Return the keys of incidents that no source warns of any more, the last ended first."""
    found = rows if rows is not None else events_read()
    active = in_force(Event.objects.all()).values("incident_id")
    over = found.exclude(incident_id__in=active).order_by(
        Coalesce("ended_at", "ends_at").desc(nulls_last=True), "-pk"
    )
    return list(dict.fromkeys(over.values_list("incident_id", flat=True)[: most * 2]))[:most]


def summary_of(public_id: str) -> Summary:
    """Return one incident. Raises NotFound, also when nothing is left of it."""
    incident = Incident.objects.filter(public_id=public_id).first()
    found = summaries([incident.pk]) if incident is not None else []
    if not found:
        raise NotFound("event")
    return found[0]


def incident_rows(*, active: bool) -> list[dict[str, Any]]:
    """Return incidents as the `events` command prints them, the latest first."""
    if active:
        ids = active_ids()
    else:
        ids = list(
            dict.fromkeys(events_read().order_by("-started_at", "-pk").values_list("incident_id", flat=True))
        )
    found = summaries(ids)
    return [_row(one) for one in found]


def _row(one: Summary) -> dict[str, Any]:
    return {
        "id": one.incident.public_id,
        "type": one.incident.event_type,
        "state": one.state,
        "severity": one.severity,
        "lead": one.lead.source.key,
        "sources": list(dict.fromkeys(event.source.key for event in one.events)),
        "countries": one.countries,
        "started_at": _iso(one.started_at),
        "events": [
            {
                "id": event.public_id,
                "source": event.source.key,
                "state": event.state_now.value,
                "identifier": event.current_version.identifier
                if event.current_version
                else event.identity_key,
                "severity": event.current_version.severity if event.current_version else "Unknown",
                "started_at": _iso(event.started_at),
                "ends_at": _iso(event.ends_at),
                "ended_at": _iso(event.ended_at),
                "ended_reason": event.ended_reason,
                "placed_by_hand": event.is_placed_by_hand,
                "area_corrected": event.current_version_id in one.corrected,
            }
            for event in one.events
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
