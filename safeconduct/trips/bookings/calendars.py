"""Calendar files (RFC 5545): entries that somebody made of a booking.

An entry has a name, a place and times, and does not say what is booked: what is made of it carries that as a problem,
except where the file holds the reservation itself (KDE Itinerary writes it into a property). Entries that recur are
refused: a repetition is no journey, and a rule without an end has no last day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from icalendar import Calendar, Component
from icalendar.error import BrokenCalendarProperty
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from safeconduct.trips.bookings import schema
from safeconduct.trips.bookings.markup import Broken, lenient_json
from safeconduct.trips.bookings.model import Findings, Found, Problem

READER: Final = "icalendar"
EMBEDDED: Final = "X-KDE-KITINERARY-RESERVATION"
RECURRING: Final = ("RRULE", "RDATE", "EXRULE", "RECURRENCE-ID")
MOST_EVENTS: Final = 100
_ROUTE: Final = re.compile(r"\b([A-Z]{3})\b\s*(?:[-–—→➞>/]+|to|nach|à|a)\s*\b([A-Z]{3})\b")
_FLIGHT: Final = re.compile(r"\b([A-Z][A-Z0-9]|[0-9][A-Z])\s?(\d{1,4})\b")
_OVERLAND: Final = re.compile(r"(?i)\b(?:train|rail|bahn|bus|coach|ferry)")
_ZONES: Final = re.compile(r"(?ms)^BEGIN:VTIMEZONE\s*$.*?^END:VTIMEZONE\s*$\n?")
_REFERENCE: Final = re.compile(
    r"(?i)\b(?:booking|reservation|confirmation)\s*(?:reference|code|number|no\.?|nr\.?)\s*[:#]?\s*([A-Z0-9-]{5,20})\b"
)


def read_calendar(data: bytes, findings: Findings) -> None:
    """Add what the entries of a calendar say."""
    findings.read.add(READER)
    calendars = _calendars(data.decode("utf-8", "replace"))
    if calendars is None:
        findings.problem("document.broken", detail="iCalendar")
        return
    for calendar in calendars:
        is_called_off = str(calendar.get("METHOD", "")).upper() == "CANCEL"
        for number, event in enumerate(calendar.walk("VEVENT")):
            if number >= MOST_EVENTS:
                findings.problem("document.long", detail=f"more than {MOST_EVENTS} entries")
                return
            findings.found += _event(event, is_called_off, findings)


def _calendars(text: str) -> list[Component] | None:
    """The calendars of a file, without its definitions of zones: they are recurrence rules that others wrote, and names
    of zones say enough."""
    try:
        return list(Calendar.from_ical(_ZONES.sub("", text), multiple=True))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, OSError):
        return None


def _event(event: Component, is_called_off: bool, findings: Findings) -> Iterator[Found]:
    summary = _text(event, "SUMMARY")
    if any(name in event for name in RECURRING):
        findings.problem("calendar.recurring", detail=summary)
        return
    status = "ReservationCancelled" if is_called_off or _text(event, "STATUS").upper() == "CANCELLED" else ""
    embedded = _embedded(event, findings)
    if embedded:
        for node in embedded:
            yield Found(READER, node | ({"reservationStatus": status} if status else {}))
        return
    start, end = _moment(event, "DTSTART"), _moment(event, "DTEND")
    if start is None or not summary:
        findings.problem("calendar.incomplete", detail=summary)
        return
    described = _text(event, "DESCRIPTION")
    notes = [Problem("kind.unsure", "@type", summary)]
    said: dict[str, Any] = {"reservationStatus": status}
    if reference := _REFERENCE.search(described) or _REFERENCE.search(summary):
        said["reservationNumber"] = reference[1]
        notes.append(Problem("number.inferred", "reservationNumber", reference[0]))
    yield Found(
        READER, said | (_flight(summary, start, end) or _something(event, summary, start, end)), tuple(notes)
    )


def _flight(summary: str, start: Any, end: Any) -> dict[str, Any] | None:
    """A flight, where the name of the entry gives its number and two airports."""
    route, flight = _ROUTE.search(summary), _FLIGHT.search(summary)
    if route is None or flight is None or _OVERLAND.search(summary):
        return None
    return {
        "@type": "FlightReservation",
        "reservationFor": {
            "@type": "Flight",
            "flightNumber": flight[2],
            "airline": {"iataCode": flight[1]},
            "departureAirport": {"iataCode": route[1]},
            "arrivalAirport": {"iataCode": route[2]},
            "departureTime": start,
            "arrivalTime": end,
        },
    }


def _something(event: Component, summary: str, start: Any, end: Any) -> dict[str, Any]:
    return {
        "@type": "EventReservation",
        "url": _text(event, "URL"),
        "reservationFor": {
            "@type": "Event",
            "name": summary,
            "startDate": start,
            "endDate": end,
            "location": {"@type": "Place", "name": _text(event, "LOCATION")},
        },
    }


def _embedded(event: Component, findings: Findings) -> list[dict[str, Any]]:
    text = _text(event, EMBEDDED)
    if not text:
        return []
    for candidate in (text, re.sub(r"\\([,;])", r"\1", text)):
        try:
            return schema.reservations(lenient_json(candidate))
        except Broken:
            continue
    findings.problem("markup.broken", detail=EMBEDDED)
    return []


def _text(event: Component, name: str) -> str:
    value = event.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value).strip() if value is not None else ""


def _moment(event: Component, name: str) -> Any:
    """A schema.org value with the zone that the file names: IANA's, or Windows' translated (Unicode CLDR)."""
    value = event.get(name)
    if value is None or isinstance(value, list):
        return None
    try:
        at = getattr(value, "dt", None)
    except BrokenCalendarProperty:
        return None
    if not isinstance(at, datetime):
        if not isinstance(at, date):
            return None
        # The end of a whole-day entry is the day after it (RFC 5545 §3.6.1).
        return (at - timedelta(days=1) if name == "DTEND" else at).isoformat()
    local = at.replace(tzinfo=None).isoformat(timespec="minutes")
    named = str(value.params.get("TZID", ""))
    zone = iana(named)
    if zone:
        return {"@value": local, "timezone": zone}
    if at.tzinfo is None:
        return local
    offset = at.utcoffset()
    if offset == timedelta(0) and not named:
        return {"@type": "Instant", "@value": f"{local}Z"}
    return at.isoformat(timespec="minutes")


def iana(name: str) -> str:
    """The IANA name of a zone as calendars write it ("/mozilla.org/20050126_1/Europe/Berlin"); empty for others."""
    known = available_timezones()
    parts = name.strip().strip('"').strip("/").split("/")
    for start in range(len(parts)):
        if (candidate := "/".join(parts[start:])) in known:
            return candidate
    return WINDOWS_TO_OLSON.get(name.strip().strip('"'), "")
