"""From a parsed alert to the columns of a version. Reads the world map for countries, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from safeconduct.alerts.formats.text import instant
from safeconduct.alerts.impact import CODES, Impact
from safeconduct.alerts.normalise import Normal
from safeconduct.alerts.parsed import Area, Info, ParsedAlert
from safeconduct.alerts.wording import search_text
from safeconduct.lib import geo
from safeconduct.places.shapes import countries_at, countries_touching

Known = Mapping[tuple[float, float], list[str]]
"""The countries of points (lon, lat)."""
SHORTEST_MATTERING = timedelta(hours=24)
CATALOGUES = frozenset({"usgs", "emsc", "gdacs", "gvp"})
"""Formats that list events and when they were, instead of warnings and how long they hold."""
FARTHEST_AHEAD = timedelta(days=10)
"""No event of a catalogue is known to last longer than this from when it was written."""


def columns(
    alert: ParsedAlert, normal: Normal, impact: Impact, *, received_at: datetime, known: Known | None = None
) -> dict[str, Any]:
    """Everything of a version that follows from the message itself. `known` are countries of points."""
    sent_at = alert.sent_at or received_at
    box = _box(impact)
    infos = [_info(info) for info in alert.infos]
    return {
        "identifier": alert.identifier,
        "sender": alert.sender,
        "sent_at": sent_at,
        "msg_type": alert.msg_type,
        "status": alert.status,
        "scope": alert.scope,
        "references": [[item.sender, item.identifier, item.sent] for item in alert.references],
        "infos": infos,
        "notes": list(alert.notes),
        "event_type": normal.event_type,
        "urgency": normal.urgency,
        "severity": normal.severity,
        "certainty": normal.certainty,
        "effective_at": normal.effective_at,
        "onset_at": normal.onset_at,
        "expires_at": normal.expires_at,
        "ends_at": end(alert, normal, impact, sent_at),
        "countries": countries(alert, normal, impact, known),
        "area_names": list(normal.area_names),
        "search_text": search_text(infos, normal.area_names),
        "impact_area": geo.to_wkb(impact.geometry) if impact.geometry is not None else None,
        "possible_area": geo.to_wkb(impact.possible) if impact.possible is not None else None,
        "unplaced": list(impact.unplaced),
        "impact_origin": impact.origin,
        "impact_note": impact.note[:300],
        "west": box[0],
        "south": box[1],
        "east": box[2],
        "north": box[3],
    }


def _box(impact: Impact) -> tuple[float | None, ...]:
    """West, south, east and north of everywhere that a message matters or may matter."""
    boxes = [geo.bbox(area) for area in (impact.geometry, impact.possible) if area is not None]
    if not boxes:
        return (None,) * 4
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def end(alert: ParsedAlert, normal: Normal, impact: Impact, sent_at: datetime) -> datetime:
    """When a message stops mattering.

    Its expiry or the named end of the event; a message that expires before its own onset (the next one is
    expected earlier) is believed for a day from the onset; one without any end for the table's days, counted from
    when it was sent or, for catalogues of events, from when the event was seen last.
    """
    begins = normal.onset_at or normal.effective_at or sent_at
    if normal.stops_mattering_at is None:
        last = _last_seen(alert, sent_at) if alert.format in CATALOGUES else sent_at
        return max(begins, last or begins) + timedelta(days=impact.days)
    if normal.stops_mattering_at <= begins:
        return begins + SHORTEST_MATTERING
    return normal.stops_mattering_at


def _last_seen(alert: ParsedAlert, sent_at: datetime) -> datetime | None:
    """The last day of an event by its source (`todate`); a day too far ahead is a mistake and is cut."""
    found = [end.at for info in alert.infos if (end := instant(info.parameter("todate")))]
    return min(max(found), sent_at + FARTHEST_AHEAD) if found else None


def points_of(alert: ParsedAlert) -> list[tuple[float, float]]:
    """The points (lon, lat) that a message names."""
    return [
        (circle.lon, circle.lat) for info in alert.infos for area in info.areas for circle in area.circles
    ]


def countries(alert: ParsedAlert, normal: Normal, impact: Impact, known: Known | None = None) -> list[str]:
    """Countries of the impact area on the map; without one, those that codes or the source name.

    GDACS names the countries that an event affects: they count beside those that its one point lies in. Codes name
    districts of one country: the neighbour that a district borders on is not meant.
    """
    if impact.origin == CODES and impact.countries:
        return sorted(impact.countries)
    if impact.geometry is not None:
        named = normal.countries if alert.format == "gdacs" or impact.possible is not None else ()
        return sorted({*countries_touching(impact.geometry), *named})
    if alert.format == "gdacs" and normal.countries:
        return sorted(normal.countries)
    if points := points_of(alert):
        known = known or {}
        return sorted({code for at in points for code in (known[at] if at in known else countries_at(*at))})
    return sorted({*impact.countries, *normal.countries})


def _info(info: Info) -> dict[str, Any]:
    return {
        "language": info.language,
        "categories": list(info.categories),
        "event": info.event,
        "headline": info.headline,
        "description": info.description,
        "instruction": info.instruction,
        "urgency": info.urgency,
        "severity": info.severity,
        "certainty": info.certainty,
        "response_types": list(info.response_types),
        "audience": info.audience,
        "sender_name": info.sender_name,
        "web": info.web,
        "contact": info.contact,
        "effective": _iso(info.effective),
        "onset": _iso(info.onset),
        "expires": _iso(info.expires),
        "event_codes": list(map(list, info.event_codes)),
        "parameters": list(map(list, info.parameters)),
        "areas": [_area(area) for area in info.areas],
    }


def _area(area: Area) -> dict[str, Any]:
    """Shapes are kept united in the impact area; here they are counted."""
    return {
        "name": area.description,
        "polygons": len(area.polygons),
        "circles": [[circle.lon, circle.lat, circle.km] for circle in area.circles],
        "geocodes": list(map(list, area.geocodes)),
        "altitude": area.altitude,
        "ceiling": area.ceiling,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
