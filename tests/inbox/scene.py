"""A booking of Bob's that waits, for pages: without the reader's child, from a reservation as it would read it."""

from __future__ import annotations

from datetime import time, timedelta

from safeconduct.inbox import receiving
from safeconduct.inbox.models import Booking, Letter
from safeconduct.lib import clock
from safeconduct.trips.bookings.model import FLIGHT, Moment, Problem, Provider, Reading, Reservation, Spot
from tests.conftest import World


def reservation(**more: object) -> Reservation:
    """Return a flight from Frankfurt to Nairobi in Bob's name, sure unless `more` says otherwise."""
    day = clock.today() + timedelta(days=9)
    said = {
        "number": "QX7Z9A", "provider": Provider("Example Air", "XX"), "trip_number": "101", "reader": "json-ld",
        "origin": Spot(name="Frankfurt", iata="FRA", country="DE"), "destination": Spot(name="Nairobi", iata="NBO", country="KE"),
        "starts": Moment(day, time(10, 15), "Europe/Berlin", 60),
        "ends": Moment(day, time(20, 30), "Africa/Nairobi", 180),
        "passengers": ("Bob Okafor",),
    }  # fmt: skip
    return Reservation(FLIGHT, **{**said, **more})  # type: ignore[arg-type]


def waiting_booking(world: World) -> tuple[Letter, Booking]:
    """Write a document of Bob's with one booking that waits."""
    data = b"a boarding pass without a year"
    letter, _new = receiving.take_in(
        data, road=Letter.Road.UPLOAD, user=world.bob, organisation=world.northfield, is_proved=True
    )
    unsure = reservation(problems=(Problem("year.inferred", "starts", "1 Dec"),))
    receiving.work(1, read=lambda _data: Reading((unsure,)), only=letter)
    letter.refresh_from_db()
    return letter, Booking.objects.for_org(world.northfield).get(user=world.bob)
