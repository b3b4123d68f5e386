"""The words of GDACS: flags and dates as it writes them, countries by name or code, the traps of its boxes.

Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

from babel import Locale
from babel.core import get_global

from safeconduct.alerts.formats.geojson import longitude
from safeconduct.alerts.formats.text import instant

_ALIASES = {
    "bosnia and herzegovina": "BA", "burma": "MM", "cape verde": "CV", "czech republic": "CZ",
    "democratic republic of congo": "CD", "democratic republic of the congo": "CD", "congo": "CG",
    "east timor": "TL", "hong kong": "HK", "iran, islamic republic of": "IR", "ivory coast": "CI",
    "lao pdr": "LA", "macao": "MO", "macedonia": "MK", "palestine": "PS", "republic of korea": "KR",
    "russian federation": "RU", "swaziland": "SZ", "syrian arab republic": "SY", "taiwan": "TW",
    "turkey": "TR", "united states of america": "US", "usa": "US", "viet nam": "VN",
}  # fmt: skip
"""English names that CLDR writes otherwise, as GDACS and its sources use them."""


def flag(written: str) -> bool | None:
    """True and false as text, whatever their case; None for anything else."""
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
        written.strip().lower()
    )


def moment(written: str) -> datetime | None:
    """RFC 822 (RSS and CAP) or ISO 8601 without zone (JSON), which is UTC."""
    written = written.strip()
    if not written:
        return None
    if found := instant(written):
        return found.at
    try:
        at = parsedate_to_datetime(written)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@cache
def _codes_by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, name in Locale("en").territories.items():
        if len(code) == 2 and code.isalpha():
            for form in (name, re.sub(r"\s*\(.*\)$", "", name), name.replace("&", "and")):
                found.setdefault(_folded(form), code)
    return found | _ALIASES


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("’", "'").casefold())
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


def affected(names: Iterable[str], three: Iterable[str], two: Iterable[str] = ()) -> tuple[str, ...]:
    """ISO alpha-2 codes of the countries that an event affects; none at sea."""
    codes = [code.strip().upper() for code in two]
    codes += [_codes_by_name().get(_folded(name), "") for name in names]
    aliases = get_global("territory_aliases")
    for code in three:
        listed = aliases.get(code.strip().upper(), []) if len(code.strip()) == 3 else []
        codes += list(listed[:1])
    return tuple(dict.fromkeys(code for code in codes if re.fullmatch(r"[A-Z]{2}", code)))


def place(
    lon: float | None, lat: float | None, box: Sequence[float], notes: list[str]
) -> tuple[float, float] | None:
    """Where an event is, as (lon, lat); None when it is nowhere.

    `box` is GDACS's own: west, east, south, north, possibly across 180°. It tells when latitude and longitude were
    exchanged, and its middle stands in for a missing point.
    """
    known = len(box) == 4 and abs(box[2]) <= 90 and abs(box[3]) <= 90 and max(map(abs, box)) <= 360
    if lon is None or lat is None:
        if not known:
            return None
        notes.append("no point: the middle of the box stands in")
        return longitude(box[0] + _width(box) / 2), (box[2] + box[3]) / 2
    is_exchanged = 180 >= abs(lat) > 90 >= abs(lon)
    if known and not is_exchanged:
        is_exchanged = not _holds(box, lon, lat) and _holds(box, lat, lon)
    if is_exchanged:
        notes.append("latitude and longitude were exchanged")
        lon, lat = lat, lon
    if abs(lat) > 90 or abs(lon) > 360:
        notes.append(f"{[lon, lat]} is no place on earth: left out")
        return None
    return longitude(lon), lat


def _width(box: Sequence[float]) -> float:
    return 360.0 if box[1] - box[0] >= 360 else (box[1] - box[0]) % 360


def _holds(box: Sequence[float], lon: float, lat: float) -> bool:
    return box[2] <= lat <= box[3] and (lon - box[0]) % 360 <= _width(box)
