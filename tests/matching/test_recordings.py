"""Recorded warnings of real sources against invented trips. Skipped where the recordings are absent."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from safeconduct.alerts.models import AlertVersion
from safeconduct.lib import clock
from safeconduct.matching.models import Exposure
from tests.conftest import World
from tests.matching.conftest import TripMaker, mails, told, work

QUAKES = datetime(2022, 4, 3, 16, 0, tzinfo=UTC)
BAY = datetime(2025, 2, 28, 20, 0, tzinfo=UTC)


def ingest(format: str, path: Path, at: datetime) -> None:
    with clock.held_at(at):
        call_command("ingest", format, str(path), stdout=StringIO())


def test_an_air_warning_over_the_chesapeake(world: World, trip_of: TripMaker, samples: Path) -> None:
    ingest("cap", next((samples / "nws").glob("noaa-*.xml")), BAY)
    version = AlertVersion.objects.get()
    area = version.geometry()
    assert area is not None
    inside = area.representative_point()
    ring = max(area.exterior.coords) if hasattr(area, "exterior") else max(area.convex_hull.exterior.coords)
    east = ring[0] + 1 / (111.32 * math.cos(math.radians(ring[1])))
    days = ("2025-02-27T12:00", "2025-03-03T12:00")
    trip_of(world.bob, ("Annapolis", *days, {"address": "Pier 1", "lat": inside.y, "lon": inside.x}), at=BAY)
    trip_of(world.alice, ("Annapolis", *days, {"address": "Pier 2", "lat": ring[1], "lon": east}), at=BAY)
    trip_of(world.dana, ("US", *days), at=BAY)
    work(BAY)
    # The warning is Moderate: whoever is only known to be in the country is not told.
    assert told() == [("exposure.opened", "bob")]
    assert "(UTC−5)" in mails()[0].text
    work(BAY + timedelta(days=2))
    assert Exposure.objects.for_org(world.northfield).get().closed_reason == "ended"
    assert len(told()) == 1


def test_a_day_of_earthquakes(world: World, trip_of: TripMaker, samples: Path) -> None:
    feed = samples / "usgs-earthquake" / "eq_data_1_day_m1.geojson"
    days = ("2022-04-01T12:00", "2022-04-09T12:00")
    trip_of(world.bob, ("Tandag", *days), at=QUAKES)
    trip_of(world.alice, ("Manila", *days), at=QUAKES)
    trip_of(world.dana, ("Surigao City", *days), at=QUAKES)
    for at in (QUAKES, QUAKES + timedelta(hours=1)):
        ingest("usgs", feed, at)
        work(at)
    # M 5 to 5.9 reach 50 km: Tandag lies 46 km from the strongest, Surigao 140 km.
    assert {who for _kind, who in told()} == {"bob"}
    assert "Minor: M 5.6 - 44 km ENE of La Paz, Philippines" in {mail.subject for mail in mails()}
    assert len({(mail.subject, mail.to) for mail in mails()}) == len(mails()) > 0


@pytest.mark.parametrize("name", ["ru-20250301222516-0086037.xml"])
def test_a_warning_on_both_sides_of_180_degrees(
    world: World, trip_of: TripMaker, samples: Path, name: str
) -> None:
    at = datetime(2025, 3, 2, 0, 0, tzinfo=UTC)
    ingest("cap", samples / "cap-national" / name, at)
    area = AlertVersion.objects.get().geometry()
    assert area is not None
    sides = {part.representative_point().x > 0: part.representative_point() for part in getattr(area, "geoms", [area])}
    assert set(sides) == {True, False}
    days = ("2025-02-27T12:00", "2025-03-05T12:00")
    for user, side in ((world.bob, True), (world.alice, False)):
        point = sides[side]
        with_address = {"address": "Station", "lat": point.y, "lon": point.x}
        trip_of(user, ("RU", *days, with_address), at=at)
    work(at)
    assert sorted(told()) == [("exposure.opened", "alice"), ("exposure.opened", "bob")]
