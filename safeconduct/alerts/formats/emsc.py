"""EMSC earthquakes as FDSN GeoJSON (seismicportal.eu).

Identity is `unid`; the version is `lastupdate`. The third coordinate is minus the depth, the property `depth`
is the depth: the property counts. Severity as for USGS without PAGER. The numbers are EMSC's and the
contributing agency's, the words of the description are ours. Pure: no ORM, network or clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from safeconduct.alerts.formats.geojson import BadEntry, features, longitude, number, text
from safeconduct.alerts.formats.text import instant, one_line
from safeconduct.alerts.formats.usgs import quake_severity
from safeconduct.alerts.parsed import Area, Circle, Info, Parsed, ParsedAlert, Problem, Quake
from safeconduct.lib.xml import Unreadable

SENDER = "emsc-csem.org"
PAGE = "https://www.seismicportal.eu/eventdetails.html?unid="
KINDS = {
    "e": "earthquake", "i": "induced earthquake", "r": "rock burst", "m": "mining explosion", "h": "explosion",
    "x": "explosion", "n": "explosion",
}  # fmt: skip
"""The second letter of `evtype` (event types of IMS 1.0); the first says how sure: k known, s suspected, f felt,
d damaging."""


def parse(data: bytes) -> Parsed:
    """Read a document. Unreadable when nothing in it could be read."""
    listed, is_list = features(data)
    parsed = Parsed(is_list=is_list)
    for place, feature in enumerate(listed, start=1):
        key = _key(feature)
        if key:
            parsed.present.add(key)
        try:
            parsed.alerts.append(_alert(feature, key))
        except BadEntry as error:
            parsed.problems.append(Problem(key or f"entry {place}", str(error)))
    if listed and not parsed.alerts:
        first = parsed.problems[0]
        raise Unreadable(
            "features", f"none of {len(listed)} entries could be read; {first.where}: {first.problem}"
        )
    return parsed


def _properties(feature: Any) -> dict[str, Any]:
    found = feature.get("properties") if isinstance(feature, dict) else None
    return found if isinstance(found, dict) else {}


def _key(feature: Any) -> str:
    listed = _properties(feature).get("unid") or (feature.get("id") if isinstance(feature, dict) else None)
    return one_line(listed)[:100] if isinstance(listed, str) else ""


def _alert(feature: Any, key: str) -> ParsedAlert:
    properties = _properties(feature)
    if not properties:
        raise BadEntry("no feature with properties")
    if "unid" not in properties and "flynn_region" not in properties:
        # Read as EMSC, another agency's numbers would carry a wrong name.
        raise BadEntry("neither unid nor flynn_region: not an entry of EMSC, or a broken one")
    if not key:
        raise BadEntry("no unid: the event cannot be told from others")
    notes: list[str] = []
    started = _moment(properties.get("time"))
    updated = _moment(properties.get("lastupdate"))
    if started is None and updated is None:
        raise BadEntry("no time that can be read")
    if updated is None:
        notes.append("lastupdate missing: the time of the event stands in")
    quake = _quake(feature, properties, started, notes)
    return ParsedAlert(
        format="emsc",
        identifier=key,
        sender=SENDER,
        sent_at=updated or started,
        status="Actual",
        scope="Public",
        source=one_line(text(properties.get("auth")))[:40],
        keys=(key,),
        infos=(_info(properties, quake, started, key),),
        quake=quake,
        notes=tuple(notes),
    )


def _quake(
    feature: dict[str, Any], properties: dict[str, Any], started: datetime | None, notes: list[str]
) -> Quake:
    geometry = feature.get("geometry")
    listed = geometry.get("coordinates") if isinstance(geometry, dict) else None
    place = listed if isinstance(listed, list) else []
    lon, lat = number(properties.get("lon")), number(properties.get("lat"))
    if (lon is None or lat is None) and len(place) >= 2:
        lon, lat = number(place[0]), number(place[1])
    if lon is None or lat is None:
        raise BadEntry("no coordinates")
    if abs(lat) > 90 or abs(lon) > 360:
        raise BadEntry(f"{[lon, lat]} is no place on earth")
    depth = number(properties.get("depth"))
    third = number(place[2]) if len(place) > 2 else None
    if depth is None and third is not None:
        depth = abs(third)
    magnitude = number(properties.get("mag"))
    if magnitude is None:
        notes.append("magnitude not known yet")
    return Quake(magnitude, depth, "", longitude(lon), lat, started)


def _info(properties: dict[str, Any], quake: Quake, started: datetime | None, key: str) -> Info:
    code = one_line(text(properties.get("evtype"))).lower()
    kind = KINDS.get(code[1:2], "seismic event") if code else "earthquake"
    region = one_line(text(properties.get("flynn_region"))).title()[:200]
    size = f"M {quake.magnitude:.1f}" if quake.magnitude is not None else ""
    return Info(
        language="en",
        categories=("Geo",),
        event=kind,
        urgency="Immediate",
        severity=quake_severity(quake),
        certainty="Likely" if code[:1] == "s" else "Observed",
        effective=started,
        onset=started,
        sender_name="European-Mediterranean Seismological Centre",
        headline=" - ".join(part for part in (size, region) if part) or kind.capitalize(),
        description=_description(properties, quake, kind),
        web=PAGE + key if all(sign.isalnum() or sign == "_" for sign in key) else "",
        parameters=tuple(
            (name, one_line(text(properties[name]))[:200])
            for name in ("mag", "magtype", "depth", "evtype", "auth", "source_id", "source_catalog")
            if text(properties.get(name))
        ),
        areas=(Area(description=region, circles=(Circle(quake.lon, quake.lat, 0.0),)),),
    )


def _description(properties: dict[str, Any], quake: Quake, kind: str) -> str:
    size = f"Magnitude {quake.magnitude:g}" if quake.magnitude is not None else "Magnitude not known yet"
    depth = f", depth {quake.depth_km:.0f} km" if quake.depth_km is not None else ""
    agency = one_line(text(properties.get("auth")))[:40]
    source = f" Located by {agency}." if agency else ""
    return f"{size}{depth}. Kind of event: {kind}.{source}"


def _moment(value: Any) -> datetime | None:
    found = instant(value) if isinstance(value, str) else None
    return found.at if found else None
