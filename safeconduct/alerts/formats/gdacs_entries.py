"""The three forms of a GDACS entry, RSS item, GeoJSON feature and CAP message, brought into one.

What an entry means is gdacs.py's. Texts stay as written. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.formats import geojson
from safeconduct.alerts.formats.gdacs_words import affected, moment, place
from safeconduct.alerts.formats.geojson import BadEntry, figure
from safeconduct.alerts.formats.text import one_line
from safeconduct.alerts.parsed import Info, ParsedAlert
from safeconduct.lib import xml
from safeconduct.lib.xml import Element

ID = re.compile(r"^[0-9]{1,12}$")


@dataclass
class Entry:
    """One entry, whichever of the three forms it had. Texts are as written."""

    fields: dict[str, str]
    headline: str = ""
    description: str = ""
    link: str = ""
    from_at: datetime | None = None
    to_at: datetime | None = None
    sent_at: datetime | None = None
    point: tuple[float, float] | None = None
    countries: tuple[str, ...] = ()
    polygons: tuple[BaseGeometry, ...] = ()
    notes: list[str] = field(default_factory=list)

    def get(self, name: str) -> str:
        """A field as text on one line, empty when absent."""
        return one_line(self.fields.get(name, ""))[:300]

    @property
    def key(self) -> str:
        """The event's key; empty when it has none."""
        kind, number = self.get("eventtype").upper(), self.get("eventid")
        return f"{kind}{number}" if kind.isalpha() and len(kind) == 2 and ID.match(number) else ""

    @property
    def level(self) -> str:
        """The level for now: the episode's, else the event's."""
        return (self.get("episodealertlevel") or self.get("alertlevel")).lower()


def from_item(item: Element) -> Entry:
    """One RSS item. Elements by local name; the text of an element that also has attributes is kept."""
    parts: dict[str, Element] = {}
    for child in item:
        parts.setdefault(xml.local_name(child), child)
    fields = {name: xml.text_of(part) for name, part in parts.items() if name and name != "resources"}
    for name in ("severity", "population", "vulnerability"):
        if name in parts:
            fields[f"{name}value"] = str(parts[name].get("value") or "")
            fields[f"{name}unit"] = str(parts[name].get("unit") or "")
    fields["istemporary"] = fields.get("istemporary") or fields.get("temporary", "")
    entry = Entry(fields, fields.get("title", ""), fields.get("description", ""), fields.get("link", ""))
    written = fields.get("point", "").replace(",", " ").split()
    lat, lon = (figure(written[0]), figure(written[1])) if len(written) == 2 else (None, None)
    if lat is None and "Point" in parts:
        lat = figure(xml.child_text(parts["Point"], "lat"))
        lon = figure(xml.child_text(parts["Point"], "long"))
    box = [figure(part) for part in fields.get("bbox", "").replace(",", " ").split()]
    west_east_south_north = [number for number in box if number is not None]
    entry.point = place(lon, lat, west_east_south_north, entry.notes)
    entry.countries = affected(
        one_line(fields.get("country", "")).split(","), [one_line(fields.get("iso3", ""))]
    )
    _date(entry)
    return entry


def from_feature(feature: Any) -> Entry:
    """One GeoJSON feature of the event list. Shapes of an event in the same list are not events."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise BadEntry("no feature with properties")
    fields = {name: geojson.text(value) for name, value in properties.items()}
    for name in ("iscurrent", "istemporary"):
        fields[name] = geojson.text(properties.get(name)).lower()
    geometry = feature.get("geometry")
    geometry = geometry if isinstance(geometry, dict) else {}
    if geometry.get("type") not in (None, "Point"):
        raise BadEntry("a shape of an event and not the event: left out")
    details = properties.get("severitydata")
    details = details if isinstance(details, dict) else {}
    fields["severity"] = geojson.text(details.get("severitytext"))
    fields["severityvalue"] = geojson.text(details.get("severity"))
    fields["severityunit"] = geojson.text(details.get("severityunit"))
    links = properties.get("url")
    link = geojson.text(links.get("report")) if isinstance(links, dict) else geojson.text(links)
    said = [fields.get("htmldescription") or fields.get("description", ""), fields["severity"]]
    entry = Entry(
        fields, fields.get("name", ""), "\n".join(dict.fromkeys(part for part in said if part)), link
    )
    listed = geometry.get("coordinates")
    listed = listed if isinstance(listed, list) else []
    lon, lat = (geojson.number(listed[0]), geojson.number(listed[1])) if len(listed) >= 2 else (None, None)
    # The bbox of a feature is GeoJSON's own order and the point again: it adds nothing.
    entry.point = place(lon, lat, [], entry.notes)
    rows = properties.get("affectedcountries")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    named = [geojson.text(row.get("iso2")) for row in rows]
    entry.countries = affected(fields.get("country", "").split(","), [fields.get("iso3", "")], named)
    _date(entry)
    return entry


def _date(entry: Entry) -> None:
    """When it began, when it was last seen, when this was said (datemodified, pubDate, else the begin)."""
    entry.from_at = moment(entry.fields.get("fromdate", ""))
    entry.to_at = moment(entry.fields.get("todate", ""))
    said = (moment(entry.fields.get(name, "")) for name in ("datemodified", "pubDate"))
    entry.sent_at = next((at for at in said if at), None)
    if entry.sent_at is None:
        entry.notes.append("neither datemodified nor pubDate: the begin of the event stands in")


def from_message(alert: ParsedAlert) -> Entry:
    info = alert.infos[0] if alert.infos else Info()
    fields = {name.lower(): value for name, value in info.parameters}
    fields["episodeid"] = fields.get("episodeid") or fields.get("currentepisodeid", "")
    fields["source"] = fields.get("sourceid", "")
    entry = Entry(fields, info.headline, info.description, info.web)
    areas = [area for one in alert.infos for area in one.areas]
    entry.polygons = tuple(shape for area in areas for shape in area.polygons)
    circles = [circle for area in areas for circle in area.circles]
    middle = entry.polygons[0].centroid if len(entry.polygons) == 1 else None
    if circles:
        entry.point = (circles[0].lon, circles[0].lat)
    elif middle is not None and entry.polygons[0].geom_type == "Polygon":
        entry.point = (round(middle.x, 3), round(middle.y, 3))
    entry.countries = affected(fields.get("country", "").split(","), [fields.get("iso3", "")])
    _date(entry)
    entry.sent_at = entry.sent_at or alert.sent_at
    return entry
