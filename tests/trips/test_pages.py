"""The pages of a member's trips, as a browser without script uses them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.orgs.models import Membership
from safeconduct.trips import hooks, queries
from safeconduct.trips.actions import register_trip
from safeconduct.trips.models import Stop, Trip
from tests.conftest import World
from tests.trips.conftest import Draft, posted, row

ClientOf = Callable[[User | None], Client]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MUNICH = {"place": "Munich", "arrive": "2026-11-26T14:00", "depart": "2026-11-28T10:00"}


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with clock.held_at(NOW):
        yield


@pytest.fixture
def bob(world: World, client_of: ClientOf) -> Client:
    return client_of(world.bob)


def trips_of(user: User) -> list[Trip]:
    return list(Trip.objects.of_user(user).order_by("id"))


def page(client: Client, url: str, data: dict[str, str] | None = None) -> str:
    response = client.post(url, data) if data is not None else client.get(url)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def fields(html: str) -> dict[str, str]:
    """What a browser would send of the page's form: values of inputs and the chosen options."""
    form = html[html.index('name="count"') - 600 : html.rindex("</form>")]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attrs = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        name, kind = attrs.get("name", ""), attrs.get("type", "text")
        if name and (kind not in ("radio", "checkbox") or " checked" in tag):
            found[name] = attrs.get("value", "on" if kind == "checkbox" else "")
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    found.pop("csrfmiddlewaretoken", None)
    return found


def test_empty_list_says_what_to_do(bob: Client) -> None:
    html = page(bob, "/trips/")
    assert "No trips yet" in html and 'href="/trips/new/"' in html


def test_registering_without_script(bob: Client, world: World) -> None:
    blank = fields(page(bob, "/trips/new/"))
    assert blank["count"] == "1" and len(blank["token"]) >= 20
    two = fields(page(bob, "/trips/new/", blank | {"s0-place": "Munich", "s0-note": "Kept", "do": "add-leg"}))
    assert (two["count"], two["s0-place"], two["s0-note"], two["s1-leg"]) == ("2", "Munich", "Kept", "1")
    response = bob.post(
        "/trips/new/",
        two
        | {
            "do": "save", "title": "Winter school",
            "s0-arrive": "2026-11-26T14:00", "s0-depart": "2026-11-28T10:00", "s0-kind": "lodging",
            "s1-kind": "rail", "s1-place": "Munich", "s1-to_place": "Zurich, Switzerland",
            "s1-depart": "2026-11-28T11:00", "s1-arrive": "2026-11-28T15:30",
        },
    )  # fmt: skip
    (trip,) = trips_of(world.bob)
    assert response.status_code == 302 and response["Location"] == f"/trips/{trip.public_id}/"
    lodging, train = queries.stops_of(trip)
    assert (lodging.place.key, lodging.kind, lodging.note) == ("geonames:2867714", "lodging", "Kept")
    assert (train.kind, train.to_place and train.to_place.country_code) == ("rail", "CH")
    html = page(bob, response["Location"])
    assert "Winter school" in html and "In 2 days" in html
    assert "Munich to Z" in html and "Germany – Switzerland" in html and "(UTC+1)" in html
    assert "Winter school" in page(bob, "/trips/")


def test_removing_a_row_keeps_the_others(bob: Client) -> None:
    data = posted(row(0, place="Munich"), row(1, place="Nairobi", note="Second"), row(2, place="Lisbon"))
    html = page(bob, "/trips/new/", data | {"do": "remove-1"})
    left = fields(html)
    assert (left["count"], left["s0-place"], left["s1-place"]) == ("2", "Munich", "Lisbon")
    assert "Second" not in html and "thing to correct" not in html


def test_return_in_a_field_saves(bob: Client) -> None:
    html = page(bob, "/trips/new/")
    assert re.search(r'<button[^>]*name="do"[^>]*value="([^"]+)"', html).group(1) == "save"  # type: ignore[union-attr]


def test_the_form_sent_twice_makes_one_trip(bob: Client, world: World) -> None:
    data = posted(row(0, **MUNICH))
    first, second = bob.post("/trips/new/", data), bob.post("/trips/new/", data)
    assert first["Location"] == second["Location"]
    assert len(trips_of(world.bob)) == 1


def test_several_places_of_a_name_are_offered(bob: Client, world: World) -> None:
    data = posted(row(0, **(MUNICH | {"place": "Springfield"})))
    html = page(bob, "/trips/new/", data)
    assert trips_of(world.bob) == [] and "Choose the one you mean" in html
    keys = re.findall(r'type="radio" name="s0-place_pick" value="([^"]+)"', html)
    labels = re.findall(r"<span>(Springfield, United States [^<]+)</span>", html)
    assert len(keys) == len(set(labels)) >= 2 and all("people" in label for label in labels)
    sent = fields(html)
    assert sent["s0-place"] == "Springfield" and sent["s0-arrive"] == "2026-11-26T14:00"
    bob.post("/trips/new/", sent | {"do": "save", "s0-place_pick": keys[1]})
    (trip,) = trips_of(world.bob)
    assert queries.stops_of(trip)[0].place.key == keys[1]


def test_a_choice_does_not_outlive_its_text(bob: Client, world: World) -> None:
    html = page(bob, "/trips/new/", posted(row(0, **(MUNICH | {"place": "Springfield"}))))
    keys = re.findall(r'name="s0-place_pick" value="([^"]+)"', html)
    sent = fields(html) | {"s0-place_pick": keys[0], "s0-place": "Nairobi", "do": "save"}
    bob.post("/trips/new/", sent)
    assert queries.stops_of(trips_of(world.bob)[0])[0].place.name == "Nairobi"


def test_a_stale_key_does_not_beat_the_text(bob: Client, world: World) -> None:
    bob.post("/trips/new/", posted(row(0, **(MUNICH | {"place": "Nairobi", "place_key": "geonames:2867714"}))))
    assert queries.stops_of(trips_of(world.bob)[0])[0].place.name == "Nairobi"


def test_a_suggestion_in_another_language_counts(bob: Client, world: World) -> None:
    bob.post("/trips/new/", posted(row(0, **(MUNICH | {"place": "München", "place_key": "geonames:2867714"}))))
    assert queries.stops_of(trips_of(world.bob)[0])[0].place.key == "geonames:2867714"


@pytest.mark.parametrize(
    ("changes", "words", "kept"),
    [
        ({"place": "Xyzzyville"}, "We know no place called", "Xyzzyville"),
        ({"place": ""}, "Say where this is", "2026-11-26T14:00"),
        ({"depart": "2026-11-25T10:00"}, "This stop ends before it starts", "2026-11-25T10:00"),
        ({"depart": ""}, "tick “No date of leaving yet”", "2026-11-26T14:00"),
        ({"arrive": ""}, "Say when you arrive", "2026-11-28T10:00"),
        ({"arrive": "tomorrow"}, "This is no date and time", "tomorrow"),
        ({"arrive": "0001-01-01T00:00"}, "Check the year", "0001-01-01T00:00"),
        ({"address": "x" * 301}, "these are 301", "x" * 301),
        ({"lat": "11.575", "lon": "48.137"}, "Check latitude and longitude", "11.575"),
        ({"lat": "north"}, "Enter a number", "north"),
        ({"kind": "balloon"}, "Select a valid choice", "2026-11-26T14:00"),
        ({"place": "p" * 300}, "We know no place called", "p" * 300),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_kept(
    bob: Client, world: World, changes: dict[str, str], words: str, kept: str
) -> None:
    html = page(bob, "/trips/new/", posted(row(0, **(MUNICH | {"note": "My note"} | changes))))
    assert trips_of(world.bob) == []
    assert "1 thing to correct" in html and words in html
    assert kept in html and 'value="My note"' in html


def test_a_name_of_300_characters_is_kept_and_counted(bob: Client, world: World) -> None:
    long = "Ü" * 300
    html = page(bob, "/trips/new/", posted(row(0, **MUNICH), title=long))
    assert "this one has 300" in html and long in html and trips_of(world.bob) == []


def test_nul_and_bad_numbers_are_no_server_error(bob: Client, world: World) -> None:
    html = page(bob, "/trips/new/", posted(row(0, **(MUNICH | {"place": "Mun\x00ich", "place_key": "iso:\x00"}))))
    assert "correct" in html
    assert bob.post("/trips/new/", {"count": "99999999999", "do": "save"}).status_code == 200
    assert bob.post("/trips/new/", {"do": "remove-x"}).status_code == 200
    assert trips_of(world.bob) == []


def test_a_skipped_hour_is_moved_and_told(bob: Client, world: World) -> None:
    stop = {"place": "Munich", "arrive": "2027-03-28T02:30", "depart": "2027-03-30T10:00"}
    response = bob.post("/trips/new/", posted(row(0, **stop)))
    (stored,) = queries.stops_of(trips_of(world.bob)[0])
    assert stored.arrive_local == "2027-03-28T03:30"
    told = [str(message) for message in get_messages(response.wsgi_request)]
    assert any("02:30 does not exist in Europe/Berlin" in text and "03:30" in text for text in told)


def test_an_hour_that_comes_twice_is_asked_with_the_first_chosen(bob: Client, world: World) -> None:
    stop = {"place": "Munich", "arrive": "2027-10-31T02:30", "depart": "2027-11-02T10:00"}
    html = page(bob, "/trips/new/", posted(row(0, **stop)))
    assert "comes twice" in html and trips_of(world.bob) == []
    sent = fields(html) | {"do": "save"}
    assert sent["s0-arrive_which"] == "first"
    bob.post("/trips/new/", sent)
    bob.post("/trips/new/", sent | {"token": "other", "s0-arrive_which": "second"})
    first, second = (queries.stops_of(trip)[0] for trip in trips_of(world.bob))
    assert first.arrive_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert second.arrive_at == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    changed = fields(page(bob, f"/trips/{second.trip.public_id}/change/"))
    assert changed["s0-arrive_which"] == "second"


def test_one_way_without_a_date_of_leaving(bob: Client, world: World) -> None:
    bob.post("/trips/new/", posted(row(0, place="Nairobi", arrive="2026-11-20T10:00", open_end="on")))
    (trip,) = trips_of(world.bob)
    html = page(bob, f"/trips/{trip.public_id}/")
    assert trip.ends_at is None and "open end" in html and "at most for a year" in html
    assert "Under way, day 5" in html


def test_an_address_without_position_says_so(bob: Client, world: World) -> None:
    bob.post("/trips/new/", posted(row(0, **(MUNICH | {"address": "Marienplatz 1"}))))
    html = page(bob, f"/trips/{trips_of(world.bob)[0].public_id}/")
    assert "alerts are matched to the whole of Munich" in html


def test_gaps_and_overlaps_are_pointed_out_not_refused(bob: Client, world: World) -> None:
    stay = {"kind": "lodging"}
    bob.post(
        "/trips/new/",
        posted(
            row(0, place="Manila", arrive="2026-11-26T10:00", depart="2026-11-27T11:00", **stay),
            row(1, place="Cebu City", arrive="2026-11-29T15:00", depart="2026-12-02T10:00", address="Casa Mango", **stay),
            row(2, place="Cebu City", arrive="2026-11-30T15:00", depart="2026-12-04T10:00", address="Hotel Bahía", **stay),
        ),
    )
    html = page(bob, f"/trips/{trips_of(world.bob)[0].public_id}/")
    assert "We do not know where you are" in html and "use Manila and Cebu City, both" in html
    assert "Two lodgings overlap" in html and "Casa Mango" in html
    assert "1 gap" in page(bob, "/trips/") and ", 2 nights" in html
    link = re.search(r'href="(/trips/\w+/change/\?after=\w+)#id_s3"', html)
    assert link is not None
    filled = fields(page(bob, link.group(1)))
    assert (filled["count"], filled["s3-arrive"], filled["s3-depart"]) == ("4", "2026-11-27T11:00", "2026-11-29T15:00")


def test_changing_a_trip(bob: Client, world: World) -> None:
    bob.post("/trips/new/", posted(row(0, **MUNICH), title="Before"))
    (trip,) = trips_of(world.bob)
    stop_id = queries.stops_of(trip)[0].public_id
    url = f"/trips/{trip.public_id}/change/"
    sent = fields(page(bob, url))
    assert (sent["title"], sent["s0-place"], sent["s0-public_id"]) == ("Before", "Munich, Germany", stop_id)
    bob.post(url, sent | {"do": "save", "title": "After", "s0-depart": "2026-11-30T10:00"})
    trip.refresh_from_db()
    assert (trip.title, trip.revision) == ("After", 2)
    assert queries.stops_of(trip)[0].public_id == stop_id
    # The same form again changes nothing; an old form with something else is refused and kept.
    assert bob.post(url, sent | {"do": "save", "title": "After", "s0-depart": "2026-11-30T10:00"}).status_code == 302
    html = page(bob, url, sent | {"do": "save", "s0-depart": "2026-12-05T10:00"})
    assert "changed in another window" in html and "2026-12-05T10:00" in html
    trip.refresh_from_db()
    assert trip.revision == 2


def test_cancelling_asks_first(bob: Client, world: World) -> None:
    bob.post("/trips/new/", posted(row(0, **MUNICH)))
    (trip,) = trips_of(world.bob)
    url = f"/trips/{trip.public_id}/cancel/"
    assert "Cancel this trip?" in page(bob, url)
    trip.refresh_from_db()
    assert not trip.is_cancelled
    assert bob.post(url).status_code == 302 and bob.post(url).status_code == 302
    assert "This trip was cancelled" in page(bob, f"/trips/{trip.public_id}/")
    assert bob.get(f"/trips/{trip.public_id}/change/").status_code == 409


def test_mail_about_a_trip_off_and_on(bob: Client, world: World) -> None:
    bob.post("/trips/new/", posted(row(0, **MUNICH)))
    (trip,) = trips_of(world.bob)
    url = f"/trips/{trip.public_id}/mail/"
    assert bob.get(url).status_code == 405
    bob.post(url, {"mail": "off"})
    assert "Switch e-mail on" in page(bob, f"/trips/{trip.public_id}/")
    bob.post(url, {"mail": "on"})
    assert "Switch e-mail off" in page(bob, f"/trips/{trip.public_id}/")


def test_what_concerns_a_trip_comes_from_above(
    bob: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob.post("/trips/new/", posted(row(0, **MUNICH)))
    (trip,) = trips_of(world.bob)
    line = hooks.ConcernLine("Severe", "Flood in Munich", "/alerts/x/", "You are in Munich.", is_exercise=True)
    monkeypatch.setattr(hooks, "concerns", lambda seat, asked: [line] if asked.pk == trip.pk else [])
    html = page(bob, f"/trips/{trip.public_id}/")
    assert "Flood in Munich" in html and "You are in Munich." in html and "Exercise" in html
    assert "1 alert concerns it" in page(bob, "/trips/")


def test_everybody_else_finds_nothing(world: World, client_of: ClientOf, draft: Draft) -> None:
    trip = register_trip(
        world.seat(world.bob), title="Bob’s own", stops=[draft("Munich", "2026-11-26T14:00")], by=world.bob
    )
    urls = [f"/trips/{trip.public_id}/{tail}" for tail in ("", "change/", "cancel/")]
    for user in (world.alice, world.dana):
        client = client_of(user)
        assert [client.get(url).status_code for url in urls] == [404, 404, 404]
        assert client.post(f"/trips/{trip.public_id}/cancel/").status_code == 404
        assert client.post(f"/trips/{trip.public_id}/mail/", {"mail": "off"}).status_code == 404
        assert client.post(f"/trips/{trip.public_id}/change/", posted(row(0, **MUNICH))).status_code == 404
        assert "Bob’s own" not in client.get("/trips/").content.decode()
    outsider = client_of(world.charlie)
    assert {outsider.get(url).status_code for url in [*urls, "/trips/", "/trips/new/"]} == {302}
    assert {client_of(None).get(url).status_code for url in [*urls, "/trips/", "/trips/new/"]} == {302}
    trip.refresh_from_db()
    assert not trip.is_cancelled and not trip.is_mail_muted and trip.revision == 1


def test_after_the_membership_the_list_stays_and_new_is_refused(bob: Client, world: World, draft: Draft) -> None:
    register_trip(world.seat(world.bob), title="Under way", stops=[draft("Munich", "2026-11-20T14:00")], by=None)
    membership = Membership.objects.of_user(world.bob)[0]
    membership.ends_on = date(2026, 11, 22)
    membership.save()
    html = page(bob, "/trips/")
    assert "Your membership has ended" in html and "/trips/new/" not in html
    assert bob.get("/trips/new/").status_code == 409
    assert bob.post("/trips/new/", posted(row(0, **MUNICH))).status_code == 409
    assert len(trips_of(world.bob)) == 1


def test_another_organisations_stop_id_is_a_new_stop(
    world: World, client_of: ClientOf, draft: Draft
) -> None:
    theirs = register_trip(world.seat(world.dana), title="", stops=[draft("Lisbon", "2026-11-26T14:00")], by=None)
    stop = queries.stops_of(theirs)[0]
    mine = register_trip(world.seat(world.bob), title="", stops=[draft("Lisbon", "2026-11-26T14:00")], by=None)
    client = client_of(world.bob)
    client.post(f"/trips/{mine.public_id}/change/", posted(row(0, **(MUNICH | {"public_id": stop.public_id}))))
    assert Stop.objects.for_org(world.southgate).get(pk=stop.pk).place.name == "Lisbon"
    assert queries.stops_of(mine)[0].place.name == "Munich"
    assert queries.stops_of(mine)[0].public_id != stop.public_id
