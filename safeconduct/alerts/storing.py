"""From a parsed alert to the columns of a version. Reads the world map for countries, writes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shapely.geometry import Point

from safeconduct.alerts.impact import Impact
from safeconduct.alerts.normalise import Normal
from safeconduct.alerts.parsed import Area, Info, ParsedAlert
from safeconduct.lib import geo
from safeconduct.places.shapes import countries_touching

SHORTEST_MATTERING = timedelta(hours=24)


def columns(alert: ParsedAlert, normal: Normal, impact: Impact, *, received_at: datetime) -> dict[str, Any]:
    """Everything of a version that follows from the message itself."""
    sent_at = alert.sent_at or received_at
    box = geo.bbox(impact.geometry) if impact.geometry is not None else (None,) * 4
    return {
        "identifier": alert.identifier,
        "sender": alert.sender,
        "sent_at": sent_at,
        "msg_type": alert.msg_type,
        "status": alert.status,
        "scope": alert.scope,
        "references": [[item.sender, item.identifier, item.sent] for item in alert.references],
        "infos": [_info(info) for info in alert.infos],
        "notes": list(alert.notes),
        "event_type": normal.event_type,
        "urgency": normal.urgency,
        "severity": normal.severity,
        "certainty": normal.certainty,
        "effective_at": normal.effective_at,
        "onset_at": normal.onset_at,
        "expires_at": normal.expires_at,
        "ends_at": end(alert, normal, impact, sent_at),
        "countries": countries(alert, normal, impact),
        "area_names": list(normal.area_names),
        "impact_area": geo.to_wkb(impact.geometry) if impact.geometry is not None else None,
        "impact_origin": impact.origin,
        "impact_note": impact.note[:300],
        "west": box[0],
        "south": box[1],
        "east": box[2],
        "north": box[3],
    }


def end(alert: ParsedAlert, normal: Normal, impact: Impact, sent_at: datetime) -> datetime:
    """When a message stops mattering.

    Its expiry or the named end of the event; a message that expires before its own onset (the next one is
    expected earlier) is believed for a day from the onset; one without any end for the table's days.
    """
    begins = normal.onset_at or normal.effective_at or sent_at
    if normal.stops_mattering_at is None:
        return (
            max(begins, sent_at) + timedelta(days=impact.days)
            if alert.format == "cap"
            else (begins + timedelta(days=impact.days))
        )
    if normal.stops_mattering_at <= begins:
        return begins + SHORTEST_MATTERING
    return normal.stops_mattering_at


def countries(alert: ParsedAlert, normal: Normal, impact: Impact) -> list[str]:
    """Countries of the impact area on the map; without one, those that codes or the source name."""
    if impact.geometry is not None:
        return sorted({*countries_touching(impact.geometry)})
    points = [
        Point(circle.lon, circle.lat)
        for info in alert.infos
        for area in info.areas
        for circle in area.circles
    ]
    if points:
        return sorted({code for point in points for code in countries_touching(point)})
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
        "event_codes": [list(pair) for pair in info.event_codes],
        "parameters": [list(pair) for pair in info.parameters],
        "areas": [_area(area) for area in info.areas],
    }


def _area(area: Area) -> dict[str, Any]:
    """Shapes are kept united in the impact area; here they are counted."""
    return {
        "name": area.description,
        "polygons": len(area.polygons),
        "circles": [[circle.lon, circle.lat, circle.km] for circle in area.circles],
        "geocodes": [list(pair) for pair in area.geocodes],
        "altitude": area.altitude,
        "ceiling": area.ceiling,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
