"""The search finds exactly whom match.py finds: over random warnings and stays, at edges, at 180 degrees, at the poles."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from safeconduct.lib import clock
from safeconduct.lib.geo import bbox, cut_at_180, disc, polygonal, to_wkb
from safeconduct.matching import candidates, jobs
from safeconduct.matching.candidates import KeptCovers, areas_of, concerned, covers_of, discs, discs_meet
from safeconduct.matching.match import MARGIN, Impact, matches
from safeconduct.matching.models import Exposure, MatchRun, TripMatch
from safeconduct.matching.reading import whereabouts_of
from safeconduct.orgs.tenancy import UnscopedQuery
from safeconduct.places.queries import resolve
from safeconduct.places.shapes import countries_touching, country_shape
from safeconduct.trips import cells as search
from safeconduct.trips import jobs as rolling
from safeconduct.trips.models import Stay, StayCell, Stop, Trip
from tests.alerts.messages import message, put
from tests.conftest import World
from tests.matching.conftest import LEYTE, NOW, TripMaker, told, work
from tests.matching.test_telling import STAY, storm

CODES = ["FJ", "RU", "US", "DE", "KI", "NZ"]


def area_of(chance: random.Random) -> BaseGeometry:
    """A disc, a star, or a country; often across 180 degrees or over a pole."""
    kind = chance.random()
    if kind < 0.25:
        return country_shape(chance.choice(CODES))
    lon = chance.choice([chance.uniform(-180, 180), chance.uniform(177, 183), 179.999, -180.0])
    lat = chance.choice([chance.uniform(-80, 80), chance.uniform(85, 90), -90.0, chance.uniform(-20, 70)])
    if kind < 0.65:
        return disc(lon, lat, chance.choice([1, 20, 120, 700, 3000]))
    reach = chance.choice([0.3, 2, 15])
    turns = sorted(chance.uniform(0, 2 * math.pi) for _ in range(chance.randrange(3, 12)))
    away = [reach * chance.uniform(0.3, 1) for _ in turns]
    ring = [
        (lon + r * math.cos(t), max(-90.0, min(90.0, lat + r * math.sin(t))))
        for t, r in zip(turns, away, strict=True)
    ]
    star = Polygon(ring)
    return cut_at_180(star if star.is_valid else polygonal(star.buffer(0)))


def impact_of(chance: random.Random) -> Impact:
    """A warning of hours, days or months, now or later."""
    onset = NOW + timedelta(hours=chance.randrange(-90, 24 * 60))
    ends = onset + timedelta(hours=chance.choice([1, 12, 72, 24 * 20, 24 * 90]))
    severity = chance.choice(["Extreme", "Severe", "Moderate"])
    if chance.random() < 0.1:
        return Impact(severity, onset, ends, None, frozenset(chance.sample(CODES, 2)))
    area, rough = area_of(chance), area_of(chance)
    kind = chance.random()
    touched = frozenset(countries_touching(rough if kind < 0.1 else area))
    return Impact(
        severity, onset, max(ends, NOW), None if kind < 0.1 else area, touched,
        possible=rough if kind < 0.25 else None,
    )  # fmt: skip


def place_near(chance: random.Random, areas: Sequence[BaseGeometry]) -> tuple[float, float]:
    """Near a corner of one of the areas, where everything is decided; or anywhere."""
    points = shapely.get_coordinates(list(areas))
    if chance.random() < 0.15 or not len(points):
        return chance.uniform(-180, 180), chance.uniform(-90, 90)
    lon, lat = points[chance.randrange(len(points))]
    lat = max(-90.0, min(90.0, lat + chance.choice([0, chance.uniform(-0.35, 0.35)])))
    lon += chance.choice([0, chance.uniform(-0.35, 0.35) / max(0.02, math.cos(math.radians(lat)))])
    return (lon if -180 <= lon <= 180 else math.remainder(lon, 360)), lat


def travel(world: World, chance: random.Random, areas: Sequence[BaseGeometry], count: int) -> list[Stay]:
    """Store `count` trips of one stay each, with their search rows."""
    seat, place = world.seat(world.bob), resolve("Lisbon")
    kinds = [("address", 0.2), ("airport", 5.0), ("city", 18.9), ("city", 30.0), ("country", None)]
    trips, stops, stays = [], [], []
    for _ in range(count):
        from_at = NOW + timedelta(hours=chance.randrange(-24 * 40, 24 * 150))
        to_at = from_at + timedelta(hours=chance.choice([0, 3, 50, 24 * 9, 24 * 120]))
        trip = Trip(
            organisation=seat.organisation, user=seat.user, membership=seat.membership, title="Trip",
            starts_at=from_at, ends_at=to_at,
        )  # fmt: skip
        kind, km = chance.choice(kinds)
        lon, lat = place_near(chance, areas)
        shape = disc(lon, lat, km) if km else country_shape(chance.choice(CODES))
        west, south, east, north = bbox(shape)
        stop = Stop(
            organisation=seat.organisation, trip=trip, seq=0, place=place, arrive_local="2026-11-20T10:00",
            arrive_zone="UTC", arrive_at=from_at, depart_at=to_at,
        )  # fmt: skip
        trips.append(trip)
        stops.append(stop)
        stays.append(
            Stay(
                organisation=seat.organisation, trip=trip, stop=stop, user=seat.user, label="Here", extent_kind=kind,
                lon=lon, lat=lat, radius_km=km, country_code=chance.choice(CODES), from_at=from_at, to_at=to_at,
                west=west, south=south, east=east, north=north, geometry=to_wkb(shape) if km else None,
            )
        )  # fmt: skip
    Trip.objects.bulk_create(trips)
    Stop.objects.bulk_create(stops)
    Stay.objects.bulk_create(stays)
    search.write(stays, search.window(NOW))
    return stays


def found(impact: Impact, kept: KeptCovers | None = None) -> set[int]:
    rows = jobs.everybody()
    return set(concerned(impact, cells=rows.cells, stays=rows.stays, now=NOW, kept=kept).trips.tolist())


@pytest.mark.parametrize("seed", range(12))
def test_exactly_those_whom_match_finds(world: World, seed: int) -> None:
    chance = random.Random(seed)
    impacts = [impact_of(chance) for _ in range(12)]
    areas = [area for impact in impacts for area in (impact.geometry, impact.possible) if area is not None]
    stays = travel(world, chance, areas, 250)
    hits = 0
    for impact in impacts:
        # What was over before now concerns nobody any more.
        current = Impact(
            impact.severity, max(impact.onset_at, NOW), impact.ends_at, impact.geometry, impact.countries,
            possible=impact.possible,
        )  # fmt: skip
        judged = matches(current, [whereabouts_of(stay) for stay in stays])
        brute = {stay.trip_id for stay, hit in zip(stays, judged, strict=True) if hit is not None}
        assert found(impact) == brute, impact
        hits += len(brute)
    assert hits > 20


def test_nobody_has_looked_which_countries_it_touches(world: World) -> None:
    chance = random.Random(7)
    area = country_shape("FJ")
    stays = travel(world, chance, [area], 200)
    impact = Impact("Severe", NOW, NOW + timedelta(days=30), area, None)
    judged = matches(impact, [whereabouts_of(stay) for stay in stays])
    brute = {stay.trip_id for stay, hit in zip(stays, judged, strict=True) if hit is not None}
    assert found(impact) == brute
    assert any(stay.extent_kind == "country" and stay.trip_id in brute for stay in stays)


def test_without_an_end_the_window_ends_it(world: World) -> None:
    stays = travel(world, random.Random(3), [country_shape("DE")], 200)
    impact = Impact("Severe", NOW, None, country_shape("DE"), frozenset({"DE"}))
    judged = matches(impact, [whereabouts_of(stay) for stay in stays])
    assert found(impact) == {stay.trip_id for stay, hit in zip(stays, judged, strict=True) if hit is not None}


def test_people_are_counted_and_not_trips(world: World) -> None:
    travel(world, random.Random(5), [disc(10, 50, 100)], 60)
    rows = jobs.everybody()
    impact = Impact("Severe", NOW, NOW + timedelta(days=100), disc(10, 50, 300), frozenset())
    both = concerned(impact, cells=rows.cells, stays=rows.stays, now=NOW)
    assert len(both.trips) > 5
    assert both.people.tolist() == [world.bob.pk]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, 180.0, 179.9])),
            st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 89.8])),
            st.sampled_from([0.2, 5.0, 18.9, 30.0]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_discs_made_at_once_are_those_made_one_by_one(places: list[tuple[float, float, float]]) -> None:
    made = discs(np.array(places))
    for one, (lon, lat, km) in zip(made, places, strict=True):
        single = disc(lon, lat, km)
        assert one.symmetric_difference(single).area <= single.area * 1e-7
        assert shapely.covers(one.buffer(1e-12), single)


def test_discs_meet_is_intersects() -> None:
    chance = random.Random(11)
    for _ in range(40):
        area = area_of(chance)
        places = [(*place_near(chance, [area]), chance.choice([0.2, 5.0, 18.9, 30.0])) for _ in range(60)]
        lon, lat, km = np.array(places).T
        one_by_one = [bool(shapely.intersects(area, disc(*place))) for place in places]
        assert discs_meet(area, lon, lat, km).tolist() == one_by_one


def test_the_search_needs_a_door(world: World) -> None:
    keys = np.array([0], dtype=np.int64)
    for rows in (
        StayCell.objects.all(),
        StayCell.objects.for_org(world.northfield),
        StayCell.objects.of_user(world.bob),
    ):
        with pytest.raises(UnscopedQuery):
            search.people_at(rows, keys, keys, 0, 1)


def test_covers_are_stored_with_the_match_and_made_again_for_another_area(
    world: World, trip_of: TripMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    trip_of(world.bob, STAY)
    version = put(storm()).version
    work()
    run = MatchRun.objects.get()
    vendor = connection.vendor
    kept = KeptCovers(run.cover_sha, bytes(run.cover))
    impact = Impact("Severe", NOW, None, version.geometry(), frozenset())
    monkeypatch.setattr(candidates, "covers_of", lambda *_args, **_more: pytest.fail("it is stored"))
    (stored,) = kept.of(impact, vendor=vendor)
    monkeypatch.undo()
    (fresh,) = covers_of(impact, vendor=vendor)
    assert (stored.low == fresh.low).all() and (stored.high == fresh.high).all()
    before = kept.digest
    other = Impact("Severe", NOW, None, disc(10, 50, 300), frozenset())
    (corrected,) = kept.of(other, vendor=vendor)
    assert kept.digest != before
    assert corrected.holds(np.array([10.0]), np.array([50.0]))[0][0]


def test_an_impact_without_areas_has_no_cover() -> None:
    assert areas_of(Impact("Severe", NOW, None, None, frozenset({"DE"}))) == []


def test_the_margin_of_the_rows_is_not_less_than_that_of_matching() -> None:
    assert search.MARGIN >= MARGIN


def test_a_stay_beyond_the_window_is_found_when_its_week_is_rolled_in(
    world: World, trip_of: TripMaker
) -> None:
    """A drought of a year is issued; the trip lies 40 weeks ahead; weeks later the roll finds them for each other."""
    trip = trip_of(world.bob, ("Tacloban", "2027-08-30T10:00", "2027-09-02T10:00"))
    work()
    put(message("D1", expires="2027-12-01T10:00:00+00:00", polygon=LEYTE))
    work()
    assert not Exposure.objects.for_org(world.northfield).exists()
    later = datetime(2027, 3, 15, 12, tzinfo=UTC)
    with clock.held_at(later):
        assert rolling.run_due() > 0
        assert TripMatch.objects.for_org(world.northfield).get().due_at == later
    work(later)
    row = Exposure.objects.for_org(world.northfield).get()
    assert (row.trip_id, row.state, row.strength) == (trip.pk, "open", "inside")
    assert told() == []  # Not before two weeks ahead.
    work(datetime(2027, 8, 20, 12, tzinfo=UTC))
    assert told() == [("exposure.opened", "bob")]


def test_who_is_concerned_already_stays_so_beyond_the_window(world: World, trip_of: TripMaker) -> None:
    """A trip matches a running drought at once, however far ahead it lies; a new version judges it by its stays."""
    from tests.alerts.messages import triple

    put(message("D1", expires="2027-12-01T10:00:00+00:00", polygon=LEYTE))
    work()
    trip_of(world.bob, ("Tacloban", "2027-08-30T10:00", "2027-09-02T10:00"))
    work()
    again = message(
        "D2", sent="2026-11-20T11:00:00+00:00", msg_type="Update", references=triple("D1"),
        expires="2027-12-01T10:00:00+00:00", polygon=LEYTE,
    )  # fmt: skip
    version = put(again).version
    work()
    row = Exposure.objects.for_org(world.northfield).get()
    assert (row.state, row.version_id) == ("open", version.pk)
