"""Whom a warning may concern: the trips that are locked and judged, found by their search rows (trips/cells.py).

The areas of a warning are covered by ranges of keys. Under ranges that lie inside, everybody is concerned; under the
others each place is tested as match.py would, thousands at once. Nobody whom match.py would find is left out, within
the window of the search rows; match.py has the last word on each, under the lock of the trip.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from django.db import connections
from shapely.geometry.base import BaseGeometry

from safeconduct.lib import geo
from safeconduct.lib.cells import Cover, Flags, Floats, Ints, cover, week_of
from safeconduct.matching.match import MARGIN, Impact, areas_of
from safeconduct.orgs.tenancy import TenantQuerySet
from safeconduct.places.shapes import countries_touching
from safeconduct.trips import cells as search
from safeconduct.trips.models import Stay, StayCell

RANGES: Final = {"sqlite": 256, "postgresql": 64}
"""A step into the table costs PostgreSQL more than SQLite (benchmarks/match.py)."""
FOREVER: Final = 1 << 60
CORNERS: Final = 64


@dataclass(frozen=True, slots=True)
class Concerned:
    """Trips and people, each once, in order of their keys."""

    trips: Ints
    people: Ints


def covers_of(impact: Impact, *, vendor: str) -> list[Cover]:
    """Return a cover for each area."""
    return [cover(area, reach_km=search.REACH_KM, most=RANGES[vendor]) for area in areas_of(impact)]


@dataclass(slots=True)
class KeptCovers:
    """Covers as they are stored with a version's match, and the digest of the areas that they were made for."""

    digest: str = ""
    data: bytes = b""

    def of(self, impact: Impact, *, vendor: str) -> list[Cover]:
        """Return the covers of a warning: the stored ones, or new ones in their place when its areas are others."""
        areas = areas_of(impact)
        digest = hashlib.sha256(
            b"".join([vendor.encode(), *(geo.to_wkb(area) for area in areas)])
        ).hexdigest()
        if digest == self.digest:
            return _unpacked(self.data)
        found = covers_of(impact, vendor=vendor)
        self.digest, self.data = digest, _packed(found)
        return found


def _packed(covers: Sequence[Cover]) -> bytes:
    parts = [one.to_bytes() for one in covers]
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def _unpacked(data: bytes) -> list[Cover]:
    covers: list[Cover] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        covers.append(Cover.from_bytes(data[at + 4 : at + 4 + size]))
        at += 4 + size
    return covers


def concerned(
    impact: Impact,
    *,
    cells: TenantQuerySet[StayCell],
    stays: TenantQuerySet[Stay],
    now: datetime,
    kept: KeptCovers | None = None,
) -> Concerned:
    """Return whom a warning may concern from `now` on."""
    onset = max(impact.onset_at, now)
    begin = math.floor((onset - MARGIN).timestamp())
    end = FOREVER if impact.ends_at is None else math.ceil((impact.ends_at + MARGIN).timestamp())
    if impact.is_national:
        return _in_countries(impact, stays, onset)
    weeks = _weeks(impact, onset, now)
    covers = (kept or KeptCovers()).of(impact, vendor=connections[cells.db].vendor)
    areas = areas_of(impact)
    sure = [search.place_keys(ranges, weeks, inside=True) for ranges in covers]
    if impact.is_told_without_a_place:
        touched = (code for area in areas for code in countries_touching(area))
        codes = impact.countries if impact.countries is not None else sorted({*touched})
        keys = search.country_keys(_codes(codes), weeks)
        sure.append((keys, keys))
    if not sure:
        # It may matter in a region, and is not severe enough to say so.
        return _each_once([])
    found: list[tuple[Ints, Ints]] = []
    left = _joined(sure)
    for area, ranges in zip(areas, covers, strict=True):
        unsure = search.place_keys(ranges, weeks, inside=False)
        pairs, rows = search.found_at(cells, left, unsure, begin, end)
        found.append(pairs)
        left = search.NO_RANGES
        if len(rows.trips):
            meets = discs_meet(area, rows.lon, rows.lat, rows.radius_km)
            found.append((rows.trips[meets], rows.users[meets]))
    if not areas:
        found.append(search.people_at(cells, *left, begin, end))
    return _each_once(found)


def _joined(ranges: Sequence[search.Ranges]) -> search.Ranges:
    low, high = zip(search.NO_RANGES, *ranges, strict=True)
    return np.concatenate(low), np.concatenate(high)


def _weeks(impact: Impact, onset: datetime, now: datetime) -> range:
    """The weeks of the window that a warning lies in; the stays have the margin."""
    window = search.window(now)
    first = max(window.start, week_of(onset))
    last = (
        window.stop - 1
        if impact.ends_at is None
        else min(window.stop - 1, max(first, week_of(impact.ends_at)))
    )
    return range(first, last + 1)


def _codes(codes: Iterable[str]) -> list[str]:
    return [code for code in codes if len(code) == 2 and code.isascii() and code.isupper()]


def _in_countries(impact: Impact, stays: TenantQuerySet[Stay], onset: datetime) -> Concerned:
    """Without an area, whoever is in the country, however exactly their place is known."""
    if not impact.is_told_without_a_place:
        return _each_once([])
    rows = stays.filter(country_code__in=list(impact.countries or ()), to_at__gte=onset - MARGIN)
    if impact.ends_at is not None:
        rows = rows.filter(from_at__lte=impact.ends_at + MARGIN)
    pairs = list(rows.order_by().values_list("trip_id", "user_id"))
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return _each_once([(table[:, 0], table[:, 1])])


def _each_once(found: Sequence[tuple[Ints, Ints]]) -> Concerned:
    none = np.empty(0, dtype=np.int64)
    return Concerned(
        np.unique(np.concatenate([none, *(trips for trips, _users in found)])),
        np.unique(np.concatenate([none, *(users for _trips, users in found)])),
    )


def discs_meet(area: BaseGeometry, lon: Floats, lat: Floats, km: Floats) -> Flags:
    """Return which discs an area has a point in common with: the answer of shapely.intersects with each disc."""
    shapely.prepare(area)
    meets: Flags = shapely.intersects_xy(area, lon, lat)
    rest = np.nonzero(~meets & (km > 0))[0]
    if not len(rest):
        return meets
    places = np.column_stack([lon[rest], lat[rest], km[rest]])
    west, south, east, north, is_plain = _edges(places)
    bounds = area.bounds
    is_near = (west <= bounds[2]) & (east >= bounds[0]) & (south <= bounds[3]) & (
        north >= bounds[1]
    ) | ~is_plain
    # Cheap to expensive: bounds, boxes, discs.
    at = np.nonzero(is_near & is_plain)[0]
    is_near[at] = shapely.intersects(area, shapely.box(west[at], south[at], east[at], north[at]))
    rest, places = rest[is_near], places[is_near]
    if len(rest):
        # Travellers share cities: each disc is made once.
        each, which = np.unique(places, axis=0, return_inverse=True)
        meets[rest] = shapely.intersects(area, discs(each))[which.ravel()]
    return meets


def _edges(places: Floats) -> tuple[Floats, Floats, Floats, Floats, Flags]:
    """West, south, east, north of boxes that hold the discs, and for which of them that is so: not over a pole or 180."""
    lon, lat, km = places.T
    up = np.degrees(km / geo.EARTH_KM) * 1.003 + 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        aside = np.degrees(np.arcsin(np.sin(np.radians(up)) / np.cos(np.radians(lat))))
    # With a wider one geo.disc sets more corners.
    is_plain = (np.abs(lat) < 80) & (np.abs(lon) + aside < 180) & (aside < 2)
    return lon - aside, lat - up, lon + aside, lat + up, is_plain


def discs(places: Floats) -> npt.NDArray[np.object_]:
    """Return geo.disc of each (lon, lat, km); far from the poles and 180 degrees all at once, a hundred times faster."""
    is_plain = _edges(places)[4]
    found = np.empty(len(places), dtype=object)
    found[is_plain] = _plain_discs(places[is_plain])
    for number in np.nonzero(~is_plain)[0]:
        lon, lat, km = places[number]
        found[number] = geo.disc(float(lon), float(lat), float(km))
    return found


def _plain_discs(places: Floats) -> npt.NDArray[np.object_]:
    """The corners of geo.disc. A billionth wider: what merely touches there does not miss here."""
    lon, lat, km = (column[:, None] for column in places.T)
    radius = km * (1 + 1e-9) / geo.EARTH_KM / math.cos(math.pi / CORNERS)
    bearing = np.arange(CORNERS + 1) % CORNERS * (2 * math.pi / CORNERS)
    phi = np.radians(lat)
    sine = np.sin(phi) * np.cos(radius) + np.cos(phi) * np.sin(radius) * np.cos(bearing)
    east = np.arctan2(np.sin(bearing) * np.sin(radius) * np.cos(phi), np.cos(radius) - np.sin(phi) * sine)
    rings = np.stack([lon + np.degrees(east), np.degrees(np.arcsin(np.clip(sine, -1, 1)))], axis=-1)
    return np.asarray(shapely.polygons(rings), dtype=object)
