"""WMO Severe Weather Information Centre: one index of the warnings in force of many national services (GeoJSON).

The index is undocumented and poor: an event's name, an area in words, numeric codes, and `capurl`, where the
authority's own CAP message is. Only that message is believed; the codes (ordinal, 4 is the highest; compared with the
CAP of seven warnings on 2026-08-17 by DebayanSen96/alertmux, docs/DATA-SOURCES.md) say which to fetch first. An
entry's `id` changes with every answer and names nothing; `sent` is local time that ends in Z, so it is kept as written
and never read as an instant. `parse` reads the CAP messages too that the index leads to. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from typing import Any

from safeconduct.alerts.formats import cap, geojson
from safeconduct.alerts.formats.text import one_line
from safeconduct.alerts.parsed import Link, Parsed, Problem
from safeconduct.lib import jsontext
from safeconduct.lib.xml import Unreadable

BASE = "https://severeweather.wmo.int/v2/cap-alerts/"
"""What `capurl` is relative to."""
_PATH = re.compile(r"^[a-z]{2}-[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$")
_COUNTRY = re.compile(r"/cap-alerts/([a-z]{2})-")
_NO_COUNTRY = frozenset({"eu", "uk", "un", "xx", "zz"})
"""Prefixes of source names that are no ISO 3166-1 code; uk-bviddm-en is the British Virgin Islands."""


def parse(data: bytes) -> Parsed:
    """Read the index, or a CAP message that it leads to. Unreadable when nothing in it could be read."""
    if data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        parsed = cap.parse(data)
        if parsed.is_list:
            raise Unreadable("shape", "a list of links where the index or a CAP message is expected")
        return parsed
    document = jsontext.read(data)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise Unreadable("shape", "this is no SWIC index: there is no list of features in it")
    ranked: dict[str, tuple[tuple[int, int, int], Link]] = {}
    problems: list[Problem] = []
    for number, feature in enumerate(features, start=1):
        try:
            rank, link = _entry(feature)
        except geojson.BadEntry as problem:
            problems.append(Problem(f"entry {number}", str(problem)))
        else:
            ranked.setdefault(link.url, (rank, link))
    links = [link for _, link in sorted(ranked.values(), key=lambda item: item[0], reverse=True)]
    if problems and not links:
        raise Unreadable("entries", "; ".join(f"{item.where}: {item.problem}" for item in problems[:3]))
    named = document.get("numberMatched") or document.get("totalFeatures")
    is_whole = not isinstance(named, int) or named <= len(features)
    if not is_whole:
        problems.append(
            Problem("index", f"it holds {len(features):,} of {named:,} warnings: the rest was not sent")
        )
    return Parsed(
        problems=problems, links=links, present={link.key for link in links} | {*ranked}, is_list=is_whole
    )


def _entry(feature: Any) -> tuple[tuple[int, int, int], Link]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise geojson.BadEntry("no feature with properties")
    path = properties.get("capurl")
    if not isinstance(path, str) or not path.strip():
        raise geojson.BadEntry("no capurl: it leads to no message")
    path = path.strip().lstrip("/")
    if not _PATH.match(path) or ".." in path or len(path) > 400:
        raise geojson.BadEntry(f"capurl “{path[:80]}” is not a path below {BASE}")
    words = [properties.get(name) for name in ("event", "areadesc")]
    title = " · ".join(one_line(word) for word in words if isinstance(word, str) and word.strip())
    link = Link(url=BASE + path, updated=str(properties.get("sent") or "")[:100], title=title[:200], key=path)
    return (_code(properties, "s"), _code(properties, "u"), _code(properties, "c")), link


def _code(properties: dict[str, Any], name: str) -> int:
    """An ordinal code, 4 the highest. What is none may be anything: it goes before the lesser half."""
    value = properties.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4 else 3


def member_country(url: str) -> str:
    """The country (ISO 3166-1 alpha-2) whose service wrote the message at an address; empty when unknown."""
    found = _COUNTRY.search(url)
    return found[1].upper() if found and found[1] not in _NO_COUNTRY else ""
