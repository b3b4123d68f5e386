"""Reservations as schema.org JSON, with what schema.org has no words for beside it: problems, reader, key, zones.

Times are local with their offset where it is known (ISO 8601); `…Zone` beside a time is the IANA zone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from safeconduct.trips.bookings import model
from safeconduct.trips.bookings.model import Moment, Problem, Reservation, Spot

_THINGS: Final = {
    model.FLIGHT: ("Flight", "departureAirport", "arrivalAirport", "Airport", "flightNumber", "airline"),
    model.TRAIN: (
        "TrainTrip",
        "departureStation",
        "arrivalStation",
        "TrainStation",
        "trainNumber",
        "provider",
    ),
    model.BUS: ("BusTrip", "departureBusStop", "arrivalBusStop", "BusStation", "busNumber", "provider"),
    model.BOAT: (
        "BoatTrip",
        "departureBoatTerminal",
        "arrivalBoatTerminal",
        "BoatTerminal",
        "boatNumber",
        "provider",
    ),
    model.TRIP: ("Trip", "tripOrigin", "itinerary", "Place", "identifier", "provider"),
}


def reservation_json(one: Reservation, words: Callable[[Problem], str]) -> dict[str, Any]:
    """A reservation. `words` gives the sentence for a problem."""
    people = [{"@type": "Person", "name": name} for name in one.passengers]
    value = {
        "@context": "https://schema.org",
        "@type": one.kind,
        "reservationNumber": one.number,
        "reservationStatus": f"https://schema.org/{one.status}",
        "underName": people[0] if len(people) == 1 else people,
        "modifiedTime": one.modified,
        "url": one.url,
        **_thing(one),
        **({"airplaneSeat": one.seats[0]} if one.kind == model.FLIGHT and len(one.seats) == 1 else {}),
    }
    told = {"key": one.key, "reader": one.reader}
    return (
        {name: each for name, each in value.items() if each not in ("", None, [], {})}
        | told
        | {
            "problems": [
                {
                    "code": problem.code,
                    "field": problem.field,
                    "detail": problem.detail,
                    "text": words(problem),
                }
                for problem in one.problems
            ]
        }
    )


def _thing(one: Reservation) -> dict[str, Any]:
    provider = _plain({"name": one.provider.name, "iataCode": one.provider.iata})
    if provider:
        provider = {"@type": "Airline" if one.kind == model.FLIGHT else "Organization"} | provider
    if one.kind in _THINGS:
        kind, origin, destination, place, number, carrier = _THINGS[one.kind]
        by_day = one.starts is not None and one.starts.at is None
        thing = {
            "@type": kind,
            number: one.trip_number,
            carrier: provider,
            origin: _spot(one.origin, place),
            destination: _spot(one.destination, place),
            **_times("departureDay" if by_day else "departureTime", one.starts),
            **_times("arrivalTime", one.ends),
            **_times("boardingTime", one.boards),
        }
        return {"reservationFor": _plain(thing)}
    if one.kind in (model.CAR, model.TAXI):
        return {
            "reservationFor": _plain(
                {"@type": "RentalCar" if one.kind == model.CAR else "Taxi", "name": one.name}
            ),
            "provider": provider,
            "pickupLocation": _spot(one.origin, "Place"),
            "dropoffLocation": _spot(one.destination, "Place"),
            **_times("pickupTime", one.starts),
            **_times("dropoffTime", one.ends),
        }
    if one.kind == model.EVENT:
        event = {
            "@type": "Event", "name": one.name, "location": _spot(one.origin, "Place"),
            **_times("startDate", one.starts), **_times("endDate", one.ends),
        }  # fmt: skip
        return {"reservationFor": _plain(event)}
    is_lodging = one.kind == model.LODGING
    house = _spot(one.origin, "LodgingBusiness" if is_lodging else "FoodEstablishment")
    names = ("checkinTime", "checkoutTime") if is_lodging else ("startTime", "endTime")
    return {
        "reservationFor": _plain(house | {"telephone": one.telephone}),
        **_times(names[0], one.starts),
        **_times(names[1], one.ends),
    }


def _times(name: str, moment: Moment | None) -> dict[str, Any]:
    if moment is None:
        return {}
    return _plain({name: moment.text, f"{name}Zone": moment.zone})


def _spot(spot: Spot, kind: str) -> dict[str, Any]:
    address = _plain({
        "streetAddress": spot.street, "addressLocality": spot.city, "addressRegion": spot.region,
        "postalCode": spot.postal_code, "addressCountry": spot.country,
    })  # fmt: skip
    geo = (
        {"@type": "GeoCoordinates", "latitude": spot.lat, "longitude": spot.lon}
        if spot.lat is not None
        else {}
    )
    found = _plain({
        "name": spot.name, "iataCode": spot.iata,
        "address": {"@type": "PostalAddress"} | address if address else {}, "geo": geo,
    })  # fmt: skip
    return {"@type": kind} | found if found else {}


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {name: each for name, each in value.items() if each not in ("", None, {}, [])}
