"""A new trip of five stops against 5,000 active warnings: the index of `matching` and a loop over bounding boxes.

Both get the same warnings (polygons of real sizes all over the world, some cut at 180 degrees, some for a whole
country) and the same stays, both do the exact test on what is left, and both must find the same. The peer is what one
writes first: for each stay and each warning compare times, then boxes, then shapes. Building is not counted on either
side: warnings are there before the trip is. Time is processor time of this one thread, so that whatever else runs on
the machine counts for neither side.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from shapely.geometry import Polygon
from shapely.prepared import prep

from benchmarks.common import Result
from safeconduct.lib.geo import cut_at_180, disc, polygonal
from safeconduct.matching.index import ImpactIndex
from safeconduct.matching.match import MARGIN, Impact, Whereabouts
from safeconduct.places.shapes import countries_touching, country_shape

WARNINGS = 5000
TRIPS = 60
ROUNDS = 5
START = datetime(2026, 11, 1, tzinfo=UTC)
COUNTRIES = ["PH", "KE", "DE", "FR", "US", "JP", "PT", "NZ", "IN", "BR", "ZA", "MX", "IT", "ES", "PL", "ID"]
Found = set[tuple[int, int]]


def run() -> list[Result]:
    """Measure both on the same trips, in turn."""
    chance = random.Random(20261124)
    warnings = [(number, _warning(chance)) for number in range(WARNINGS)]
    trips = [_trip(chance) for _ in range(TRIPS)]
    index: ImpactIndex[int] = ImpactIndex(warnings)
    boxes = _boxes(warnings)

    def ours(stays: list[Whereabouts]) -> Found:
        return set(index.meeting(stays))

    def peer(stays: list[Whereabouts]) -> Found:
        return _loop(boxes, stays)

    agree = all(ours(stays) == peer(stays) for stays in trips)
    hits = sum(len(ours(stays)) for stays in trips) / TRIPS
    our_ms, peer_ms = _in_turn(ours, peer, trips)
    ratio = peer_ms / our_ms
    return [
        Result(
            name="reverse",
            value=round(our_ms * 1000, 1),
            unit="µs/trip",
            peer="Python loop, bounding boxes",
            peer_value=round(peer_ms * 1000, 1),
            ratio=round(ratio, 1),
            goal=f"≥ 30 ×, same {hits:.1f} hits a trip",
            holds=ratio >= 30 and agree and hits > 0.5,
        )
    ]


def _in_turn(
    ours: Callable[[list[Whereabouts]], Found], peer: Callable[[list[Whereabouts]], Found], trips: list[list[Whereabouts]]
) -> tuple[float, float]:
    """Milliseconds of processor time a trip, the median of rounds in which both take turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for _round in range(ROUNDS):
        for side, function in enumerate((ours, peer)):
            began = time.process_time()
            for stays in trips:
                function(stays)
            times[side].append((time.process_time() - began) * 1000 / len(trips))
    return statistics.median(times[0]), statistics.median(times[1])


def _warning(chance: random.Random) -> Impact:
    """A warning like those of a busy day: most are counties and coasts, a few are as large as an ocean."""
    onset = START + timedelta(hours=chance.randrange(0, 72))
    ends = onset + timedelta(hours=chance.randrange(3, 96))
    severity = chance.choices(["Extreme", "Severe", "Moderate", "Minor"], [1, 4, 8, 6])[0]
    kind = chance.random()
    if kind < 0.05:
        return Impact(severity, onset, ends, None, frozenset(chance.sample(COUNTRIES, 1)))
    lon, lat = chance.uniform(-180, 180), math.degrees(math.asin(chance.uniform(-0.9, 0.9)))
    if kind < 0.15:
        return _placed(severity, onset, ends, disc(lon, lat, chance.choice([50, 150, 350])))
    reach = min(12.0, chance.lognormvariate(-0.7, 0.8))
    corners = chance.randrange(8, 120)
    turns = sorted(chance.uniform(0, 2 * math.pi) for _ in range(corners))
    ring = [
        (
            lon + reach * chance.uniform(0.5, 1) * math.cos(turn),
            lat + reach * chance.uniform(0.5, 1) * math.sin(turn),
        )
        for turn in turns
    ]
    shape = Polygon([(x, max(-90.0, min(90.0, y))) for x, y in ring])
    return _placed(severity, onset, ends, cut_at_180(shape if shape.is_valid else polygonal(shape.buffer(0))))


def _placed(severity: str, onset: datetime, ends: datetime, area: Any) -> Impact:
    """A warning with its area; the countries are stored with every version when it is read."""
    return Impact(severity, onset, ends, area, frozenset(countries_touching(area)))


def _trip(chance: random.Random) -> list[Whereabouts]:
    """Five stops within two weeks: cities, an airport, an address, and one that only names a country."""
    stays: list[Whereabouts] = []
    begin = START + timedelta(hours=chance.randrange(0, 96))
    for kind, km in (("city", 18.9), ("airport", 5.0), ("address", 0.2), ("city", 30.0), ("country", None)):
        end = begin + timedelta(hours=chance.randrange(12, 72))
        country = chance.choice(COUNTRIES)
        lon, lat = chance.uniform(-180, 180), chance.uniform(-55, 65)
        shape = country_shape(country) if km is None else disc(lon, lat, km)
        stays.append(Whereabouts(kind, country, begin, end, lon, lat, shape))
        begin = end
    return stays


def _boxes(warnings: list[tuple[int, Impact]]) -> list[tuple[Any, ...]]:
    """What the loop reads, prepared as well as a loop can have it."""
    rows: list[tuple[Any, ...]] = []
    for number, impact in warnings:
        area = impact.geometry
        box = area.bounds if area is not None else None
        rows.append(
            (
                number,
                impact,
                impact.onset_at - MARGIN,
                impact.ends_at + MARGIN,
                box,
                prep(area) if area else None,
            )
        )
    return rows


def _loop(rows: list[tuple[Any, ...]], stays: list[Whereabouts]) -> Found:
    found: Found = set()
    for number, stay in enumerate(stays):
        west, south, east, north = stay.geometry.bounds
        from_at, to_at = stay.from_at, stay.to_at
        for key, impact, onset, ends, box, area in rows:
            if onset > to_at or ends < from_at:
                continue
            if box is None:
                if impact.is_told_without_a_place and stay.country_code in impact.countries:
                    found.add((key, number))
                continue
            if box[0] > east or box[2] < west or box[1] > north or box[3] < south:
                continue
            if stay.kind == "country" and not impact.is_told_without_a_place:
                continue
            if area.intersects(stay.geometry):
                found.add((key, number))
    return found
