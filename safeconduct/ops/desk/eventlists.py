"""What the desk shows of incidents: lists, members with their versions, whom they concern, and what lies near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast

from safeconduct.alerts import corrections, overview
from safeconduct.alerts.corrections import Effective
from safeconduct.alerts.labels import event_label
from safeconduct.alerts.models import AlertVersion, AreaCorrection, Event
from safeconduct.alerts.overview import Summary
from safeconduct.alerts.queries import hidden, texts
from safeconduct.alerts.wording import folded
from safeconduct.feeds.models import Source
from safeconduct.lib import clock, geo
from safeconduct.lib.errors import NotFound
from safeconduct.matching.models import Exposure
from safeconduct.places.queries import country_names

REASON: Final = "the desk serves every organisation"
NEAREST: Final = 8


@dataclass(frozen=True)
class Line:
    """One incident in the list."""

    summary: Summary
    headline: str
    kind: str
    countries: str
    people: int


@dataclass(frozen=True)
class Member:
    """One source's event of an incident."""

    event: Event
    version: AlertVersion
    headline: str
    versions: int
    hidden: tuple[AlertVersion, ...]
    """Messages that members do not see: restricted, private, or a test."""
    area: Effective
    fallen_back: AreaCorrection | None
    corrections: tuple[AreaCorrection, ...]
    is_lead: bool
    people: int

    @property
    def has_page(self) -> bool:
        """Whether the current version has a page that members see."""
        return self.version not in self.hidden


@dataclass(frozen=True)
class Near:
    """Another incident that might be the same. `km` is None when one of the two has no place."""

    summary: Summary
    headline: str
    km: float | None


def found(*, kind: str, source: str, country: str, words: str, ended: bool = False) -> list[int]:
    """Return the keys of active (or of ended) incidents of which an event fits, the latest first."""
    rows: QuerySet[Event] = overview.events_read()
    if kind:
        rows = rows.filter(event_type=kind)
    if source:
        rows = rows.filter(source__key=source)
    if country:
        corrected, there = corrections.moved_to(country)
        named = Q(country_text__contains=f'"{country}"') & ~Q(current_version__in=corrected)
        rows = rows.annotate(country_text=Cast("countries", TextField())).filter(
            named | Q(current_version__in=there)
        )
    for word in folded(words).split()[:8]:
        rows = rows.filter(current_version__search_text__contains=word)
    return overview.ended_ids(rows) if ended else overview.active_ids(rows)


def lines(ids: Sequence[int], language: str) -> list[Line]:
    """Return rows of the list for incidents by key."""
    summaries = overview.summaries(ids)
    counts = people_by_incident(ids)
    names = country_names({code for one in summaries for code in one.countries}, language)
    return [
        Line(
            summary=one,
            headline=one.headline(language),
            kind=event_label(one.incident.event_type),
            countries=", ".join(sorted(names.get(code, code) for code in one.countries)[:6]),
            people=counts.get(one.incident.pk, 0),
        )
        for one in summaries
    ]


def _concerns_now() -> Q:
    """Of exposures: open ones of events that have not passed."""
    return Q(state=Exposure.State.OPEN, event__state=Event.State.ACTIVE, event__ends_at__gt=clock.now())


def people_by_incident(ids: Sequence[int]) -> dict[int, int]:
    """Return how many people of all organisations each incident concerns now."""
    rows = Exposure.objects.across_orgs(REASON).filter(_concerns_now(), event__incident_id__in=list(ids))
    counted = rows.order_by().values_list("event__incident_id").annotate(n=Count("user_id", distinct=True))
    return {pk: int(n) for pk, n in counted}


def _people_by_event(ids: Sequence[int]) -> dict[int, int]:
    rows = Exposure.objects.across_orgs(REASON).filter(_concerns_now(), event_id__in=list(ids))
    counted = rows.order_by().values_list("event_id").annotate(n=Count("user_id", distinct=True))
    return {pk: int(n) for pk, n in counted}


def members(summary: Summary, language: str) -> list[Member]:
    """Return the events of an incident as its page shows them, the lead first."""
    found = []
    pairs = [(event, event.current_version) for event in summary.events if event.current_version is not None]
    held = corrections.of_versions([version for _event, version in pairs])
    people = _people_by_event([event.pk for event, _version in pairs])
    counts = dict(
        Event.objects.filter(pk__in=[event.pk for event, _version in pairs])
        .annotate(n=Count("versions"))
        .values_list("pk", "n")
    )
    unseen = hidden(event for event, _version in pairs)
    for event, version in pairs:
        version.event = event
        found.append(
            Member(
                event=event,
                version=version,
                headline=texts(version, language).headline,
                versions=counts.get(event.pk, 1),
                hidden=tuple(unseen.get(event.pk, ())),
                area=corrections.effective(version, held),
                fallen_back=corrections.fallen_back(event),
                corrections=tuple(corrections.made_of(event)),
                is_lead=event.pk == summary.incident.lead_id,
                people=people.get(event.pk, 0),
            )
        )
    return found


def near(summary: Summary, language: str) -> list[Near]:
    """Return other active incidents that might be the same: of its type, or of its place; the nearest first."""
    here = _middle(summary.lead)
    rows = overview.events_read().filter(status=summary.lead.status)
    alike = Q(event_type=summary.incident.event_type)
    box = _box(summary.lead)
    if box is not None:
        west, south, east, north = box
        alike |= Q(
            current_version__west__lte=east, current_version__east__gte=west,
            current_version__south__lte=north, current_version__north__gte=south,
        )  # fmt: skip
    ids = [pk for pk in overview.active_ids(rows.filter(alike)) if pk != summary.incident.pk][:200]
    others = [
        Near(one, one.headline(language), _apart(here, _middle(one.lead))) for one in overview.summaries(ids)
    ]
    return sorted(others, key=lambda one: (one.km is None, one.km or 0.0))[:NEAREST]


def _box(event: Event) -> tuple[float, float, float, float] | None:
    version = event.current_version
    if version is None or version.west is None or version.south is None:
        return None
    return version.west, version.south, float(version.east or 0), float(version.north or 0)


def _middle(event: Event) -> tuple[float, float] | None:
    box = _box(event)
    if box is not None:
        west, south, east, north = box
        return (west + east) / 2, (south + north) / 2
    version = event.current_version
    for info in version.infos if version is not None else []:
        for area in info.get("areas", ()):
            for lon, lat, _km in area.get("circles", ()):
                return float(lon), float(lat)
    return None


def _apart(one: tuple[float, float] | None, other: tuple[float, float] | None) -> float | None:
    return geo.distance_km(*one, *other) if one and other else None


def member_of(summary: Summary, event_id: str) -> Event:
    """Return one event of an incident by its public id. Raises NotFound."""
    event = next((row for row in summary.events if row.public_id == event_id), None)
    if event is None:
        raise NotFound("event")
    return event


def choices(language: str, *, ended: bool = False) -> dict[str, list[tuple[str, str]]]:
    """Return what the filters offer: types, sources and countries of what is active now, or of what was read."""
    rows = overview.events_read() if ended else overview.in_force(overview.events_read())
    kinds = set(rows.values_list("event_type", flat=True).order_by().distinct())
    keys = rows.values_list("source_id", flat=True).order_by().distinct()
    codes = {code for listed in rows.values_list("countries", flat=True) for code in listed}
    names: dict[str, Any] = country_names(codes, language)
    return {
        "kinds": sorted(((code, event_label(code)) for code in kinds), key=lambda one: one[1]),
        "sources": list(Source.objects.filter(pk__in=list(keys)).order_by("name").values_list("key", "name")),
        "countries": sorted(((code, str(names.get(code, code))) for code in codes), key=lambda one: one[1]),
    }


def last_change(summary: Summary) -> datetime | None:
    """Return when a source last said something."""
    return max((e.current_version.received_at for e in summary.events if e.current_version), default=None)
