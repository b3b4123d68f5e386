"""From a place of the facts to a spot of an itinerary: what it is called, how large it is.

Asks `places` for every extent; it refuses to know radii of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from safeconduct.lib import geo
from safeconduct.places import extents, shapes
from safeconduct.places.models import Place
from safeconduct.trips.models import Stop
from safeconduct.trips.whereabouts import Segment, Spot

COUNTRY_KINDS = (Place.Kind.COUNTRY, Place.Kind.TERRITORY)
LABEL_LENGTH = 320


def label_of(place: Place, address: str = "") -> str:
    """Return how a spot is called: the address and its town, or the place."""
    if not address:
        return place.name
    if place.name.casefold() in address.casefold():
        return address[:LABEL_LENGTH]
    return f"{address[: LABEL_LENGTH - len(place.name) - 2]}, {place.name}"


def spot_of(place: Place, *, address: str = "", lat: float | None = None, lon: float | None = None) -> Spot:
    """Return the spot with its geometry and box. A position makes it an address, else it is the whole place."""
    bare = bare_spot(place, address=address, lat=lat, lon=lon)
    if bare.extent_kind == "country":
        west, south, east, north = geo.bbox(shapes.country_shape(place.country_code))
        return replace(bare, west=west, south=south, east=east, north=north)
    if bare.extent_kind == "address":
        extent = extents.extent_for(lat=bare.lat, lon=bare.lon)
    else:
        extent = extents.extent_for(place=place)
    west, south, east, north = geo.bbox(extent.geometry)
    return replace(
        bare,
        radius_km=extent.radius_km,
        geometry=geo.to_wkb(extent.geometry),
        west=west,
        south=south,
        east=east,
        north=north,
    )


def bare_spot(place: Place, *, address: str = "", lat: float | None = None, lon: float | None = None) -> Spot:
    """Return the spot without geometry: enough for gaps and overlaps."""
    radius: float | None
    if lat is not None and lon is not None:
        kind, radius, here = "address", extents.ADDRESS_KM, (lon, lat)
    elif place.kind in COUNTRY_KINDS:
        kind, radius, here = "country", None, (place.lon, place.lat)
    elif place.kind == Place.Kind.AIRPORT:
        kind, radius, here = "airport", extents.AIRPORT_KM, (place.lon, place.lat)
    else:
        kind, radius, here = "city", extents.city_radius_km(place.population), (place.lon, place.lat)
    x, y = here
    return Spot(
        label_of(place, address), kind, x, y, radius, place.country_code, place.zone, x, y, x, y
    )


def segments_of(stops: Iterable[Stop], *, bare: bool = False) -> list[Segment]:
    """Return stops (their places loaded) as segments; keys count the stops from 0 in the order given."""
    make = bare_spot if bare else spot_of
    found: list[Segment] = []
    for key, stop in enumerate(stops):
        if stop.to_place is not None and stop.depart_at is not None:
            here, there = make(stop.place), make(stop.to_place)
            found.append(
                Segment(key, stop.kind, here, stop.depart_at, stop.arrive_at, there, stop.tentative)
            )
            continue
        here = make(stop.place, address=stop.address, lat=stop.lat, lon=stop.lon)
        found.append(
            Segment(key, stop.kind, here, stop.arrive_at, stop.depart_at, tentative=stop.tentative)
        )
    return found
