"""Reading an area that an operator gives: GeoJSON, a CAP polygon, or a circle around a place. Clear words when it is none.

Longitudes come out in [-180, 180], cut at the line, whichever way they were written.
"""

from __future__ import annotations

import json
from typing import Any, Final

import shapely
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from safeconduct.lib.errors import ExpectedError
from safeconduct.lib.geo import BadShape, disc, polygon_from_cap, polygonal
from safeconduct.places.queries import resolve

MOST_BYTES: Final = 1_000_000
MOST_POINTS: Final = 50_000
MOST_KM: Final = 5000.0
DECIMALS: Final = 5
"""About a metre."""


def from_geojson(text: str) -> BaseGeometry:
    """Return the areas of a GeoJSON text (RFC 7946), united. Raises BadShape."""
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise BadShape(_("This is not complete JSON.")) from None
    shapes = [_polygon(rings) for rings in _polygons(document, 0)]
    if not shapes:
        raise BadShape(_("There is no polygon in this GeoJSON: points and lines have no area."))
    united = shapely.union_all(shapes)
    return united if united.is_valid else polygonal(shapely.make_valid(united))


def _polygons(node: Any, depth: int) -> list[Any]:
    """The rings of every polygon, wherever they stand."""
    if not isinstance(node, dict) or depth > 6:
        raise BadShape(_("This is not GeoJSON: a Feature, a FeatureCollection or a geometry is needed."))
    kind = node.get("type")
    if kind == "FeatureCollection":
        return [rings for part in _listed(node.get("features")) for rings in _polygons(part, depth + 1)]
    if kind == "Feature":
        return _polygons(node["geometry"], depth + 1) if node.get("geometry") else []
    if kind == "GeometryCollection":
        return [rings for part in _listed(node.get("geometries")) for rings in _polygons(part, depth + 1)]
    if kind == "Polygon":
        return [_listed(node.get("coordinates"))]
    if kind == "MultiPolygon":
        return [_listed(rings) for rings in _listed(node.get("coordinates"))]
    if kind in ("Point", "MultiPoint", "LineString", "MultiLineString"):
        return []
    raise BadShape(_("This is not GeoJSON: “%(kind)s” is no kind of geometry.") % {"kind": str(kind)[:40]})


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BadShape(_("This GeoJSON is broken: coordinates are lists."))
    return value


def _polygon(rings: list[Any]) -> BaseGeometry:
    if not rings:
        raise BadShape(_("This GeoJSON is broken: a polygon without a ring."))
    outer, *holes = [polygon_from_cap(_cap(_listed(ring))) for ring in rings]
    return polygonal(outer.difference(shapely.union_all(holes))) if holes else outer


def _cap(ring: list[Any]) -> str:
    """A ring as a CAP polygon: one reader for both mends what is unclosed and what crosses 180 degrees."""
    if len(ring) > MOST_POINTS:
        raise BadShape(_("This area has more than %(most)d points.") % {"most": MOST_POINTS})
    pairs = []
    for point in ring:
        if not isinstance(point, list) or len(point) < 2 or not all(_is_number(part) for part in point[:2]):
            raise BadShape(_("This GeoJSON is broken: every point is [longitude, latitude]."))
        pairs.append(f"{float(point[1])!r},{float(point[0])!r}")
    return " ".join(pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def from_polygon(text: str) -> BaseGeometry:
    """Return the area of CAP polygons, one a line: “lat,lon lat,lon …” (CAP 1.2 §3.2.4). Raises BadShape."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadShape(_("Give at least three points as “lat,lon lat,lon …”."))
    return shapely.union_all([polygon_from_cap(line) for line in lines])


def from_circle(around: str, km: float) -> tuple[BaseGeometry, str]:
    """Return a circle and what its centre is called: “lat,lon” or a place by name. Raises BadShape."""
    if not 0 < km <= MOST_KM:
        raise BadShape(_("The radius lies between 0 and %(most)d km.") % {"most": int(MOST_KM)})
    parts = [part for part in around.replace(",", " ").split() if part]
    try:
        lat, lon = (float(part) for part in parts)
    except ValueError:
        return _around_a_place(around, km)
    if abs(lat) > 90 or abs(lon) > 360:
        raise BadShape(
            _("“%(text)s” is no place on earth: latitude comes first.") % {"text": around.strip()[:40]}
        )
    return disc(lon, lat, km), f"{lat:g}, {lon:g}"


def _around_a_place(around: str, km: float) -> tuple[BaseGeometry, str]:
    try:
        place = resolve(around)
    except ExpectedError as error:
        raise BadShape(str(error)) from None
    if place.is_country:
        raise BadShape(
            _("“%(name)s” is a country: name a city or airport, or give “lat,lon”.") % {"name": place.name}
        )
    return disc(place.lon, place.lat, km), f"{place.name}, {place.country_code}"


def as_geojson(shape: BaseGeometry) -> str:
    """Return a shape as GeoJSON text, for a form that asks once more. Points closer than a metre are one."""
    fine = shapely.set_precision(shape, 10.0**-DECIMALS)
    return str(shapely.to_geojson(polygonal(fine) if not fine.is_empty else shape))
