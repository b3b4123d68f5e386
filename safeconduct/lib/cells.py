"""One integer for a place and a week, and areas as ranges of such integers. Pure: no ORM, no clock, no files.

The map is a square of 2^26 by 2^26 cells (0.6 m at most); a cell's number interleaves the bits of column and row (Morton
1966), so that every square of a coarser grid is one unbroken range of numbers. A key is `week << 52 | cell`: whoever is
somewhere in a week has one row under it, and an index over the keys answers "who is in this area then" by reading a few
ranges. Weeks are UTC, from Monday to Sunday. Keys below zero are for people of whom only the country is known.

Places are centres of discs. A cover therefore holds the area grown by the largest radius there is; ranges marked
`inside` hold only centres that lie in the area itself, on all others the exact test decides. It never leaves out a
place whose disc meets the area, on either side of 180 degrees or at the poles (tests/lib/test_cells.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from safeconduct.lib.geo import EARTH_KM

BITS: Final = 26
WEEK_SHIFT: Final = 2 * BITS
CELLS: Final = 1 << WEEK_SHIFT
FIRST_WEEK: Final = datetime(2018, 1, 1, tzinfo=UTC)
WEEKS: Final = 2048
"""Eleven bits beside the cell's 52 fill a signed 64-bit integer: until April 2057."""
WEEK_SECONDS: Final = 7 * 86400

FEW_DEGREES: Final = 2.5
"""Up to this width and height an area, grown, is covered by its box alone: looking at its edges costs more than it saves."""
FEW_CELLS: Final = 8
FINEST: Final = 10
"""Cells of 0.35 by 0.18 degrees, about as large as the largest discs: finer ones would not leave out more."""
MOST_CELLS: Final = 16384

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FIRST: Final = int(FIRST_WEEK.timestamp())


def week_of(at: datetime) -> int:
    """Return the number of the week that an instant lies in; it may be one that has no keys."""
    return math.floor((at.timestamp() - _FIRST) / WEEK_SECONDS)


def week_begins_at(week: int) -> datetime:
    """Return the first instant of a week."""
    return datetime.fromtimestamp(_FIRST + week * WEEK_SECONDS, UTC)


def key_of(week: int, cell: int) -> int:
    """Return the key of a week and a cell. Raises ValueError for a week that has no keys."""
    return _checked(week) << WEEK_SHIFT | cell


def country_key(week: int, code: str) -> int:
    """Return the key, below zero, of a week and a country (ISO alpha-2). Raises ValueError for anything else."""
    if len(code) != 2 or not (code.isascii() and code.isupper()):
        raise ValueError(f"{code!r} is no code of a country")
    return (_checked(week) - WEEKS << WEEK_SHIFT) | (ord(code[0]) << 8 | ord(code[1]))


def first_key(week: int) -> int:
    """Return the lowest key of places in a week."""
    return _checked(week) << WEEK_SHIFT


def first_country_key(week: int) -> int:
    """Return the lowest key of countries in a week."""
    return _checked(week) - WEEKS << WEEK_SHIFT


def _checked(week: int) -> int:
    if not 0 <= week < WEEKS:
        raise ValueError(
            f"week {week} is not between {FIRST_WEEK:%Y-%m-%d} and {week_begins_at(WEEKS):%Y-%m-%d}"
        )
    return week


def cell_of(lon: float, lat: float) -> int:
    """Return the cell of a place in degrees; the far edges belong to the last column and row."""
    return int(cells_of(np.array([lon]), np.array([lat]))[0])


def cells_of(lon: Floats, lat: Floats) -> Ints:
    """Return the cells of places in degrees."""
    return _interleaved(_steps(lon, 180.0, 360.0), _steps(lat, 90.0, 180.0))


def _steps(degrees: Floats, offset: float, turn: float) -> Ints:
    count = 1 << BITS
    found = np.floor((np.asarray(degrees, dtype=np.float64) + offset) * (count / turn)).astype(np.int64)
    return np.clip(found, 0, count - 1)


def _interleaved(columns: Ints, rows: Ints) -> Ints:
    """Even bits from columns, odd bits from rows."""
    return (_spread(columns) | (_spread(rows) << np.uint64(1))).astype(np.int64)


_SPREADS: Final = tuple(
    (np.uint64(shift), np.uint64(mask))
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    )
)


def _spread(values: Ints) -> npt.NDArray[np.uint64]:
    bits = values.astype(np.uint64)
    for shift, mask in _SPREADS:
        bits = (bits | (bits << shift)) & mask
    return bits


@dataclass(frozen=True, slots=True)
class Cover:
    """Ranges of cells, both ends included, in order. On `inside` ones no exact test is needed."""

    low: Ints
    high: Ints
    inside: Flags

    def __len__(self) -> int:
        return len(self.low)

    def to_bytes(self) -> bytes:
        """Return the stored form: 17 bytes a range."""
        little = [self.low.astype("<i8"), self.high.astype("<i8"), self.inside.astype("u1")]
        return b"".join(part.tobytes() for part in little)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Cover:
        """Return the cover of a stored form. Raises ValueError for something else."""
        count, rest = divmod(len(data), 17)
        if rest:
            raise ValueError("not a stored cover")
        low = np.frombuffer(data, dtype="<i8", count=count).astype(np.int64)
        high = np.frombuffer(data, dtype="<i8", count=count, offset=8 * count).astype(np.int64)
        inside = np.frombuffer(data, dtype="u1", count=count, offset=16 * count).astype(np.bool_)
        return cls(low, high, inside)

    def holds(self, lon: Floats, lat: Floats) -> tuple[Flags, Flags]:
        """Return which places lie in the cover, and which of those on an inside range."""
        if not len(self):
            none = np.zeros(len(lon), dtype=np.bool_)
            return none, none
        cells = cells_of(lon, lat)
        at = np.searchsorted(self.low, cells, side="right") - 1
        within = (at >= 0) & (cells <= self.high[at])
        return within, within & self.inside[at]


def cover(geometry: BaseGeometry, *, reach_km: float, most: int = 256) -> Cover:
    """Return at most `most` ranges that hold every centre whose disc of up to `reach_km` meets the area.

    The area is in degrees, cut at 180. An empty one has no ranges.
    """
    if geometry.is_empty:
        return _of_ranges(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_))
    west, south, east, north = (float(edge) for edge in geometry.bounds)
    up = _degrees(reach_km)
    aside = float(_aside(np.array([max(abs(south), abs(north))]), up)[0])
    box = (west - aside, south - up, east + aside, north + up)
    if box[2] - box[0] <= FEW_DEGREES and box[3] - box[1] <= FEW_DEGREES and box[0] >= -180 and box[2] <= 180:
        return _merged(*_few(box), most)
    return _raster(geometry, up, most)


def _degrees(km: float) -> float:
    """A little more than the angle: corners of a disc lie 0.12 % outside its circle (lib/geo.py)."""
    return math.degrees(km / EARTH_KM) * 1.003 + 1e-6


def _aside(lat: Floats, up: float) -> Floats:
    """How far a disc of `up` degrees that reaches this latitude may lie to the east or west, in degrees.

    Its own centre lies up to `up` nearer to the pole; there a disc spans asin(sin r / cos latitude).
    """
    nearest = np.abs(lat) + up
    with np.errstate(divide="ignore", invalid="ignore"):
        part = math.sin(math.radians(up)) / np.cos(np.radians(nearest))
        wide = np.degrees(np.arcsin(np.clip(part, -1, 1))) + 1e-6
    return np.where((nearest >= 90) | (part >= 1) | (part <= 0), 180.0, wide)


def _few(box: tuple[float, float, float, float]) -> tuple[Ints, Ints, Flags]:
    """The few squares that a small box meets, as ranges of cells."""
    west, south, east, north = box
    wide, high = (east - west) * ((1 << BITS) / 360), (north - south) * ((1 << BITS) / 180)
    level = BITS - max(0, math.ceil(math.log2(max(wide, high, 1.0) / FEW_CELLS)))
    shift = BITS - level
    edges = (np.array([west, east]), np.array([south, north]))
    columns, rows = _steps(edges[0], 180.0, 360.0) >> shift, _steps(edges[1], 90.0, 180.0) >> shift
    x, y = np.meshgrid(np.arange(columns[0], columns[1] + 1), np.arange(rows[0], rows[1] + 1))
    low = np.sort(_interleaved(x.ravel(), y.ravel())) << (2 * shift)
    return low, low + ((1 << (2 * shift)) - 1), np.zeros(len(low), dtype=np.bool_)


def _raster(geometry: BaseGeometry, up: float, most: int) -> Cover:
    """The area drawn on a grid: squares near an edge are undecided, the rest lies inside or outside as a whole."""
    points, is_joined = _outline(geometry)
    if not len(points):
        return _of_ranges(np.array([0]), np.array([CELLS - 1]), np.array([False]))
    level = _level(points, up)
    wide, high = 360.0 / (1 << level), 180.0 / (1 << level)
    # In squares of the grid from here on, from the south-western corner of the map.
    grid = np.column_stack([(points[:, 0] + 180.0) / wide, (points[:, 1] + 90.0) / high])
    grid, is_joined = _dense(grid, is_joined)
    near, start = _near_edges(grid, is_joined, up, wide, high)
    within = _within(grid, is_joined, near.shape, start) & ~near
    rows, columns = np.nonzero(near | within)
    is_inside = within[rows, columns]
    rows, columns = rows + start[0], columns + start[1]
    keep = (rows >= 0) & (rows < 1 << level)
    squares = _interleaved(columns[keep] & ((1 << level) - 1), rows[keep])
    # Wound round the earth a square may come twice; undecided wins.
    order = np.lexsort((is_inside[keep], squares))
    squares, is_inside = squares[order], is_inside[keep][order]
    is_first = np.concatenate([[True], squares[1:] != squares[:-1]])
    squares, is_inside = squares[is_first], is_inside[is_first]
    shift = 2 * (BITS - level)
    return _merged(squares << shift, (squares + 1 << shift) - 1, is_inside, most)


def _outline(geometry: BaseGeometry) -> tuple[Floats, Flags]:
    """All corners of all rings, one ring after the other, and whether each is joined to the next.

    An area that lies on both sides of 180 degrees is laid out unbroken when that makes it narrower. Edges that then
    run along 180 are drawn twice there, once for either side: two crossings are none.
    """
    parts = shapely.get_parts(geometry)
    areas = parts[shapely.get_dimensions(parts) == 2]
    if len(areas) < len(parts):
        # Points and lines among the areas have no inside; their box stands for them.
        areas = np.concatenate([areas, shapely.envelope(parts[shapely.get_dimensions(parts) < 2])])
        areas = shapely.buffer(areas, 1e-9)
    rings = shapely.get_rings(areas)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    is_joined = np.concatenate([ring[1:] == ring[:-1], [False]]) if len(ring) else np.empty(0, np.bool_)
    if len(points) and np.ptp(points[:, 0]) > 180:
        laid = np.where(points[:, 0] < 0, points[:, 0] + 360, points[:, 0])
        is_torn = np.abs(np.diff(laid) - np.diff(points[:, 0]))[is_joined[:-1]] > 1
        if np.ptp(laid) < np.ptp(points[:, 0]) and not is_torn.any():
            points = np.column_stack([laid, points[:, 1]])
    return points, is_joined


def _level(points: Floats, up: float) -> int:
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    aside = float(_aside(np.array([max(abs(south), abs(north))]), up)[0])
    wide, high = east - west + 2 * min(aside, 5.0), north - south + 2 * up
    for level in range(FINEST, 3, -1):
        if (wide * (1 << level) / 360 + 2) * (high * (1 << level) / 180 + 2) <= MOST_CELLS:
            return level
    return 4


def _dense(grid: Floats, is_joined: Flags) -> tuple[Floats, Flags]:
    """Edges cut into pieces no longer than a square in either direction."""
    step = np.abs(np.diff(grid, axis=0, append=grid[-1:])).max(axis=1)
    pieces = np.where(is_joined, np.ceil(step * 1.01), 1).astype(np.int64).clip(1)
    start = np.repeat(np.arange(len(grid)), pieces)
    part = np.arange(len(start)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    ahead = np.diff(grid, axis=0, append=grid[-1:])
    points = grid[start] + ahead[start] * (part / pieces[start])[:, None]
    return points, is_joined[start]


def _near_edges(
    grid: Floats, is_joined: Flags, up: float, wide: float, high: float
) -> tuple[Flags, tuple[int, int]]:
    """Squares that a disc around a point of an edge may have its centre in, and the first row and column of the array."""
    first = grid[:-1][is_joined[:-1]]
    last = grid[1:][is_joined[:-1]]
    low, top = np.minimum(first, last), np.maximum(first, last)
    lat = np.maximum(np.abs(low[:, 1] * high - 90), np.abs(top[:, 1] * high - 90))
    aside = _aside(lat, up) / wide
    # A hair more than the edge: a place on the line between two squares belongs to one of them.
    west = np.floor(low[:, 0] - aside - 1e-9).astype(np.int64)
    east = np.floor(top[:, 0] + aside + 1e-9).astype(np.int64)
    south = np.floor(low[:, 1] - up / high - 1e-9).astype(np.int64)
    north = np.floor(top[:, 1] + up / high + 1e-9).astype(np.int64)
    start = (int(south.min()), int(west.min()))
    shape = (int(north.max()) - start[0] + 2, int(east.max()) - start[1] + 2)
    south, north, west, east = south - start[0], north - start[0] + 1, west - start[1], east - start[1] + 1
    corner = np.concatenate([south, north, south, north]) * shape[1] + np.concatenate(
        [west, east, east, west]
    )
    sign = np.repeat([1.0, 1.0, -1.0, -1.0], len(south))
    # Each box is four corners; two running sums fill all of them at once.
    marks = np.bincount(corner, weights=sign, minlength=shape[0] * shape[1]).reshape(shape)
    return marks.cumsum(axis=0).cumsum(axis=1) > 0.5, start


def _within(grid: Floats, is_joined: Flags, shape: tuple[int, ...], start: tuple[int, int]) -> Flags:
    """Squares whose middle row line has been crossed an odd number of times before them."""
    line = np.floor(grid[:, 1] - 0.5).astype(np.int64)
    crosses = np.zeros(len(grid), dtype=np.bool_)
    crosses[:-1] = is_joined[:-1] & (line[:-1] != line[1:])
    at = np.nonzero(crosses)[0]
    row = np.maximum(line[at], line[at + 1])
    (x0, y0), (x1, y1) = grid[at].T, grid[at + 1].T
    x = x0 + (x1 - x0) * ((row + 0.5 - y0) / (y1 - y0))
    column = np.floor(x).astype(np.int64) + 1 - start[1]
    spot = (row - start[0]) * shape[1] + np.clip(column, 0, shape[1] - 1)
    turns = np.bincount(spot, minlength=shape[0] * shape[1]).reshape(shape)
    odd: Flags = turns.cumsum(axis=1) & 1 == 1
    return odd


def _merged(low: Ints, high: Ints, inside: Flags, most: int) -> Cover:
    """Neighbours joined, then the cheapest gaps closed until no more than `most` ranges are left."""
    if len(low) < 2:
        return _of_ranges(low, high, inside)
    splits = (low[1:] != high[:-1] + 1) | (inside[1:] != inside[:-1])
    low, high, inside = _joined(low, high, inside, splits)
    if len(low) <= most:
        return _of_ranges(low, high, inside)
    # Closing a gap reads what lies in it; joining inside to undecided tests what needs no test, a third of the work.
    size = (high - low + 1).astype(np.float64)
    cost = (low[1:] - high[:-1] - 1).astype(np.float64)
    cost += np.where(inside[1:] != inside[:-1], np.where(inside[1:], size[1:], size[:-1]) / 3, 0)
    splits = np.zeros(len(cost), dtype=np.bool_)
    if most > 1:
        splits[np.argpartition(cost, -(most - 1))[-(most - 1) :]] = True
    return _of_ranges(*_joined(low, high, inside, splits))


def _joined(low: Ints, high: Ints, inside: Flags, splits: Flags) -> tuple[Ints, Ints, Flags]:
    """Ranges joined wherever `splits` (between one and the next) does not hold; inside only what is so throughout."""
    first = np.concatenate([[True], splits])
    last = np.concatenate([splits, [True]])
    starts = np.nonzero(first)[0]
    is_gapless = np.concatenate([[True], (low[1:] == high[:-1] + 1) | splits])
    return low[first], high[last], np.logical_and.reduceat(inside & is_gapless, starts)


def _of_ranges(low: Ints, high: Ints, inside: Flags) -> Cover:
    return Cover(low.astype(np.int64), high.astype(np.int64), inside.astype(np.bool_))
