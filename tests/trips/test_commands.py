"""`trip-add` and `trips`: what they read, print and refuse."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command

from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.trips.models import Trip
from safeconduct.trips.typed import stop_from_text, where_from_text
from tests.conftest import World

BOB = "bob@northfield.example.edu"


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with clock.held_at(datetime(2026, 11, 20, 9, 0, tzinfo=UTC)):
        yield


def run(*words: str) -> Any:
    out = io.StringIO()
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


def refused(*words: str) -> str:
    err = io.StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command(*words, stderr=err, stdout=io.StringIO())
    assert exit_.value.code == 2
    return err.getvalue()


def add(*stops: str, org: str = "Northfield University") -> Any:
    words = [word for stop in stops for word in ("--stop", stop)]
    return run("trip-add", BOB, "--org", org, *words)


def test_a_city_with_times(world: World) -> None:
    trip = add("Munich,2026-11-22T14:00,2026-11-25T10:00")
    (stop,) = trip["stops"]
    assert (stop["place"], stop["extent"], stop["arrive"], stop["arrive_zone"]) == (
        "Munich", "city", "2026-11-22T14:00", "Europe/Berlin",
    )  # fmt: skip
    assert stop["from"] == "2026-11-22T13:00:00+00:00" and stop["until"] == "2026-11-25T09:00:00+00:00"
    assert (trip["traveller"], trip["organisation"], trip["state"]) == (BOB, "Northfield University", "registered")
    assert [one["id"] for one in run("trips", "--email", BOB)] == [trip["id"]]


@pytest.mark.parametrize(
    ("where", "key", "extent"),
    [
        ("NBO", "iata:NBO", "airport"), ("geonames:2867714", "geonames:2867714", "city"), ("KE", "iso:KE", "country"),
        ("iso:KE", "iso:KE", "country"), ("Kenya", "iso:KE", "country"), ("München", "geonames:2867714", "city"),
        ("Munich, Germany", "geonames:2867714", "city"), ("Paris", "geonames:2988507", "city"),
        ("@48.137,11.575 Marienplatz 1, Munich", "geonames:2867714", "address"),
        ("48.137;11.575", "geonames:2867714", "address"), ("@ 48.137, 11.575", "geonames:2867714", "address"),
        ("Marienplatz 1, Munich @48.137,11.575", "geonames:2867714", "address"),
        ("Marienplatz 1, 80331 München, Germany", "geonames:2867714", "city"),
        ("USA", "iso:US", "country"), ("US", "iso:US", "country"),
        ("@66.5,105 Field camp", "iso:RU", "address"),
    ],
)  # fmt: skip
def test_where(world: World, where: str, key: str, extent: str) -> None:
    (stop,) = add(f"{where},2026-11-22T14:00,2026-11-25T10:00")["stops"]
    assert (stop["key"], stop["extent"]) == (key, extent)


def test_an_address_keeps_its_words_and_position(world: World) -> None:
    (stop,) = add("@48.137,11.575 Marienplatz 1, Munich,2026-11-22T14:00,")["stops"]
    assert (stop["address"], stop["lat"], stop["lon"]) == ("Marienplatz 1, Munich", 48.137, 11.575)
    assert stop["depart"] is None and stop["until"] is None


def test_whole_days_gaps_and_overlaps(world: World) -> None:
    trip = add("Munich,2026-11-22,2026-11-24", "Lisbon,2026-11-24,2026-11-26", "Nairobi,2026-11-30,2026-12-02",
               "Mombasa,2026-12-01T08:00,2026-12-05")  # fmt: skip
    assert trip["stops"][0]["until"] == "2026-11-24T22:59:00+00:00"
    assert len(trip["gaps"]) == 1 and len(trip["overlaps"]) == 1
    assert trip["gaps"][0] == {"from": "2026-11-26T23:59:00+00:00", "to": "2026-11-29T21:00:00+00:00"}


def test_offsets_become_local_times(world: World) -> None:
    (stop,) = add("Munich,2026-11-22T14:00Z,2026-11-25T10:00+03:00")["stops"]
    assert (stop["arrive"], stop["depart"]) == ("2026-11-22T15:00", "2026-11-25T08:00")
    (late,) = add("Munich,2027-10-31T01:30Z,2027-11-02")["stops"]
    assert (late["arrive"], late["from"]) == ("2027-10-31T02:30", "2027-10-31T01:30:00+00:00")


def test_a_skipped_hour_is_told(world: World) -> None:
    assert "02:30 does not exist" in add("Munich,2027-03-28T02:30,2027-03-30")["notes"][0]


@pytest.mark.parametrize("org", ["northfield university", "Northfield", "nfu-26-004417"])
def test_organisations_by_name_or_number(world: World, org: str) -> None:
    assert add("Munich,2026-11-22,2026-11-25", org=org)["organisation"] == "Northfield University"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nobody@example.org", "--org", "Northfield", "--stop", "Munich,2026-11-22,2026-11-25"), "nobody has"),
        ((BOB, "--org", "Southgate College", "--stop", "Munich,2026-11-22,2026-11-25"), "no member of"),
        ((BOB, "--org", "", "--stop", "Munich,2026-11-22,2026-11-25"), "no member of"),
        ((BOB, "--org", "Northfield", "--stop", "Xyzzyville,2026-11-22,2026-11-25"), "no place called"),
        ((BOB, "--org", "Northfield", "--stop", "Springfield,2026-11-22,2026-11-25"), "geonames:"),
        ((BOB, "--org", "Northfield", "--stop", "geonames:999999999999,2026-11-22,2026-11-25"), "no place called"),
        ((BOB, "--org", "Northfield", "--stop", "Munich,2026-11-25T10:00,2026-11-22T10:00"), "ends before it starts"),
        ((BOB, "--org", "Northfield", "--stop", "Munich,2026-13-01,2026-11-25"), "no date and time"),
        ((BOB, "--org", "Northfield", "--stop", "Munich"), "is no stop"),
        ((BOB, "--org", "Northfield", "--stop", ",2026-11-22,2026-11-25"), "needs a place"),
        ((BOB, "--org", "Northfield", "--stop", "@11.575,48.137 Munich,2026-11-22,2026-11-25"), "km from Munich"),
        ((BOB, "--org", "Northfield", "--stop", "@99,11 Munich,2026-11-22,2026-11-25"), "Latitude goes from"),
        ((BOB, "--org", "Northfield", "--stop", "Munich,2026-11-22,2026-11-25", "--title", "x" * 300), "has 300"),
    ],
)
def test_what_is_refused(world: World, words: tuple[str, ...], reason: str) -> None:
    assert reason in refused("trip-add", *words)
    assert Trip.objects.of_user(world.bob).count() == 0


def test_trips_of_nobody(world: World) -> None:
    assert run("trips") == [] and "nobody has" in refused("trips", "--email", "x@example.org")


def test_readable_lines(world: World) -> None:
    trip = add("Munich,2026-11-22,2026-11-25", "KE,2026-11-28,")
    out = io.StringIO()
    call_command("trips", stdout=out)
    first, second, *stops = out.getvalue().strip().splitlines()
    assert first.startswith(trip["id"]) and "open end, 1 gaps, 0 overlaps" in second
    assert "Munich (geonames:2867714, DE, city)" in stops[0] and "Kenya (iso:KE, KE, country)" in stops[1]


def test_a_position_at_sea_is_refused(world: World) -> None:
    with pytest.raises(Refused):
        where_from_text("@-45,-120 raft")
    with pytest.raises(Refused):
        stop_from_text("")
