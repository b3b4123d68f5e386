"""match.py against brute force: nobody is missed, nobody far away is told.

The other way is independent: spherical trigonometry on points strewn over the stay, ray casting for polygons,
minutes on a line for time. It shares no geometry library, no distance and no interval code with ours.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from safeconduct.lib.geo import cut_at_180, disc
from safeconduct.matching.match import Impact, Whereabouts, match

RADIUS = 6371.0088
START = datetime(2026, 11, 1, tzinfo=UTC)

lons = st.one_of(
    st.floats(-180, 180), st.floats(178, 180), st.floats(-180, -178), st.sampled_from([-180.0, 180.0, 0.0])
)
lats = st.one_of(
    st.floats(-90, 90), st.floats(85, 90), st.floats(-90, -85), st.floats(58, 62), st.sampled_from([0.0])
)
hours = st.integers(-24 * 60, 24 * 60)


def ahead(lon: float, lat: float, km: float, bearing: float) -> tuple[float, float]:
    """The point `km` from a place under a bearing, by vectors."""
    phi, lam, angle = math.radians(lat), math.radians(lon), km / RADIUS
    here = (math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi))
    north = (-math.sin(phi) * math.cos(lam), -math.sin(phi) * math.sin(lam), math.cos(phi))
    east = (-math.sin(lam), math.cos(lam), 0.0)
    way = [math.cos(bearing) * n + math.sin(bearing) * e for n, e in zip(north, east, strict=True)]
    x, y, z = (math.cos(angle) * h + math.sin(angle) * w for h, w in zip(here, way, strict=True))
    return math.degrees(math.atan2(y, x)), math.degrees(math.asin(max(-1, min(1, z))))


def apart(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Kilometres between two places, by the chord between their vectors."""
    a, b = (
        (math.cos(p) * math.cos(m), math.cos(p) * math.sin(m), math.sin(p))
        for m, p in ((math.radians(lon1), math.radians(lat1)), (math.radians(lon2), math.radians(lat2)))
    )
    chord = math.dist(a, b)
    return 2 * RADIUS * math.asin(min(1, chord / 2))


def strewn(lon: float, lat: float, km: float) -> list[tuple[float, float]]:
    """The centre and points on eight rings of a disc."""
    rings = [
        ahead(lon, lat, km * ring / 8, 2 * math.pi * turn / 24) for ring in range(1, 9) for turn in range(24)
    ]
    return [(lon, lat), *rings]


def in_ring(lon: float, lat: float, ring: list[tuple[float, float]]) -> bool:
    """Even-odd ray casting in the plane of the map."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def impact_of(geometry: object, onset: int = 0, length: int | None = 48) -> Impact:
    """A severe warning in force from `onset` hours after START."""
    onset_at = START + timedelta(hours=onset)
    ends_at = None if length is None else onset_at + timedelta(hours=length)
    return Impact("Severe", onset_at, ends_at, geometry)  # type: ignore[arg-type]


def stay_of(lon: float, lat: float, km: float, begin: int = 0, length: int = 48) -> Whereabouts:
    """A stay in a disc."""
    from_at = START + timedelta(hours=begin)
    return Whereabouts("city", "XX", from_at, from_at + timedelta(hours=length), lon, lat, disc(lon, lat, km))


@settings(max_examples=400, deadline=None)
@given(lons, lats, st.floats(1, 3000), st.floats(0, 359), st.floats(0, 1.6), st.floats(0.2, 60))
def test_a_disc_meets_a_disc(
    lon: float, lat: float, area_km: float, bearing: float, part: float, stay_km: float
) -> None:
    # The stay's centre lies at 0 to 160 % of the distance at which the two discs touch.
    there = ahead(lon, lat, (area_km + stay_km) * part, math.radians(bearing))
    found = match(impact_of(disc(lon, lat, area_km)), stay_of(*there, stay_km))
    away = apart(lon, lat, *there)
    if away <= (area_km + stay_km) * 0.9999:
        assert found is not None
    if away > (area_km + stay_km) * 1.01 + 0.1:
        assert found is None
    if found is not None and away < area_km * 0.995:
        assert found.strength == "inside"
    if found is not None and away > area_km * 1.005 + 0.01:
        assert found.strength == "touches"
        assert found.distance_km is not None
        # The area's corners lie up to 0.2 % outside its circle; long edges of large ones are straight on the map.
        assert abs(found.distance_km - (away - area_km)) < 0.1 + 0.01 * area_km


@settings(max_examples=300, deadline=None)
@given(
    lons,
    st.floats(-80, 80),
    st.lists(st.tuples(st.floats(0, 2 * math.pi), st.floats(0.3, 8)), min_size=3, max_size=12),
    st.floats(-1.2, 1.2),
    st.floats(-1.2, 1.2),
    st.floats(0.2, 30),
)
def test_a_polygon_meets_a_disc(
    lon: float, lat: float, corners: list[tuple[float, float]], east: float, north: float, stay_km: float
) -> None:
    # A star around the middle: always a simple ring. It may run over 180 degrees and is cut there by us alone.
    ring = [(lon + away * math.cos(turn), lat + away * math.sin(turn)) for turn, away in sorted(set(corners))]
    ring = [(x, max(-90.0, min(90.0, y))) for x, y in ring]
    polygon = Polygon(ring) if len(ring) > 2 else Polygon()
    if not polygon.is_valid or polygon.area < 1e-6:
        return
    reach = max(away for _, away in corners)
    place = (lon + east * reach, max(-89.9, min(89.9, lat + north * reach)))
    wrapped = math.remainder(place[0], 360)
    found = match(impact_of(cut_at_180(polygon)), stay_of(wrapped, place[1], stay_km))
    sees = any(
        in_ring(x + turn, y, ring)
        for x, y in strewn(wrapped, place[1], stay_km * 0.999)
        for turn in (-360, 0, 360)
    )
    if sees:
        assert found is not None
    if found is not None and found.strength == "inside":
        assert any(in_ring(place[0] + turn, place[1], ring) for turn in (-360, 0, 360)) or sees


@settings(max_examples=300, deadline=None)
@given(
    lons,
    lats,
    st.floats(1, 900),
    st.floats(1, 2500),
    st.floats(0, 359),
    st.floats(0, 1.6),
    st.floats(0.2, 60),
    st.sampled_from(["Extreme", "severe", "Moderate", "Minor", "Unknown"]),
    st.booleans(),
)
def test_a_rough_area_is_only_possible_and_only_when_it_is_severe(
    lon: float,
    lat: float,
    area_km: float,
    rough_km: float,
    bearing: float,
    part: float,
    stay_km: float,
    severity: str,
    has_area: bool,
) -> None:
    # The rough area lies around the same place; the stay at 0 to 160 % of where it stops touching the larger one.
    widest = max(area_km, rough_km) if has_area else rough_km
    there = ahead(lon, lat, (widest + stay_km) * part, math.radians(bearing))
    plain = disc(lon, lat, area_km) if has_area else None
    impact = Impact(severity, START, START + timedelta(hours=48), plain, possible=disc(lon, lat, rough_km))
    found = match(impact, stay_of(*there, stay_km))
    away = apart(lon, lat, *there)
    is_told = severity.lower() in ("extreme", "severe")
    if has_area and away <= (area_km + stay_km) * 0.9999:
        assert found is not None and found.strength in ("inside", "touches")
    elif is_told and away <= (rough_km + stay_km) * 0.9999:
        assert found is not None
    if found is not None and found.strength == "possible":
        assert is_told and found.code == "somewhere_in_region" and found.distance_km is None
        assert away <= (rough_km + stay_km) * 1.01 + 0.1
    far_from_area = not has_area or away > (area_km + stay_km) * 1.01 + 0.1
    if far_from_area and (not is_told or away > (rough_km + stay_km) * 1.01 + 0.1):
        assert found is None


@settings(max_examples=500, deadline=None)
@given(hours, st.integers(0, 24 * 90), st.booleans(), hours, st.integers(0, 24 * 400))
def test_time_with_its_margin(onset: int, length: int, endless: bool, begin: int, stay_length: int) -> None:
    impact = impact_of(disc(10, 50, 100), onset, None if endless else length)
    found = match(impact, stay_of(10, 50, 10, begin, stay_length))
    warned = set(range(onset - 24, (onset + length if not endless else begin + stay_length + 1) + 24 + 1))
    there = range(begin, begin + stay_length + 1)
    meets = any(hour in warned for hour in there) or (endless and begin + stay_length >= onset - 24)
    assert (found is not None) == meets
