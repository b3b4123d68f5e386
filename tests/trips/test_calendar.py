"""The calendar address: what a calendar program reads there, and who may."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from safeconduct.accounts.models import User
from safeconduct.audit.models import Entry
from safeconduct.lib import clock
from safeconduct.trips.actions import cancel_trip, change_trip, register_trip
from safeconduct.trips.calendars import calendar_of
from safeconduct.trips.feeding import end_feed, make_feed
from safeconduct.trips.models import CalendarFeed, Trip
from safeconduct.trips.queries import stops_of
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
            draft("Nairobi", "2026-11-02T22:00", "2026-11-09T09:00", kind="lodging", address="Uhuru Way 1", note="Room 5"),
            draft("Nairobi", "2026-11-09T10:00", tentative=True),
        ],
    )  # fmt: skip


def read(data: bytes) -> tuple[Calendar, list[Any]]:
    """Read a calendar as strictly as the library does."""
    calendar = Calendar.from_ical(data)
    assert calendar.errors == [] and all(event.errors == [] for event in calendar.walk("VEVENT"))
    return calendar, list(calendar.walk("VEVENT"))


def fetch(secret: str) -> list[Any]:
    answer = Client().get(f"/calendar/{secret}.ics")
    assert answer.status_code == 200
    return read(answer.content)[1]


def test_each_stop_is_an_event_in_the_clock_of_its_place(world: World, trip: Trip) -> None:
    flight, lodging, last = fetch(make_feed(world.bob, by=world.bob))
    assert "MUC" in flight["SUMMARY"] and "NBO" in flight["SUMMARY"]
    assert flight["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert flight["DTEND"].params["TZID"] == "Africa/Nairobi"
    assert flight["DTSTART"].dt.astimezone(UTC) == datetime(2026, 11, 2, 9, 5, tzinfo=UTC)
    assert lodging["DTSTART"].dt.replace(tzinfo=None) == datetime(2026, 11, 2, 22)
    assert (str(flight["STATUS"]), str(last["STATUS"])) == ("CONFIRMED", "TENTATIVE")
    assert "Uhuru Way 1" in lodging["LOCATION"] and "Room 5" in lodging["DESCRIPTION"]
    assert "DTEND" not in last and "Open end" in last["DESCRIPTION"]
    assert len({str(one["UID"]) for one in (flight, lodging, last)}) == 3


def test_every_zone_that_is_named_is_defined_and_gives_the_same_instants(world: World, trip: Trip) -> None:
    """RFC 5545 §3.2.19: read with the file's own definitions alone, the times are the stored ones."""
    data = calendar_of([(trip, stops_of(trip))], name="x")
    calendar, events = read(data)
    defined = {str(zone["TZID"]): zone.to_tz(lookup_tzid=False) for zone in calendar.walk("VTIMEZONE")}
    assert set(defined) == {"Europe/Berlin", "Africa/Nairobi"}
    for event, stop in zip(events, stops_of(trip), strict=True):
        at = event["DTSTART"]
        there = at.dt.replace(tzinfo=None).replace(tzinfo=defined[at.params["TZID"]])
        assert there.astimezone(UTC) == (stop.depart_at if stop.is_leg else stop.arrive_at)


def test_the_hour_that_comes_twice_is_the_one_that_was_meant(world: World, draft: Draft) -> None:
    made = register_trip(
        world.seat(world.bob), title="Clocks", by=world.bob,
        stops=[draft("Munich", "2026-10-25T02:30", "2026-10-26T10:00", arrive_second=True)],
    )  # fmt: skip
    (event,) = read(calendar_of([(made, stops_of(made))], name="x"))[1]
    assert event["DTSTART"].dt.astimezone(UTC) == stops_of(made)[0].arrive_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_change_keeps_the_uid_and_raises_the_sequence(world: World, trip: Trip, draft: Draft) -> None:
    secret = make_feed(world.bob, by=world.bob)
    before = {str(one["UID"]): one["SEQUENCE"] for one in fetch(secret)}
    stops = stops_of(trip)
    changed = change_trip(
        trip, title="Autumn school", by=world.bob,
        stops=[draft("Nairobi", "2026-11-03T22:00", "2026-11-09T09:00", kind="lodging", public_id=stops[1].public_id)],
    )  # fmt: skip
    (event,) = fetch(secret)
    assert str(event["UID"]) in before and event["SEQUENCE"] == changed.revision > before[str(event["UID"])]
    with clock.held_at(NOW + timedelta(hours=1)):
        cancel_trip(changed, by=world.bob)
    (off,) = fetch(secret)
    assert str(off["STATUS"]) == "CANCELLED" and str(off["UID"]) == str(event["UID"])
    assert off["SEQUENCE"] > event["SEQUENCE"] and off["DTSTAMP"].dt > event["DTSTAMP"].dt


def test_drafts_and_other_peoples_trips_are_not_in_it(world: World, trip: Trip, draft: Draft) -> None:
    register_trip(
        world.seat(world.alice), title="Alice's", by=world.alice, stops=[draft("Nairobi", "2026-11-02T22:00", "2026-11-09")]
    )
    secret = make_feed(world.bob, by=world.bob)
    assert len(fetch(secret)) == 3
    Trip.objects.for_org(world.northfield).filter(pk=trip.pk).update(state=Trip.State.DRAFT)
    assert fetch(secret) == []


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"])
def test_no_text_can_begin_a_line_of_its_own(world: World, draft: Draft, end: str) -> None:
    evil = f"Talk{end}ATTENDEE:mailto:eve@example.org{end}END:VEVENT{end}BEGIN:VEVENT{end}UID:evil;,\\"
    made = register_trip(
        world.seat(world.bob), title="x", by=world.bob,
        stops=[draft("Nairobi", "2026-11-02T22:00", "2026-11-09T10:00", address=evil, note=evil)],
    )  # fmt: skip
    made.title = evil
    data = calendar_of([(made, stops_of(made))], name=evil)
    _calendar, events = read(data)
    (event,) = events
    assert "ATTENDEE" not in event and "eve@example.org" in str(event["DESCRIPTION"])
    begun = [row for row in data.decode().replace("\r\n ", "").split("\r\n") if row.startswith(("ATTENDEE", "END:VEVENT"))]
    assert begun == ["END:VEVENT"]
    assert "\r" not in data.decode().replace("\r\n", "")


def test_long_lines_are_folded_within_75_octets_and_read_back(world: World, draft: Draft) -> None:
    made = register_trip(
        world.seat(world.bob), title="رحلة " * 30, by=world.bob,
        stops=[draft("Nairobi", "2026-11-02T22:00", "2026-11-09T10:00", note="日本語" * 60)],
    )  # fmt: skip
    data = calendar_of([(made, stops_of(made))], name="x")
    assert max(len(row) for row in data.split(b"\r\n")) <= 75
    (event,) = read(data)[1]
    assert "日本語" * 60 in str(event["DESCRIPTION"]) and ("رحلة " * 30).strip() in str(event["DESCRIPTION"])


def test_the_address_is_shown_once_stored_as_a_digest_and_revocable(world: World, trip: Trip, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    answer = bob.post("/trips/files/calendar/make/")
    page = answer.content.decode()
    secret = page.split("/calendar/")[1].split(".ics")[0]
    assert answer.headers["Cache-Control"] == "private, no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    assert len(secret) == 32 and len(fetch(secret)) == 3
    feed = CalendarFeed.objects.get(user=world.bob)
    assert secret not in str(vars(feed))
    assert secret not in bob.get("/trips/files/").content.decode()
    bob.post("/trips/files/calendar/make/")
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404
    assert CalendarFeed.objects.filter(user=world.bob).count() == 1
    bob.post("/trips/files/calendar/end/")
    assert not CalendarFeed.objects.filter(user=world.bob).exists()
    entries = list(Entry.objects.filter(action__startswith="calendar."))
    assert [one.action for one in entries].count("calendar.made") == 2
    assert secret not in str([vars(one) for one in entries])


def test_headers_keep_it_out_of_shared_caches_and_other_sites(world: World, trip: Trip) -> None:
    secret = make_feed(world.bob, by=world.bob)
    for answer in (Client().get(f"/calendar/{secret}.ics"), Client().get("/calendar/wrong.ics")):
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert not answer.cookies


def test_who_left_and_what_was_ended_are_read_no_more(world: World, trip: Trip) -> None:
    secret = make_feed(world.bob, by=world.bob)
    User.objects.filter(pk=world.bob.pk).update(is_active=False)
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404
    User.objects.filter(pk=world.bob.pk).update(is_active=True)
    assert end_feed(world.bob, by=world.bob) and not end_feed(world.bob, by=world.bob)
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404


def test_no_log_line_holds_the_address(
    world: World, trip: Trip, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = make_feed(world.bob, by=world.bob)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("django.request").setLevel(logging.CRITICAL)
        fetch(secret)
        Client().get(f"/calendar/{secret}x.ics")
        client = Client(raise_request_exception=False)
        monkeypatch.setattr("safeconduct.trips.fileviews.read_feed", lambda feed: 1 / 0)
        assert client.get(f"/calendar/{secret}.ics").status_code == 500
    told = [str(vars(record)) for record in caplog.records if record.name.startswith("safeconduct")]
    assert any("page failed" in one for one in told)
    assert not any(record.getMessage().find(secret) >= 0 for record in caplog.records)
    assert not any(f"'path': '/calendar/{secret}" in one for one in told)
