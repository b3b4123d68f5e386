"""Alerts of the US National Weather Service: GeoJSON of api.weather.gov (a list or one alert), or CAP in XML.

Words are CAP's. `ends` is kept as the parameter eventEndingTime: the NWS names with it the end of the event,
with `expires` only the time by which the text will be renewed. Zones (UGC, SAME) stay codes.

What belongs together is decided so that nobody is silenced:

- A message continues those that it refers to, of these only the ones sent last: each names its whole chain,
  and after a split the older ones are shared by messages that are all in force.
- Messages that stand in one list are in force side by side. Where several refer to the same earlier one, one
  of them goes on with it (one that is not over, the earliest, the largest); the others are events of their own.
- A VTEC event (office, phenomenon, significance, number) is cut into segments with their own areas, times and
  actions, so its name alone joins nothing. Together with the same set of zones and the year of sending it does:
  that finds successors that refer to nobody. A message with several VTEC events, with none in force for the
  public (test, experimental), or without zones has no such name.

Where this leaves something apart that belongs together, somebody is told twice. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

from safeconduct.alerts.endings import is_over
from safeconduct.alerts.formats import cap
from safeconduct.alerts.formats.capjson import (
    LONGEST_IDENTIFIER,
    Message,
    each,
    is_xml,
    line,
    read_list,
    text,
    texts,
)
from safeconduct.alerts.formats.geojson import BadEntry, shapes_of
from safeconduct.alerts.formats.nws_events import our_readings
from safeconduct.alerts.formats.text import instant
from safeconduct.alerts.parsed import Pair, Parsed, ParsedAlert, Reference
from safeconduct.lib import jsontext
from safeconduct.lib.xml import Unreadable

ADDRESS = "https://api.weather.gov/alerts/"

_VTEC = re.compile(
    r"/([OTEX])\.[A-Z]{3}\.([A-Z0-9]{4})\.([A-Z]{2})\.([A-Z])\.(\d{4})\.\d{6}T\d{4}Z-\d{6}T\d{4}Z/"
)
_ZONE = re.compile(r"/([A-Z]{2}[CZ]\d{3})/?$")


def parse(data: bytes) -> Parsed:
    """Read a document. Unreadable when nothing in it could be read."""
    if is_xml(data):
        parsed = cap.parse(data)
        parsed.alerts[:] = [_finished(alert) for alert in parsed.alerts]
        return parsed
    found = jsontext.read(data)
    kind = found.get("type") if isinstance(found, dict) else None
    features = (
        [found] if kind == "Feature" else found.get("features") if kind == "FeatureCollection" else None
    )
    if not isinstance(features, list):
        raise Unreadable("shape", "this is neither a GeoJSON FeatureCollection nor a Feature")
    pages = found.get("pagination")
    is_page = isinstance(pages, dict) and bool(pages.get("next"))
    parsed = read_list(features, _alert, format="nws", is_list=kind == "FeatureCollection" and not is_page)
    if is_page:
        parsed.notes.append("one page of several: what is missing in it has not left the list")
    parsed.alerts[:] = _side_by_side(parsed.alerts)
    return parsed


def _alert(feature: Any, message: Message) -> ParsedAlert:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise BadEntry("no feature with properties")
    identifier = line(properties.get("id")) or line(feature.get("id")).removeprefix(ADDRESS)
    message.where = identifier[:LONGEST_IDENTIFIER] or message.where
    shapes = shapes_of(feature.get("geometry"), lambda words: message.problem("geometry", words))
    ends = text(properties.get("ends")).strip()
    if ends and instant(ends) is None:
        message.problem("ends", f"“{ends[:60]}” is no date and time; left out")
        ends = ""
    alert = message.read(_as_cap(properties, identifier, ends), shapes=shapes)
    return _finished(alert)


def _as_cap(properties: dict[str, Any], identifier: str, ends: str) -> dict[str, Any]:
    """The properties of a feature laid out as CAP; they are CAP's own under slightly other names."""
    info = {
        **{
            name: properties.get(name)
            for name in (
                "language", "category", "event", "eventCode", "urgency", "severity", "certainty", "effective",
                "onset", "expires", "senderName", "headline", "description", "instruction", "web",
            )
        },
        "responseType": properties.get("response"),
        "parameter": _parameters(properties, ends),
        "area": {"areaDesc": properties.get("areaDesc"), "geocode": _geocodes(properties)},
    }  # fmt: skip
    return {
        "identifier": identifier,
        "msgType": properties.get("messageType"),
        "info": info,
        **{name: properties.get(name) for name in ("sender", "sent", "status", "scope", "references")},
    }


def _parameters(properties: dict[str, Any], ends: str) -> dict[str, Any]:
    """`ends` stands first, so that it is the eventEndingTime; the text's own one may be of an earlier text."""
    given = properties.get("parameters")
    parameters = given if isinstance(given, dict) else {}
    if not ends:
        return parameters
    return {**parameters, "eventEndingTime": [ends, *each(parameters.get("eventEndingTime"))]}


def _geocodes(properties: dict[str, Any]) -> dict[str, Any]:
    """UGC and SAME codes; zones that are only named by address give the UGC codes."""
    given = properties.get("geocode")
    codes = given if isinstance(given, dict) else {}
    if texts(codes.get("UGC")):
        return codes
    zones = [match[1] for zone in texts(properties.get("affectedZones")) if (match := _ZONE.search(zone))]
    return {**codes, "UGC": zones}


def _finished(alert: ParsedAlert) -> ParsedAlert:
    """With the keys, references and notes that a message of the NWS has beyond CAP."""
    key = vtec_key(alert)
    notes = [note for info in alert.infos for note in our_readings(info)]
    return replace(
        alert,
        keys=(*alert.keys, key) if key else alert.keys,
        references=_predecessors(alert),
        notes=tuple(dict.fromkeys((*alert.notes, *notes))),
    )


def vtec_key(alert: ParsedAlert) -> str:
    """`vtec:office.phenomenon.significance.number.year:zones` of the one event of a message; empty without one."""
    events = {
        match
        for info in alert.infos
        for value in _values(info.parameters, "VTEC")
        for match in _VTEC.findall(value)
    }
    classes = {match[0] for match in events}
    names = {".".join(match[1:]) for match in events}
    zones = sorted(_zones(alert))
    if len(names) != 1 or classes != {"O"} or not zones or alert.sent_at is None:
        return ""
    digest = hashlib.sha256(" ".join(zones).encode()).hexdigest()[:16]
    return f"vtec:{names.pop()}.{alert.sent_at.year}:{digest}"


def _values(parameters: tuple[Pair, ...], name: str) -> list[str]:
    return [value for key, value in parameters if key.casefold() == name.casefold()]


def _zones(alert: ParsedAlert) -> set[str]:
    return {
        code.upper()
        for info in alert.infos
        for area in info.areas
        for scheme, code in area.geocodes
        if scheme.upper() == "UGC"
    }


def _predecessors(alert: ParsedAlert) -> tuple[Reference, ...]:
    """The earlier messages that were sent last; where none is in force any more, those named as expired."""
    named = [item for item in alert.references if item.identifier != alert.identifier]
    if not named:
        named = [
            item
            for info in alert.infos
            for value in _values(info.parameters, "expiredReferences")
            for item in cap.references(value)
            if item.identifier != alert.identifier
        ]
    times = [instant(item.sent) for item in named]
    known = [found.at for found in times if found]
    if len(known) < len(named) or not known:
        return tuple(dict.fromkeys(named))
    latest = max(known)
    return tuple(dict.fromkeys(item for item, at in zip(named, known, strict=True) if at == latest))


def _side_by_side(alerts: list[ParsedAlert]) -> list[ParsedAlert]:
    """Messages of one list, none of which replaces what another one of it continues."""
    referring: dict[str, list[ParsedAlert]] = defaultdict(list)
    keyed: dict[str, int] = defaultdict(int)
    for alert in alerts:
        for key in alert.keys:
            keyed[key] += 1
        for reference in alert.references:
            referring[reference.identifier].append(alert)
    heirs = {name: min(several, key=_precedence).identifier for name, several in referring.items()}
    return [_apart(alert, heirs, keyed) for alert in alerts]


def _precedence(alert: ParsedAlert) -> tuple[bool, float, int, str]:
    sent = alert.sent_at.timestamp() if alert.sent_at else float("inf")
    return is_over(alert), sent, -len(_zones(alert)), alert.identifier


def _apart(alert: ParsedAlert, heirs: dict[str, str], keyed: dict[str, int]) -> ParsedAlert:
    kept = tuple(item for item in alert.references if heirs[item.identifier] == alert.identifier)
    keys = tuple(key for key in alert.keys if keyed[key] == 1 or key == alert.identifier)
    if kept == alert.references and keys == alert.keys:
        return alert
    notes = alert.notes
    if kept != alert.references:
        others = sorted({heirs[item.identifier] for item in alert.references} - {alert.identifier})
        notes = (*notes, f"the message before it was split; {', '.join(others)[:300]} goes on with it")
    return replace(alert, references=kept, keys=keys, notes=notes)
