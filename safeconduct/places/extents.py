"""How large a place is, for asking whether an alert reaches it. Pure: no ORM, no clock.

An address is a disc of 200 m, a city one of 5 to 30 km by its people, an airport one of 5 km, a country its shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from shapely.geometry.base import BaseGeometry

from safeconduct.lib.errors import Refused
from safeconduct.lib.geo import disc
from safeconduct.places.shapes import country_shape

ExtentKind = Literal["address", "city", "country", "airport"]
ADDRESS_KM = 0.2
AIRPORT_KM = 5.0
SMALLEST_CITY_KM = 5.0
LARGEST_CITY_KM = 30.0
# A circle that holds the people at 2,000 a square kilometre, half as wide again: people work around a city.
PEOPLE_PER_KM2 = 2000
MARGIN = 1.5


class Located(Protocol):
    """What a place must tell to have an extent; `places.models.Place` does."""

    kind: str
    country_code: str
    lat: float
    lon: float
    population: int | None


@dataclass(frozen=True)
class Extent:
    """An area in degrees, cut at ±180, with its middle; `radius_km` is None for a country."""

    kind: ExtentKind
    geometry: BaseGeometry
    lon: float
    lat: float
    radius_km: float | None


def city_radius_km(population: int | None) -> float:
    """5 to 30 km: 1.5 × √(people ÷ (2,000 × π)), so 15,000 → 5, 1 million → 18.9, 3 million and more → 30."""
    radius = MARGIN * math.sqrt(max(population or 0, 0) / (PEOPLE_PER_KM2 * math.pi))
    return round(min(LARGEST_CITY_KM, max(SMALLEST_CITY_KM, radius)), 1)


def extent_for(place: Located | None = None, lat: float | None = None, lon: float | None = None) -> Extent:
    """The extent of an address when `lat` and `lon` are given, else of the place."""
    if lat is not None and lon is not None:
        return _disc("address", lon, lat, ADDRESS_KM)
    if place is None:
        raise Refused("place.missing", "A stop needs a place or coordinates.")
    if place.kind == "airport":
        return _disc("airport", place.lon, place.lat, AIRPORT_KM)
    if place.kind == "city":
        return _disc("city", place.lon, place.lat, city_radius_km(place.population))
    return Extent("country", country_shape(place.country_code), place.lon, place.lat, None)


def _disc(kind: ExtentKind, lon: float, lat: float, km: float) -> Extent:
    return Extent(kind, disc(lon, lat, km), lon, lat, km)
