"""Does an impact area meet a stay, in space and in time, how surely, and why. Pure: no ORM, no clock, no files.

Geometries are shapely geometries in degrees whose longitudes lie in [-180, 180], cut at the antimeridian
(lib/geo.py). Times are aware. A window or a stay without an end goes on. It refuses to guess: a stop that only
names a country is never `inside`, and says so from severity Severe on alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from safeconduct.lib.geo import distance_to_km

Strength = Literal["inside", "touches", "possible"]

MARGIN: Final = timedelta(hours=24)
"""People arrive early and leave late, and so does weather."""

STRONG_FIRST: Final[tuple[Strength, ...]] = ("inside", "touches", "possible")
TOLD_WITHOUT_A_PLACE: Final = frozenset({"extreme", "severe"})


@dataclass(frozen=True, slots=True)
class NamedArea:
    """One area of a warning, by its own name."""

    name: str
    geometry: BaseGeometry


@dataclass(frozen=True, slots=True)
class Impact:
    """Where and when a warning matters.

    `countries` (ISO alpha-2) are those that its geometry has a point in common with, None when nobody has looked;
    without a geometry it matters in them as a whole. `possible` is the state or country of what it names without a
    shape: it may matter anywhere there, and says so from severity Severe on alone.
    """

    severity: str
    onset_at: datetime
    ends_at: datetime | None
    geometry: BaseGeometry | None = None
    countries: frozenset[str] | None = None
    parts: tuple[NamedArea, ...] = field(default=(), repr=False)
    possible: BaseGeometry | None = None

    @property
    def is_national(self) -> bool:
        """Return whether it has no area at all and matters in its countries as a whole."""
        return self.geometry is None and self.possible is None

    @property
    def is_told_without_a_place(self) -> bool:
        """Return whether somebody who is only known to be in the country hears of it."""
        return self.severity.strip().lower() in TOLD_WITHOUT_A_PLACE


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where an itinerary says somebody is. `geometry` is the stop's extent, or the country's shape."""

    kind: str
    country_code: str
    from_at: datetime
    to_at: datetime | None
    lon: float | None = None
    lat: float | None = None
    geometry: BaseGeometry | None = None

    @property
    def is_a_country(self) -> bool:
        """Return whether no more than the country is known."""
        return self.kind == "country"


@dataclass(frozen=True, slots=True)
class Match:
    """A warning concerns a stay. `distance_km` runs from the place's centre to the area, None when unknown."""

    strength: Strength
    distance_km: float | None
    area: str
    code: str


def areas_of(impact: Impact) -> list[BaseGeometry]:
    """Return the areas in which a stay may meet a warning."""
    possible = impact.possible if impact.is_told_without_a_place else None
    return [area for area in (impact.geometry, possible) if area is not None and not area.is_empty]


def windows_meet(
    onset_at: datetime, ends_at: datetime | None, from_at: datetime, to_at: datetime | None
) -> bool:
    """Return whether a warning's time and a stay meet, with the margin; touching counts."""
    begins_in_time = ends_at is None or from_at <= ends_at + MARGIN
    ends_in_time = to_at is None or to_at >= onset_at - MARGIN
    return begins_in_time and ends_in_time


def match(impact: Impact, stay: Whereabouts) -> Match | None:
    """Return how a warning concerns one stay, or None."""
    return matches(impact, [stay])[0]


def matches(impact: Impact, stays: Sequence[Whereabouts]) -> list[Match | None]:
    """Return how a warning concerns each stay, in their order. One pass over all geometries."""
    found: list[Match | None] = [None] * len(stays)
    timely = [
        number
        for number, stay in enumerate(stays)
        if windows_meet(impact.onset_at, impact.ends_at, stay.from_at, stay.to_at)
    ]
    if impact.is_national:
        for number in timely:
            found[number] = _by_country(impact, stays[number])
        return found
    shaped: list[int] = []
    for number in timely:
        if stays[number].is_a_country:
            found[number] = explain(impact, stays[number])
        elif stays[number].geometry is not None:
            shaped.append(number)
    if impact.geometry is not None:
        for number in _meeting(impact.geometry, shaped, stays):
            found[number] = explain(impact, stays[number])
    if impact.possible is not None and impact.is_told_without_a_place:
        rest = [number for number in shaped if found[number] is None]
        for number in _meeting(impact.possible, rest, stays):
            found[number] = Match("possible", None, "", "somewhere_in_region")
    return found


def _meeting(area: BaseGeometry, numbers: Sequence[int], stays: Sequence[Whereabouts]) -> list[int]:
    """The stays of those named whose extents an area has a point in common with."""
    if not numbers:
        return []
    shapely.prepare(area)
    extents = np.array([stays[number].geometry for number in numbers], dtype=object)
    return [int(number) for number in np.asarray(numbers)[shapely.intersects(area, extents)]]


def _by_country(impact: Impact, stay: Whereabouts) -> Match | None:
    if not impact.is_told_without_a_place or stay.country_code not in (impact.countries or ()):
        return None
    return Match("possible", None, "", "country_warned")


def lies_in(impact: Impact, stay: Whereabouts) -> bool:
    """Return whether a warning's area has a point in common with the country of a stay."""
    if impact.countries is not None:
        return stay.country_code in impact.countries
    areas = [area for area in (impact.geometry, impact.possible) if area is not None]
    return any(shapely.intersects(stay.geometry, area) for area in areas)


def explain(impact: Impact, stay: Whereabouts) -> Match | None:
    """Return the match of a stay that is timely and, when it is no country, meets the area already."""
    area = impact.geometry
    if stay.geometry is None or impact.is_national:
        return None
    if stay.is_a_country:
        if not impact.is_told_without_a_place or not lies_in(impact, stay):
            return None
        return Match("possible", None, part_name(impact, stay.geometry), "somewhere_in_country")
    if area is None:
        return None
    if stay.lon is not None and stay.lat is not None and holds(area, stay.lon, stay.lat):
        return Match("inside", 0.0, _part_around(impact, stay), "inside")
    if area.covers(stay.geometry):
        return Match("inside", 0.0, part_name(impact, stay.geometry), "inside")
    away = None
    if stay.lon is not None and stay.lat is not None:
        away = round(_distance(_Shape(area), stay.lon, stay.lat), 1)
    return Match("touches", away, part_name(impact, stay.geometry), "touches")


def holds(area: BaseGeometry, lon: float, lat: float) -> bool:
    """Return whether a place lies in an area, its edge included; 180 east is 180 west, a pole has every longitude."""
    if abs(lat) >= 90:
        _, south, _, north = area.bounds
        return north >= 90 if lat > 0 else south <= -90
    if bool(shapely.intersects_xy(area, lon, lat)):
        return True
    return abs(lon) == 180 and bool(shapely.intersects_xy(area, -lon, lat))


def part_name(impact: Impact, extent: BaseGeometry) -> str:
    """Return the name of the first of the warning's areas that an extent meets, or an empty text."""
    return next((part.name for part in impact.parts if part.geometry.intersects(extent)), "")


def _part_around(impact: Impact, stay: Whereabouts) -> str:
    lon, lat = stay.lon or 0.0, stay.lat or 0.0
    return next((part.name for part in impact.parts if holds(part.geometry, lon, lat)), "")


class _Shape:
    """A geometry as a key of the cache, by identity; the cache keeps it alive, so the identity stays its own."""

    __slots__ = ("geometry",)

    def __init__(self, geometry: BaseGeometry) -> None:
        self.geometry = geometry

    def __hash__(self) -> int:
        return id(self.geometry)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shape) and self.geometry is other.geometry


@lru_cache(maxsize=512)
def _distance(shape: _Shape, lon: float, lat: float) -> float:
    # A hundred thousand travellers share a few hundred cities: their distance is measured once.
    return distance_to_km(shape.geometry, lon, lat)


def strongest(found: Sequence[tuple[datetime, Match]]) -> int:
    """Return which of one trip's matches (begin of the stay, match) is shown: the strongest, then the earliest."""
    return min(
        range(len(found)),
        key=lambda number: (STRONG_FIRST.index(found[number][1].strength), found[number][0]),
    )
