"""My bookings: handing in, looking over, confirming, leaving out; and the desk's page of the road."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from safeconduct.accounts.actions import export_personal_data
from safeconduct.accounts.models import User
from safeconduct.inbox import receiving, roadsettings
from safeconduct.inbox.keeping import shown_of
from safeconduct.inbox.models import Booking, Letter
from safeconduct.orgs.models import Programme
from safeconduct.trips.models import Trip
from tests.conftest import World, join
from tests.inbox.conftest import HandIn
from tests.inbox.mails import flight, hotel, mail
from tests.inbox.scene import waiting_booking

ClientOf = Callable[[User | None], Client]
PAGE = "/trips/bookings/"


def upload(client: Client, *bookings: dict[str, object], name: str = "b.eml", data: bytes = b"") -> str:
    """Hand a document in; return the page that follows."""
    answer = client.post(PAGE, {"file": SimpleUploadedFile(name, data or mail(*bookings, proof=None))}, follow=True)
    return answer.content.decode()


def fields_of(page: str) -> dict[str, str]:
    found = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, flags=re.S):
        chosen = re.search(r'<option value="([^"]*)"[^>]*selected', body) or re.search(r'<option value="([^"]*)"', body)
        found[name] = chosen[1] if chosen else ""
    return found | {"do": "save"}


def accept(client: Client, row: Booking) -> None:
    """Press the button of the page as it is now."""
    page = client.get(PAGE).content.decode()
    shown = re.search(rf"of/{row.public_id}/accept/.*?name=\"shown\" value=\"([^\"]+)\"", page, flags=re.S)
    assert shown is not None
    client.post(f"{PAGE}of/{row.public_id}/accept/", {"shown": shown[1]})


def test_an_empty_page_says_what_to_do(world: World, client_of: ClientOf) -> None:
    page = client_of(world.bob).get(PAGE).content.decode()
    assert "No bookings yet" in page and "bookings@portal.example.org" in page
    assert PAGE in client_of(world.bob).get("/trips/").content.decode()


def test_what_is_sure_is_entered_when_it_is_handed_in(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    page = upload(bob, flight(), hotel())
    trip = Trip.objects.of_user(world.bob).get()
    assert f"/trips/{trip.public_id}/" in page and "Entered" in page
    assert "FRA – NBO" in bob.get(PAGE).content.decode()
    again = upload(bob, flight(), hotel())
    assert "handed in before" in again and Trip.objects.of_user(world.bob).count() == 1


def test_what_is_not_sure_is_looked_over_and_put_right(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    page = upload(bob, flight(), hotel(name="Carol Jones"))
    assert "another person" in page and Trip.objects.of_user(world.bob).count() == 1
    letter = Letter.objects.get()
    fields = fields_of(page)
    assert fields["s0-place"] == "Nairobi"
    answer = bob.post(f"{PAGE}{letter.public_id}/", fields | {"s0-depart": "2026-12-06T08:00"})
    assert answer.status_code == 302, answer.content.decode()
    trip = Trip.objects.of_user(world.bob).get()
    assert [stop.kind for stop in trip.stops.order_by("seq")] == ["flight", "lodging"]
    letter.refresh_from_db()
    booking = Booking.objects.for_org(world.northfield).get(kind="LodgingReservation")
    assert (letter.state, booking.state, booking.trip) == ("read", "entered", trip)
    # What was put right by hand stays when the hotel writes again.
    upload(bob, hotel(first="2026-12-01", last="2026-12-07"), name="later.eml")
    assert trip.stops.get(kind="lodging").depart_local == "2026-12-06T08:00"
    again = bob.post(f"{PAGE}{letter.public_id}/", fields)
    assert "dealt with meanwhile" in again.content.decode()


def test_a_faulty_form_keeps_what_was_typed(world: World, client_of: ClientOf) -> None:
    letter, _booking = waiting_booking(world)
    bob = client_of(world.bob)
    page = bob.get(f"{PAGE}{letter.public_id}/").content.decode()
    answer = bob.post(f"{PAGE}{letter.public_id}/", fields_of(page) | {"s0-arrive": "2026-11-30T10:00"})
    assert answer.status_code == 200 and "2026-11-30T10:00" in answer.content.decode()
    assert not Trip.objects.of_user(world.bob).exists()


def test_a_cancellation_that_nothing_proves_is_the_persons_to_decide(
    world: World, client_of: ClientOf, hand_in: HandIn
) -> None:
    bob = client_of(world.bob)
    upload(bob, flight(), hotel())
    hand_in(mail(flight(status="Cancelled"), proof=None))
    page = bob.get(PAGE).content.decode()
    assert "A mail says that this is called off." in page and "Nothing proves" in page
    row = Booking.objects.for_org(world.northfield).get(kind="FlightReservation")
    bob.post(f"{PAGE}of/{row.public_id}/dismiss/")
    trip = Trip.objects.of_user(world.bob).get()
    assert trip.stops.count() == 2
    hand_in(mail(flight(status="Cancelled"), proof=None, message_id="<again@x.example>"))
    accept(bob, row)
    assert [stop.kind for stop in trip.stops.all()] == ["lodging"]


def test_what_came_after_the_page_was_shown_is_not_accepted_unseen(
    world: World, client_of: ClientOf, hand_in: HandIn
) -> None:
    bob = client_of(world.bob)
    upload(bob, flight())
    hand_in(mail(flight(day="2026-12-03")))
    row = Booking.objects.for_org(world.northfield).get()
    shown = shown_of(row.offered)
    hand_in(mail(flight(day="2026-12-04"), message_id="<later@northfield.example.edu>"))
    answer = bob.post(f"{PAGE}of/{row.public_id}/accept/", {"shown": shown})
    assert answer.status_code == 409
    assert Trip.objects.of_user(world.bob).get().stops.get().depart_local == "2026-12-01T10:15"


def test_a_move_to_another_day_is_accepted_or_left(world: World, client_of: ClientOf, hand_in: HandIn) -> None:
    bob = client_of(world.bob)
    upload(bob, flight())
    hand_in(mail(flight(day="2026-12-03")))
    row = Booking.objects.for_org(world.northfield).get()
    page = bob.get(PAGE).content.decode()
    assert "In your trip it stands as" in page
    accept(bob, row)
    assert Trip.objects.of_user(world.bob).get().stops.get().depart_local == "2026-12-03T10:15"


def test_what_is_left_out_stays_out(world: World, client_of: ClientOf) -> None:
    letter, booking = waiting_booking(world)
    bob = client_of(world.bob)
    bob.post(f"{PAGE}of/{booking.public_id}/dismiss/")
    letter.refresh_from_db()
    booking.refresh_from_db()
    assert (letter.state, booking.state, booking.offered) == ("read", "dismissed", {})
    assert "Look it over" not in bob.get(PAGE).content.decode()


def test_who_is_in_two_organisations_chooses(world: World, client_of: ClientOf, hand_in: HandIn) -> None:
    join(world.bob, Programme.objects.for_org(world.southgate)[0])
    letter = hand_in(mail(flight()))
    bob = client_of(world.bob)
    assert "It is for" in bob.get(f"{PAGE}{letter.public_id}/").content.decode()
    bob.post(f"{PAGE}{letter.public_id}/choose/")
    trip = Trip.objects.of_user(world.bob).get()
    letter.refresh_from_db()
    assert letter.state == "read" and letter.organisation_id == trip.organisation_id


@pytest.mark.parametrize("who", ["alice", "dana"])
def test_nobody_else_sees_it(world: World, client_of: ClientOf, who: str) -> None:
    letter, booking = waiting_booking(world)
    client = client_of(getattr(world, who))
    assert client.get(f"{PAGE}{letter.public_id}/").status_code == 404
    assert client.post(f"{PAGE}of/{booking.public_id}/dismiss/").status_code == 404
    assert "NBO" not in client.get(PAGE).content.decode()


def test_pasted_text_and_documents_without_a_booking(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    markup = f'<script type="application/ld+json">{json.dumps(flight())}</script>'
    assert "Entered" in bob.post(PAGE, {"text": markup}, follow=True).content.decode()
    assert "No booking was found in it" in bob.post(PAGE, {"text": "See you."}, follow=True).content.decode()
    assert "Choose a file or paste a text." in bob.post(PAGE, {"text": " "}).content.decode()


def test_the_desk_shows_the_road_and_nobodys_bookings(world: World, client_of: ClientOf, hand_in: HandIn) -> None:
    olga = client_of(world.olga)
    assert "Nothing has come yet" in olga.get("/desk/bookings/").content.decode()
    hand_in(mail(flight()))
    hand_in(mail(message_id="<n@x.example>"))
    hand_in(mail(sender="eve@else.example", message_id="<e@x.example>"))
    page = olga.get("/desk/bookings/").content.decode()
    assert "No booking was found in it" in page and "From an address that no account has confirmed" in page
    assert "NBO" not in page and "bob@" not in page and "eve@" not in page
    page = olga.post("/desk/bookings/secret/").content.decode()
    secret = re.search(r'<code class="breaks">([^<]{30,})</code>', page)
    assert secret and roadsettings.is_secret(secret[1]) and secret[1] not in olga.get("/desk/bookings/").content.decode()
    answer = olga.post("/desk/bookings/", {"address": "b@portal.example.org", "authserv_id": "mx.example.org"})
    assert answer.status_code == 302 and roadsettings.current().authserv == "mx.example.org"


def test_the_export_holds_documents_and_bookings(world: World) -> None:
    waiting_booking(world)
    data = export_personal_data(world.bob)["inbox"]
    assert data["documents"][0]["state"] == "needs_you"
    assert data["bookings"][0]["reservation"]["reservationFor"]["arrivalAirport"]["iataCode"] == "NBO"


def test_the_person_without_a_name_is_asked(world: World, hand_in: HandIn) -> None:
    User.objects.filter(pk=world.bob.pk).update(given_name="", family_name="")
    assert hand_in(mail(flight())).changes[0]["code"] == "waits"


def test_bad_documents_get_clear_answers(world: World, hand_in: HandIn) -> None:
    assert receiving.MOST_TRIES == 3
    two = hand_in(mail(flight(), hotel()))
    assert [change["code"] for change in two.changes] == ["entered", "entered"]
    broken = hand_in(mail(flight(), message_id="<b@x.example>")[:-60].replace(b'"@type"', b'"@ty', 1))
    assert broken.state in ("failed", "read", "needs_you")
