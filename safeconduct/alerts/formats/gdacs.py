"""GDACS (European Commission's JRC and the UN): RSS, the event list as GeoJSON, and CAP of one event.

The event is `eventtype` + `eventid`; an episode is a version of it. Severity goes by the *episode's* level, which is
the one for now: Green, Orange and Red are the humanitarian impact that GDACS expects, not the strength at a place.
`iscurrent` false ends the event. CAP of GDACS is read for its shapes alone: its severity is a constant, the level
stands in its parameters. Numbers and sentences are GDACS's. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from safeconduct.alerts.formats import cap, geojson
from safeconduct.alerts.formats.cap import web_address
from safeconduct.alerts.formats.gdacs_entries import ID, Entry, from_feature, from_item, from_message
from safeconduct.alerts.formats.gdacs_words import flag
from safeconduct.alerts.formats.geojson import BadEntry, figure
from safeconduct.alerts.formats.text import one_line, plain_text
from safeconduct.alerts.parsed import (
    UNKNOWN,
    Area,
    Circle,
    Info,
    Pair,
    Parsed,
    ParsedAlert,
    Problem,
    Quake,
)  # fmt: skip
from safeconduct.lib import xml
from safeconduct.lib.xml import Unreadable

SENDER = "gdacs.org"


@dataclass(frozen=True)
class Kind:
    """What a two-letter event type means: words and CAP codes while it is current."""

    event: str
    category: str
    urgency: str
    certainty: str


KINDS = {
    "EQ": Kind("Earthquake", "Geo", "Immediate", "Observed"),
    "TS": Kind("Tsunami", "Geo", "Immediate", "Likely"),
    "VO": Kind("Volcanic eruption", "Geo", "Immediate", "Observed"),
    "WF": Kind("Forest fire", "Fire", "Immediate", "Observed"),
    "TC": Kind("Tropical cyclone", "Met", "Expected", "Likely"),
    "FL": Kind("Flood", "Met", "Expected", "Likely"),
    "DR": Kind("Drought", "Met", "Future", "Observed"),
}
SEVERITIES = {"red": "Extreme", "orange": "Severe", "green": "Minor"}
DROUGHT_SEVERITIES = {"red": "Moderate", "orange": "Moderate", "green": "Minor"}
"""A drought of years is no reason to act today, whatever its level."""

_DEPTH = re.compile(r"(?i)depth\s*:?\s*(\d+(?:\.\d+)?)\s*km")
_MAGNITUDE = re.compile(r"(?i)magnitude\s*:?\s*(-?\d+(?:\.\d+)?)")


def parse(data: bytes) -> Parsed:
    """Read a document of any of the three forms. Unreadable when nothing in it could be read."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        listed, is_list = geojson.features(data)
        return _read(listed, from_feature, is_list=is_list)
    root = xml.read(data)
    name = xml.local_name(root)
    if name == "alert":
        return _from_cap(data)
    if name.lower() == "html":
        raise Unreadable("html", "this is an HTML page, not a document of GDACS")
    channel = next(xml.children(root, "channel"), None)
    if name != "rss" or channel is None:
        raise Unreadable("root", f"the root element is “{name[:60]}”: neither RSS with a channel nor CAP")
    return _read(list(xml.children(channel, "item")), from_item, is_list=True)


def _read(listed: list[Any], reader: Any, *, is_list: bool) -> Parsed:
    parsed = Parsed(is_list=is_list)
    for number, thing in enumerate(listed, start=1):
        key = ""
        try:
            entry: Entry = reader(thing)
            key = entry.key
            if key:
                parsed.present.add(key)
            parsed.alerts.append(_alert(entry))
        except BadEntry as error:
            parsed.problems.append(Problem(key or f"entry {number}", str(error)))
    if listed and not parsed.alerts:
        first = parsed.problems[0]
        raise Unreadable(
            "entries", f"none of {len(listed)} entries could be read; {first.where}: {first.problem}"
        )
    return parsed


def _alert(entry: Entry) -> ParsedAlert:
    if not entry.key:
        raise BadEntry("no eventtype and eventid: the event cannot be told from others")
    if entry.sent_at is None and entry.from_at is None:
        raise BadEntry("no date that can be read")
    if entry.level not in SEVERITIES:
        entry.notes.append(
            f"alert level “{entry.level[:40]}” is not known" if entry.level else "no alert level"
        )
    is_drought = entry.key.startswith("DR")
    sent_at = entry.sent_at or entry.from_at
    if is_drought and sent_at is not None:
        # Its dates move with every run for years: one version a day is enough to say that it goes on.
        sent_at = sent_at.replace(hour=0, minute=0, second=0, microsecond=0)
    is_over = flag(entry.get("iscurrent")) is False
    episode = entry.get("episodeid")
    return ParsedAlert(
        format="gdacs",
        identifier=f"{entry.key}/{episode}" if ID.match(episode) else entry.key,
        sender=SENDER,
        sent_at=sent_at,
        msg_type="Update" if is_over else "Alert",
        status="Actual",
        scope="Public",
        source=entry.get("source")[:40],
        keys=(entry.key,),
        infos=(_info(entry, is_over=is_over, is_drought=is_drought),),
        quake=_quake(entry) if entry.key.startswith("EQ") else None,
        notes=tuple(entry.notes),
    )


def _info(entry: Entry, *, is_over: bool, is_drought: bool) -> Info:
    kind = KINDS.get(entry.key[:2], Kind("Disaster alert", "Other", "Expected", UNKNOWN))
    is_unconfirmed = flag(entry.get("istemporary")) is True
    severities = DROUGHT_SEVERITIES if is_drought else SEVERITIES
    circles = (Circle(*entry.point, 0.0),) if entry.point else ()
    return Info(
        language="en",
        categories=(kind.category,),
        event=kind.event,
        urgency="Past" if is_over else kind.urgency,
        severity=severities.get(entry.level, UNKNOWN),
        certainty="Possible" if is_unconfirmed else kind.certainty,
        effective=entry.from_at,
        onset=entry.from_at,
        sender_name="GDACS (European Commission and United Nations)",
        headline=one_line(entry.headline)[:500] or kind.event,
        description=plain_text(entry.description),
        web=web_address(entry.link.replace("http://www.gdacs.org/", "https://www.gdacs.org/")),
        parameters=_parameters(entry, is_drought=is_drought),
        areas=(
            Area(
                description=entry.get("country"),
                polygons=entry.polygons,
                circles=() if entry.polygons else circles,
                geocodes=tuple(("ISO 3166-1", code) for code in entry.countries),
            ),
        ),
    )


def _parameters(entry: Entry, *, is_drought: bool) -> tuple[Pair, ...]:
    """What clusters, explains and dates an event, under one set of names for all three forms."""
    names = (
        "eventtype", "eventid", "episodeid", "alertlevel", "alertscore", "episodealertlevel",
        "episodealertscore", "severity", "severityvalue", "severityunit", "population", "populationvalue",
        "populationunit", "vulnerability", "eventname", "glide", "iscurrent", "istemporary",
    )  # fmt: skip
    pairs = [(name, entry.get(name)) for name in names if entry.get(name)]
    to_at = entry.to_at
    if to_at is not None:
        if is_drought:
            to_at = to_at.replace(hour=0, minute=0, second=0, microsecond=0)
        pairs.append(("todate", to_at.isoformat()))
    return tuple(pairs)


def _quake(entry: Entry) -> Quake | None:
    """Magnitude from the value, else from the words; depth stands in the words alone."""
    if entry.point is None:
        return None
    words = f"{entry.get('severity')} {entry.headline[:300]}"
    magnitude = figure(entry.get("severityvalue")) if entry.get("severityvalue") else None
    if not magnitude and (found := _MAGNITUDE.search(words)):
        magnitude = float(found[1])
    depth = _DEPTH.search(words)
    return Quake(magnitude or None, float(depth[1]) if depth else None, "", *entry.point, entry.from_at)


def _from_cap(data: bytes) -> Parsed:
    """CAP of one event: its shapes, with the level of its parameters."""
    read = cap.parse(data)
    return _merged(read, (from_message(alert) for alert in read.alerts))


def _merged(read: Parsed, entries: Iterable[Entry]) -> Parsed:
    parsed = Parsed(problems=list(read.problems))
    for entry in entries:
        try:
            parsed.alerts.append(_alert(entry))
        except BadEntry as error:
            parsed.problems.append(Problem(entry.key or "alert", str(error)))
    if not parsed.alerts:
        raise Unreadable("shape", "this CAP message is not of GDACS: it names no event type and event")
    return parsed
