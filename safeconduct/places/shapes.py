"""Which countries an area or a point belongs to, and the area of a country. Pure: no ORM, no clock.

The shapes are for matching: they include coastal waters, are cut at 180°, and give disputed ground to every
code that `typed/map_override.csv` lists. They are loaded once in a process, on first use. All 250 codes have one.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry
from shapely.strtree import STRtree

from safeconduct.lib.errors import NotFound
from safeconduct.places.files import DATA, TYPED, read_json, read_rows


@dataclass(frozen=True)
class Areas:
    """Areas and the codes of each; a code may have many areas, disputed areas have many codes."""

    geometries: list[BaseGeometry]
    codes: list[tuple[str, ...]]
    tree: STRtree
    by_code: dict[str, list[int]]


_lock = threading.Lock()
_loaded: Areas | None = None
_whole: dict[str, BaseGeometry] = {}


def areas() -> Areas:
    """The areas of the world, read on the first call."""
    global _loaded
    if _loaded is None:
        with _lock:
            if _loaded is None:
                _loaded = _read()
    return _loaded


def _read() -> Areas:
    geometries: list[BaseGeometry] = []
    codes: list[tuple[str, ...]] = []
    by_name: dict[str, BaseGeometry] = {}
    by_code: dict[str, list[int]] = defaultdict(list)
    for area in read_json(DATA / "map" / "match.json.gz"):
        geometry = shape(area["geometry"])
        by_name[area["name"]] = geometry
        if area["code"]:
            by_code[area["code"]].append(len(geometries))
            geometries.append(geometry)
            codes.append((area["code"],))
    for row in read_rows(TYPED / "map_override.csv"):
        listed = tuple(row["codes"].split(";"))
        if row["feature"]:
            disputed = by_name[row["feature"]]
        else:
            claimed = shapely.union_all([geometries[index] for code in listed for index in by_code[code]])
            disputed = claimed.intersection(shapely.from_wkt(row["polygon"]))
        for code in listed:
            by_code[code].append(len(geometries))
        geometries.append(disputed)
        codes.append(listed)
    for geometry in geometries:
        shapely.prepare(geometry)
    return Areas(geometries, codes, STRtree(geometries), dict(by_code))


def country_shape(iso2: str) -> BaseGeometry:
    """The area of a country or territory in degrees (lon, lat), cut at ±180. NotFound for an unknown code."""
    known = areas()
    if iso2 not in known.by_code:
        raise NotFound(f"no country has the code {iso2}")
    if iso2 not in _whole:
        whole = shapely.union_all([known.geometries[index] for index in known.by_code[iso2]])
        shapely.prepare(whole)
        with _lock:
            _whole.setdefault(iso2, whole)
    return _whole[iso2]


def countries_at(lon: float, lat: float) -> list[str]:
    """Codes of the countries that a point lies in, sorted; none on the high seas."""
    return countries_touching(Point(lon, lat))


def countries_touching(geometry: BaseGeometry) -> list[str]:
    """Codes of the countries that an area has a point in common with, sorted."""
    known = areas()
    return _codes(known, known.tree.query(geometry, predicate="intersects"))


def countries_at_each(points: Sequence[tuple[float, float]]) -> list[list[str]]:
    """`countries_at` of many points (lon, lat) at once: a quarter of the time of asking for each."""
    known = areas()
    found: list[list[int]] = [[] for _ in points]
    if points:
        which, indexes = known.tree.query(shapely.points(np.array(points)), predicate="intersects")
        for point, index in zip(which.tolist(), indexes.tolist(), strict=True):
            found[point].append(index)
    return [_codes(known, some) for some in found]


def _codes(known: Areas, indexes: Iterable[int]) -> list[str]:
    return sorted({code for index in indexes for code in known.codes[int(index)]})
