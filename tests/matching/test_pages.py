"""Where a traveller sees what concerns them, and the command that lists exposures."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.matching import words
from safeconduct.outbox.models import Delivery
from safeconduct.trips.actions import mute_mail
from tests.alerts.messages import put
from tests.conftest import World
from tests.matching.conftest import NOW, TripMaker, work
from tests.matching.test_telling import STAY, storm

ClientOf = Callable[[User | None], Client]


def test_the_alerts_page_says_why_and_how_it_was_told(
    world: World, client_of: ClientOf, trip_of: TripMaker
) -> None:
    trip = trip_of(world.bob, STAY)
    version = put(storm()).version
    work(mail=False)
    url = f"/alerts/{version.public_id}/"
    with clock.held_at(NOW):
        page = client_of(world.bob).get(url).content.decode()
        assert "Why you are seeing this" in page
        assert "Tacloban is inside the warning area" in page
        assert f"/trips/{trip.public_id}/" in page
        assert "The e-mail is waiting to be sent." in page
        Delivery.objects.update(state="sent", sent_at=NOW, due_at=None)
        page = client_of(world.bob).get(url).content.decode()
        assert "E-mail handed over Fri 20 Nov, 12:00 (UTC)." in page
        for user in (world.alice, world.dana, None):
            other = client_of(user).get(url)
            assert "Why you are seeing this" not in other.content.decode()
            assert "Tacloban is inside" not in other.content.decode()


def test_home_trip_and_figure_show_what_concerns_me(
    world: World, client_of: ClientOf, trip_of: TripMaker
) -> None:
    trip = trip_of(world.bob, STAY)
    mute_mail(trip, by=world.bob)
    put(storm(headline="Storm will cross Leyte"))
    work()
    with clock.held_at(NOW):
        bob = client_of(world.bob)
        assert "Storm will cross Leyte" in bob.get("/").content.decode()
        assert "Storm will cross Leyte" in bob.get(f"/trips/{trip.public_id}/").content.decode()
        assert "1 concerns you" in bob.get("/trips/").content.decode()
        assert "1 concerns you" not in client_of(world.alice).get("/trips/").content.decode()


def run(*arguments: str) -> list[dict[str, object]]:
    out = StringIO()
    with clock.held_at(NOW):
        call_command("exposures", *arguments, "--json", stdout=out)
    found: list[dict[str, object]] = json.loads(out.getvalue())
    return found


def test_the_command_lists_exposures(world: World, trip_of: TripMaker) -> None:
    trip = trip_of(world.bob, STAY)
    version = put(storm()).version
    other = put(storm("Far", polygon="38,-10 38,-8 40,-8 40,-10 38,-10")).version
    work()
    (row,) = run()
    assert row == {
        "alert": version.public_id,
        "traveller": "bob@northfield.example.edu",
        "organisation": "Northfield University",
        "trip": trip.public_id,
        "place": "Tacloban",
        "from": "2026-11-19T04:00:00Z",
        "to": "2026-11-27T02:00:00Z",
        "strength": "inside",
        "distance_km": 0.0,
        "reason": "Your trip says you are in Tacloban Thu 19 to Fri 27 Nov. Tacloban is inside the warning area “Coast”.",
        "told_at": "2026-11-20T12:00:00Z",
        "state": "open",
    }
    assert run("--alert", version.public_id) == [row]
    assert run("--alert", other.public_id) == []
    with pytest.raises(SystemExit) as stopped:
        run("--alert", "nothing")
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("code", "more", "text"),
    [
        ("inside", {}, "Your trip says you are in Tacloban Sun 22 to Fri 27 Nov. Tacloban is inside the warning area."),
        ("inside", {"area": "Leyte"}, "Tacloban is inside the warning area “Leyte”."),
        ("inside", {"origin": "derived"}, "Tacloban is inside the area that we estimate to be affected."),
        ("touches", {"km": 12.3}, "The warning area reaches Tacloban, 12 km from its centre."),
        ("touches", {"km": 0.3}, "less than 1 km from its centre"),
        ("somewhere_in_country", {"kind": "country"}, "Your trip says you are in Philippines Sun 22 to Fri 27 Nov."),
        ("country_warned", {}, "The warning is for Philippines and does not say where exactly."),
        ("somewhere_in_region", {}, "an area that we have no map of, in the same state or country as Tacloban."),
        ("inside", {"to": "2026-12-02T04:00:00+00:00"}, "Sun 22 Nov to Wed 2 Dec"),
        ("inside", {"to": "2027-01-02T04:00:00+00:00"}, "Sun 22 Nov 2026 to Sat 2 Jan 2027"),
        ("inside", {"to": "2026-11-22T09:00:00+00:00"}, "in Tacloban on Sun 22 Nov"),
        ("inside", {"open_end": True}, "in Tacloban from Sun 22 Nov on"),
        ("inside", {"in_a_gap": True}, "Your trip says nothing else, so you may be in Tacloban"),
        ("inside", {"kind": "address", "place": "12 Sea Road, Tacloban"}, "you are at 12 Sea Road, Tacloban Sun 22"),
        ("inside", {"also": ["Cebu", "Ormoc"]}, "Also on this trip: Cebu, Ormoc."),
    ],
)
def test_reasons_in_words(code: str, more: dict[str, object], text: str) -> None:
    reason = {
        "code": code, "place": "Tacloban", "kind": "city", "country": "PH", "zone": "Asia/Manila",
        "from": "2026-11-22T04:00:00+00:00", "to": "2026-11-27T04:00:00+00:00", "origin": "given", **more,
    }
    assert text in words.sentence(reason, this_year=2026)


def test_the_alerts_page_says_why_there_was_no_mail(
    world: World, client_of: ClientOf, trip_of: TripMaker
) -> None:
    mute_mail(trip_of(world.bob, STAY), by=world.bob)
    version = put(storm()).version
    work()
    with clock.held_at(NOW):
        page = client_of(world.bob).get(f"/alerts/{version.public_id}/").content.decode()
    assert "No e-mail was sent. E-mail for this trip is switched off." in page
