"""USGS earthquake GeoJSON: a summary feed or a single feature.

Identity is the preferred `id` and every id in `ids`; the version is `updated`. `status=deleted` is a
Cancel. Everything that USGS lists is kept, quarry blasts and ice quakes too; whether it can concern
anybody is decided by impact.py. Severity after PAGER, else after intensity and magnitude; the numbers
are USGS's, the words of the description are ours. Pure: no ORM, network or clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from safeconduct.alerts.formats.cap import web_address
from safeconduct.alerts.formats.geojson import BadEntry, epoch, features, longitude, number
from safeconduct.alerts.formats.text import one_line
from safeconduct.alerts.parsed import UNKNOWN, Area, Circle, Info, Parsed, ParsedAlert, Problem, Quake
from safeconduct.lib.xml import Unreadable

SENDER = "earthquake.usgs.gov"
PAGER_SEVERITY = {"red": "Extreme", "orange": "Severe", "yellow": "Moderate", "green": "Minor"}
SHALLOW_KM = 70.0
"""USGS: shallow is above 70 km."""


def parse(data: bytes) -> Parsed:
    """Read a document. Unreadable when nothing in it could be read."""
    listed, is_list = features(data)
    parsed = Parsed(is_list=is_list)
    for place, feature in enumerate(listed, start=1):
        where = _where(feature, place)
        parsed.present.update(_present(feature))
        try:
            parsed.alerts.append(_alert(feature))
        except BadEntry as error:
            parsed.problems.append(Problem(where, str(error)))
    if listed and not parsed.alerts:
        first = parsed.problems[0]
        raise Unreadable(
            "features", f"none of {len(listed)} entries could be read; {first.where}: {first.problem}"
        )
    return parsed


def _where(feature: Any, place: int) -> str:
    name = feature.get("id") if isinstance(feature, dict) else None
    return one_line(name)[:100] or f"entry {place}" if isinstance(name, str) else f"entry {place}"


def _present(feature: Any) -> tuple[str, ...]:
    """Every name that an entry carries, whether it can be read or not."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    name = feature.get("id") if isinstance(feature, dict) else None
    if not isinstance(name, str) or not isinstance(properties, dict):
        return ()
    return _keys(one_line(name), properties)


def _alert(feature: Any) -> ParsedAlert:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise BadEntry("no feature with properties")
    properties: dict[str, Any] = feature["properties"]
    identifier = feature.get("id")
    identifier = one_line(identifier)[:200] if isinstance(identifier, str) else ""
    if not identifier:
        raise BadEntry("no id: the event cannot be told from others")
    notes: list[str] = []
    started = epoch(properties.get("time"))
    updated = epoch(properties.get("updated"))
    if started is None and updated is None:
        # Other agencies' GeoJSON looks alike; read as USGS it would carry a wrong name and last for ever.
        raise BadEntry("no time in milliseconds: not an entry of USGS, or a broken one")
    if updated is None:
        notes.append("updated missing: the time of the event stands in")
    deleted = properties.get("status") == "deleted"
    quake = None if deleted and not feature.get("geometry") else _quake(feature, properties, started, notes)
    return ParsedAlert(
        format="usgs",
        identifier=identifier,
        sender=SENDER,
        sent_at=updated or started,
        msg_type="Cancel" if deleted else "Alert",
        status="Actual",
        scope="Public",
        source=one_line(str(properties.get("net") or ""))[:40],
        keys=_keys(identifier, properties),
        infos=() if quake is None else (_info(properties, quake, started),),
        quake=quake,
        notes=tuple(notes),
    )


def _keys(identifier: str, properties: dict[str, Any]) -> tuple[str, ...]:
    listed = properties.get("ids")
    others = one_line(listed).split(",") if isinstance(listed, str) else []
    return tuple(dict.fromkeys(key.strip()[:200] for key in [identifier, *others] if key.strip()))


def _quake(
    feature: dict[str, Any], properties: dict[str, Any], started: datetime | None, notes: list[str]
) -> Quake:
    geometry = feature.get("geometry")
    place = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if not isinstance(place, list) or len(place) < 2:
        raise BadEntry("no coordinates")
    lon, lat = number(place[0]), number(place[1])
    if lon is None or lat is None or abs(lat) > 90 or abs(lon) > 360:
        raise BadEntry(f"{place[:2]} is no place on earth")
    if properties.get("mag") is None:
        notes.append("magnitude not known yet")
    pager = properties.get("alert")
    return Quake(
        magnitude=number(properties.get("mag")),
        depth_km=number(place[2]) if len(place) > 2 else None,
        pager=pager if isinstance(pager, str) and pager in PAGER_SEVERITY else "",
        lon=longitude(lon),
        lat=lat,
        at=started,
    )


def _info(properties: dict[str, Any], quake: Quake, started: datetime | None) -> Info:
    kind = one_line(str(properties.get("type") or "earthquake"))[:60]
    place = one_line(str(properties.get("place") or ""))
    title = one_line(str(properties.get("title") or "")) or (
        f"M {quake.magnitude:.1f} - {place}" if quake.magnitude is not None else place or kind.capitalize()
    )
    return Info(
        language="en",
        categories=("Geo",),
        event=kind[:200],
        urgency="Immediate",
        severity=quake_severity(quake, number(properties.get("mmi")) or 0),
        certainty="Observed",
        effective=started,
        onset=started,
        sender_name="U.S. Geological Survey",
        headline=title,
        description=_description(properties, quake, kind),
        web=web_address(str(properties.get("url") or "")),
        parameters=_parameters(properties),
        areas=(Area(description=place, circles=(Circle(quake.lon, quake.lat, 0.0),)),),
    )


def quake_severity(quake: Quake, intensity: float = 0) -> str:
    """PAGER first; then intensity VII or a shallow M 6.5 is Severe, M 5.5 Moderate, the rest Minor."""
    if quake.pager:
        return PAGER_SEVERITY[quake.pager]
    magnitude = quake.magnitude
    if magnitude is None:
        return UNKNOWN
    if intensity >= 7 or (magnitude >= 6.5 and (quake.depth_km is None or quake.depth_km < SHALLOW_KM)):
        return "Severe"
    return "Moderate" if magnitude >= 5.5 else "Minor"


def _description(properties: dict[str, Any], quake: Quake, kind: str) -> str:
    size = f"Magnitude {quake.magnitude:g}" if quake.magnitude is not None else "Magnitude not known yet"
    depth = f", depth {quake.depth_km:.0f} km" if quake.depth_km is not None else ""
    parts = [f"{size}{depth}. Kind of event: {kind}."]
    if quake.pager:
        parts.append(f"Estimated impact (PAGER): {quake.pager}.")
    if properties.get("tsunami") == 1:
        parts.append("USGS points to tsunami.gov for this event; this is not a tsunami warning by itself.")
    parts.append("Reviewed by a person." if properties.get("status") == "reviewed" else "Automatic solution.")
    return " ".join(parts)


def _parameters(properties: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    names = ("mag", "magType", "alert", "mmi", "cdi", "felt", "sig", "tsunami", "status", "net", "code")
    return tuple(
        (name, one_line(str(properties[name]))[:200]) for name in names if properties.get(name) is not None
    )
