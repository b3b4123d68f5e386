"""What the readers of JSON and GeoJSON share: the features of a collection, numbers, instants, shapes.

Pure: no ORM, network or clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from safeconduct.lib import geo, jsontext
from safeconduct.lib.xml import Unreadable

DEEPEST_COLLECTION = 3


class BadEntry(ValueError):
    """An entry that is refused; the text says why. The others of the list are read."""


def features(data: bytes) -> tuple[list[Any], bool]:
    """The features of a collection, or the single one, and whether it is a list; Unreadable for anything else."""
    found = jsontext.read(data)
    if isinstance(found, dict) and found.get("type") == "Feature":
        return [found], False
    listed = (
        found.get("features")
        if isinstance(found, dict) and found.get("type") == "FeatureCollection"
        else None
    )
    if not isinstance(listed, list):
        raise Unreadable("shape", "this is neither a GeoJSON FeatureCollection nor a Feature")
    return listed, True


def number(value: Any) -> float | None:
    """A finite number; booleans and texts are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def figure(text: str) -> float | None:
    """A finite number that is written as text."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def epoch(value: Any) -> datetime | None:
    """Epoch milliseconds."""
    found = number(value)
    if found is None:
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=found)
    except OverflowError:
        return None


def longitude(lon: float) -> float:
    """Folded into [-180, 180]."""
    return lon if -180 <= lon <= 180 else math.remainder(lon, 360)


def text(value: Any) -> str:
    """What a field says, as text; nothing for null, lists and objects."""
    return str(value).strip() if isinstance(value, str | int | float) else ""


def shapes_of(geometry: Any, problem: Callable[[str], None], *, depth: int = 0) -> list[BaseGeometry]:
    """The polygons of a GeoJSON geometry (RFC 7946, longitude first); what is none is reported and left out."""
    if geometry is None:
        return []
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection" and depth < DEEPEST_COLLECTION:
        parts = _listed(geometry.get("geometries"))
        return [shape for part in parts for shape in shapes_of(part, problem, depth=depth + 1)]
    if kind not in ("Polygon", "MultiPolygon"):
        problem(f"a geometry of type “{str(kind)[:30]}” is no area; left out")
        return []
    coordinates = geometry.get("coordinates")
    found = []
    for rings in [coordinates] if kind == "Polygon" else _listed(coordinates):
        try:
            found.append(_polygon(rings))
        except geo.BadShape as error:
            problem(str(error))
    return found


def _polygon(rings: Any) -> BaseGeometry:
    if not isinstance(rings, list) or not rings:
        raise geo.BadShape("a polygon without a ring")
    shell = geo.polygon_from_cap(_cap_text(rings[0]))
    if holes := [geo.polygon_from_cap(_cap_text(hole)) for hole in rings[1:]]:
        shell = geo.polygonal(shell.difference(shapely.union_all(holes)))
    if shell.is_empty:
        raise geo.BadShape("a polygon whose holes leave nothing of it")
    return shell


def _cap_text(ring: Any) -> str:
    """A ring of [longitude, latitude] as CAP writes it: the repairs and the cut at 180° are in one place."""
    if not isinstance(ring, list):
        raise geo.BadShape("a ring that is no list of positions")
    return " ".join([_position(point) for point in ring])


def _position(point: Any) -> str:
    if isinstance(point, list) and len(point) >= 2:
        lon, lat = point[0], point[1]
        if type(lon) in (int, float) and type(lat) in (int, float):
            return f"{lat},{lon}"
    raise geo.BadShape(f"“{str(point)[:40]}” is no position")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
