"""Small maps as SVG text, drawn on the server from Natural Earth shapes. Pure: no ORM, no clock, no script, no style.

Longitudes are shrunk by the cosine of the middle latitude; a view over 180° is drawn in one piece. A map is an
extra: the page says the same in words.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import shapely
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from safeconduct.places.files import DATA, read_json

MAP = DATA / "map" / "world.json.gz"
WIDTH = 640.0
LOWEST, HIGHEST = 300.0, 480.0
PADDING = 0.08
NARROWEST_DEGREES = 1.2
# Half a pixel cannot be seen; specks below a square pixel only cost bytes.
SIMPLIFY_PIXELS = 0.5
SPECK_PIXELS = 1.5
MOST_BYTES = 45_000
# Parts of a country that are smaller than this share of its largest do not widen its view.
SHARE_IN_VIEW = 0.02
GRID_STEPS = (0.25, 0.5, 1, 2, 5, 10, 20, 30)

# Rough size of a label, for keeping names apart: width of a letter and height, in pixels.
LETTER, LINE = 6.6, 15.0

Box = tuple[float, float, float, float]
Spot = tuple[float, float, str]
_lock = threading.Lock()
_drawn: dict[str, BaseGeometry] | None = None


@dataclass(frozen=True)
class Frame:
    """What part of the world is seen and how degrees become pixels; east may exceed 180."""

    west: float
    south: float
    east: float
    north: float
    width: float
    height: float

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Pixels of a point; longitudes east of 180 are understood either way."""
        if lon < self.west and self.east > 180:
            lon += 360
        x = (lon - self.west) / (self.east - self.west) * self.width
        y = (self.north - lat) / (self.north - self.south) * self.height
        return x, y

    @property
    def degrees_a_pixel(self) -> float:
        """Of latitude."""
        return (self.north - self.south) / self.height


def world() -> dict[str, BaseGeometry]:
    """Shapes for drawing by ISO code, read on the first call; CC and TK are too small to have one."""
    global _drawn
    if _drawn is None:
        with _lock:
            if _drawn is None:
                shapes = read_json(MAP)
                _drawn = {
                    code: shapely.make_valid(
                        MultiPolygon([Polygon(rings[0], rings[1:]) for rings in polygons])
                    )
                    for code, polygons in shapes.items()
                }
    return _drawn


def country_view(iso2: str, lon: float, lat: float) -> BaseGeometry:
    """What to frame for a country: its larger parts; a square around its middle when it has no drawing shape."""
    whole = world().get(iso2)
    if whole is None:
        return box(lon - 0.6, lat - 0.6, lon + 0.6, lat + 0.6)
    parts = [part for part in getattr(whole, "geoms", [whole]) if part.geom_type == "Polygon"]
    largest = max(part.area for part in parts)
    return MultiPolygon([part for part in parts if part.area >= SHARE_IN_VIEW * largest])


def locator_svg(
    view: Box | BaseGeometry,
    *,
    title: str,
    focus: Iterable[str] = (),
    areas: Sequence[tuple[BaseGeometry, str, str]] = (),
    points: Sequence[Spot] = (),
    marks: Sequence[Spot] = (),
) -> SafeString:
    """A map of `view` (west, south, east, north or a shape) below 60 KB.

    `focus`: ISO codes drawn as land of interest; `areas`: (shape, severity class such as "s-4", label);
    `points`: (lon, lat, label), always drawn; `marks`: the same for orientation, left out where they would
    cover another name. The title is what a screen reader says.
    """
    frame = frame_of(view)
    name = "map-" + hashlib.sha256(f"{title}{frame}".encode()).hexdigest()[:8]
    near = frozenset(focus)
    land = land_paths(frame, near)
    parts = [
        f'<svg viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" role="img" aria-labelledby="{name}"'
        f' class="guide-map" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{name}">{escape(title)}</title>',
        f'<path class="m-grid" d="{grid_data(frame)}"/>',
        *land,
        *(part for index, area in enumerate(areas) for part in _area(frame, area, f"{name}-{index}")),
        *_spots(frame, points, marks),
        "</svg>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - every text in it is escaped here


def frame_of(view: Box | BaseGeometry) -> Frame:
    """The smallest frame of our proportions around a view, with some room."""
    west, south, east, north = _bounds(view) if isinstance(view, BaseGeometry) else view
    if east < west:
        east += 360
    tall, wide = max(north - south, NARROWEST_DEGREES), max(east - west, NARROWEST_DEGREES)
    lon, lat = (west + east) / 2, (south + north) / 2
    wide, tall = min(360.0, wide * (1 + 2 * PADDING)), tall * (1 + 2 * PADDING)
    shrink = max(0.2, math.cos(math.radians(min(80.0, abs(lat)))))
    height = WIDTH * tall / (wide * shrink)
    if height > HIGHEST:
        wide, height = wide * height / HIGHEST, HIGHEST
    elif height < LOWEST:
        tall, height = tall * LOWEST / height, LOWEST
    south, north = _within(lat - tall / 2, lat + tall / 2)
    return Frame(lon - wide / 2, south, lon + wide / 2, north, WIDTH, height)


def _within(south: float, north: float) -> tuple[float, float]:
    """Moved so as not to look past a pole."""
    if north > 90:
        south, north = south - (north - 90), 90.0
    if south < -90:
        south, north = -90.0, min(90.0, north + (-90 - south))
    return south, north


def _bounds(geometry: BaseGeometry) -> Box:
    """Bounds; when the shape lies on both sides of 180°, its western half is counted on past it."""
    west, south, east, north = geometry.bounds
    if east - west <= 180:
        return west, south, east, north
    parts = list(getattr(geometry, "geoms", [geometry]))
    edges = [
        (part.bounds[0] + 360 * (part.bounds[2] < 0), part.bounds[2] + 360 * (part.bounds[2] < 0))
        for part in parts
    ]
    shifted = min(edge[0] for edge in edges), max(edge[1] for edge in edges)
    if shifted[1] - shifted[0] < east - west:
        return shifted[0], south, shifted[1], north
    return west, south, east, north


def pieces_seen(frame: Frame, geometry: BaseGeometry) -> list[BaseGeometry]:
    """The pieces of a shape inside the frame, in the frame's longitudes."""
    pieces = []
    for shift in (-360, 0, 360):
        west, _south, east, _north = geometry.bounds
        if east + shift < frame.west or west + shift > frame.east:
            continue
        moved = translate(geometry, xoff=shift) if shift else geometry
        piece = shapely.clip_by_rect(moved, frame.west, frame.south, frame.east, frame.north)
        if not piece.is_empty:
            pieces.append(piece)
    # The two halves of a shape that was cut at 180° are one again here.
    return [shapely.union_all(pieces)] if len(pieces) > 1 else pieces


@lru_cache(maxsize=64)
def land_paths(frame: Frame, near: frozenset[str]) -> tuple[str, ...]:
    """Paths of the land, coarser when it would be too long; remembered, the land does not change."""
    seen = {code: pieces_seen(frame, shape) for code, shape in world().items()}
    tolerance = SIMPLIFY_PIXELS * frame.degrees_a_pixel
    while True:
        far = "".join(
            path_data(frame, piece, tolerance) for code, p in seen.items() if code not in near for piece in p
        )
        close = "".join(
            path_data(frame, piece, tolerance) for code, p in seen.items() if code in near for piece in p
        )
        if len(far) + len(close) <= MOST_BYTES:
            break
        tolerance *= 1.6
    paths = [(far, "m-land m-land--far"), (close, "m-land")]
    return tuple(f'<path class="{css}" d="{d}"/>' for d, css in paths if d)


def path_data(frame: Frame, geometry: BaseGeometry, tolerance: float = 0.0) -> str:
    """A shape as path data, simplified to `tolerance` degrees; specks are left out then."""
    simple = shapely.simplify(geometry, tolerance, preserve_topology=False) if tolerance else geometry
    speck = SPECK_PIXELS * frame.degrees_a_pixel**2
    written = []
    for part in getattr(simple, "geoms", [simple]):
        if part.geom_type != "Polygon" or part.is_empty or (tolerance and part.area < speck):
            continue
        written += [_ring(frame, ring.coords) for ring in (part.exterior, *part.interiors)]
    return "".join(written)


def _ring(frame: Frame, coordinates: Iterable[Sequence[float]]) -> str:
    """A closed path with relative steps in tenths of a pixel."""
    xs = [frame.xy(point[0], point[1]) for point in coordinates][:-1]
    tenths = [(round(x * 10), round(y * 10)) for x, y in xs]
    out, last = [], tenths[0]
    for x, y in tenths[1:]:
        step = (x - last[0], y - last[1])
        if step != (0, 0):
            out.append(f"{step[0] / 10:g} {step[1] / 10:g}")
            last = (x, y)
    if len(out) < 2:
        return ""
    return f"M{tenths[0][0] / 10:g} {tenths[0][1] / 10:g}l{' '.join(out)}z"


def _area(frame: Frame, area: tuple[BaseGeometry, str, str], name: str) -> list[str]:
    geometry, css, label = area
    tolerance = SIMPLIFY_PIXELS * frame.degrees_a_pixel
    d = "".join(
        path_data(frame, piece, tolerance) or path_data(frame, piece)
        for piece in pieces_seen(frame, geometry)
    )
    if not d:
        return []
    return [
        f'<g class="{escape(css)}"><title>{escape(label)}</title>',
        f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">',
        '<path class="m-hatch" d="M0 0V6"/></pattern>',
        f'<path fill="url(#{name})" d="{d}"/><path class="m-area" d="{d}"/></g>',
    ]


def _spots(frame: Frame, points: Sequence[Spot], marks: Sequence[Spot]) -> list[str]:
    """Points, then the marks whose names find room."""
    taken: list[Box] = []
    drawn = []
    for spot, is_point in [*((spot, True) for spot in points), *((spot, False) for spot in marks)]:
        x, y = frame.xy(spot[0], spot[1])
        if not (0 <= x <= frame.width and 0 <= y <= frame.height):
            continue
        on_left = x > frame.width * 0.72
        length = 14 + LETTER * len(spot[2])
        room = (
            x - length if on_left else x - 8,
            y - LINE / 2,
            x + 8 if on_left else x + length,
            y + LINE / 2,
        )
        if not is_point and any(_overlap(room, other) for other in taken):
            continue
        taken.append(room)
        drawn.append(_spot(x, y, spot[2], on_left=on_left, is_point=is_point))
    return drawn


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _spot(x: float, y: float, label: str, *, on_left: bool, is_point: bool) -> str:
    anchor = ' text-anchor="end"' if on_left else ""
    dot, size, css = ("m-you", 5.0, "m-text") if is_point else ("m-eye", 2.4, "m-text m-text--s")
    return (
        f'<circle class="{dot}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}"/>'
        f'<text class="{css}" x="{x + (-9 if on_left else 9):.1f}" y="{y + 4:.1f}"{anchor}>{escape(label)}</text>'
    )


def grid_data(frame: Frame) -> str:
    """Meridians and parallels as path data, about five each way."""
    step = next((s for s in GRID_STEPS if (frame.north - frame.south) / s <= 5), GRID_STEPS[-1])
    lines = []
    for index in range(math.ceil(frame.south / step), math.floor(frame.north / step) + 1):
        lines.append(f"M0 {frame.xy(frame.west, index * step)[1]:.1f}H{frame.width:.0f}")
    for index in range(math.ceil(frame.west / step), math.floor(frame.east / step) + 1):
        x = (index * step - frame.west) / (frame.east - frame.west) * frame.width
        lines.append(f"M{x:.1f} 0V{frame.height:.0f}")
    return "".join(lines)
