"""match.py by example: strengths, distances, names of areas, countries, the far ends of the map."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shapely.geometry import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from safeconduct.lib.geo import disc
from safeconduct.matching.match import Impact, NamedArea, Whereabouts, match, strongest

MON = datetime(2026, 11, 23, tzinfo=UTC)
FRI = MON + timedelta(days=4)
COAST = box(124, 10, 126, 12)


def warned(geometry: BaseGeometry | None = COAST, severity: str = "Severe", **more: object) -> Impact:
    return Impact(severity, MON, FRI, geometry, **more)  # type: ignore[arg-type]


def stay(lon: float, lat: float, km: float, kind: str = "city", **more: object) -> Whereabouts:
    return replace(Whereabouts(kind, "PH", MON, FRI, lon, lat, disc(lon, lat, km)), **more)  # type: ignore[arg-type]


def test_inside_says_which_area() -> None:
    parts = (NamedArea("Cebu", box(122, 9, 124, 12)), NamedArea("Leyte and Samar", COAST))
    found = match(warned(parts=parts), stay(125, 11.2, 10))
    assert found is not None
    assert (found.strength, found.area, found.distance_km, found.code) == ("inside", "Leyte and Samar", 0.0, "inside")


def test_an_extent_that_is_only_cut_touches_with_its_distance() -> None:
    found = match(warned(), stay(126.1, 11, 15))  # 0.1 degree at 11 degrees north is 10.9 km
    assert found is not None
    assert found.strength == "touches"
    assert found.distance_km == pytest.approx(10.9, abs=0.1)


def test_an_address_one_kilometre_outside_is_told_nothing() -> None:
    assert match(warned(), stay(126 + 1 / 109.2, 11, 0.2, "address")) is None
    assert match(warned(), stay(126 + 0.1 / 109.2, 11, 0.2, "address")) is not None


@pytest.mark.parametrize(
    ("severity", "told"), [("Extreme", True), ("Severe", True), ("Moderate", False), ("Minor", False), ("Unknown", False)]
)
def test_a_stop_that_names_a_country_is_possible_from_severe_on(severity: str, told: bool) -> None:
    nation = Whereabouts("country", "PH", MON, FRI, 122, 12, box(117, 5, 127, 19))
    found = match(warned(severity=severity), nation)
    assert (found is not None) == told
    if found is not None:
        assert (found.strength, found.distance_km, found.code) == ("possible", None, "somewhere_in_country")


@pytest.mark.parametrize(("severity", "told"), [("Severe", True), ("Moderate", False)])
def test_a_warning_for_a_whole_country_is_possible_for_any_stop_in_it(severity: str, told: bool) -> None:
    impact = warned(None, severity, countries=frozenset({"PH"}))
    assert (match(impact, stay(125, 11, 10)) is not None) == told
    assert match(impact, stay(125, 11, 10, country_code="MY")) is None


def test_a_warning_without_place_and_country_concerns_nobody() -> None:
    assert match(warned(None, "Extreme"), stay(125, 11, 10)) is None


def test_outside_the_margin_nothing_and_on_its_edge_something() -> None:
    day = timedelta(days=1)
    assert match(warned(), stay(125, 11, 10, from_at=FRI + day, to_at=FRI + 9 * day)) is not None
    assert match(warned(), stay(125, 11, 10, from_at=FRI + day * 1.01, to_at=FRI + 9 * day)) is None
    assert match(warned(), stay(125, 11, 10, from_at=MON - 9 * day, to_at=MON - day)) is not None
    assert match(warned(), stay(125, 11, 10, from_at=MON - 9 * day, to_at=MON - day * 1.01)) is None


def test_the_antimeridian_has_one_side() -> None:
    west_only, both = box(-180, -20, -178, -15), MultiPolygon([box(179, -20, 180, -15), box(-180, -20, -179, -15)])
    for lon in (180.0, -180.0):
        found = match(warned(west_only), stay(lon, -17, 5))
        assert found is not None
        assert found.strength == "inside"
    found = match(warned(both), stay(178.95, -17, 20))
    assert found is not None
    assert found.strength == "touches"
    assert found.distance_km == pytest.approx(5.3, abs=0.1)


def test_the_pole_has_every_longitude() -> None:
    cap = disc(0, 90, 300)
    for lon in (-180.0, -33.3, 0.0, 90.0, 180.0):
        for lat in (90.0, 88.5):
            found = match(warned(cap), stay(lon, lat, 5))
            assert found is not None
            assert found.strength == "inside"
    assert match(warned(cap), stay(12, 87, 5)) is None
    wedge = match(warned(box(-10, 80, 10, 90)), stay(50, 90, 5))
    assert wedge is not None
    assert wedge.strength == "inside"


def test_of_several_stays_the_strongest_then_the_earliest_is_shown() -> None:
    impact = warned()
    stays = [
        stay(126.1, 11, 15), stay(125, 11, 10, from_at=MON + timedelta(days=2)), stay(125, 11, 10),
    ]
    found = [(each, match(impact, each)) for each in stays]
    assert strongest([(each.from_at, hit) for each, hit in found if hit is not None]) == 2
