"""Warnings of Germany's Modular Warning System (MoWaS) and its neighbours as the NINA interface serves them.

- `…/<system>/mapData.json` names what is in force: id, version, startDate, titles. It becomes links to the
  warning and to its shapes (`../warnings/<id>.json` and `.geojson`), and the list of what is present.
- `…/warnings/<id>.json` is one CAP message as JSON, in up to nine languages, mostly without expiry: it ends by a
  Cancel or by leaving the list. The older files that carry whole messages in a list are read too.
- `…/warnings/<id>.geojson` are its shapes, joined to what was read by `add_shapes`.

A block that repeats the German description under another language is said to do so. Pure: no ORM, network, clock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import shapely
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.formats.capjson import (
    LONGEST,
    LONGEST_IDENTIFIER,
    Message,
    line,
    names_of,
    read_list,
    text,
    with_shapes,
)
from safeconduct.alerts.formats.geojson import BadEntry, shapes_of
from safeconduct.alerts.parsed import Info, Link, Parsed, ParsedAlert, Problem
from safeconduct.lib import geo, jsontext
from safeconduct.lib.xml import Unreadable

AREA_CODE = "AreaId"


def parse(data: bytes) -> Parsed:
    """Read a document. Unreadable when nothing in it could be read."""
    found = jsontext.read(data)
    if isinstance(found, list):
        return _index(found)
    if isinstance(found, dict) and "identifier" in found:
        return read_list([found], _alert, format="nina", is_list=False)
    if isinstance(found, dict) and found.get("type") == "FeatureCollection":
        raise Unreadable("shapes", "these are the shapes of a warning, not the warning")
    raise Unreadable("shape", "this is neither a list of warnings nor one of them")


def _index(entries: list[Any]) -> Parsed:
    """Entries that carry their message are read, the others become links."""
    whole = [entry for entry in entries if isinstance(entry, dict) and "info" in entry]
    parsed = read_list(whole, _alert, format="nina", is_list=True) if whole else Parsed(is_list=True)
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, dict) and "info" in entry:
            continue
        name = line(entry.get("id"))[:LONGEST_IDENTIFIER] if isinstance(entry, dict) else ""
        if not name:
            parsed.problems.append(Problem(f"entry {number}", "no id: the warning cannot be looked up"))
        elif name not in parsed.present:
            parsed.present.add(name)
            parsed.links.append(_link(name, entry))
    if entries and not parsed.alerts and not parsed.links:
        first = parsed.problems[0]
        raise Unreadable(
            "entries", f"none of {len(entries)} entries could be read; {first.where}: {first.problem}"
        )
    return parsed


def _link(name: str, entry: dict[str, Any]) -> Link:
    titles = entry.get("i18nTitle")
    named = titles if isinstance(titles, dict) else {}
    address = f"../warnings/{quote(name, safe='')}"
    return Link(
        url=f"{address}.json",
        geometry_url=f"{address}.geojson",
        updated=" ".join(part for part in (text(entry.get("version")), text(entry.get("startDate"))) if part)[
            :100
        ],
        title=(line(named.get("en")) or line(named.get("de")))[:LONGEST],
        key=name,
    )


def _alert(entry: Any, message: Message) -> ParsedAlert:
    message.where = next(iter(names_of(entry)), message.where)
    alert = message.read(entry)
    infos = tuple(_with_sender(info) for info in alert.infos)
    repeated = [
        info.language
        for info in infos[1:]
        if info.description
        and info.description == infos[0].description
        and _base(info.language) != _base(infos[0].language)
    ]
    notes = alert.notes
    if repeated:
        notes = (*notes, f"described in {infos[0].language} under other languages too: {', '.join(repeated)}")
    return replace(alert, infos=infos, notes=notes)


def _base(language: str) -> str:
    return language.partition("-")[0]


def _with_sender(info: Info) -> Info:
    name = info.sender_name or line(info.parameter("sender_langname"))[:LONGEST]
    return replace(info, sender_name=name) if name != info.sender_name else info


def add_shapes(parsed: Parsed, data: bytes) -> Parsed:
    """What was read of one warning, with its shapes: one area of them each, in the first language block.

    A file that cannot be read, or that belongs to another warning, is reported; the warning is kept as it is.
    """
    try:
        features = _features(data)
    except Unreadable as refusal:
        parsed.problems.append(Problem("shapes", str(refusal)))
        return parsed
    if len(parsed.alerts) != 1 or not parsed.alerts[0].infos:
        parsed.problems.append(Problem("shapes", "shapes without the one warning that they belong to"))
        return parsed
    alert = parsed.alerts[0]
    by_area: dict[str, list[BaseGeometry]] = {}
    for number, feature in enumerate(features, start=1):
        where = f"{alert.identifier}, shape {number}"
        try:
            area, shapes = _feature(feature, alert.identifier, where, parsed)
        except BadEntry as error:
            parsed.problems.append(Problem(where, str(error)))
        else:
            by_area.setdefault(area, []).extend(shapes)
    info = alert.infos[0]
    places = _places(info)
    for area, shapes in by_area.items():
        if shapes:
            info = with_shapes(info, places.get(area, 0), [_united(shapes)])
    parsed.alerts[0] = replace(alert, infos=(info, *alert.infos[1:]))
    return parsed


def _features(data: bytes) -> list[Any]:
    found = jsontext.read(data)
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list):
        raise Unreadable("shape", "this is no GeoJSON FeatureCollection")
    return features


def _feature(feature: Any, identifier: str, where: str, parsed: Parsed) -> tuple[str, list[BaseGeometry]]:
    """The area that a feature belongs to, and its polygons."""
    if not isinstance(feature, dict):
        raise BadEntry("this is no object")
    properties = feature.get("properties")
    said = properties if isinstance(properties, dict) else {}
    owner = line(said.get("warnId"))
    if owner and owner != identifier:
        raise BadEntry(f"belongs to another warning ({owner[:100]})")
    shapes = shapes_of(feature.get("geometry"), lambda words: parsed.problems.append(Problem(where, words)))
    return line(said.get("areaId")) or line(feature.get("id")), shapes


def _places(info: Info) -> dict[str, int]:
    """Where the areas with a number stand."""
    return {
        value: place
        for place, area in enumerate(info.areas)
        for scheme, value in area.geocodes
        if scheme == AREA_CODE
    }


def _united(shapes: list[BaseGeometry]) -> BaseGeometry:
    united = shapely.union_all(shapes)
    return united if united.is_valid else geo.polygonal(shapely.make_valid(united))
