"""Made-up stays of a year and the warnings that are matched against them, for benchmarks/match.py.

Stays lie in real cities, drawn by their people; one in five is an address in the city, one in ten an airport beside it,
one in fifty only names the country. They begin evenly over half a year back and half a year ahead; 5 % last longer than
twelve weeks, the others four days at the median. Five stays make a traveller, two or three a trip.
"""

from __future__ import annotations

import csv
import gzip
import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from safeconduct.lib import cells
from safeconduct.lib.geo import cut_at_180, disc, polygonal
from safeconduct.places.extents import city_radius_km
from safeconduct.places.files import DATA
from safeconduct.places.shapes import countries_touching, country_shape
from safeconduct.trips import cells as search

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
COUNTRIES = ["FR", "DE", "US", "JP", "KE", "BR", "RU", "FJ"]
GROUPS = [
    ["FR", "DE", "IT", "ES", "PT", "BE", "NL", "CH", "AT"],
    ["US", "CA", "MX"],
    ["RU", "KZ", "MN"],
    ["KE", "TZ", "UG", "ET", "RW"],
    ["TH", "VN", "KH", "LA", "MY", "ID", "PH"],
    ["FJ", "NZ", "AU", "KI"],
]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cities:
    """Where people are: sides of one table."""

    lon: Floats
    lat: Floats
    km: Floats
    code: npt.NDArray[np.str_]
    share: Floats


@dataclass(frozen=True)
class Crowd:
    """Stays, side by side. `km` 0: only the country `code` is known."""

    trip: Ints
    user: Ints
    lon: Floats
    lat: Floats
    km: Floats
    code: npt.NDArray[np.str_]
    begin: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.trip)

    def only(self, chosen: npt.NDArray[Any]) -> Crowd:
        """Some of the stays."""
        return Crowd(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Warned:
    """One warning: which size it is of, and what an alert version holds of it."""

    size: str
    area: BaseGeometry
    onset_at: datetime
    ends_at: datetime
    countries: list[str]


def cities() -> Cities:
    """The shipped cities, drawn by their people."""
    with gzip.open(DATA / "city.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    people = np.array([int(row["population"] or 0) for row in rows])
    share = people**0.8
    return Cities(
        np.array([float(row["lon"]) for row in rows]),
        np.array([float(row["lat"]) for row in rows]),
        np.array([city_radius_km(int(count)) for count in people]),
        np.array([row["iso2"] for row in rows]),
        share / share.sum(),
    )


def crowd(count: int, seed: int = 1) -> Crowd:
    """`count` stays."""
    chance = np.random.default_rng(seed)
    where = cities()
    city = chance.choice(len(where.lon), count, p=where.share)
    lon, lat, km = where.lon[city].copy(), where.lat[city].copy(), where.km[city].copy()
    kind = chance.random(count)
    is_address, is_airport, is_country = kind < 0.2, (kind >= 0.2) & (kind < 0.3), kind > 0.98
    moved = is_address | is_airport
    away = np.where(is_address, np.sqrt(chance.random(count)) * km, 20.0) / 111.2 * moved
    turn = np.where(is_address, chance.random(count), 0.1) * 2 * np.pi
    lat = np.clip(lat + away * np.sin(turn), -89, 89)
    lon = lon + away * np.cos(turn) / np.cos(np.radians(lat))
    lon = np.where(lon > 180, lon - 360, np.where(lon < -180, lon + 360, lon))
    km = np.where(is_address, 0.2, np.where(is_airport, 5.0, np.where(is_country, 0.0, km)))
    half = 26 * 7 * 86400
    begin = int(NOW.timestamp()) + chance.integers(-half, half, count) // 3600 * 3600
    days = np.clip(chance.lognormal(math.log(4), 0.8, count), 0.5, 40)
    days = np.where(chance.random(count) < 0.05, chance.uniform(85, 365, count), days)
    trip = np.arange(count) * 2 // 5 + 1
    return Crowd(
        trip,
        np.arange(count) // 5 + 1,
        lon,
        lat,
        km,
        where.code[city],
        begin,
        begin + (days * 86400).astype(np.int64),
    )


def keys(stays: Crowd) -> tuple[Ints, Ints]:
    """The search rows that the product would write: (number of the stay, key), in the order of the keys."""
    weeks = search.window(NOW)
    start, margin = cells.FIRST_WEEK.timestamp(), search.MARGIN.total_seconds()
    first = np.maximum((stays.begin - margin - start) // cells.WEEK_SECONDS, weeks.start).astype(np.int64)
    last = np.minimum((stays.end + margin - start) // cells.WEEK_SECONDS, weeks.stop - 1).astype(np.int64)
    many = np.clip(last - first + 1, 0, None)
    which = np.repeat(np.arange(len(stays)), many)
    week = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
    cell = cells.cells_of(stays.lon, stays.lat)[which]
    letters = stays.code[which].astype("S2").view("u1").reshape(-1, 2).astype(np.int64)
    by_country = (week - cells.WEEKS << cells.WEEK_SHIFT) | letters[:, 0] << 8 | letters[:, 1]
    key = np.where(stays.km[which] > 0, week << cells.WEEK_SHIFT | cell, by_country)
    order = np.lexsort((which, key))
    return which[order], key[order]


def warnings(each: int = 8) -> list[Warned]:
    """Warnings of five sizes around cities of all sizes, and real shapes of countries (Russia and Fiji among them)."""
    chance = random.Random(20261124)
    where = cities()
    heavy = np.random.default_rng(7).choice(len(where.lon), each * 3, p=where.share, replace=False)
    found: list[Warned] = []
    for number, city in enumerate(heavy):
        lon, lat = float(where.lon[city]), float(where.lat[city])
        if number < each:
            found.append(_warned("circle", disc(lon + 0.05, lat, 20), chance))
        elif number < 2 * each:
            found.append(_warned("small", _star(chance, lon, lat, 0.5, 24), chance))
        else:
            found.append(_warned("region", _star(chance, lon, lat, chance.uniform(2, 4), 90), chance))
    found += [_warned("country", country_shape(code), chance) for code in COUNTRIES]
    found += [
        _warned("multi", shapely.union_all([country_shape(c) for c in codes]), chance) for codes in GROUPS
    ]
    return found


def _warned(size: str, area: BaseGeometry, chance: random.Random) -> Warned:
    onset = NOW + timedelta(hours=chance.randrange(0, 24 * 14))
    return Warned(
        size, area, onset, onset + timedelta(hours=chance.randrange(12, 24 * 5)), countries_touching(area)
    )


def _star(chance: random.Random, lon: float, lat: float, reach: float, corners: int) -> BaseGeometry:
    turns = sorted(chance.uniform(0, 2 * math.pi) for _ in range(corners))
    ring = [
        (lon + away * math.cos(turn), max(-90.0, min(90.0, lat + away * math.sin(turn) * 0.7)))
        for turn in turns
        for away in [reach * chance.uniform(0.6, 1)]
    ]
    star = Polygon(ring)
    return cut_at_180(star if star.is_valid else polygonal(star.buffer(0)))
