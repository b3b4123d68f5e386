"""Shapes, extents and drawings, at the places where they go wrong."""

from __future__ import annotations

from xml.dom import minidom

import pytest
from shapely.geometry import Point, box

from safeconduct.lib.errors import NotFound, Refused
from safeconduct.lib.geo import disc
from safeconduct.places.drawing import country_view, frame_of, locator_svg, world
from safeconduct.places.extents import city_radius_km, extent_for
from safeconduct.places.files import DATA, read_rows
from safeconduct.places.models import Place
from safeconduct.places.shapes import countries_at, countries_touching, country_shape

COUNTRIES = list(read_rows(DATA / "country.csv"))


@pytest.mark.parametrize(
    ("name", "lon", "lat", "codes"),
    [
        ("Nairobi", 36.82, -1.29, ["KE"]),
        ("Suva", 178.44, -18.14, ["FJ"]),
        ("Taveuni, east of 180", -179.98, -16.8, ["FJ"]),
        ("Chukotka, east of 180", -172.0, 66.0, ["RU"]),
        ("Honolulu", -157.86, 21.31, ["US"]),
        ("Beijing", 116.4, 39.9, ["CN"]),
        ("Edinburgh", -3.19, 55.95, ["GB"]),
        ("Longyearbyen", 15.63, 78.22, ["SJ"]),
        ("Las Palmas", -15.43, 28.12, ["ES"]),
        ("Simferopol", 34.1, 44.95, ["RU", "UA"]),
        ("Laayoune", -13.2, 27.15, ["EH", "MA"]),
        ("Agadir", -9.6, 30.4, ["MA"]),
        ("Golan", 35.78, 33.05, ["IL", "SY"]),
        ("Damascus", 36.29, 33.51, ["SY"]),
        ("Srinagar", 74.8, 34.08, ["IN", "PK"]),
        ("Lahore", 74.34, 31.55, ["PK"]),
        ("Aksai Chin", 79.5, 35.2, ["CN", "IN"]),
        ("Kyrenia", 33.32, 35.34, ["CY"]),
        ("Sukhumi", 41.0, 43.0, ["GE", "RU"]),
        ("Bir Tawil", 33.7, 21.87, ["EG", "SD"]),
        ("mid Atlantic", -30.0, 30.0, []),
    ],
)
def test_countries_at(name: str, lon: float, lat: float, codes: list[str]) -> None:
    assert countries_at(lon, lat) == codes, name


def test_all_250_have_a_shape_inside_the_map() -> None:
    assert len(COUNTRIES) == 250
    for row in COUNTRIES:
        shape = country_shape(row["iso2"])
        west, south, east, north = shape.bounds
        assert not shape.is_empty and shape.is_valid, row["iso2"]
        assert -180 <= west <= east <= 180 and -90 <= south <= north <= 90
        assert shape.distance(Point(float(row["lon"]), float(row["lat"]))) < 0.5, row["iso2"]


def test_touching_an_area_across_180() -> None:
    assert "FJ" in countries_touching(disc(-179.9, -16.8, 30))
    assert countries_touching(box(5.9, 49.4, 6.5, 50.2)) == ["BE", "DE", "FR", "LU"]


def test_unknown_code() -> None:
    with pytest.raises(NotFound):
        country_shape("QQ")


def test_city_radius_grows_with_people() -> None:
    radii = [city_radius_km(people) for people in (None, 0, 15_000, 250_000, 1_000_000, 10_000_000)]
    assert radii == [5.0, 5.0, 5.0, 9.5, 18.9, 30.0]


def place(kind: str, population: int | None = None) -> Place:
    return Place(kind=kind, country_code="KE", lat=-1.29, lon=36.82, population=population)


@pytest.mark.parametrize(
    ("kind", "people", "km"), [("city", 15_000, 5.0), ("city", 4_000_000, 30.0), ("airport", None, 5.0)]
)
def test_disc_extents(kind: str, people: int | None, km: float) -> None:
    extent = extent_for(place(kind, people))
    degree = 111.19
    assert (extent.kind, extent.radius_km) == (kind, km)
    assert extent.geometry.contains(Point(36.82, -1.29 + 0.99 * km / degree))
    assert not extent.geometry.contains(Point(36.82, -1.29 + 1.01 * km / degree))


def test_address_and_country_extents() -> None:
    address = extent_for(place("city", 4_000_000), lat=-1.3, lon=36.8)
    assert (address.kind, address.radius_km, address.lat, address.lon) == ("address", 0.2, -1.3, 36.8)
    for kind in ("country", "territory"):
        assert extent_for(place(kind)).geometry.equals(country_shape("KE"))
    with pytest.raises(Refused):
        extent_for()


def test_every_country_is_drawn_small_and_well_formed() -> None:
    for row in COUNTRIES:
        view = country_view(row["iso2"], float(row["lon"]), float(row["lat"]))
        svg = locator_svg(view, title=row["name"], focus=[row["iso2"]])
        assert len(svg.encode()) < 60_000, row["iso2"]
        if row["iso2"] in ("FJ", "RU", "US", "AQ", "KI", "TK"):
            root = minidom.parseString(svg).documentElement
            assert root.getAttribute("role") == "img"
    assert {row["iso2"] for row in COUNTRIES} - set(world()) == {"CC", "TK"}


def test_names_in_a_drawing_are_escaped_and_areas_drawn() -> None:
    svg = locator_svg(
        disc(125.0, 11.24, 60),
        title="<Leyte> & “Samar”",
        focus=["PH"],
        areas=[(disc(125.0, 11.24, 20), "s-4", "<script>"), (disc(0, 0, 20), "s-5", "elsewhere")],
        points=[(125.0, 11.24, "Tacloban <b>"), (0, 0, "far away")],
    )
    assert "<script>" not in svg and "<b>" not in svg
    assert "style=" not in svg and "on" + "load" not in svg
    assert svg.count('class="m-area"') == 1
    assert "far away" not in svg
    titles = minidom.parseString(svg).getElementsByTagName("title")
    assert titles[0].firstChild.data == "<Leyte> & “Samar”"


def test_a_view_across_180_is_one_piece() -> None:
    frame = frame_of(disc(179.9, -17, 150))
    assert frame.west < 179.9 < 180 < frame.east < 183
    x, _y = frame.xy(-179.5, -17)
    assert 0 < x < frame.width
    wide = frame_of(country_view("FJ", 178.0, -17.8))
    assert wide.east - wide.west < 15
