"""Shapes on a round earth: right at 60°, at the antimeridian and over the poles."""

from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from safeconduct.lib import geo

LON = st.floats(-180, 180)
LAT = st.floats(-90, 90)


@pytest.mark.parametrize("lat", [0.0, 60.0, -75.0])
def test_a_disc_is_as_wide_as_asked_at_every_latitude(lat: float) -> None:
    shape = geo.disc(10, lat, 100)
    east = geo.distance_km(10, lat, shape.bounds[2], lat)
    north = (shape.bounds[3] - lat) * math.pi / 180 * geo.EARTH_KM
    assert east == pytest.approx(100, rel=0.01)
    assert north == pytest.approx(100, rel=0.01)


def test_a_disc_over_the_antimeridian_is_cut_in_two() -> None:
    shape = geo.disc(179.9, -17, 200)
    assert shape.geom_type == "MultiPolygon"
    assert shape.intersects(Point(-179, -17))
    assert shape.intersects(Point(179, -17))
    assert not shape.intersects(Point(0, -17))
    assert shape.bounds[0] == -180
    assert shape.bounds[2] == 180


@pytest.mark.parametrize("lat", [89.0, -89.0, 90.0, -90.0])
def test_a_disc_over_a_pole_holds_the_pole_and_every_longitude(lat: float) -> None:
    shape = geo.disc(30, lat, 500)
    pole = math.copysign(90, lat)
    for lon in range(-180, 181, 20):
        assert shape.intersects(Point(lon, pole - math.copysign(1, pole)))
    assert not shape.intersects(Point(30, lat - math.copysign(10, lat)))


@settings(max_examples=150, deadline=None)
@given(lon=LON, lat=LAT, km=st.floats(0.2, 6000), lon2=LON, lat2=LAT)
def test_inside_a_disc_is_what_the_distance_says(
    lon: float, lat: float, km: float, lon2: float, lat2: float
) -> None:
    away = geo.distance_km(lon, lat, lon2, lat2)
    inside = geo.disc(lon, lat, km).intersects(Point(lon2, lat2))
    if away < km * 0.985:
        assert inside
    if away > km * 1.015 + 0.01:
        assert not inside


@settings(max_examples=120, deadline=None)
@given(lon=LON, lat=LAT, km=st.floats(0.2, 2000), bearing=st.floats(0, 2 * math.pi))
def test_a_point_near_the_edge_of_a_disc_falls_on_its_side(
    lon: float, lat: float, km: float, bearing: float
) -> None:
    shape = geo.disc(lon, lat, km)
    for part, expected in ((0.98, True), (1.02, False)):
        x, y = geo._ahead(lon, lat, km * part / geo.EARTH_KM, bearing)
        assert shape.intersects(Point(math.remainder(x, 360), y)) is expected


@settings(max_examples=100, deadline=None)
@given(lon=LON, lat=LAT, km=st.floats(1, 20000))
def test_every_disc_is_valid_and_on_the_map(lon: float, lat: float, km: float) -> None:
    shape = geo.disc(lon, lat, km)
    west, south, east, north = shape.bounds
    assert shape.is_valid
    assert west >= -180 and east <= 180 and south >= -90 and north <= 90
    share = shape.area
    assert share > 0


@settings(max_examples=100, deadline=None)
@given(lon=LON, lat=LAT, km=st.floats(1, 1500), lon2=LON, lat2=LAT)
def test_the_distance_to_a_disc_is_the_distance_less_its_radius(
    lon: float, lat: float, km: float, lon2: float, lat2: float
) -> None:
    away = geo.distance_km(lon, lat, lon2, lat2)
    found = geo.distance_to_km(geo.disc(lon, lat, km), lon2, lat2)
    assert found == pytest.approx(max(0.0, away - km), abs=max(3.0, km * 0.02))


@pytest.mark.parametrize("km", [5e-324, 4e-184, 1e-9, 0.001])
@pytest.mark.parametrize(("lon", "lat"), [(8.67591, 46.7697), (180.0, 0.0), (0.0, 90.0)])
def test_the_smallest_disc_is_an_area(lon: float, lat: float, km: float) -> None:
    shape = geo.disc(lon, lat, km)
    assert shape.is_valid and not shape.is_empty and shape.area > 0


def test_known_distances() -> None:
    assert geo.distance_km(2.3522, 48.8566, -0.1276, 51.5072) == pytest.approx(343.5, abs=1)
    assert geo.distance_km(179.5, 0, -179.5, 0) == pytest.approx(111.2, abs=0.1)
    assert geo.distance_to_km(box(-180, -1, -179, 1), 179.0, 0.0) == pytest.approx(111.2, abs=0.1)
    assert geo.distance_to_km(shapely.Point(10, 50), 10, 51) == pytest.approx(111.2, abs=0.1)
    assert geo.distance_to_km(shapely.Polygon(), 10, 51) == math.inf


def test_polygon_pairs_are_latitude_first() -> None:
    shape = geo.polygon_from_cap("38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14")
    assert shape.bounds == (-120.14, 38.34, -119.74, 38.62)


@pytest.mark.parametrize(
    "text",
    [
        "0,0 0,1 1,1 1,0 0,0 ",
        "\n0,0\t0,1  1,1\n1,0 ",
        "0,0 0,1 1,1 1,0",
        "0, 0 0, 1 1, 1 1, 0 0, 0",
        "+0,0 0,1, +1,+1, 1,0 0,0",
        "0,0,5 0,1,5 1,1,5 1,0,5 0,0,5",
    ],
    ids=["trailing blank", "any blanks", "unclosed", "after comma", "stray commas", "heights"],
)
def test_sloppy_polygons_are_read(text: str) -> None:
    assert geo.polygon_from_cap(text).equals(box(0, 0, 1, 1))


def test_a_bow_tie_keeps_both_wings() -> None:
    shape = geo.polygon_from_cap("0,0 1,1 1,0 0,1 0,0")
    assert shape.is_valid
    assert shape.area == pytest.approx(0.5)


def test_a_polygon_over_the_antimeridian_is_the_narrow_one() -> None:
    shape = geo.polygon_from_cap("-19,178 -19,-178 -15,-178 -15,178 -19,178")
    assert shape.geom_type == "MultiPolygon"
    assert shape.area == pytest.approx(16)
    assert shape.intersects(Point(-179, -17)) and shape.intersects(Point(179, -17))
    assert not shape.intersects(Point(0, -17))


def test_a_ring_round_the_pole_holds_the_pole() -> None:
    shape = geo.polygon_from_cap("80,-180 80,-90 80,0 80,90 80,-180")
    assert shape.intersects(Point(45, 89)) and shape.intersects(Point(-170, 81))
    assert not shape.intersects(Point(45, 79))


def test_the_whole_map_stays_the_whole_map() -> None:
    assert geo.polygon_from_cap("-90,-180 -90,180 90,180 90,-180 -90,-180").area == 360 * 180


@pytest.mark.parametrize(
    "text",
    [
        "", "1,1 2,2 3,1", "1,1 2,2 1,1 2,2", "1,1 2,2 3,3 1,1", "1,1 2,x 3,3 1,1",
        "91,0 91,1 92,1 91,0", "0,0 nan,1 1,1 0,0", "1 2 3 4",
    ],
)  # fmt: skip
def test_bad_polygons_are_named_bad(text: str) -> None:
    with pytest.raises(geo.BadShape):
        geo.polygon_from_cap(text)


def test_circles() -> None:
    shape = geo.circle_from_cap("60.0,10.0 50")
    assert shape.intersects(Point(10.8, 60)) and not shape.intersects(Point(10.95, 60))
    point = geo.circle_from_cap(" 32.9525,-115.5527 0 ")
    assert 0 < point.area < 0.01
    for text in ("", "1,2", "1,2 -3", "1,2 x", "1,2 30000", "1,2 nan"):
        with pytest.raises(geo.BadShape):
            geo.circle_from_cap(text)


def test_geometry_survives_storage() -> None:
    shape = geo.disc(179.9, 70, 300)
    assert geo.from_wkb(geo.to_wkb(shape)).equals(shape)
