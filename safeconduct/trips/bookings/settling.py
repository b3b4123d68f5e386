"""Findings → reservations: which property is what, for each kind of reservation; nothing guessed without saying so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any, Final

from safeconduct.trips.bookings import bcbp, model
from safeconduct.trips.bookings.clocks import Clock
from safeconduct.trips.bookings.ends import airport, first, line, named, place
from safeconduct.trips.bookings.fitting import implausible, missing
from safeconduct.trips.bookings.model import Atlas, Found, Moment, Problem, Provider, Reservation
from safeconduct.trips.bookings.schema import plain
from safeconduct.trips.bookings.written import Written, written

_STATUS: Final = {
    "confirmed": model.CONFIRMED, "reservationconfirmed": model.CONFIRMED, "cancelled": model.CANCELLED,
    "canceled": model.CANCELLED, "reservationcancelled": model.CANCELLED, "reservationcanceled": model.CANCELLED,
    "eventcancelled": model.CANCELLED, "pending": model.PENDING, "reservationpending": model.PENDING,
    "hold": model.HOLD, "reservationhold": model.HOLD,
}  # fmt: skip
_NUMBER: Final = re.compile(r"([A-Z]{2}|[A-Z]\d|\d[A-Z]|[A-Z]{3})\s?0*(\d{1,4}[A-Z]?)", re.I)
_TOKEN: Final = re.compile(r"^\s*[A-Za-z0-9]+code:", re.I)


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties of a kind, in the order in which they are looked for, on the thing and then on the reservation."""

    origin: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()
    starts: tuple[str, ...] = ("departureTime", "departureDay")
    ends: tuple[str, ...] = ("arrivalTime",)
    number: tuple[str, ...] = ()
    provider: tuple[str, ...] = ("provider",)
    needs: tuple[str, ...] = ("origin", "destination", "starts")


_STAY: Final = ("name", "starts")
SHAPES: Final = {
    model.FLIGHT: Shape(
        ("departureAirport",), ("arrivalAirport",), number=("flightNumber",), provider=("airline", "carrier", "provider")
    ),
    model.TRAIN: Shape(
        ("departureStation",), ("arrivalStation",), number=("trainNumber", "trainName"),
        provider=("provider", "trainCompany"),
    ),
    model.BUS: Shape(
        ("departureBusStop", "departureStation"), ("arrivalBusStop", "arrivalStation"), number=("busNumber", "busName"),
        provider=("busCompany", "provider"),
    ),
    model.BOAT: Shape(
        ("departureBoatTerminal", "departureStation"), ("arrivalBoatTerminal", "arrivalStation"), number=("boatNumber",)
    ),
    model.TRIP: Shape(("tripOrigin",), ("itinerary",)),
    model.LODGING: Shape(
        starts=("checkinTime", "checkinDate"), ends=("checkoutTime", "checkoutDate"), needs=(*_STAY, "ends")
    ),
    model.EVENT: Shape(origin=("location",), starts=("startDate",), ends=("endDate",), provider=("organizer",), needs=_STAY),
    model.FOOD: Shape(starts=("startTime",), ends=("endTime",), needs=_STAY),
    model.CAR: Shape(
        ("pickupLocation",), ("dropoffLocation",), ("pickupTime",), ("dropoffTime",), provider=("rentalCompany", "provider"),
        needs=("origin", "starts"),
    ),
    model.TAXI: Shape(("pickupLocation",), starts=("pickupTime",), ends=(), needs=("origin", "starts")),
}  # fmt: skip


def settled(found: Found, atlas: Atlas, context: date | None) -> Reservation | None:
    """The reservation of a finding; None for kinds that are not read. `context`: when the document came."""
    node = found.node
    kind = str(node.get("@type", ""))
    shape = SHAPES.get(kind)
    if shape is None:
        return None
    thing = first(node.get("reservationFor"))
    thing = thing if isinstance(thing, dict) else {"name": line(thing)}
    problems = list(found.notes)
    leg = None
    if kind == model.FLIGHT:
        node, thing, leg = _with_ticket(node, thing, problems)
    status, doubt = _status(node, thing)
    problems += doubt
    made = Reservation(
        kind, line(node.get("reservationNumber") or node.get("reservationId"), 60), status,
        name="" if kind in model.JOURNEYS else line(thing.get("name")),
        passengers=tuple(dict.fromkeys(_passengers(node))), seats=tuple(dict.fromkeys(_seats(node))),
        modified=_modified(node), telephone=line(thing.get("telephone"), 40), url=_address(node),
        reader=found.reader,
    )  # fmt: skip
    made = _carried(made, shape, thing, node, problems)
    made, zones = _placed(made, shape, thing, node, atlas, problems)
    made = _timed(made, shape, thing, node, zones, context, leg.day if leg else None, problems)
    problems += missing(made, shape.needs)
    problems += implausible(made)
    return replace(made, problems=tuple(dict.fromkeys(problems)))


def _value(thing: dict[str, Any], node: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((held[name] for name in names for held in (thing, node) if held.get(name)), None)


# The ticket, where its bar code stands in the mark-up.


def _with_ticket(
    node: dict[str, Any], thing: dict[str, Any], problems: list[Problem]
) -> tuple[dict[str, Any], dict[str, Any], bcbp.Leg | None]:
    """What the bar code adds; a problem when it is of another flight."""
    ticket = first(node.get("reservedTicket"))
    text = _token(node, ticket)
    read = bcbp.parse(text) if text else None
    if read is None:
        return node, thing, None
    legs = [leg for leg in read.legs if _is_of(leg, thing)]
    if not legs:
        problems.append(Problem("ticket.differs", "ticketToken"))
        return node, thing, None
    leg = legs[0]
    filled = {
        "flightNumber": leg.flight, "airline": {"iataCode": leg.carrier},
        "departureAirport": {"iataCode": leg.origin}, "arrivalAirport": {"iataCode": leg.destination},
    }  # fmt: skip
    thing = filled | {name: value for name, value in thing.items() if value}
    person = {"familyName": read.family_name, "givenName": read.given_name}
    node = {"reservationNumber": leg.number, "underName": person} | {
        name: value for name, value in node.items() if value
    }
    return node, thing, leg


def _token(node: dict[str, Any], ticket: Any) -> str:
    held = node.get("ticketToken") or (ticket.get("ticketToken") if isinstance(ticket, dict) else "")
    # Runs of blanks are fields of a bar code: nothing may be squeezed.
    return _TOKEN.sub("", held).rstrip("\r\n") if isinstance(held, str) else ""


def _is_of(leg: bcbp.Leg, thing: dict[str, Any]) -> bool:
    """Whether nothing that the mark-up says of the flight is otherwise in the bar code."""
    for name, ours in (("departureAirport", leg.origin), ("arrivalAirport", leg.destination)):
        theirs = first(thing.get(name))
        code = line(theirs.get("iataCode")) if isinstance(theirs, dict) else ""
        if code and code.upper() != ours:
            return False
    number = line(thing.get("flightNumber"))
    split = _NUMBER.fullmatch(number)
    return not number or (split[2] if split else number).lstrip("0").upper() == leg.flight


# Who, where, when.


def _carried(
    made: Reservation, shape: Shape, thing: dict[str, Any], node: dict[str, Any], problems: list[Problem]
) -> Reservation:
    value = first(_value(thing, node, shape.provider))
    provider = Provider(named(value), line(value.get("iataCode")).upper() if isinstance(value, dict) else "")
    number = line(_value(thing, node, shape.number), 60)
    if made.kind == model.FLIGHT and (split := _NUMBER.fullmatch(number)):
        prefix, bare = split[1].upper(), split[2].upper()
        if provider.iata and provider.iata != prefix:
            problems.append(Problem("carrier.differs", "flightNumber", number))
        else:
            provider, number = replace(provider, iata=prefix), bare
    elif made.kind == model.FLIGHT:
        number = number.lstrip("0")
    return replace(made, provider=provider, trip_number=number)


def _placed(
    made: Reservation,
    shape: Shape,
    thing: dict[str, Any],
    node: dict[str, Any],
    atlas: Atlas,
    problems: list[Problem],
) -> tuple[Reservation, tuple[frozenset[str], frozenset[str]]]:
    """With both ends, and the zones that each can be in."""
    if made.kind == model.FLIGHT:
        origin, here, doubt = airport(_value(thing, node, shape.origin), shape.origin[0], atlas)
        destination, there, more = airport(
            _value(thing, node, shape.destination), shape.destination[0], atlas
        )
        problems += [*doubt, *more]
        return replace(made, origin=origin, destination=destination), (here, there)
    origin, here = place(_value(thing, node, shape.origin) if shape.origin else thing, atlas)
    if not shape.destination:
        return replace(made, origin=origin), (here, here)
    destination, there = place(_value(thing, node, shape.destination), atlas)
    if made.kind == model.CAR and not destination.is_known:
        there = here
    return replace(made, origin=origin, destination=destination), (here, there)


def _timed(
    made: Reservation, shape: Shape, thing: dict[str, Any], node: dict[str, Any],
    zones: tuple[frozenset[str], frozenset[str]], context: date | None, day_of_year: int | None, problems: list[Problem],
) -> Reservation:  # fmt: skip
    """With its times; each that is not sure as a problem of its property."""
    start_clock = Clock(shape.starts[0], zones[0], context, day_of_year, problems=problems)
    boarding = Clock("boardingTime", zones[0], context)
    boards = boarding.moment(written(thing.get("boardingTime")))
    said = _said(thing, node, shape.starts)
    if said is None and boards is not None and made.kind == model.FLIGHT:
        if day_of_year != boards.on.timetuple().tm_yday:
            problems.append(Problem("date.inferred", shape.starts[0], f"boarding {boards.text}"))
        starts: Moment | None = Moment(boards.on, None, boards.zone)
    else:
        starts = start_clock.moment(said)
    day = written(_value(thing, node, ("departureDay",))) if "departureDay" in shape.starts else None
    if starts and day and len(day.days) == 1 and day.days[0] != starts.on:
        problems.append(Problem("dates.differ", shape.starts[0], day.text))
    ends = None
    if shape.ends:
        after = starts.on if starts and made.kind in model.JOURNEYS else None
        end_clock = Clock(shape.ends[0], zones[1], context, after=after, problems=problems)
        ends = end_clock.moment(_said(thing, node, shape.ends))
    if made.kind == model.LODGING:
        starts, ends = _without_midnight(starts), _without_midnight(ends)
    elif made.kind in model.JOURNEYS:
        problems += [
            Problem("time.midnight", name, moment.text)
            for name, moment in ((shape.starts[0], starts), (shape.ends[0], ends))
            if moment is not None and moment.at == time()
        ]
    return replace(made, starts=starts, ends=ends, boards=boards)


def _without_midnight(moment: Moment | None) -> Moment | None:
    """Nobody checks in at midnight: it is how programs write a day."""
    return replace(moment, at=None, offset=None) if moment is not None and moment.at == time() else moment


def _said(thing: dict[str, Any], node: dict[str, Any], names: tuple[str, ...]) -> Written | None:
    """The property that names a day, with the time of another that names only that."""
    texts = [
        said for name in names for held in (node, thing) if (said := written(held.get(name))) is not None
    ]
    dated = next((said for said in texts if said.at and (said.days or said.without_year)), None)
    dated = dated or next((said for said in texts if said.days or said.without_year), None)
    if dated is None:
        return texts[0] if texts else None
    if dated.at is None and (timed := next((said for said in texts if said.at and not said.days), None)):
        return replace(dated, at=timed.at, offset=timed.offset, text=f"{dated.text} {timed.text}")
    return dated


def _status(node: dict[str, Any], thing: dict[str, Any]) -> tuple[str, list[Problem]]:
    """The status, by the last part of its name in all spellings that senders use; without one it is confirmed."""
    event = plain(line(thing.get("eventStatus"))).lower()
    if _STATUS.get(event) == model.CANCELLED:
        return model.CANCELLED, []
    doubt = (
        [Problem("status.changed", "eventStatus", event)]
        if event in ("eventpostponed", "eventrescheduled")
        else []
    )
    value = first(node.get("reservationStatus"))
    text = line(value.get("@id") or value.get("name")) if isinstance(value, dict) else line(value)
    if not text:
        return model.CONFIRMED, doubt
    status = _STATUS.get(plain(text).replace(" ", "").lower())
    if status is None:
        return model.CONFIRMED, [*doubt, Problem("status.unknown", "reservationStatus", text)]
    return status, doubt


def _passengers(node: dict[str, Any]) -> Iterator[str]:
    holders = [node.get("underName")]
    tickets = node.get("reservedTicket")
    holders += [
        each.get("underName")
        for each in (tickets if isinstance(tickets, list) else [tickets])
        if isinstance(each, dict)
    ]
    for holder in holders:
        for each in holder if isinstance(holder, list) else [holder]:
            if name := _person(each):
                yield name


def _person(value: Any) -> str:
    if not isinstance(value, dict):
        return _in_order(line(value))
    if name := line(value.get("name")):
        return _in_order(name)
    return " ".join(part for key in ("givenName", "familyName") if (part := line(value.get(key))))


def _in_order(name: str) -> str:
    """`KRAUSE/VOLKER`, as airlines write it (Resolution 792), and `Krause, Volker` → `Volker Krause`."""
    mark = "/" if "/" in name else ","
    if name.count(mark) != 1:
        return name
    family, _mark, given = name.partition(mark)
    return f"{given.strip()} {family.strip()}".strip()


def _seats(node: dict[str, Any]) -> Iterator[str]:
    yield from filter(None, [line(node.get("airplaneSeat"), 20)])
    tickets = node.get("reservedTicket")
    for ticket in tickets if isinstance(tickets, list) else [tickets]:
        seat = first(ticket.get("ticketedSeat")) if isinstance(ticket, dict) else None
        if isinstance(seat, dict):
            yield from filter(
                None,
                [
                    " ".join(
                        filter(None, (line(seat.get("seatSection"), 20), line(seat.get("seatNumber"), 20)))
                    )
                ],
            )


def _modified(node: dict[str, Any]) -> str:
    said = written(node.get("modifiedTime"))
    return said.text if said and said.days else ""


def _address(node: dict[str, Any]) -> str:
    text = line(node.get("modifyReservationUrl") or node.get("url"), 500)
    return text if text.startswith(("http://", "https://")) else ""
