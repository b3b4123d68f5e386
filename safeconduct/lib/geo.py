"""Shapes on a round earth: discs, CAP polygons and circles, distances, the cut at 180 degrees.

All geometries are shapely geometries in degrees (x = longitude, y = latitude) whose longitudes
lie in [-180, 180]; a shape that crosses the antimeridian is cut there into a multi-polygon. The
earth is a sphere of mean radius: within 0.6 % of the ellipsoid everywhere, far below what a
warning's edge means.

This module refuses to know models, files, the network and the clock.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely import affinity
from shapely.geometry import GeometryCollection, MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""

POINT_KM = 1.0
"""A CAP circle of radius 0 is a point (CAP 1.2 §3.2.4); it becomes a disc of this radius."""

FARTHEST_KM = math.pi * EARTH_KM

FLAT_KM = 3000.0
"""Up to here the projection's straight lines follow the shape's edges; beyond, corners decide."""

FEW_CROSSINGS, MOST_CROSSINGS = 300, 20_000
"""Boxes of edges that meet in a polygon that crosses itself: beyond these it is filled, and refused."""

LEAST_KM = 0.001
"""The corners of a smaller disc are one point in degrees."""

Floats = npt.NDArray[np.float64]
Pairs = list[tuple[float, float]]
_Corner = tuple[float, tuple[float, float]]
"""A bearing, and the point there."""


class BadShape(ValueError):
    """A shape that cannot be read; the text says what is wrong with it."""


def disc(lon: float, lat: float, km: float, *, points: int = 64) -> BaseGeometry:
    """Everything within `km` of a place, as polygon or (cut at 180 degrees) multi-polygon.

    The corners lie a little outside the circle (0.12 % with 64), so that a place within the
    radius is always inside the shape. A smaller one than LEAST_KM is that large.
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and math.isfinite(km)):
        raise BadShape("a disc needs finite numbers")
    if abs(lat) > 90 or km <= 0:
        raise BadShape(f"no disc of {km} km at latitude {lat}")
    lon = _wrapped(lon)
    radius = max(km, LEAST_KM) / EARTH_KM
    if radius >= math.pi:
        return box(-180, -90, 180, 90)
    if math.radians(90 - abs(lat)) + radius >= math.pi:
        # Both poles inside: the world without the disc around the opposite point.
        return box(-180, -90, 180, 90).difference(disc(lon + 180, -lat, FARTHEST_KM - km, points=points))
    # Corners outside the circle only help below a quarter of the globe; there is no plane above.
    if radius < math.pi / 4:
        radius /= math.cos(math.pi / points)
    north = math.radians(90 - lat) <= radius
    south = math.radians(90 + lat) <= radius
    if north or south:
        return _polar_disc(lon, lat, radius, north=north)
    return cut_at_180(_ring_polygon(_circle_ring(lon, lat, radius, points)))


def _circle_ring(lon: float, lat: float, radius: float, points: int) -> Pairs:
    """Points on the circle by bearing; more of them where the longitude runs (near a pole)."""
    step = 2 * math.pi / points
    ring: Pairs = []
    last = (0.0, _ahead(lon, lat, radius, 0.0))
    for number in range(1, points + 1):
        first, last = last, (number * step, _ahead(lon, lat, radius, number * step))
        ring.extend(_arc(lon, lat, radius, first, last, 8))
    return ring


def _arc(lon: float, lat: float, radius: float, first: _Corner, last: _Corner, depth: int) -> Pairs:
    if depth == 0 or abs(first[1][0] - last[1][0]) <= 3:
        return [first[1]]
    bearing = (first[0] + last[0]) / 2
    middle = (bearing, _ahead(lon, lat, radius, bearing))
    return _arc(lon, lat, radius, first, middle, depth - 1) + _arc(lon, lat, radius, middle, last, depth - 1)


def _ahead(lon: float, lat: float, radius: float, bearing: float) -> tuple[float, float]:
    """The point at an angular distance and bearing; its longitude runs on past 180."""
    phi = math.radians(lat)
    sine = math.sin(phi) * math.cos(radius) + math.cos(phi) * math.sin(radius) * math.cos(bearing)
    phi2 = math.asin(max(-1.0, min(1.0, sine)))
    delta = math.atan2(
        math.sin(bearing) * math.sin(radius) * math.cos(phi),
        math.cos(radius) - math.sin(phi) * math.sin(phi2),
    )
    return lon + math.degrees(delta), math.degrees(phi2)


def _polar_disc(lon: float, lat: float, radius: float, *, north: bool) -> BaseGeometry:
    """A disc with a pole inside: its edge as latitude over every longitude, closed at the pole."""
    phi = math.radians(lat)
    edge: Pairs = []
    for degree in range(-180, 181):
        delta = math.radians(degree - lon)
        a, b = math.sin(phi), math.cos(phi) * math.cos(delta)
        length = math.hypot(a, b)
        turn = math.acos(max(-1.0, min(1.0, math.cos(radius) / length))) if length else 0.0
        base = math.atan2(a, b)
        solution = base - turn if north else base + turn
        edge.append((float(degree), max(-90.0, min(90.0, math.degrees(_signed(solution))))))
    pole = 90.0 if north else -90.0
    return _ring_polygon([*edge, (180.0, pole), (-180.0, pole)])


def _signed(angle: float) -> float:
    """Folded into [-pi/2, pi/2]: the same point seen from this side of the pole."""
    angle = math.remainder(angle, 2 * math.pi)
    if angle > math.pi / 2:
        return math.pi - angle
    if angle < -math.pi / 2:
        return -math.pi - angle
    return angle


def _ring_polygon(ring: Pairs) -> BaseGeometry:
    polygon = Polygon(ring)
    return polygon if polygon.is_valid else polygonal(shapely.make_valid(polygon))


def polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """The areas of a geometry: points and lines that a repair left over are dropped."""
    if geometry.is_empty or isinstance(geometry, Polygon | MultiPolygon):
        return geometry
    parts = [part for part in getattr(geometry, "geoms", ()) if not part.is_empty]
    areas = [polygonal(part) for part in parts]
    return shapely.union_all([area for area in areas if area.area > 0])


def cut_at_180(geometry: BaseGeometry) -> BaseGeometry:
    """Fold longitudes that run past ±180 back into the map, cutting areas at the line."""
    if geometry.is_empty:
        return geometry
    west, _, east, _ = geometry.bounds
    if west >= -180 and east <= 180:
        return geometry
    if east - west >= 360:
        return polygonal(box(-180, geometry.bounds[1], 180, geometry.bounds[3]))
    pieces: list[BaseGeometry] = []
    for turn in range(math.floor((west + 180) / 360), math.ceil((east - 180) / 360) + 1):
        strip = box(-180 + 360 * turn, -90, 180 + 360 * turn, 90)
        piece = geometry.intersection(strip)
        if geometry.area > 0:
            piece = polygonal(piece)
        if not piece.is_empty and (geometry.area == 0 or piece.area > 0):
            pieces.append(affinity.translate(piece, xoff=-360.0 * turn))
    return shapely.union_all(pieces) if pieces else GeometryCollection()


def polygon_from_cap(text: str) -> BaseGeometry:
    """CAP 1.2 §3.2.4 polygon: "lat,lon lat,lon …", at least four pairs, the first repeated last.

    Read with patience: blanks of every kind, a missing last pair and self-intersections are
    mended; consecutive longitudes more than half a turn apart mean the short way over 180. Fewer
    than four pairs, fewer than three distinct ones or no area raise BadShape.
    """
    pairs = _pairs(text)
    if len(pairs) < 4:
        raise BadShape(f"a polygon needs at least 4 points, this one has {len(pairs)}")
    if len(set(pairs)) < 3:
        raise BadShape("a polygon needs at least 3 different points")
    if pairs[0] != pairs[-1]:
        pairs.append(pairs[0])
    ring = _unwrapped(pairs)
    turns = round((ring[-1][0] - ring[0][0]) / 360)
    if turns:
        ring = _closed_at_pole(ring)
    polygon: BaseGeometry = Polygon(ring)
    if not polygon.is_valid:
        polygon = _mended(polygon)
    if polygon.is_empty or polygon.area == 0:
        raise BadShape("the points of the polygon lie on one line")
    return cut_at_180(polygon)


def _mended(polygon: BaseGeometry) -> BaseGeometry:
    """A polygon that crosses itself, made valid. One whose points are in no order is filled, or refused: to tell
    inside from outside along every crossing takes half a minute for 200 such points."""
    corners = shapely.get_coordinates(polygon)
    low, high = np.minimum(corners[:-1], corners[1:]), np.maximum(corners[:-1], corners[1:])
    edges = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    tree = shapely.STRtree(edges)
    # Each edge meets itself and its two neighbours. Some at a time: all pairs of a wild ring fill the memory.
    crossings = -3 * len(edges)
    for start in range(0, len(edges), 50):
        crossings += tree.query(edges[start : start + 50]).shape[1]
        if crossings > MOST_CROSSINGS:
            raise BadShape("the edges of the polygon cross each other everywhere")
    if crossings > FEW_CROSSINGS:
        return polygonal(shapely.make_valid(polygon, method="structure", keep_collapsed=False))
    return polygonal(shapely.make_valid(polygon))


def _pairs(text: str) -> Pairs:
    """All pairs of a text as (lon, lat), whatever stands between the numbers; heights dropped."""
    words = text.split()
    if words and all(word.strip(",").count(",") == 2 for word in words):
        words = [",".join(word.strip(",").split(",")[:2]) for word in words]
    numbers = [part for word in words for part in word.split(",") if part]
    if len(numbers) % 2:
        raise BadShape("an odd number of figures: latitude and longitude come in pairs")
    return [_pair(lat, lon) for lat, lon in zip(numbers[::2], numbers[1::2], strict=True)]


def _pair(lat_text: str, lon_text: str) -> tuple[float, float]:
    """Two figures as (lon, lat)."""
    shown = f"{lat_text},{lon_text}"[:60]
    try:
        lat, lon = float(lat_text), float(lon_text)
    except ValueError:
        raise BadShape(f"“{shown}” is not a pair of latitude and longitude") from None
    if not (math.isfinite(lat) and math.isfinite(lon)) or abs(lat) > 90 or abs(lon) > 360:
        raise BadShape(f"“{shown}” is no place on earth")
    return lon, lat


def _unwrapped(pairs: Pairs) -> Pairs:
    """Longitudes made continuous. A jump of exactly one turn is meant as drawn (the whole map)."""
    ring = [pairs[0]]
    shift = 0.0
    for (before, _), (lon, lat) in itertools.pairwise(pairs):
        step = lon - before
        if 180 < abs(step) < 360:
            shift -= math.copysign(360, step)
        ring.append((lon + shift, lat))
    return ring


def _closed_at_pole(ring: Pairs) -> Pairs:
    """A ring once around the earth holds the pole of its own hemisphere."""
    pole = 90.0 if sum(lat for _, lat in ring) >= 0 else -90.0
    return [*ring, (ring[-1][0], pole), (ring[0][0], pole)]


def cap_circle(text: str) -> tuple[float, float, float]:
    """CAP 1.2 §3.2.4 circle "lat,lon radius" as (lon, lat, km); BadShape when it is none."""
    parts = [part for word in text.split() for part in word.split(",") if part]
    if len(parts) != 3:
        raise BadShape(f"“{text.strip()[:60]}” is not a circle of “lat,lon km”")
    lon, lat = _pair(parts[0], parts[1])
    try:
        km = float(parts[2])
    except ValueError:
        raise BadShape(f"“{parts[2][:40]}” is not a radius in km") from None
    if not 0 <= km <= FARTHEST_KM:
        raise BadShape(f"a circle cannot have a radius of {parts[2][:40]} km")
    return _wrapped(lon), lat, km


def circle_from_cap(text: str) -> BaseGeometry:
    """The area of a CAP circle; radius 0 means a point and becomes a disc of POINT_KM."""
    lon, lat, km = cap_circle(text)
    return disc(lon, lat, km or POINT_KM)


def _wrapped(lon: float) -> float:
    return lon if -180 <= lon <= 180 else math.remainder(lon, 360)


def distance_km(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Great-circle distance (haversine)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = (
        math.sin((phi2 - phi1) / 2) ** 2
        + math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def distance_to_km(geometry: BaseGeometry, lon: float, lat: float) -> float:
    """From a place to the nearest point of a shape; 0 inside, infinite for an empty one."""
    if geometry.is_empty:
        return math.inf
    here = shapely.Point(_wrapped(lon), lat)
    if geometry.intersects(here):
        return 0.0
    dense = shapely.segmentize(geometry, 1.0)
    outline = shapely.boundary(dense) if dense.area > 0 else dense
    corners, line = shapely.get_coordinates(
        outline.geoms if hasattr(outline, "geoms") else [outline], return_index=True
    )
    flat = _around(corners, lon, lat)
    nearest = float(np.hypot(flat[:, 0], flat[:, 1]).min())
    if nearest > FLAT_KM or len(flat) == 1:
        return nearest
    return min(nearest, _nearest_on_edges(flat, line))


def _nearest_on_edges(flat: Floats, line: npt.NDArray[np.int64]) -> float:
    """From the origin to the nearest edge, of the edges near enough to be straight."""
    start, end = flat[:-1], flat[1:]
    length = np.hypot(*(end - start).T)
    near = (line[:-1] == line[1:]) & (length > 0) & (length < FLAT_KM)
    start, along, length = start[near], (end - start)[near], length[near]
    if not len(start):
        return math.inf
    part = np.clip(-(start * along).sum(axis=1) / length**2, 0, 1)
    foot = start + along * part[:, None]
    return float(np.hypot(foot[:, 0], foot[:, 1]).min())


def _around(xy: npt.NDArray[Any], lon: float, lat: float) -> Floats:
    """Azimuthal equidistant projection around a place: distances from it are true, in km."""
    lam, phi = np.radians(xy[:, 0] - lon), np.radians(xy[:, 1])
    phi0 = math.radians(lat)
    haversine = np.sin((phi - phi0) / 2) ** 2 + math.cos(phi0) * np.cos(phi) * np.sin(lam / 2) ** 2
    away = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(haversine, 0, 1)))
    bearing = np.arctan2(
        np.sin(lam) * np.cos(phi),
        math.cos(phi0) * np.sin(phi) - math.sin(phi0) * np.cos(phi) * np.cos(lam),
    )
    return np.column_stack([away * np.sin(bearing), away * np.cos(bearing)]).astype(np.float64)


def bbox(geometry: BaseGeometry) -> tuple[float, float, float, float]:
    """(west, south, east, north), west ≤ east; a shape cut at 180 spans the whole width."""
    west, south, east, north = geometry.bounds
    return float(west), float(south), float(east), float(north)


def to_wkb(geometry: BaseGeometry) -> bytes:
    """Stored form (little endian, two dimensions)."""
    return bytes(shapely.to_wkb(geometry, output_dimension=2, byte_order=1))


def from_wkb(data: bytes | memoryview) -> BaseGeometry:
    """The geometry of a stored form."""
    geometry = shapely.from_wkb(bytes(data))
    if not isinstance(geometry, BaseGeometry):
        raise BadShape("not a stored geometry")
    return geometry
