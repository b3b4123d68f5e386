"""Files of one's own trips and of an organisation's: what is in them, and what a spreadsheet or reader makes of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.lib.csvtable import FORMULA
from safeconduct.trips.actions import cancel_trip, register_trip
from safeconduct.trips.bookingatlas import PlacesAtlas
from safeconduct.trips.bookings.containers import read_document
from safeconduct.trips.bookings.reading import interpreted
from safeconduct.trips.exporting import COLUMNS, MORE_COLUMNS, export_of, own_for_export
from safeconduct.trips.frombooking import offer_of
from safeconduct.trips.importing import import_trips
from safeconduct.trips.models import Companion, Trip
from safeconduct.trips.placing import placed
from safeconduct.trips.queries import stops_of
from safeconduct.trips.writing import said_of
from tests.conftest import World
from tests.trips.conftest import Draft

ClientOf = Callable[[User | None], Client]
NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with clock.held_at(NOW):
        yield


@pytest.fixture
def trip(world: World, draft: Draft) -> Trip:
    return register_trip(
        world.seat(world.bob), title="Autumn school", by=world.bob,
        stops=[
            draft("MUC", "2026-11-02T21:10", "2026-11-02T10:05", kind="flight", to="NBO"),
            draft("Nairobi", "2026-11-02T22:30", "2026-11-09T09:00", kind="lodging", address="Uhuru Way 1", lat=-1.286, lon=36.817),
            draft("Nairobi", "2026-11-09T14:00", "2026-11-09T10:00", kind="other", to="NBO"),
            draft("NBO", "2026-11-09T23:30", "2026-11-09T15:00", kind="flight", to="MUC"),
            draft("Munich", "2026-11-10T00:30", "2026-11-10T10:00", tentative=True),
            draft("Munich", "2026-11-10T14:30", "2026-11-10T10:30", kind="rail", to="Zurich"),
            draft("CH", "2026-11-10T15:00", "2026-11-12T10:00"),
        ],
    )  # fmt: skip


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def offered(data: bytes) -> list[Any]:
    reading = interpreted(read_document(data, context=NOW.date()), atlas=PlacesAtlas(), context=NOW.date())
    return list(offer_of(reading).rows)


def test_what_our_own_reader_makes_of_schema_org_are_the_same_stops(world: World, trip: Trip) -> None:
    data = export_of("jsonld", own_for_export(world.seat(world.bob)), with_names=True)
    rows, stops = offered(data), stops_of(trip)
    assert len(rows) == len(stops) == 7
    for row, stop in zip(rows, stops, strict=True):
        said = row.values
        assert (said["kind"], row.is_leg) == (stop.kind, stop.is_leg)
        assert (said["arrive"], said["depart"]) == (stop.arrive_local, stop.depart_local), stop.kind
        assert placed(said["place"]).place == stop.place or said["place"] == stop.place.name
        if stop.to_place is not None:
            assert placed(said["to_place"]).place == stop.to_place or said["to_place"] == stop.to_place.name
        else:
            assert (said["address"], said["lat"] or None, said["lon"] or None) == (stop.address, stop.lat, stop.lon)
        assert bool(said["tentative"]) == stop.tentative


def test_schema_org_names_the_trip_and_who_travels(world: World, trip: Trip) -> None:
    Companion.objects.create(organisation=world.northfield, trip=trip, seq=0, name="Ada Example")
    graph = json.loads(export_of("jsonld", own_for_export(world.seat(world.bob)), with_names=True))["@graph"]
    assert (graph[0]["@type"], graph[0]["name"]) == ("Trip", "Autumn school")
    assert [one["name"] for one in graph[1]["underName"]] == [world.bob.name, "Ada Example"]
    assert {one["@type"] for one in graph[1:]} == {
        "FlightReservation", "LodgingReservation", "Reservation", "EventReservation", "TrainReservation",
    }  # fmt: skip


def test_a_cancelled_trip_says_so_in_every_form(world: World, trip: Trip) -> None:
    cancel_trip(trip, by=world.bob)
    rows = own_for_export(world.seat(world.bob))
    assert offered(export_of("jsonld", rows, with_names=True)) == []
    assert {one["status"] for one in table(export_of("csv", rows, with_names=True))} == {"cancelled"}
    assert json.loads(export_of("json", rows, with_names=True))["trips"][0]["state"] == "cancelled"
    assert b"STATUS:CANCELLED" in export_of("ics", rows, with_names=True)


def test_the_csv_can_be_handed_in_again(world: World, trip: Trip) -> None:
    data = export_of("csv", own_for_export(world.seat(world.bob)), with_names=True)
    done = import_trips(world.southgate, data, source="Move", by=None)
    assert (done.problems, done.counts["entered"]) == ([], 1)
    (again,) = Trip.objects.for_org(world.southgate)
    said, was = said_of(stops_of(again)), said_of(stops_of(trip))
    assert [one | {"lat": None, "lon": None} for one in was] == said


@pytest.mark.parametrize("mark", FORMULA)
def test_no_text_of_an_export_is_a_formula(world: World, draft: Draft, mark: str) -> None:
    evil = f"{mark}HYPERLINK(1)"
    made = register_trip(
        world.seat(world.bob), title="x", by=world.bob,
        stops=[draft("San Francisco", "2026-11-02T22:00", "2026-11-09T10:00", address=evil, note=evil, lat=37.77, lon=-122.41)],
    )  # fmt: skip
    Trip.objects.for_org(world.northfield).filter(pk=made.pk).update(title=evil, source_name=evil)
    User.objects.filter(pk=world.bob.pk).update(given_name=evil, family_name=evil)
    Companion.objects.create(organisation=world.northfield, trip=made, seq=0, name=evil)
    for with_names in (True, False):
        (row,) = table(export_of("csv", own_for_export(world.seat(world.bob)), with_names=with_names))
        loose = {name: value for name, value in row.items() if value.startswith(FORMULA)}
        assert loose == {"lon": "-122.41"}, "a number of ours alone"
        assert list(row) == [*COLUMNS, *MORE_COLUMNS]
    assert table(export_of("csv", own_for_export(world.seat(world.bob)), with_names=True))[0]["note"] == f"'{evil}"


@pytest.mark.parametrize(("form", "kind"), [("csv", "text/csv"), ("json", "json"), ("jsonld", "ld+json"), ("ics", "calendar")])
def test_one_trip_and_all_of_them(world: World, trip: Trip, draft: Draft, client_of: ClientOf, form: str, kind: str) -> None:
    register_trip(world.seat(world.bob), title="Second", by=world.bob, stops=[draft("Nairobi", "2027-01-02", "2027-01-09")])
    register_trip(world.seat(world.alice), title="Hers", by=world.alice, stops=[draft("Berlin", "2027-01-02", "2027-01-09")])
    bob = client_of(world.bob)
    whole, single = bob.get(f"/trips/files/export/?as={form}"), bob.get(f"/trips/{trip.public_id}/export/?as={form}")
    for answer in (whole, single):
        assert answer.status_code == 200 and kind in answer.headers["Content-Type"]
        assert "attachment" in answer.headers["Content-Disposition"]
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert b"Second" in whole.content and b"Second" not in single.content
    assert b"Hers" not in whole.content and b"Autumn school" in single.content


def test_there_is_no_other_form(world: World, trip: Trip, client_of: ClientOf) -> None:
    assert client_of(world.bob).get("/trips/files/export/?as=xls").status_code == 404
    assert client_of(world.alice).get("/manage/trips/export/?as=ics").status_code == 404
    assert client_of(world.alice).get(f"/trips/{trip.public_id}/export/").status_code == 404


def test_an_organisation_takes_what_its_list_shows_and_it_is_written_down(
    world: World, trip: Trip, draft: Draft, client_of: ClientOf
) -> None:
    Companion.objects.create(organisation=world.northfield, trip=trip, seq=0, name="Ada Example", is_minor=True)
    register_trip(world.seat(world.alice), title="Hers", by=world.alice, stops=[draft("Berlin", "2027-01-02", "2027-01-09")])
    secret = register_trip(world.seat(world.bob), title="Unsent", by=world.bob, stops=[draft("Berlin", "2027-01-02", "2027-01-09")])
    Trip.objects.for_org(world.northfield).filter(pk=secret.pk).update(state=Trip.State.DRAFT)
    alice = client_of(world.alice)
    rows = table(alice.get("/manage/trips/export/?as=csv").content)
    assert {row["title"] for row in rows} == {"Autumn school", "Hers"}
    assert {(row["companions"], row["minors"]) for row in rows if row["title"] == "Autumn school"} == {("1", "1")}
    found = json.loads(alice.get("/manage/trips/export/?as=json&q=Nairobi&state=ahead").content)["trips"]
    assert [(one["title"], one["companions"]) for one in found] == [("Autumn school", 1)]
    assert "Ada" not in json.dumps(found)
    last = Entry.objects.filter(action="trips.exported").order_by("-pk")[0]
    assert last.detail == {"trips": 1, "form": "json", "state": "ahead", "words": True, "unread": False}
    assert client_of(world.bob).get("/manage/trips/export/").status_code == 404
    assert table(client_of(world.dana).get("/manage/trips/export/").content) == []
