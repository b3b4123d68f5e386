"""A booking handed in: what was read stands in the form, what is not sure is said, and nothing is registered unasked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from safeconduct.accounts import limits
from safeconduct.accounts.models import User
from safeconduct.lib import clock
from safeconduct.trips.models import Trip
from tests.conftest import World
from tests.matching.conftest import NOW

ClientOf = Callable[[User | None], Client]
PAGE = "/trips/new/booking/"
MARKUP = """<script type="application/ld+json">[
{"@context": "http://schema.org", "@type": "FlightReservation", "reservationNumber": "QX7Z9A", "reservationStatus": "http://schema.org/ReservationConfirmed",
 "underName": {"@type": "Person", "name": "Bob Okafor"},
 "reservationFor": {"@type": "Flight", "flightNumber": "101", "airline": {"@type": "Airline", "name": "Example Air", "iataCode": "XX"},
  "departureAirport": {"@type": "Airport", "iataCode": "FRA", "name": "Frankfurt"}, "departureTime": "2026-12-01T10:15:00+01:00",
  "arrivalAirport": {"@type": "Airport", "iataCode": "NBO", "name": "Nairobi"}, "arrivalTime": "2026-12-01T20:30:00+03:00"}},
{"@context": "http://schema.org", "@type": "LodgingReservation", "reservationNumber": "H-1", "reservationStatus": "http://schema.org/%s",
 "underName": {"@type": "Person", "name": "Bob Okafor"},
 "reservationFor": {"@type": "LodgingBusiness", "name": "Example House", "telephone": "+254 20 555 0100",
  "address": {"@type": "PostalAddress", "streetAddress": "Sample Road 1", "addressLocality": "Nairobi", "addressCountry": "KE"}},
 "checkinTime": "2026-12-01T21:30:00+03:00", "checkoutTime": "2026-12-05T09:00:00+03:00"}]</script>"""


@pytest.fixture(autouse=True)
def held() -> object:
    """Hold the clock before the journey."""
    with clock.held_at(NOW):
        yield


def hand_in(client: Client, markup: str) -> str:
    file = SimpleUploadedFile("booking.html", f"<html><body>{markup}</body></html>".encode())
    return client.post(PAGE, {"file": file}).content.decode()


def test_what_was_read_is_looked_over_and_then_registered(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    page = hand_in(bob, MARKUP % "ReservationConfirmed")
    assert "2 stops were read" in page and 'action="/trips/new/"' in page
    assert not Trip.objects.of_user(world.bob).exists()
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    assert (fields["s0-place"], fields["s0-to_place"], fields["s0-depart"]) == ("FRA", "NBO", "2026-12-01T10:15")
    assert (fields["s1-place"], fields["s1-arrive"]) == ("Nairobi", "2026-12-01T21:30")
    assert "Example House, Sample Road 1" in fields["s1-address"]
    answer = bob.post("/trips/new/", fields | {"s0-kind": "flight", "s1-kind": "lodging", "do": "save"})
    assert answer.status_code == 302, answer.content.decode()
    trip = Trip.objects.of_user(world.bob).get()
    assert [stop.kind for stop in trip.stops.all()] == ["flight", "lodging"]


def test_what_was_called_off_makes_no_row(world: World, client_of: ClientOf) -> None:
    page = hand_in(client_of(world.bob), MARKUP % "ReservationCancelled")
    assert "1 stop was read" in page and "Called off, so not entered: Example House, H-1" in page
    assert 'name="s1-place"' not in page


def test_what_is_not_sure_is_said_beside_the_stop(world: World, client_of: ClientOf) -> None:
    page = hand_in(client_of(world.bob), (MARKUP % "ReservationConfirmed").replace('"NBO"', '"QQQ"'))
    assert "Stop 1: We do not know an airport of this code" in page


def test_a_document_without_a_booking_says_so(world: World, client_of: ClientOf) -> None:
    bob = client_of(world.bob)
    assert "No booking was found in it" in bob.post(PAGE, {"text": "See you on Friday."}).content.decode()
    assert "Choose a file or paste a text." in bob.post(PAGE, {"text": " "}).content.decode()


def test_nobody_hands_in_without_end(world: World, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch) -> None:
    few = limits.Limit("booking-read", 1, limits.LOGIN_PER_NETWORK.within)
    monkeypatch.setattr("safeconduct.trips.bookingviews.READINGS", few)
    bob = client_of(world.bob)
    bob.post(PAGE, {"text": "See you on Friday."})
    assert "Wait an hour" in bob.post(PAGE, {"text": "See you on Friday."}).content.decode()


def test_the_document_is_not_kept(world: World, client_of: ClientOf, tmp_path: Path, settings: object) -> None:
    before = set(Path(settings.SAFECONDUCT_HOME).rglob("*"))  # type: ignore[attr-defined]
    hand_in(client_of(world.bob), MARKUP % "ReservationConfirmed")
    new = set(Path(settings.SAFECONDUCT_HOME).rglob("*")) - before  # type: ignore[attr-defined]
    assert not [path for path in new if path.is_file() and b"QX7Z9A" in path.read_bytes()]
