"""Keys and covers: nobody whose disc meets an area lies outside its cover, and an inside range holds no one else's."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from safeconduct.lib import cells
from safeconduct.lib.geo import cut_at_180, disc, polygonal
from safeconduct.places.shapes import country_shape

lons = st.one_of(
    st.floats(-180, 180), st.floats(177, 180), st.floats(-180, -177), st.sampled_from([-180.0, 180.0, 0.0])
)
lats = st.one_of(
    st.floats(-90, 90), st.floats(84, 90), st.floats(-90, -84), st.sampled_from([0.0, 90.0, -90.0, 89.9])
)
REACH = 30.0


@st.composite
def areas(draw: st.DrawFn) -> BaseGeometry:
    """Discs, stars, boxes, holes and several of them; near 180 degrees and the poles more often than elsewhere."""
    shapes = []
    for _ in range(draw(st.integers(1, 3))):
        lon, lat = draw(lons), draw(lats)
        if draw(st.booleans()):
            shapes.append(disc(lon, lat, draw(st.sampled_from([0.1, 20, 150, 900, 4000, 12000]))))
            continue
        reach = draw(st.sampled_from([0.05, 0.6, 4, 30]))
        corners = draw(
            st.lists(st.tuples(st.floats(0, 2 * math.pi), st.floats(0.2, 1)), min_size=3, max_size=9)
        )
        ring = [
            (lon + reach * away * math.cos(turn), max(-90.0, min(90.0, lat + reach * away * math.sin(turn))))
            for turn, away in sorted(set(corners))
        ]
        if len(ring) > 2:
            star = Polygon(ring)
            shapes.append(cut_at_180(star if star.is_valid else polygonal(star.buffer(0))))
    whole = polygonal(shapely.union_all([shape for shape in shapes if not shape.is_empty]))
    if draw(st.booleans()) and not whole.is_empty:
        hole = disc(draw(lons), draw(lats), draw(st.sampled_from([10, 100, 1000])))
        whole = polygonal(whole.difference(hole)) if whole.difference(hole).area else whole
    return whole


@st.composite
def places_near(draw: st.DrawFn, area: BaseGeometry) -> tuple[float, float]:
    """A place anywhere, or near a corner of the area, where everything is decided."""
    points = shapely.get_coordinates(area)
    if not len(points) or draw(st.integers(0, 4)) == 0:
        return draw(lons), draw(lats)
    lon, lat = points[draw(st.integers(0, len(points) - 1))]
    lat = max(-90.0, min(90.0, lat + draw(st.floats(-0.4, 0.4))))
    lon = lon + draw(st.floats(-0.4, 0.4)) / max(0.01, math.cos(math.radians(lat)))
    return (lon if -180 <= lon <= 180 else math.remainder(lon, 360)), lat


@settings(max_examples=150, deadline=None)
@given(st.data(), areas(), st.sampled_from([1, 2, 7, 64, 256]))
def test_a_cover_misses_nobody_and_its_inside_is_inside(
    data: st.DataObject, area: BaseGeometry, most: int
) -> None:
    found = cells.cover(area, reach_km=REACH, most=most)
    assert len(found) <= most
    assert (found.low[1:] > found.high[:-1]).all() and (found.low <= found.high).all()
    for _ in range(12):
        lon, lat = data.draw(places_near(area))
        km = data.draw(st.sampled_from([0.2, 5.0, 18.9, 30.0]))
        within, inside = found.holds(np.array([lon]), np.array([lat]))
        if shapely.intersects(area, disc(lon, lat, km)):
            assert within[0], (lon, lat, km)
        if inside[0]:
            assert shapely.intersects_xy(area, lon, lat)


@pytest.mark.parametrize("code", ["RU", "FJ", "US", "AQ", "NZ", "KI", "DE", "FR", "SJ"])
def test_countries_are_covered_on_both_sides_of_180(code: str) -> None:
    area = country_shape(code)
    found = cells.cover(area, reach_km=REACH)
    chance = np.random.default_rng(20261124)
    west, south, east, north = area.bounds
    lon = np.concatenate(
        [chance.uniform(west, east, 20000), chance.uniform(176, 180, 4000), chance.uniform(-180, -176, 4000)]
    )
    lat = chance.uniform(south, north, len(lon))
    inside_area = shapely.intersects_xy(area, lon, lat)
    within, inside = found.holds(lon, lat)
    assert inside_area.any()
    assert within[inside_area].all()
    assert inside_area[inside].all()
    # It is of use: most of a large country needs no exact test, most of the world is not read.
    if code in ("RU", "US", "AQ", "FJ"):
        assert inside[inside_area].mean() > 0.5
    size = (found.high - found.low + 1).astype(float).sum() / cells.CELLS
    assert size < area.area / 64800 * 2.5 + 0.001


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (179.99, -16.8),
        (-179.99, -16.8),
        (180.0, 68.5),
        (-180.0, 68.5),
        (0.0, 90.0),
        (77.0, -90.0),
        (12.0, 89.95),
    ],
)
def test_a_disc_is_met_across_180_and_at_the_poles(lon: float, lat: float) -> None:
    found = cells.cover(disc(lon, lat, 20), reach_km=REACH)
    turned = lon - 360 if lon > 0 else lon + 360
    for east in (-0.1, 0.0, 0.1):
        for turn in (lon + east, turned + east):
            if -180 <= turn <= 180:
                assert found.holds(np.array([turn]), np.array([lat]))[0][0], turn
    if abs(lat) > 89:
        assert found.holds(np.array([lon + 170 if lon < 0 else lon - 170]), np.array([lat]))[0][0]


def test_small_areas_have_few_ranges_and_nothing_has_none() -> None:
    assert len(cells.cover(disc(10, 50, 20), reach_km=REACH)) <= 25
    assert len(cells.cover(Polygon(), reach_km=REACH)) == 0
    assert not cells.cover(Polygon(), reach_km=REACH).holds(np.array([1.0]), np.array([1.0]))[0][0]


def test_points_and_lines_are_covered_too() -> None:
    for area in (LineString([(0, 0), (40, 10)]), GeometryCollection([Point(5, 5), box(20, 20, 50, 40)])):
        found = cells.cover(area, reach_km=REACH)
        for x, y in shapely.get_coordinates(area):
            assert found.holds(np.array([x]), np.array([y]))[0][0]


def test_many_parts_are_covered_one_by_one() -> None:
    parts = [disc(lon, lat, 60) for lon in range(-170, 180, 20) for lat in range(-60, 70, 20)]
    found = cells.cover(MultiPolygon(parts), reach_km=REACH)
    for lon in range(-170, 180, 20):
        assert found.holds(np.array([float(lon)]), np.array([-60.0]))[0][0]


@given(st.integers(0, cells.WEEKS - 1), lons, lats)
def test_keys_sort_by_week_then_cell(week: int, lon: float, lat: float) -> None:
    cell = cells.cell_of(lon, lat)
    key = cells.key_of(week, cell)
    assert 0 <= key < 2**63
    assert (key >> cells.WEEK_SHIFT, key & (cells.CELLS - 1)) == (week, cell)
    assert cells.first_key(week) <= key
    assert cells.first_country_key(week) <= cells.country_key(week, "ZZ") < 0


def test_cells_interleave_column_and_row() -> None:
    assert cells.cell_of(-180, -90) == 0
    assert cells.cell_of(180, 90) == cells.CELLS - 1
    step = 360 / 2**cells.BITS
    assert cells.cell_of(-180 + 1.5 * step, -90) == 1
    assert cells.cell_of(-180, -90 + 0.75 * step) == 2
    assert cells.cell_of(-180 + 2.5 * step, -90) == 4


def test_weeks_begin_on_monday_in_utc() -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    week = cells.week_of(monday)
    assert cells.week_of(monday - timedelta(microseconds=1)) == week - 1
    assert cells.week_of(monday + timedelta(days=6, hours=23)) == week
    assert cells.week_begins_at(week) == monday


@pytest.mark.parametrize("week", [-1, cells.WEEKS])
def test_weeks_beyond_the_key_are_refused(week: int) -> None:
    with pytest.raises(ValueError, match="week"):
        cells.key_of(week, 0)


@pytest.mark.parametrize("code", ["", "de", "D", "DEU", "ÄÖ"])
def test_only_codes_of_countries_have_a_key(code: str) -> None:
    with pytest.raises(ValueError, match="code"):
        cells.country_key(400, code)


def test_countries_have_keys_of_their_own() -> None:
    keys = [cells.country_key(400, code) for code in ("DE", "ED", "FR", "US")]
    assert len(set(keys)) == 4


@settings(deadline=None)
@given(areas())
def test_the_stored_form_is_the_cover(area: BaseGeometry) -> None:
    found = cells.cover(area, reach_km=REACH)
    again = cells.Cover.from_bytes(found.to_bytes())
    assert (
        (again.low == found.low).all()
        and (again.high == found.high).all()
        and (again.inside == found.inside).all()
    )


def test_something_else_is_no_stored_cover() -> None:
    with pytest.raises(ValueError, match="cover"):
        cells.Cover.from_bytes(b"12345")
