"""From rows to what match.py understands, and what is kept of a match in words' place. Reads the world map alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.corrections import CORRECTED, effective
from safeconduct.alerts.models import AlertVersion, AreaCorrection
from safeconduct.alerts.queries import area_names
from safeconduct.lib.geo import from_wkb
from safeconduct.matching.match import MARGIN, Impact, Match, NamedArea, Whereabouts, strongest
from safeconduct.places.shapes import country_shape
from safeconduct.trips.models import Stay

LEAD: Final = timedelta(days=14)
"""A stay that begins later is told of when it comes this near, if the warning still holds."""

STAY_COLUMNS: Final = (
    "id", "trip_id", "organisation_id", "user_id", "stop_id", "label", "extent_kind", "lon", "lat",
    "country_code", "zone", "from_at", "to_at", "certain", "is_open_end", "geometry",
)  # fmt: skip


def impact_of(version: AlertVersion, corrected: Mapping[int, AreaCorrection] | None = None) -> Impact | None:
    """Return where and when a version matters, None for nowhere.

    An operator's correction goes before the source's area; `corrected` spares the question for each of many.
    """
    found = effective(version, corrected)
    version.is_corrected = found.correction is not None
    geometry = found.geometry
    possible = found.possible
    is_placed = geometry is not None or possible is not None or found.origin == "country"
    if not is_placed or (geometry is None and possible is None and not found.countries):
        return None
    return Impact(
        severity=version.severity,
        onset_at=version.begins_at,
        ends_at=version.ends_at,
        geometry=geometry,
        countries=frozenset(found.countries),
        parts=_parts(version, geometry),
        possible=possible,
    )


def _parts(version: AlertVersion, geometry: BaseGeometry | None) -> tuple[NamedArea, ...]:
    """The areas by name: shapes are stored united, so only a warning with one name can be named."""
    if geometry is None or version.is_corrected or version.impact_origin not in ("given", "codes") or len(version.area_names) != 1:
        return ()
    # The reason is shown and mailed: a licence that keeps the source's words back keeps its names back too.
    return tuple(NamedArea(name[:120], geometry) for name in area_names(version))


@lru_cache(maxsize=2048)
def _shape(data: bytes) -> BaseGeometry:
    # Cities and airports repeat: one hundred thousand travellers are in a few thousand of them.
    return from_wkb(data)


def whereabouts_of(stay: Stay) -> Whereabouts:
    """Return a stay as match.py reads it; a country gets its shape from the map."""
    geometry = _shape(bytes(stay.geometry)) if stay.geometry else None
    if geometry is None and stay.extent_kind == Stay.ExtentKind.COUNTRY:
        geometry = country_shape(stay.country_code)
    return Whereabouts(
        kind=stay.extent_kind,
        country_code=stay.country_code,
        from_at=stay.from_at,
        to_at=stay.to_at,
        lon=stay.lon,
        lat=stay.lat,
        geometry=geometry,
    )


def is_over(stay: Stay, now: datetime) -> bool:
    """Return whether somebody has left, late departures included."""
    return stay.to_at + MARGIN < now


def tell_at(from_at: datetime, now: datetime) -> datetime:
    """Return when somebody is told of a warning for a stay that begins at `from_at`."""
    return max(now, from_at - LEAD)


@dataclass(frozen=True, slots=True)
class Finding:
    """A warning concerns a trip: by which stay, how, when it is told, and at which other places as well."""

    version: AlertVersion
    stay: Stay
    match: Match
    due_at: datetime
    also: tuple[str, ...]

    def reason(self) -> dict[str, Any]:
        """Return what words.py makes a sentence of."""
        stay, kept = self.stay, {
            "code": self.match.code,
            "place": self.stay.label,
            "kind": self.stay.extent_kind,
            "country": self.stay.country_code,
            "from": self.stay.from_at.isoformat(),
            "to": self.stay.to_at.isoformat(),
            "zone": self.stay.zone,
            "origin": CORRECTED if self.version.is_corrected else self.version.impact_origin,
            "at": [round(self.stay.lon, 3), round(self.stay.lat, 3)],
        }
        flags: Mapping[str, Any] = {
            "area": self.match.area, "km": self.match.distance_km, "also": list(self.also),
            "open_end": stay.is_open_end, "in_a_gap": not stay.certain,
        }  # fmt: skip
        return kept | {name: value for name, value in flags.items() if value not in ("", None, False, [])}


def finding_of(version: AlertVersion, hits: Sequence[tuple[Stay, Match]], now: datetime) -> Finding:
    """Return one trip's finding: shown is the strongest stay, then the earliest; told when the first one is due."""
    best = strongest([(stay.from_at, match) for stay, match in hits])
    stay, match = hits[best]
    others = dict.fromkeys(other.label for other, _match in hits if other.label != stay.label)
    due_at = min(tell_at(other.from_at, now) for other, _match in hits)
    return Finding(version, stay, match, due_at, tuple(others)[:5])


def by_trip(hits: Iterable[tuple[Stay, Match]]) -> dict[int, list[tuple[Stay, Match]]]:
    """Return the hits of each trip."""
    grouped: dict[int, list[tuple[Stay, Match]]] = {}
    for stay, match in hits:
        grouped.setdefault(stay.trip_id, []).append((stay, match))
    return grouped
