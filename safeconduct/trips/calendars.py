"""Trips as a calendar (RFC 5545): one event a stop, in the clock of its place.

An event keeps its UID as long as its stop is one; SEQUENCE is the trip's revision. What a calendar cannot say is left
out rather than guessed: an open end has no DTEND. It writes and reads nothing; the stops come with their places.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, Timezone

from safeconduct.lib.ids import token_digest
from safeconduct.notify.addresses import absolute
from safeconduct.trips.localtime import is_zone
from safeconduct.trips.models import Stop, Trip
from safeconduct.trips.timeline import ends, name_of, starts, title_of

PRODUCT: Final = "-//Safeconduct//Trips//EN"
REFRESH: Final = timedelta(hours=4)
UNSURE: Final = frozenset({Trip.State.DRAFT, Trip.State.AWAITING, Trip.State.REFUSED})


def calendar_of(trips: Iterable[tuple[Trip, Sequence[Stop]]], *, name: str) -> bytes:
    """Return the trips as a calendar file, UTF-8 with CRLF; words are in the language that is active."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", line(name))  # RFC 7986 §5.1; the X- name is what programs read before it
    calendar.add("x-wr-calname", line(name))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT4H")
    events = [(stop, _event(trip, stop)) for trip, stops in trips for stop in stops]
    for zone, days in sorted(_zones(events).items()):
        calendar.add_component(_definition(zone, min(days).year, max(days).year))
    for _stop, event in events:
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def uid_of(stop: Stop) -> str:
    """Return the name under which calendar programs know a stop, whatever becomes of its times (RFC 7986 §5.3)."""
    # Not the stop's own id, which opens pages: a calendar is passed on, whole, to whoever is invited.
    return f"{token_digest(f'stop {stop.public_id}')[:32]}@safeconduct"


def line(text: str) -> str:
    """Return a text as one line without control characters: what ends a line would begin a property."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return " ".join(kept.split())


def _event(trip: Trip, stop: Stop) -> Event:
    start, start_zone = starts(stop)
    end, end_zone = ends(stop)
    event = Event()
    event.add("uid", uid_of(stop))
    # Without METHOD, DTSTAMP says when the event was changed last (§3.8.7.2).
    event.add("dtstamp", trip.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("last-modified", trip.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("created", trip.registered_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", trip.revision)
    event.add("dtstart", moment(start, start_zone))
    if end is not None and end > start:  # §3.8.2.2: later than the start, or not there
        event.add("dtend", moment(end, end_zone))
    event.add("summary", line(title_of(stop)))
    event.add("status", status_of(trip, stop))
    event.add("location", line(_location(stop)))
    if stop.lat is not None and stop.lon is not None:
        event.add("geo", (stop.lat, stop.lon))
    event.add("description", "\n".join(_described(trip, stop, end)))
    event.add("url", absolute(reverse("trips:detail", args=[trip.public_id])))
    event.add("categories", [line(str(stop.get_kind_display()))])
    # Somebody who stays in a town for weeks is still free to be met.
    event.add("transp", "OPAQUE" if stop.is_leg and not trip.is_cancelled else "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event


def status_of(trip: Trip, stop: Stop) -> str:
    """Return the event's STATUS (§3.8.1.11): what awaits approval, or was refused it, is as unsure as what says so."""
    if trip.is_cancelled:
        return "CANCELLED"
    return "TENTATIVE" if stop.tentative or trip.state in UNSURE else "CONFIRMED"


def moment(at: datetime, zone: str) -> datetime:
    """Return an instant as its place's clock shows it, in UTC where no such clock can name it."""
    if not is_zone(zone) or zone == "UTC":
        return at.astimezone(UTC)
    local = at.astimezone(ZoneInfo(zone))
    # A local time that comes twice means the first of the two (§3.3.5).
    return at.astimezone(UTC) if local.fold else local


def _location(stop: Stop) -> str:
    if stop.to_place is not None:
        return name_of(stop.place)
    return ", ".join(part for part in (stop.address, name_of(stop.place)) if part)


def _described(trip: Trip, stop: Stop, end: datetime | None) -> list[str]:
    lines = [_("Trip: %(title)s") % {"title": line(trip.title)}]
    if trip.is_cancelled:
        lines.append(_("This trip was cancelled."))
    elif trip.state in UNSURE:
        lines.append(str(trip.get_state_display()))
    if end is None:
        lines.append(_("Open end"))
    if stop.note:
        lines.append(line(stop.note))
    return lines


def _zones(events: Iterable[tuple[Stop, Event]]) -> dict[str, set[date]]:
    """The zones that the events name (§3.2.19 wants each defined in the file), with the days they are needed for."""
    found: dict[str, set[date]] = {}
    for _stop, event in events:
        for name in ("DTSTART", "DTEND"):
            at = event.get(name)
            if at is not None and isinstance(at.dt.tzinfo, ZoneInfo):
                found.setdefault(at.dt.tzinfo.key, set()).add(at.dt.date())
    return found


@lru_cache(maxsize=256)
def _definition(zone: str, first_year: int, last_year: int) -> Timezone:
    """The zone's rules for these years and the ones beside them; making one takes some 30 ms."""
    return Timezone.from_tzid(
        zone, first_date=date(first_year - 1, 1, 1), last_date=date(last_year + 2, 1, 1)
    )
