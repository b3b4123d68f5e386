"""Wallet passes (`.pkpass`, and `.pkpasses` with several): boarding passes by their semantic tags and their bar code.

A pass is a zip archive with `pass.json` (Apple, Wallet Passes: Pass, SemanticTags). Only that member is read, in
pieces, up to a size: a bomb is noticed before it is in memory. What stands in the fields that people see has no names
that two airlines share; it is used only to fill what tags and bar code leave open, and is then a problem.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from safeconduct.trips.bookings import bcbp
from safeconduct.trips.bookings.ends import line
from safeconduct.trips.bookings.markup import Broken, lenient_json
from safeconduct.trips.bookings.model import Findings, Found, Problem
from safeconduct.trips.bookings.written import written

READER: Final = "pkpass"
MOST_JSON: Final = 1024 * 1024
MOST_PASS: Final = 8 * 1024 * 1024
MOST_PASSES: Final = 20
MOST_MEMBERS: Final = 500
_KINDS: Final = {
    "PKTransitTypeAir": "FlightReservation",
    "PKTransitTypeTrain": "TrainReservation",
    "PKTransitTypeBus": "BusReservation",
    "PKTransitTypeBoat": "BoatReservation",
}
_FLIGHT: Final = re.compile(r"([A-Z][A-Z0-9]|[0-9][A-Z])\s?0*(\d{1,4})")
_AIRPORT: Final = re.compile(r"[A-Z]{3}")


def read_passes(data: bytes, findings: Findings, context: date | None) -> None:
    """Add what the pass says, or each pass of a bundle."""
    findings.read.add(READER)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                findings.problem("archive.large", detail=f"{len(members)} files")
                return
            names = [each.filename for each in members]
            if "pass.json" in names:
                if (text := _member(archive, "pass.json", MOST_JSON, findings)) is not None:
                    _read_pass(text.decode("utf-8", "replace"), findings, context)
                return
            bundled = [name for name in names if name.endswith(".pkpass")]
            if not bundled:
                findings.problem("archive.unknown")
            for name in bundled[:MOST_PASSES]:
                if (inner := _member(archive, name, MOST_PASS, findings)) is not None:
                    _read_bundled(inner, findings, context)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, OSError, ValueError):
        findings.problem("archive.broken")


def _read_bundled(data: bytes, findings: Findings, context: date | None) -> None:
    """A pass within a bundle; what is within a pass is not opened."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "pass.json" in archive.namelist() and (text := _member(archive, "pass.json", MOST_JSON, findings)):
            _read_pass(text.decode("utf-8", "replace"), findings, context)


def _member(archive: zipfile.ZipFile, name: str, most: int, findings: Findings) -> bytes | None:
    """A member, unpacked no further than `most` bytes whatever the archive says of its size."""
    try:
        with archive.open(name) as packed:
            data = packed.read(most + 1)
    except (RuntimeError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
        findings.problem("archive.broken", detail=name)
        return None
    if len(data) > most:
        findings.problem("archive.large", detail=name)
        return None
    return data


def _read_pass(text: str, findings: Findings, context: date | None) -> None:
    try:
        value = lenient_json(text)
    except Broken:
        findings.problem("archive.broken", detail="pass.json")
        return
    boarding = value.get("boardingPass") if isinstance(value, dict) else None
    if not isinstance(boarding, dict):
        findings.problem(
            "pass.kind", detail=line(value.get("description")) if isinstance(value, dict) else ""
        )
        return
    kind = _KINDS.get(str(boarding.get("transitType", "")), "")
    tags = _dict(value.get("semantics"))
    shown = _fields(boarding)
    found = list(_coded(value, context)) if kind in ("FlightReservation", "") else []
    if found:
        findings.found += [_completed(one, tags, value, shown) for one in found]
        return
    node = _tagged(kind, tags)
    notes: tuple[Problem, ...] = ()
    if node is None and kind == "FlightReservation":
        node, notes = _seen(shown), (Problem("pass.fields"),)
    if node is None:
        findings.problem("pass.kind", detail=line(value.get("description")))
        return
    findings.found.append(Found(READER, node, notes))


# By the bar code.


def _coded(value: dict[str, Any], context: date | None) -> Iterator[Found]:
    """The flights of the bar code; when the pass matters helps to find the year."""
    codes = [
        value.get("barcode"),
        *_list(value.get("barcodes")),
    ]
    for code in codes:
        message = code.get("message") if isinstance(code, dict) else None
        read = bcbp.parse(message) if isinstance(message, str) else None
        if read is None:
            continue
        for one in bcbp.findings(read, context, reader=READER):
            yield _dated(one, read, value)
        return


def _dated(one: Found, read: bcbp.Pass, value: dict[str, Any]) -> Found:
    """With the year that the pass's own dates give, when they are of the days around that day of the year."""
    said = written(value.get("relevantDate"))
    near = said.days[0] if said and len(said.days) == 1 else None
    leg = next(leg for leg in read.legs if leg.flight == one.node["reservationFor"]["flightNumber"])
    if near is None or leg.day is None:
        return one
    around = [on for year in (near.year - 1, near.year, near.year + 1) if (on := bcbp.on_day(year, leg.day))]
    on = min(around, key=lambda day: abs(day - near))
    if abs(on - near) > timedelta(days=2):
        return Found(
            one.reader, one.node, (*one.notes, Problem("dates.differ", "departureTime", near.isoformat()))
        )
    flight = one.node["reservationFor"] | {"departureDay": on.isoformat()}
    notes = tuple(note for note in one.notes if note.code not in ("year.inferred", "year.missing"))
    return Found(one.reader, one.node | {"reservationFor": flight}, notes)


def _completed(one: Found, tags: dict[str, Any], value: dict[str, Any], shown: dict[str, str]) -> Found:
    """With what tags add to the bar code, and a problem where they contradict it."""
    flight, notes = dict(one.node["reservationFor"]), list(one.notes)
    name = line(value.get("organizationName"))
    tagged = (_tagged("FlightReservation", tags) or {}).get("reservationFor", {})
    for end in ("departure", "arrival"):
        coded, said = flight[f"{end}Airport"], tagged.get(f"{end}Airport", {})
        if said.get("iataCode") and said["iataCode"] != coded["iataCode"]:
            notes.append(Problem("readers.differ", f"{end}Airport", said["iataCode"]))
        elif said:
            flight[f"{end}Airport"] = said | coded
        if moment := tagged.get(f"{end}Time"):
            flight[f"{end}Time"] = moment
    if not flight.get("departureTime"):
        notes += _contradicted(flight, shown)
    if name:
        flight["airline"] = {"name": name} | flight["airline"]
    return Found(one.reader, one.node | {"reservationFor": flight}, tuple(notes))


def _contradicted(flight: dict[str, Any], shown: dict[str, str]) -> Iterator[Problem]:
    """A date among the fields that people see which is another than that of the bar code."""
    on = flight.get("departureDay")
    for key, text in shown.items():
        said = written(text) if "date" in key.lower() else None
        if said and on and len(said.days) == 1 and said.days[0].isoformat() != on:
            yield Problem("dates.differ", "departureTime", text)


# By tags.


def _tagged(kind: str, tags: dict[str, Any]) -> dict[str, Any] | None:
    """A node of the semantic tags; None when they do not name both ends."""
    what = "Airport" if kind == "FlightReservation" else "Station"
    ends: dict[str, Any] = {}
    for ours, theirs in (("departure", "departure"), ("arrival", "destination")):
        spot = {
            "iataCode": line(tags.get(f"{theirs}AirportCode")),
            "name": line(tags.get(f"{theirs}{what}Name")),
            "geo": _dict(tags.get(f"{theirs}Location")),
        }
        ends[f"{ours}{what}"] = {key: value for key, value in spot.items() if value}
        # Apple's dates are instants; the place's zone is a tag of its own.
        named = {"departure": "Departure", "arrival": "Arrival"}[ours]
        at = tags.get(f"current{named}Date") or tags.get(f"original{named}Date")
        zone = line(tags.get(f"{theirs}LocationTimeZone"))
        if at:
            ends[f"{ours}Time"] = {"@value": line(at), "timezone": zone, "@type": "Instant"}
    if not kind or not (ends[f"departure{what}"] and ends[f"arrival{what}"]):
        return None
    names = _dict(tags.get("passengerName"))
    carrier = {"name": line(tags.get("transitProvider")), "iataCode": line(tags.get("airlineCode"))}
    number = line(tags.get("flightNumber") or tags.get("vehicleNumber") or tags.get("vehicleName"))
    keys = {"FlightReservation": ("flightNumber", "airline"), "BusReservation": ("busNumber", "busCompany")}
    number_key, carrier_key = keys.get(kind, ("trainNumber", "provider"))
    return {
        "@type": kind,
        "reservationNumber": line(tags.get("confirmationNumber")),
        "underName": {key: line(names.get(key)) for key in ("familyName", "givenName")},
        "reservationFor": ends | {number_key: number, carrier_key: carrier},
    }


# By what people see.


def _fields(boarding: dict[str, Any]) -> dict[str, str]:
    """Key → text of all fields."""
    found: dict[str, str] = {}
    for group in ("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields"):
        for each in _list(boarding.get(group)):
            if isinstance(each, dict):
                found.setdefault(f"{group}.{line(each.get('key'))}", line(each.get("value")))
    return found


def _seen(shown: dict[str, str]) -> dict[str, Any] | None:
    """A flight between the two airports in the large fields; None when there are not two."""
    ends = [
        text for key, text in shown.items() if key.startswith("primaryFields.") and _AIRPORT.fullmatch(text)
    ]
    flights = [match for text in shown.values() if (match := _FLIGHT.fullmatch(text))]
    days = {said.days[0] for text in shown.values() if (said := written(text)) and len(said.days) == 1}
    if len(ends) != 2 or len(days) != 1:
        return None
    flight: dict[str, Any] = {
        "departureAirport": {"iataCode": ends[0]},
        "arrivalAirport": {"iataCode": ends[1]},
        "departureDay": days.pop().isoformat(),
    }
    if len(flights) == 1:
        flight |= {"flightNumber": flights[0][2], "airline": {"iataCode": flights[0][1]}}
    return {"@type": "FlightReservation", "reservationFor": flight}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
