"""Schema.org reservations within values of JSON-LD or microdata, with plain names of types and properties.

Names come as `FlightReservation`, `schema:FlightReservation`, `http://schema.org/FlightReservation`, with https, with
`www.`, or under the address that Google used before: what counts is the last part. It refuses pages about things that
can be booked: a hotel or an event without a reservation is nothing that somebody has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

MOST: Final = 200
DEEPEST: Final = 40
_BY_THING: Final = {
    "Flight": "FlightReservation",
    "TrainTrip": "TrainReservation",
    "BusTrip": "BusReservation",
    "BoatTrip": "BoatReservation",
    "RentalCar": "RentalCarReservation",
    "Taxi": "TaxiReservation",
    "LodgingBusiness": "LodgingReservation",
    "Hotel": "LodgingReservation",
    "Hostel": "LodgingReservation",
    "BedAndBreakfast": "LodgingReservation",
    "Apartment": "LodgingReservation",
    "Restaurant": "FoodEstablishmentReservation",
    "FoodEstablishment": "FoodEstablishmentReservation",
    "Event": "EventReservation",
    "Trip": "Reservation",
}
"""What is reserved → the kind, for reservations that say no more than that they are one."""
KINDS: Final = frozenset(_BY_THING.values())
OFFERED: Final = frozenset({"potentialAction", "offers", "makesOffer"})
"""Properties of what somebody could do or buy: a reservation in there is none yet."""
_INHERITED: Final = (
    "reservationNumber",
    "reservationId",
    "underName",
    "reservationStatus",
    "provider",
    "modifiedTime",
)


def type_of(node: Any) -> str:
    """The plain name of a node's type, a reservation's before others; empty when it has none."""
    if not isinstance(node, dict):
        return ""
    types = node.get("@type", node.get("type"))
    names = [plain(each) for each in (types if isinstance(types, list) else [types]) if isinstance(each, str)]
    return next((name for name in names if name.endswith("Reservation")), names[0] if names else "")


def plain(name: str) -> str:
    """The last part of a name: "http://schema.org/Flight" and "schema:Flight" → "Flight"."""
    return name.strip().rstrip("/#").replace("#", "/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def reservations(value: Any) -> list[dict[str, Any]]:
    """All reservations within a value, outermost first, each a node of its own with one thing in `reservationFor`."""
    known: dict[str, dict[str, Any]] = {}
    _index(value, known, 0)
    found: list[dict[str, Any]] = []
    for node in _walk(value, 0):
        found += _single(_resolved(node, known, 0))
        if len(found) > MOST:
            break
    return found[:MOST]


def _index(value: Any, known: dict[str, dict[str, Any]], depth: int) -> None:
    """Nodes by their `@id`, the fullest of each."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            _index(each, known, depth + 1)
    elif isinstance(value, dict):
        name = value.get("@id")
        if isinstance(name, str) and len(value) > len(known.get(name, {})) and len(value) > 1:
            known[name] = value
        for each in value.values():
            _index(each, known, depth + 1)


def _walk(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Reservations that are not within another one."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _walk(each, depth + 1)
    elif isinstance(value, dict):
        name = type_of(value)
        if name == "ReservationPackage":
            yield from _package(value, depth)
        elif name in KINDS or name == "Reservation":
            yield value
        else:
            for key, each in value.items():
                if plain(key) not in OFFERED:
                    yield from _walk(each, depth + 1)


def _package(value: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    """What is in a package, with what is said once for all of it."""
    common = {name: value[name] for name in _INHERITED if name in value}
    for each in _walk(value.get("subReservation", []), depth + 1):
        yield common | each


def _resolved(value: Any, known: dict[str, dict[str, Any]], depth: int) -> Any:
    """The value with references (`{"@id": …}` alone) replaced by what they name."""
    if depth > DEEPEST:
        return None
    if isinstance(value, list):
        return [_resolved(each, known, depth + 1) for each in value[:MOST]]
    if isinstance(value, dict):
        if set(value) == {"@id"} and value["@id"] in known:
            return _resolved(known[value["@id"]], known, depth + 1)
        return {
            plain(key) if not key.startswith("@") else key: _resolved(each, known, depth + 1)
            for key, each in value.items()
        }
    return value


def _single(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One node for each thing that a reservation is for; its kind by that thing when it does not say."""
    things = node.get("reservationFor")
    for thing in things if isinstance(things, list) else [things]:
        kind = type_of(node)
        if kind == "Reservation":
            name = type_of(thing)
            kind = _BY_THING.get(name, "EventReservation" if name.endswith("Event") else "")
        if kind:
            yield node | {"@type": kind, "reservationFor": thing}
