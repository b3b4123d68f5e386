"""Boarding passes as the bar code holds them: IATA's Bar Coded Boarding Pass (Resolution 792).

Layout as in IATA's BCBP Implementation Guide, 7th edition (2018), §2.2, and its examples: 23 characters for the pass,
then 37 for each flight, the last two of which say in hexadecimal how many conditional ones follow. The conditional
ones of the first flight begin with `>`, a version, a length, and may hold the day of issue.

A pass has the day of the year of each flight and never the year. It follows from the day of issue, which has the last
digit of its year; without that it is inferred from when the document came, and said to be. That the document is a mail
is no help: old passes are forwarded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from safeconduct.trips.bookings.model import Found, Problem

READER: Final = "bcbp"
HEAD: Final = 23
LEG: Final = 37
# A flight without what comes after its day: airlines cut passes short.
SHORTEST_LEG: Final = 24
DAY: Final = timedelta(days=1)
YEAR: Final = timedelta(days=366)
LATE: Final = timedelta(days=7)
"""A pass that came so long after its day still means that day."""

_SHAPE: Final = re.compile(
    r"(?<![A-Z0-9])M[1-4][A-Z][A-Z /.'-]{19}[A-Z ][A-Z0-9 ]{7}[A-Z]{6}[A-Z0-9]{2}[A-Z0-9 ][0-9 ]{4}[A-Z ][0-9]{1,3}[^\r\n]*"
)
# One flight, with the runs of blanks shortened to one: as text comes out of a PDF.
_SQUEEZED: Final = re.compile(
    r"(?<![A-Z0-9])M1(?P<name>[A-Z][A-Z .'-]*/[A-Z .'-]*?[A-Z]) (?P<mark>E?)(?P<number>[A-Z0-9]{5,7}) "
    r"(?P<ends>[A-Z]{6})(?P<carrier>[A-Z0-9]{2,3}) ?(?P<flight>[0-9]{3,4}[A-Z]?) (?P<day>[0-9]{3})(?P<class>[A-Z])"
)
_AIRPORT: Final = re.compile(r"[A-Z]{3}")
_CARRIER: Final = re.compile(r"[A-Z0-9]{2}|[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Leg:
    """One flight. `day` is the day of the year, 1 to 366; None when the field is blank."""

    number: str
    origin: str
    destination: str
    carrier: str
    flight: str
    day: int | None
    seat: str = ""
    sequence: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a bar code says. `issued` is the last digit of a year and a day of that year."""

    family_name: str
    given_name: str
    legs: tuple[Leg, ...]
    issued: tuple[int, int] | None
    text: str


def passes_in(text: str) -> Iterator[Pass]:
    """Boarding passes within a text, each once."""
    seen = set()
    for match in _SHAPE.finditer(text):
        read = parse(match[0])
        if read is not None and read.legs not in seen:
            seen.add(read.legs)
            yield read


def squeezed_in(text: str) -> Iterator[Pass]:
    """Boarding passes of one flight within a text that has lost its blanks. Where the reference begins is a guess."""
    for match in _SQUEEZED.finditer(text):
        name, number, flight = (
            match["name"][:20].ljust(20),
            match["number"].ljust(7),
            match["flight"].ljust(5),
        )
        carrier = match["carrier"].ljust(3)
        read = parse(
            f"M1{name}{match['mark'] or ' '}{number}{match['ends']}{carrier}{flight}{match['day']}{match['class']}"
        )
        if read is not None:
            yield read


def parse(text: str) -> Pass | None:
    """The boarding pass that this text is; None when it is none."""
    text = text.strip("\r\n\x00")
    if len(text) < HEAD + SHORTEST_LEG or text[0] != "M" or text[1] not in "1234":
        return None
    family, _slash, given = text[2:22].strip().partition("/")
    legs: list[Leg] = []
    issued = None
    rest = text[HEAD:]
    for number in range(int(text[1])):
        leg = _leg(rest)
        if leg is None:
            break
        legs.append(leg)
        size = _hexadecimal(rest[LEG - 2 : LEG])
        if number == 0:
            issued = _issued(rest[LEG : LEG + size])
        rest = rest[LEG + size :]
    if not legs or not family:
        return None
    return Pass(family, given.strip(), tuple(legs), issued, text)


def _leg(text: str) -> Leg | None:
    if len(text) < SHORTEST_LEG:
        return None
    origin, destination, carrier = text[7:10], text[10:13], text[13:16].strip()
    flight = text[16:21].strip()
    if not (_AIRPORT.fullmatch(origin) and _AIRPORT.fullmatch(destination) and _CARRIER.fullmatch(carrier)):
        return None
    day_text = text[21:24].strip()
    if not flight[:1].isdigit() or (day_text and not day_text.isdigit()):
        return None
    day = int(day_text) if day_text else None
    if day is not None and not 1 <= day <= 366:
        return None
    seat = text[25:29].strip().lstrip("0")
    return Leg(
        text[:7].strip(), origin, destination, carrier, flight.lstrip("0") or flight, day, seat,
        text[29:34].strip().lstrip("0"),
    )  # fmt: skip


def _hexadecimal(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0


def _issued(conditional: str) -> tuple[int, int] | None:
    """`>`, version, length, passenger, two sources, then one digit of the year and three of the day."""
    if not conditional.startswith(">") or _hexadecimal(conditional[2:4]) < 7:
        return None
    text = conditional[7:11]
    if not text.isdigit() or not 1 <= int(text[1:]) <= 366:
        return None
    return int(text[0]), int(text[1:])


# The year.


def on_day(year: int, day: int) -> date | None:
    """The date of a day of a year; None for the 366th of a year that has none."""
    found = date(year, 1, 1) + DAY * (day - 1)
    return found if found.year == year else None


def days_of(read: Pass, context: date | None) -> list[tuple[date | None, tuple[Problem, ...]]]:
    """The date of each flight, and why it is not sure. `context`: when the document came."""
    start, notes = _earliest(read, context)
    found: list[tuple[date | None, tuple[Problem, ...]]] = []
    for leg in read.legs:
        if leg.day is None:
            found.append((None, (Problem("date.missing", "departureTime"),)))
            continue
        if start is None:
            found.append((None, (Problem("year.missing", "departureTime", f"day {leg.day} of a year"),)))
            continue
        on = _next(leg.day, start)
        own = notes
        if read.issued is None:
            own = (*notes, Problem("year.inferred", "departureTime", f"day {leg.day} of a year"))
        found.append((on, own))
        start = on
    return found


def _earliest(read: Pass, context: date | None) -> tuple[date | None, tuple[Problem, ...]]:
    """The day before which the first flight cannot be."""
    if context is None:
        return None, ()
    if read.issued is None:
        return context - LATE, ()
    digit, day = read.issued
    for year in range(context.year + 1, context.year - 11, -1):
        on = on_day(year, day) if year % 10 == digit else None
        if on is not None and on <= context + DAY:
            doubt = (
                ()
                if context - on <= YEAR
                else (Problem("year.inferred", "departureTime", f"issued in …{digit}"),)
            )
            return on - DAY, doubt
    return None, ()


def _next(day: int, start: date) -> date:
    """The first date from `start` on that is this day of its year."""
    return next(
        on
        for year in range(start.year, start.year + 9)
        if (on := on_day(year, day)) is not None and on >= start
    )


def findings(read: Pass, context: date | None, *, reader: str = READER) -> Iterator[Found]:
    """A reservation for each flight."""
    for leg, (on, notes) in zip(read.legs, days_of(read, context), strict=True):
        flight: dict[str, Any] = {
            "@type": "Flight",
            "flightNumber": leg.flight,
            "airline": {"iataCode": leg.carrier},
            "departureAirport": {"iataCode": leg.origin},
            "arrivalAirport": {"iataCode": leg.destination},
        }
        if on is not None:
            flight["departureDay"] = on.isoformat()
        node = {
            "@type": "FlightReservation",
            "reservationNumber": leg.number,
            "underName": {"familyName": read.family_name, "givenName": read.given_name},
            "airplaneSeat": leg.seat,
            "reservationFor": flight,
        }
        yield Found(reader, node, notes)
