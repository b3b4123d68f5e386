"""A trip as schema.org says it: a Trip, and a reservation for each of its stops (schema.org/Reservation, 2024).

What `trips/bookings` reads out of it again are the same stops. Schema.org has no word for a journey of unknown means
but Reservation and Trip themselves, and none for an open end. Pure: the stops come with their places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from safeconduct.lib.ids import token_digest
from safeconduct.places.models import Place
from safeconduct.trips.calendars import moment, status_of
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.timeline import ends, name_of, starts

LEGS: Final = {
    Stop.Kind.FLIGHT: ("FlightReservation", "Flight", "departureAirport", "arrivalAirport", "Airport"),
    Stop.Kind.RAIL: ("TrainReservation", "TrainTrip", "departureStation", "arrivalStation", "TrainStation"),
    Stop.Kind.OTHER: ("Reservation", "Trip", "tripOrigin", "itinerary", "Place"),
}
STATUS: Final = {
    "CONFIRMED": "ReservationConfirmed", "TENTATIVE": "ReservationPending", "CANCELLED": "ReservationCancelled",
}  # fmt: skip


def reservations_of(trip: Trip, stops: Sequence[Stop], *, people: Sequence[str]) -> list[dict[str, Any]]:
    """Return the nodes of a graph: the trip, then its stops in order. `people` are who travels, by name."""
    name = f"urn:safeconduct:trip:{token_digest(f'trip {trip.public_id}')[:32]}"
    whole: dict[str, Any] = {
        "@type": "Trip",
        "@id": name,
        "name": trip.title,
        "departureTime": _text(trip.starts_at, starts(stops[0])[1]),
        "itinerary": [_place(place, "Place") for place in _visited(stops)],
    }
    if trip.ends_at is not None:
        whole["arrivalTime"] = _text(trip.ends_at, ends(stops[-1])[1])
    under = [{"@type": "Person", "name": each} for each in people]
    return [whole, *(_reservation(trip, stop, name, under) for stop in stops)]


def _reservation(trip: Trip, stop: Stop, trip_name: str, people: list[dict[str, Any]]) -> dict[str, Any]:
    made = _leg(stop, trip_name) if stop.to_place is not None else _stay(stop)
    made["reservationId"] = token_digest(f"stop {stop.public_id}")[:12]
    made["reservationStatus"] = f"https://schema.org/{STATUS[status_of(trip, stop)]}"
    made["modifiedTime"] = trip.changed_at.isoformat(timespec="seconds")
    if people:
        made["underName"] = people[0] if len(people) == 1 else people
    if stop.note:
        made["description"] = stop.note
    return made


def _leg(stop: Stop, trip_name: str) -> dict[str, Any]:
    kind, thing, origin, destination, place = LEGS[Stop.Kind(stop.kind)]
    (start, start_zone), (end, end_zone) = starts(stop), ends(stop)
    assert stop.to_place is not None and end is not None  # noqa: S101  # a leg has both ends
    return {
        "@type": kind,
        "reservationFor": {
            "@type": thing,
            origin: _place(stop.place, place),
            destination: _place(stop.to_place, place),
            "departureTime": _text(start, start_zone),
            "arrivalTime": _text(end, end_zone),
            "partOfTrip": {"@id": trip_name},
        },
    }


def _stay(stop: Stop) -> dict[str, Any]:
    (start, start_zone), (end, end_zone) = starts(stop), ends(stop)
    is_lodging = stop.kind == Stop.Kind.LODGING
    where = _place(stop.place, "LodgingBusiness" if is_lodging else "Place")
    where["name"] = stop.address or name_of(stop.place)
    if stop.lat is not None and stop.lon is not None:
        where["geo"] = {"@type": "GeoCoordinates", "latitude": stop.lat, "longitude": stop.lon}
    if is_lodging:
        made: dict[str, Any] = {
            "@type": "LodgingReservation", "reservationFor": where, "checkinTime": _text(start, start_zone),
        }  # fmt: skip
        return made | ({"checkoutTime": _text(end, end_zone)} if end is not None else {})
    event = {
        "@type": "Event", "name": where["name"], "location": where, "startDate": _text(start, start_zone),
    }  # fmt: skip
    return {"@type": "EventReservation", "reservationFor": event | ({"endDate": _text(end, end_zone)} if end is not None else {})}


def _place(place: Place, kind: str) -> dict[str, Any]:
    made: dict[str, Any] = {"@type": kind, "name": place.name}
    address = {"@type": "PostalAddress", "addressCountry": place.country_code}
    if place.kind == Place.Kind.AIRPORT and place.code:
        made["iataCode"] = place.code
    elif place.kind == Place.Kind.CITY:
        address["addressLocality"] = place.name
    return made | ({"address": address} if place.country_code else {})


def _visited(stops: Sequence[Stop]) -> list[Place]:
    """The places in order, each once in a row."""
    found: list[Place] = []
    for stop in stops:
        for place in (stop.place, stop.to_place):
            if place is not None and (not found or found[-1].pk != place.pk):
                found.append(place)
    return found


def _text(at: Any, zone: str) -> str:
    """ISO 8601 with the offset of the place."""
    return str(moment(at, zone).isoformat(timespec="minutes"))
