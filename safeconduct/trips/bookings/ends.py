"""Where something is: airports by their code, stations, stops and houses by name and address."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import replace
from typing import Any, Final

from safeconduct.trips.bookings.model import Atlas, Problem, Spot

_CODE: Final = re.compile(r"[A-Z]{3}")


def line(value: Any, most: int = 200) -> str:
    """A text in one line without entities; the first of several; empty for what is no text."""
    if isinstance(value, list):
        return next((text for each in value if (text := line(each, most))), "")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    words = " ".join(html.unescape(str(value)).split())
    # A database may not store control characters nor halves of letters. That something stood there is kept.
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) in ("Cc", "Cs") else one for one in words)[:most].strip()


def first(value: Any) -> Any:
    """The value, or the first of several."""
    return value[0] if isinstance(value, list) and value else None if isinstance(value, list) else value


def named(value: Any) -> str:
    """The name of a node, or the text that stands for one."""
    value = first(value)
    return line(value.get("name")) if isinstance(value, dict) else line(value)


def spot(value: Any, atlas: Atlas) -> Spot:
    """A place as the document describes it."""
    value = first(value)
    if not isinstance(value, dict):
        return Spot(name=line(value))
    address, geo = first(value.get("address")), first(value.get("geo"))
    found = Spot(name=line(value.get("name")), iata=line(value.get("iataCode")).upper())
    if isinstance(address, dict):
        country = address.get("addressCountry")
        text = named(country) or (line(country.get("identifier")) if isinstance(country, dict) else "")
        found = replace(
            found,
            street=line(address.get("streetAddress")), city=line(address.get("addressLocality")),
            region=line(address.get("addressRegion")), postal_code=line(address.get("postalCode"), 20),
            country=atlas.country(text) if text else "",
        )  # fmt: skip
    elif address:
        found = replace(found, street=line(address))
    return replace(found, **_position(geo)) if isinstance(geo, dict) else found


def _position(geo: dict[str, Any]) -> dict[str, Any]:
    try:
        lat, lon = float(geo["latitude"]), float(geo["longitude"])
    except (KeyError, TypeError, ValueError):
        return {}
    return {"lat": lat, "lon": lon} if -90 <= lat <= 90 and -180 <= lon <= 180 and (lat or lon) else {}


def airport(value: Any, field: str, atlas: Atlas) -> tuple[Spot, frozenset[str], list[Problem]]:
    """An airport, its zone when it is known, and what is not sure of it."""
    found = spot(value, atlas)
    if not found.iata and _CODE.fullmatch(found.name):
        found = replace(found, iata=found.name, name="")
    if not found.iata:
        return (
            found,
            _zones(found, atlas),
            [Problem("airport.unnamed", field, found.name)] if found.name else [],
        )
    known = atlas.airport(found.iata) if _CODE.fullmatch(found.iata) else None
    if known is None:
        return found, _zones(found, atlas), [Problem("airport.unknown", field, found.iata)]
    problems = []
    if found.country and found.country != known.country:
        problems.append(Problem("airport.differs", field, f"{found.iata}: {found.country}, {known.country}"))
    completed = replace(found, name=found.name or known.name, country=found.country or known.country)
    return completed, frozenset((known.zone,)), problems


def place(value: Any, atlas: Atlas) -> tuple[Spot, frozenset[str]]:
    """A place that is no airport, and the zones that it can be in; some stations have a code as airports have."""
    found = spot(value, atlas)
    value = first(value)
    scheme, _colon, code = (
        line(value.get("identifier")).partition(":") if isinstance(value, dict) else ("", "", "")
    )
    if scheme == "iata" and (known := atlas.airport(code)):
        return found, frozenset((known.zone,))
    return found, _zones(found, atlas)


def _zones(found: Spot, atlas: Atlas) -> frozenset[str]:
    return atlas.zones(found.country, found.city) if found.country else frozenset()
