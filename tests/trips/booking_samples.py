"""The recorded booking documents beside the repository, and what the collection expects of each.

The expectations are read here without the readers' own code: the values of a few properties as they are written. What
is expected of a time is the local time as text, whatever its zone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from safeconduct.trips.bookings.model import Reservation
from tests.trips.documents import FORMATS, barcode_pdf

CONTEXT = {
    "bcbpdata": date(2018, 4, 2),
    "pkpassdata": date(2017, 12, 29),
    "itineraries-kde-itinerary": date(2018, 4, 2),
}
"""When KDE's own tests say that a document came; the others name no day and get this one:"""
USUAL_CONTEXT = date(2018, 1, 1)
TIMES = {
    "start": (
        "departureTime",
        "departureDay",
        "checkinTime",
        "checkinDate",
        "startDate",
        "startTime",
        "pickupTime",
    ),
    "end": ("arrivalTime", "checkoutTime", "checkoutDate", "endDate", "endTime", "dropoffTime"),
}
ENDS = {
    "origin": ("departureAirport", "departureStation", "departureBusStop", "pickupLocation"),
    "destination": ("arrivalAirport", "arrivalStation", "arrivalBusStop", "dropoffLocation"),
}
_UNORDERED = re.compile(r"(\d\d)-(\d\d)-(\d{4}) (\d\d:\d\d)")


@dataclass
class Expected:
    """One reservation of the collection: what it says of each field, empty where it says nothing. `start` and `end` may
    name several texts where the collection itself keeps an ambiguous one."""

    kind: str
    number: str = ""
    trip_number: str = ""
    carrier: str = ""
    name: str = ""
    origin: str = ""
    destination: str = ""
    start: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    people: set[str] = field(default_factory=set)
    status: str = ""


@dataclass(frozen=True)
class Sample:
    """A document: its bytes as they are handed in, what kind it is called in the table, and when it came."""

    name: str
    kind: str
    data: bytes
    context: date
    expected: list[Expected]


def samples(folder: Path) -> Iterator[Sample]:
    """All documents with an expectation."""
    kitinerary, kde = folder / "itineraries-kitinerary", folder / "itineraries-kde-itinerary"
    for path in sorted((kitinerary / "structureddata").glob("*.html")):
        yield _sample(path, "HTML", path.with_suffix(".json"))
    codes = {path: _bar_code(path) for path in sorted((kitinerary / "bcbpdata").glob("*.json"))}
    for path, text in codes.items():
        yield _sample(path, "boarding pass, text", path, text.encode())
    for path, text in codes.items():
        for format in FORMATS:
            yield _sample(path, "PDF, bar code", path, barcode_pdf(text, format), f" as {format}")
    for path in sorted((kitinerary / "pkpassdata").glob("*.pkpass")):
        yield _sample(path, "wallet pass", path.with_suffix(".json"))
    for path in sorted((kitinerary / "calendarhandlerdata").glob("*.ics")):
        if path.with_suffix(".json").exists():
            yield _sample(path, "calendar", path.with_suffix(".json"))
    for path in sorted((kitinerary / "extractordata").glob("*/*.json")):
        document = path.with_suffix("")
        if document.suffix and document.exists():
            yield _extracted(document, path)
    for head, tail in (("jsonlddata", "in:out"), ("postprocessordata", "pre:post")):
        before, _colon, after = tail.partition(":")
        for path in sorted((kitinerary / head).glob(f"*.{before}.json")):
            yield _sample(path, "JSON", path.with_name(path.name.replace(f".{before}.", f".{after}.")))
    for path in sorted(kde.glob("*.json")):
        yield _sample(path, "JSON", path)


def _bar_code(path: Path) -> str:
    """The text of the bar code that the expectation was made from."""
    token: str = json.loads(path.read_text())[0]["reservedTicket"]["ticketToken"]
    return token.partition(":")[2]


def _extracted(path: Path, expected: Path) -> Sample:
    """A document of a sender: as an attachment of a mail from there where the collection names the sender."""
    kind = {".ics": "calendar", ".txt": "text of a sender", ".eml": "mail", ".html": "HTML", ".json": "JSON"}[
        path.suffix
    ]
    sender = path.parent / "context.eml"
    data = path.read_bytes()
    if sender.exists() and path.suffix in (".txt", ".ics"):
        head = sender.read_bytes().strip()
        subtype = b"calendar" if path.suffix == ".ics" else b"plain"
        fields = (
            b"MIME-Version: 1.0\nContent-Type: text/%s; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
            % subtype
        )
        data = head + b"\n" + fields + data
    return _sample(path, kind, expected, data)


def _sample(path: Path, kind: str, expected: Path, data: bytes | None = None, note: str = "") -> Sample:
    folder = path.parent.name
    return Sample(
        f"{folder}/{path.name}{note}", kind, path.read_bytes() if data is None else data,
        CONTEXT.get(folder, USUAL_CONTEXT), grouped(json.loads(expected.read_text()), with_events=kind == "calendar"),
    )  # fmt: skip


# What is expected.


def grouped(values: list[dict[str, Any]], *, with_events: bool) -> list[Expected]:
    """One for each thing, with everybody who is on it. An event without a reservation is something that somebody has
    only where it stands in a calendar."""
    found: dict[tuple[Any, ...], Expected] = {}
    for value in values:
        one = _expected(value)
        if one is None or (value["@type"] == "Event" and not with_events):
            continue
        key = (one.kind, one.number, one.trip_number, one.start, one.origin, one.name)
        known = found.setdefault(key, one)
        known.people |= one.people
    return list(found.values())


def _expected(value: dict[str, Any]) -> Expected | None:
    kind = value["@type"]
    if kind == "Event":
        return _expected({"@type": "EventReservation", "reservationFor": value})
    if not kind.endswith("Reservation"):
        return None
    thing = value.get("reservationFor") or {}
    thing = thing[0] if isinstance(thing, list) else thing
    held = {**value, **thing}
    carrier = held.get("airline") or {}
    one = Expected(
        kind, value.get("reservationNumber", ""),
        str(held.get("flightNumber") or held.get("trainNumber") or held.get("busNumber") or ""), carrier.get("iataCode", ""),
        "" if "Flight" in kind or "Train" in kind or "Bus" in kind else thing.get("name", ""),
        status=str(value.get("reservationStatus", "")).rpartition("/")[2].replace("Reservation", ""),
    )  # fmt: skip
    for name, keys in ENDS.items():
        setattr(one, name, next((_place(held[key]) for key in keys if held.get(key)), ""))
    for name, keys in TIMES.items():
        setattr(one, name, next((_times(held[key]) for key in keys if held.get(key)), ()))
    person = value.get("underName") or {}
    name = person.get("name") or f"{person.get('givenName', '')} {person.get('familyName', '')}"
    one.people = {word.casefold() for word in re.split(r"\W+", name) if word}
    return one


def _place(value: Any) -> str:
    return (value.get("iataCode") or value.get("name", "")) if isinstance(value, dict) else str(value)


def _times(value: Any) -> tuple[str, ...]:
    text = value["@value"] if isinstance(value, dict) else value
    if match := _UNORDERED.fullmatch(text):
        one, two, year, at = match.groups()
        return (f"{year}-{two}-{one}T{at}", f"{year}-{one}-{two}T{at}")
    return (text[:16],)


# What differs.


def differences(ours: Reservation, theirs: Expected) -> list[str]:
    """Fields in which both say something and not the same; "kind" first."""
    found = [] if ours.kind == theirs.kind else ["kind"]
    pairs = {
        "number": (ours.number, theirs.number),
        "trip number": (ours.trip_number, theirs.trip_number),
        "carrier": (ours.provider.iata, theirs.carrier),
        "name": (ours.name, theirs.name),
        "origin": (ours.origin.iata or ours.origin.name, theirs.origin),
        "destination": (ours.destination.iata or ours.destination.name, theirs.destination),
        "status": (ours.status.removeprefix("Reservation"), theirs.status),
    }
    found += [
        name for name, (mine, other) in pairs.items() if mine and other and _plain(mine) != _plain(other)
    ]
    for name, moment, texts in (("start", ours.starts, theirs.start), ("end", ours.ends, theirs.end)):
        if moment is None or not texts:
            continue
        length = 10 if moment.at is None else min(16, min(map(len, texts)))
        mine = f"{moment.local:%Y-%m-%dT%H:%M}"[:length]
        if mine not in {text[:length] for text in texts}:
            found.append(name)
    people = {word.casefold() for name in ours.passengers for word in re.split(r"\W+", name) if word}
    if people and theirs.people and not (people <= theirs.people or theirs.people <= people):
        found.append("people")
    return found


def _differ(name: str, one: str, other: str) -> bool:
    """Not the same letters and digits; "EC 119" and "119" are one train."""
    mine, theirs = _plain(one), _plain(other)
    if name == "trip number":
        return not (mine.endswith(theirs) or theirs.endswith(mine))
    return mine != theirs


def is_about(ours: Reservation, theirs: Expected) -> bool:
    """Whether both are about one thing, right or wrong: the same number of the journey, the same begin or the same
    reference of the same kind."""
    numbers = [_plain(text) for text in (ours.trip_number, theirs.trip_number)]
    if all(numbers) and (numbers[0].endswith(numbers[1]) or numbers[1].endswith(numbers[0])):
        return not (ours.number and theirs.number and ours.number != theirs.number)
    start = f"{ours.starts.local:%Y-%m-%dT%H:%M}" if ours.starts else ""
    if start and theirs.start and any(start[:10] == text[:10] for text in theirs.start):
        return ours.kind != theirs.kind or not theirs.trip_number or not ours.trip_number
    return (
        bool(ours.number)
        and ours.number == theirs.number
        and ours.kind == theirs.kind
        and not ours.trip_number
    )


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
