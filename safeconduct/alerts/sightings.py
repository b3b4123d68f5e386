"""From rows to what clustering.py reads, and the events near enough to be compared. A few queries for a whole batch.

Candidates share a name, a GLIDE number, or type, time and box; nothing is compared pair by pair that these leave out.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np
import shapely
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from safeconduct.alerts import corrections
from safeconduct.alerts.clustering import MEMORY, Rule, Sighting, glide_of, storm_in, storm_name, table
from safeconduct.alerts.models import AlertVersion, AreaCorrection, Event, EventKey

T = TypeVar("T")
_FIGURE = re.compile(r"-?\d+(?:\.\d+)?")
_MAGNITUDES: Final = ("mag", "magnitude", "eventpreliminarymagnitude", "severityvalue", "severity")
_STORM_NAMES: Final = ("eventname", "stormname", "cyclonename", "name")
_GLIDES: Final = ("glide", "glidenumber")
ONE_LANGUAGE: Final = frozenset({"usgs", "emsc"})
"""Formats that are written in English throughout: nothing of such a source is a translation of something else of it."""
PART: Final = 500
HEAVY: Final = ("notes", "references", "area_names", "unplaced", "possible_area")


class Told(Mapping[int, Sighting]):
    """What the rule reads of events with their `source` and `current_version`, by the events' keys.

    Each is made when it is asked for: most events of a document are near nothing.
    `are_new`: they were opened in this transaction, so that nobody has corrected them.
    """

    def __init__(self, events: Iterable[Event], *, are_new: bool = False) -> None:
        self.events: dict[int, Event] = {}
        self.versions: dict[int, AlertVersion] = {}
        for event in events:
            if (version := event.current_version) is not None:
                self.events[event.pk], self.versions[event.pk] = event, version
        self.corrected = {} if are_new else corrections.of_versions(self.versions.values())
        self._made: dict[int, Sighting] = {}

    def __iter__(self) -> Iterator[int]:
        """Every event's key."""
        return iter(self.events)

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.events)

    def __contains__(self, key: object) -> bool:
        """Whether an event is among them."""
        return key in self.events

    def __getitem__(self, key: int) -> Sighting:
        """What is told of one event."""
        found = self._made.get(key)
        if found is None:
            event, version = self.events[key], self.versions[key]
            names = self.names.get(key, frozenset())
            found = self._made[key] = _sighting(event, version, names, self.corrected)
        return found

    @cached_property
    def names(self) -> dict[int, frozenset[tuple[str, str]]]:
        """The names of every event."""
        return _names(list(self.events))

    @cached_property
    def bearers(self) -> dict[str, set[int]]:
        """The events of every name."""
        found: dict[str, set[int]] = {}
        for key, names in self.names.items():
            for name, _sender in names:
                found.setdefault(name, set()).add(key)
        return found

    @cached_property
    def languages(self) -> dict[int, frozenset[str]]:
        """The languages of every event."""
        return {key: _languages(version) for key, version in self.versions.items()}


def sightings_of(events: Iterable[Event]) -> dict[int, Sighting]:
    """Return what the rule reads of events with their `source` and `current_version`, by the events' keys."""
    return dict(Told(events))


def _names(ids: Sequence[int]) -> dict[int, frozenset[tuple[str, str]]]:
    found: dict[int, set[tuple[str, str]]] = {}
    for part in _parts(ids):
        for pk, key, sender in EventKey.objects.filter(event_id__in=part).values_list(
            "event_id", "key", "sender"
        ):
            found.setdefault(pk, set()).add((key, sender))
    return {pk: frozenset(names) for pk, names in found.items()}


def _sighting(
    event: Event,
    version: AlertVersion,
    names: frozenset[tuple[str, str]],
    corrected: Mapping[int, AreaCorrection],
) -> Sighting:
    parameters = _parameters(version.infos)
    lon, lat = _point(version)
    # A wrong area joins nothing; the operator's is as good as a given one.
    area = corrections.effective(version, corrected)
    origin = version.impact_origin if area.correction is None else "given"
    return Sighting(
        key=event.pk,
        source=event.source.key,
        event_type=event.event_type,
        status=event.status,
        begins_at=version.begins_at,
        ends_at=event.ends_at or version.ends_at,
        severity=version.severity,
        origin=origin,
        trust=event.source.trust,
        source_country=event.source.country_code,
        countries=frozenset(event.countries),
        is_active=event.is_active,
        ended_at=event.ended_at,
        names=names,
        sender=version.sender.strip().casefold(),
        identifier=version.identifier,
        sent_at=version.sent_at,
        languages=_languages(version),
        codes=(version.msg_type, version.urgency, version.severity, version.certainty),
        lon=lon,
        lat=lat,
        magnitude=_magnitude(event.event_type, parameters),
        glide=glide_of(next((parameters[name] for name in _GLIDES if parameters.get(name)), "")),
        storm=_storm(event.event_type, parameters, version),
        geometry=area.geometry,
    )


def _languages(version: AlertVersion) -> frozenset[str]:
    return frozenset(str(info.get("language", "")).casefold() for info in version.infos) - {""}


def _parameters(infos: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Every parameter by its bare lower-case name: `gdacs:glide` is `glide`. The first one of a name counts."""
    found: dict[str, str] = {}
    for info in infos:
        for name, value in info.get("parameters", ()):
            found.setdefault(str(name).rpartition(":")[2].casefold(), str(value))
    return found


def _point(version: AlertVersion) -> tuple[float | None, float | None]:
    """The point that the source names, else the middle of the area."""
    for info in version.infos:
        for area in info.get("areas", ()):
            for lon, lat, _km in area.get("circles", ()):
                return float(lon), float(lat)
    shape = version.geometry()
    if shape is None or shape.is_empty:
        return None, None
    middle = shape.centroid if shape.bounds[2] - shape.bounds[0] < 180 else shape.representative_point()
    return float(middle.x), float(middle.y)


def _magnitude(event_type: str, parameters: Mapping[str, str]) -> float | None:
    if event_type != "earthquake":
        return None
    for name in _MAGNITUDES:
        if figure := _FIGURE.search(parameters.get(name, "")):
            return float(figure[0])
    return None


def _storm(event_type: str, parameters: Mapping[str, str], version: AlertVersion) -> str:
    if event_type != "tropical_cyclone":
        return ""
    named = (storm_name(parameters[name]) for name in _STORM_NAMES if parameters.get(name))
    told = (storm_in(str(info.get(part, ""))) for part in ("headline", "event") for info in version.infos)
    return next((name for name in (*named, *told) if name), "")


def candidates(mine: Told, at: datetime) -> dict[int, list[Sighting]]:
    """Return, for each event, what others tell that may be the same; events of the batch itself included."""
    pairs: dict[int, set[int]] = {}
    for found in (_by_name(mine), _by_glide(mine, at), _by_language(mine), _by_look(mine, at)):
        for key, others in found.items():
            pairs.setdefault(key, set()).update(others - {key})
    wanted = sorted({other for others in pairs.values() for other in others} - mine.keys())
    seen: dict[int, Sighting] = {}
    for part in _parts(wanted):
        rows = Event.objects.filter(pk__in=part).select_related("source", "current_version")
        seen |= sightings_of(rows)
    chosen: dict[int, list[Sighting]] = {}
    for key, others in pairs.items():
        kept = [
            mine[one] if one in mine else seen[one] for one in sorted(others) if _may_be(key, one, mine, seen)
        ]
        if kept:
            chosen[key] = kept
    return chosen


def _may_be(key: int, other: int, mine: Told, seen: Mapping[int, Sighting]) -> bool:
    """Whether two are worth comparing: of one source only translations are one."""
    if other not in mine:
        return other in seen
    if mine.events[key].source_id != mine.events[other].source_id:
        return True
    return mine.languages[key].isdisjoint(mine.languages[other])


def _by_name(mine: Told) -> dict[int, set[int]]:
    """Events of other sources with a name in common; in one source a name means one event."""
    found: dict[int, set[int]] = {}
    for source, events in _by_source(mine).items():
        for part in _parts([event.pk for event in events]):
            names = EventKey.objects.filter(event_id__in=part).values("key")
            rows = EventKey.objects.filter(key__in=names).exclude(source_id=source)
            for name, other in rows.values_list("key", "event_id"):
                for key in mine.bearers.get(name, ()):
                    found.setdefault(key, set()).add(other)
    return found


def _by_source(mine: Told) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = {}
    for event in mine.events.values():
        found.setdefault(event.source_id, []).append(event)
    return found


def _by_glide(mine: Told, at: datetime) -> dict[int, set[int]]:
    """Few events carry a GLIDE number, so its text is looked for among the recent ones."""
    wanted: dict[str, set[int]] = {}
    for key, version in mine.versions.items():
        named = (name for info in version.infos for name, _value in info.get("parameters", ()))
        if any("glide" in str(name).casefold() for name in named) and (glide := mine[key].glide):
            wanted.setdefault(glide, set()).add(key)
    found: dict[int, set[int]] = {}
    for glide, events in wanted.items():
        rows = Event.objects.filter(_recent(at)).annotate(text=Cast("current_version__infos", TextField()))
        others = set(rows.filter(text__contains=glide).values_list("pk", flat=True))
        for event in events:
            found[event] = others
    return found


def _by_language(mine: Told) -> dict[int, set[int]]:
    """Messages that one source sent at the same moment: one may be another's translation."""
    found: dict[int, set[int]] = {}
    for source, events in _by_source(mine).items():
        single = [event.pk for event in events if len(mine.languages[event.pk]) == 1]
        named = (mine.versions[key].identifier for key in single)
        if not any("-" in identifier or "_" in identifier for identifier in named):
            continue
        moments: dict[datetime, set[int]] = {}
        for key in single:
            moments.setdefault(mine.versions[key].sent_at, set()).add(key)
        for part in _parts(sorted(moments)):
            rows = Event.objects.filter(source_id=source, current_version__sent_at__in=part)
            for other, sent_at in rows.values_list("pk", "current_version__sent_at"):
                for key in moments[sent_at]:
                    found.setdefault(key, set()).add(other)
    return found


def _by_look(mine: Told, at: datetime) -> dict[int, set[int]]:
    """Same type and about the same time and place, with one query for each type."""
    found: dict[int, set[int]] = {}
    groups: dict[str, list[Event]] = {}
    for event in mine.events.values():
        if event.event_type in table():
            groups.setdefault(event.event_type, []).append(event)
    for event_type, group in groups.items():
        rule = table()[event_type]
        if rule.rule == "quake":
            found |= _by_moment(group, mine, rule, at)
        elif rule.rule == "storm":
            rows = Event.objects.filter(_recent(at), event_type=event_type)
            others = set(rows.exclude(current_version=None).values_list("pk", flat=True)[:PART])
            found |= {event.pk: others for event in group}
        else:
            found |= _by_box(group, mine, rule, at)
    return found


def _recent(at: datetime) -> Q:
    return Q(state=Event.State.ACTIVE) | Q(ended_at__gt=at - MEMORY)


def _by_moment(group: Sequence[Event], mine: Told, rule: Rule, at: datetime) -> dict[int, set[int]]:
    """Shocks within the rule's seconds. `started_at` may be earlier than a corrected origin time: some patience."""
    patience = timedelta(seconds=2 * rule.seconds)
    times = {event.pk: mine.versions[event.pk].begins_at for event in group}
    rows = Event.objects.filter(
        _recent(at), event_type=group[0].event_type, started_at__gte=min(times.values()) - patience,
        started_at__lte=max(times.values()) + patience,
    )  # fmt: skip
    source = group[0].source
    if source.format in ONE_LANGUAGE and all(event.source_id == source.pk for event in group):
        rows = rows.exclude(source_id=source.pk)
    others = sorted(rows.exclude(current_version=None).values_list("started_at", "pk"))
    begins = [started_at for started_at, _pk in others]
    found: dict[int, set[int]] = {}
    for key, moment in times.items():
        first, last = bisect_left(begins, moment - patience), bisect_right(begins, moment + patience)
        near = {pk for _started_at, pk in others[first:last]} - {key}
        if near:
            found[key] = near
    return found


def _by_box(group: Sequence[Event], mine: Told, rule: Rule, at: datetime) -> dict[int, set[int]]:
    """Events whose boxes meet, a place's with the rule's distance around it."""
    placed = {event.pk: box for event in group if (box := _box(event.pk, mine, rule)) is not None}
    if not placed:
        return {}
    boxes = np.array(list(placed.values()))
    west, south = boxes[:, 0].min(), boxes[:, 1].min()
    east, north = boxes[:, 2].max(), boxes[:, 3].max()
    begins = min(mine.versions[key].begins_at for key in placed) - timedelta(seconds=rule.seconds)
    last = max(mine.events[key].ends_at or mine.versions[key].ends_at for key in placed)
    ends = last + timedelta(seconds=rule.seconds)
    rows = Event.objects.filter(
        _recent(at), event_type=group[0].event_type, started_at__lte=ends, ends_at__gte=begins,
    )  # fmt: skip
    if rule.rule == "area":
        rows = rows.filter(
            current_version__west__lte=east, current_version__east__gte=west,
            current_version__south__lte=north, current_version__north__gte=south,
        )  # fmt: skip
        edges = [f"current_version__{side}" for side in ("west", "south", "east", "north")]
        others = list(rows.values_list("pk", *edges))
        tree = shapely.STRtree(
            shapely.box(*np.array([row[1:] for row in others], dtype=float).reshape(-1, 4).T)
        )
        which, near = tree.query(shapely.box(*boxes.T), predicate="intersects")
        keys = list(placed)
        found: dict[int, set[int]] = {}
        for number, other in zip(which.tolist(), near.tolist(), strict=True):
            found.setdefault(keys[number], set()).add(others[other][0])
        return found
    everything = set(rows.exclude(current_version=None).values_list("pk", flat=True)[:PART])
    return dict.fromkeys(placed, everything)


def _box(key: int, mine: Told, rule: Rule) -> tuple[float, float, float, float] | None:
    if rule.rule == "area":
        version = mine.versions[key]
        if version.possible_area is None and version.pk not in mine.corrected:
            # The columns are the bounds of the one shape that there is.
            west, south, east, north = version.west, version.south, version.east, version.north
            if version.impact_area is None or west is None or south is None or east is None or north is None:
                return None
            return None if math.isnan(west) else (west, south, east, north)
        shape = mine[key].geometry
        return None if shape is None or shape.is_empty else tuple(float(edge) for edge in shape.bounds)  # type: ignore[return-value]
    sighting = mine[key]
    if sighting.lon is None or sighting.lat is None:
        return None
    return sighting.lon, sighting.lat, sighting.lon, sighting.lat


def _parts(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + PART] for start in range(0, len(items), PART)]
