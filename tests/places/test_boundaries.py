"""Codes of areas become shapes; what no table holds has at most a region."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box, shape

from safeconduct.places.boundaries import boundary, is_at_sea, pack, region, tables, together, unpack
from tests.conftest import SAMPLES


@pytest.mark.parametrize(
    ("scheme", "code", "lon", "lat"),
    [
        ("EMMA_ID", "DE241", 9.19, 48.90),  # Ludwigsburg
        ("emma_id", "de241", 9.19, 48.90),
        ("EMMA_ID", "IL043", 35.37, 31.25),  # the shore of the Dead Sea
        ("EMMA_ID", "EL001", 22.42, 39.64),
        ("NUTS3", "FR821", 6.23, 44.09),  # Digne
        ("NUTS3", "FR822", 6.08, 44.56),  # Gap
        ("WARNCELLID", "914625001", 14.43, 51.18),  # Bautzen, the plain
        ("WARNCELLID", "114626000", 14.98, 51.15),  # Görlitz as a whole, known in two parts
        ("CISORP", "5303", 15.98, 50.1),
        ("FIPS", "EI26", -7.95, 52.67),  # Tipperary
        ("UGC", "TXC201", -95.37, 29.76),  # Houston
        ("SAME", "048201", -95.37, 29.76),
        ("SAME", "148201", -95.37, 29.76),  # a part counts as its county
        ("FIPS6", "48201", -95.37, 29.76),
        ("UGC", "TXC000", -106.40, 31.85),  # the whole state: El Paso
        ("SAME", "048000", -106.40, 31.85),
        ("SAME", "002016", -176.66, 51.88),  # Adak, beyond 180 degrees from the rest
        ("SAME", "009001", -73.19, 41.18),  # Connecticut by its old counties
        ("SAME", "009120", -73.19, 41.18),  # and by its planning regions
        ("UGC", "GUC010", 144.79, 13.46),
    ],
)
def test_a_code_holds_a_place(scheme: str, code: str, lon: float, lat: float) -> None:
    found = boundary(scheme, code)
    assert found is not None and found.is_valid
    assert found.covers(Point(lon, lat))


@pytest.mark.parametrize(
    ("scheme", "code"),
    [
        ("EMMA_ID", "XX999"), ("NUTS3", "UKI31"), ("UGC", "TXZ213"), ("UGC", "TXC999"), ("UGC", "TX"), ("UGC", ""),
        ("SAME", "999999"), ("SAME", "abc"), ("FIPS6", "4820"), ("nothing", "1"), ("", ""), ("EMMA_ID", ""),
    ],
)  # fmt: skip
def test_an_unknown_code_has_no_shape(scheme: str, code: str) -> None:
    assert boundary(scheme, code) is None


@pytest.mark.parametrize(
    ("scheme", "code", "inside", "outside"),
    [
        ("UGC", "TXZ213", (-106.40, 31.85), (-90.07, 29.95)),
        ("SAME", "048999", (-106.40, 31.85), (-90.07, 29.95)),
        ("EMMA_ID", "UK001", (-0.13, 51.5), (2.35, 48.86)),
        ("NUTS3", "EL999", (23.73, 37.98), (2.35, 48.86)),
        ("WARNCELLID", "123", (13.4, 52.5), (2.35, 48.86)),
        (
            "WARNCELLID",
            "814626190",
            (14.98, 51.15),
            (13.74, 51.05),
        ),  # the district of Görlitz, without Dresden
    ],
)
def test_a_region_is_the_state_or_the_country(
    scheme: str, code: str, inside: tuple[float, float], outside: tuple[float, float]
) -> None:
    found = region(scheme, code)
    assert found is not None
    assert found.covers(Point(*inside)) and not found.covers(Point(*outside))


@pytest.mark.parametrize(
    ("scheme", "code"), [("UGC", "PZZ130"), ("UGC", "LMZ740"), ("SAME", "057530"), ("SAME", "091162")]
)
def test_the_sea_has_neither(scheme: str, code: str) -> None:
    assert is_at_sea(scheme, code)
    assert boundary(scheme, code) is None and region(scheme, code) is None


@pytest.mark.parametrize(
    ("scheme", "code"),
    [("UGC", "PRC001"), ("SAME", "066010"), ("SAME", "070001"), ("SAME", "056001"), ("UGC", "MSZ001")],
)
def test_land_is_not_the_sea(scheme: str, code: str) -> None:
    assert not is_at_sea(scheme, code)


def test_every_alias_has_a_shape() -> None:
    counts = {name: len(codes) for name, codes in tables().aliases.items()}
    assert counts["NUTS3"] > 700 and counts["WARNCELLID"] > 400 and counts["CISORP"] > 200
    for scheme, codes in tables().aliases.items():
        code = next(iter(codes))
        assert boundary(scheme, code) is not None


def test_a_state_of_many_counties_has_no_cracks() -> None:
    texas = region("UGC", "TXZ213")
    assert texas is not None
    parts = list(getattr(texas, "geoms", [texas]))
    mainland = max(parts, key=lambda part: part.area)
    assert mainland.area > 0.99 * sum(part.area for part in parts)
    assert len(mainland.interiors) == 0


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recordings are not here")
@pytest.mark.parametrize("code", ["DE241", "DE343", "DE408", "DE808", "IL042", "IL043", "IL045"])
def test_a_shape_is_the_recorded_one(code: str) -> None:
    recorded = json.loads((SAMPLES / "geocodes" / f"EMMA_ID-{code}.geojson").read_bytes())
    wanted, found = shape(recorded["geometry"]), boundary("EMMA_ID", code)
    assert found is not None
    assert found.intersection(wanted).area / found.union(wanted).area > 0.97


_ring = st.lists(
    st.tuples(st.integers(-180_000, 180_000), st.integers(-90_000, 90_000)), min_size=3, max_size=8
).filter(lambda ring: ring[0] != ring[-1])


@given(st.lists(_ring, min_size=1, max_size=3))
def test_packing_keeps_every_corner(rings: list[list[tuple[int, int]]]) -> None:
    polygons: list[Any] = [Polygon([(x / 1000, y / 1000) for x, y in ring]) for ring in rings]
    whole = polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
    assert unpack(pack(whole)).equals_exact(whole, 1e-9)


@pytest.mark.parametrize(
    "shapes",
    [
        [box(0, 0, 1, 1), box(1, 0, 2, 1)],
        [box(0, 0, 2, 2), box(1, 1, 3, 3)],
        [box(0, 0, 3, 3), box(1, 1, 2, 2)],
        [box(0, 0, 3, 3), box(0, 0, 1, 1)],
        [box(0, 0, 1, 1), box(0, 0, 1, 1)],
        [box(0, 0, 1, 1), box(0, 0, 1, 1), box(0, 0, 1, 1)],
        [box(0, 0, 2, 1), box(0, 1, 1, 2), box(1, 1, 2, 2)],
        [box(0, 0, 1, 1), box(1, 1, 2, 2), box(5, 5, 6, 6)],
        [Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 3), (3, 3), (3, 1)]]), box(1, 1, 3, 3)],
    ],
)
def test_shapes_are_united_however_they_lie(shapes: list[Polygon]) -> None:
    found = together(list(shapes))
    assert found.is_valid
    assert found.symmetric_difference(shapely.union_all(shapes)).area < 1e-4


def test_neighbours_of_a_table_are_united_as_by_the_slow_way() -> None:
    for country in ("DE", "ES", "IL"):
        codes = [code for code in tables().shapes["EMMA_ID"] if code.startswith(country)][:40]
        shapes = [found for code in codes if (found := boundary("EMMA_ID", code))]
        slow = shapely.union_all(shapes)
        # Closing cracks may only add.
        assert together(shapes).buffer(1e-9).covers(slow)
        assert together(shapes).difference(slow).area < 0.01 * slow.area
