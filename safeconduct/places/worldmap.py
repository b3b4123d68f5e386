"""The whole world for the map of alerts: as GeoJSON for the interactive map, as SVG for everybody else.

Pure but for a cache in the process: no ORM, no clock. The shapes are those of drawing.py (Natural Earth).
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import shapely
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from safeconduct.places.drawing import (
    MAP,
    Frame,
    frame_of,
    grid_data,
    land_paths,
    path_data,
    pieces_seen,
    world,
)

# From Cape Horn to Svalbard: nobody lives beyond.
VIEW = (-180.0, -57.0, 180.0, 80.0)
SHAPE_DEGREES = 0.02
DECIMALS = 2
SIGN = 15.0
# Two signs nearer than this many pixels hide one another: the worse one is drawn.
CELL = 11.0
# What is smaller on the screen is shown by its sign alone.
SMALLEST_AREA = 9.0


@dataclass(frozen=True)
class Mark:
    """An alert on the map: its areas (shape, is it rough), a place for its sign, a severity class and a link."""

    shapes: tuple[tuple[BaseGeometry, bool], ...]
    lon: float
    lat: float
    level: str
    label: str
    url: str


@dataclass(frozen=True)
class Packed:
    """A file made once: its bytes, packed, and the digest that names them."""

    body: bytes
    packed: bytes
    digest: str


def in_one_piece(geometry: BaseGeometry) -> BaseGeometry:
    """A shape cut at 180° put together again, its western half counted on past 180; others as they are."""
    west, _south, east, _north = geometry.bounds
    if east - west < 359:
        return geometry
    parts = list(getattr(geometry, "geoms", [geometry]))
    if any(part.bounds[2] - part.bounds[0] > 180 for part in parts):
        return geometry
    moved = [translate(part, xoff=360) if part.bounds[2] < 0 else part for part in parts]
    return shapely.union_all(moved)


def coordinates_of(geometry: BaseGeometry, decimals: int) -> list[Any]:
    """The polygons of a shape as GeoJSON MultiPolygon coordinates (RFC 7946 §3.1.7); empty rings are left out."""
    polygons = []
    for part in getattr(geometry, "geoms", [geometry]):
        if part.geom_type != "Polygon" or part.is_empty:
            continue
        rings = [_rounded(ring, decimals) for ring in (part.exterior, *part.interiors)]
        if len(rings[0]) >= 4:
            polygons.append([ring for ring in rings if len(ring) >= 4])
    return polygons


def _rounded(ring: BaseGeometry, decimals: int) -> list[list[float]]:
    """The corners of a ring, neighbours that are one after rounding said once."""
    corners = shapely.get_coordinates(ring).round(decimals)
    is_new = (corners[1:] != corners[:-1]).any(axis=1)
    return [corners[0].tolist(), *corners[1:][is_new].tolist()] if len(corners) else []


@cache
def world_digest() -> str:
    """The name of the file that `world_json` makes, known before it is made: of the shapes and of how it is made."""
    how = f"2:{SHAPE_DEGREES}:{DECIMALS}:".encode()
    return hashlib.sha256(how + MAP.read_bytes()).hexdigest()[:16]


@cache
def world_json() -> Packed:
    """The land as a FeatureCollection: one feature for each ISO code, with the place and weight of its name."""
    features = []
    for code, shape in world().items():
        simple = in_one_piece(shapely.simplify(shape, SHAPE_DEGREES, preserve_topology=False))
        if simple.is_empty:
            simple = shape
        largest = max(getattr(simple, "geoms", [simple]), key=lambda part: part.area)
        middle = largest.representative_point()
        properties = {
            "code": code,
            "lon": round(middle.x, 2),
            "lat": round(middle.y, 2),
            "size": round(simple.area, 1),
        }
        geometry = {"type": "MultiPolygon", "coordinates": coordinates_of(simple, DECIMALS)}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    collection = {"type": "FeatureCollection", "features": features}
    body = json.dumps(collection, separators=(",", ":")).encode()
    return Packed(body, gzip.compress(body, 6, mtime=0), world_digest())


def prepare() -> None:
    """Make what every map needs, so that no reader waits for it: once in the life of a process."""
    world_json()
    land_paths(frame_of(VIEW), frozenset(world()))


def world_svg(marks: Sequence[Mark], *, title: str, sprite: str) -> SafeString:
    """The world with the given alerts, the first ones on top. `sprite` is the address of the signs' file.

    Each is a link that the tab key passes over: the page has the same links in a table.
    """
    frame = frame_of(VIEW)
    areas = [part for mark in reversed(marks) for part in _area(frame, mark)]
    parts = [
        f'<svg viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" role="group" aria-labelledby="world-title"'
        ' class="world-map" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="world-title">{escape(title)}</title>',
        f'<path class="m-grid" d="{grid_data(frame)}"/>',
        *land_paths(frame, frozenset(world())),
        *areas,
        *sign_links(frame, marks, sprite),
        "</svg>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - every text in it is escaped here


def _link(mark: Mark, inner: str) -> str:
    return (
        f'<a href="{escape(mark.url)}" class="s-{escape(mark.level)}" tabindex="-1" aria-hidden="true">'
        f"<title>{escape(mark.label)}</title>{inner}</a>"
    )


def _area(frame: Frame, mark: Mark) -> list[str]:
    tolerance = 0.5 * frame.degrees_a_pixel
    drawn = []
    for shape, is_rough in mark.shapes:
        if shape.area < SMALLEST_AREA * frame.degrees_a_pixel**2:
            continue
        d = "".join(path_data(frame, piece, tolerance) for piece in pieces_seen(frame, shape))
        if d:
            drawn.append(f'<path class="m-hit{" m-hit--rough" if is_rough else ""}" d="{d}"/>')
    return [_link(mark, "".join(drawn))] if drawn else []


def sign_links(frame: Frame, marks: Sequence[Mark], sprite: str) -> list[str]:
    """The signs of alerts as links, the first ones on top; of two that would hide one another, the worse."""
    taken: set[tuple[int, int]] = set()
    drawn = []
    for mark in marks:
        x, y = frame.xy(mark.lon, mark.lat)
        cell = (round(x / CELL), round(y / CELL))
        if cell in taken or not (0 <= x <= frame.width and 0 <= y <= frame.height):
            continue
        taken.add(cell)
        sign = (
            f'<use href="{escape(sprite)}#i-s-{escape(mark.level)}" x="{x - SIGN / 2:.1f}" y="{y - SIGN / 2:.1f}"'
            f' width="{SIGN:g}" height="{SIGN:g}"/>'
        )
        drawn.append(_link(mark, sign))
    return drawn[::-1]
