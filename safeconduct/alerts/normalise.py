"""One reading of every alert: event type, leading codes, times, countries named, and whether it says "over".

The event types and the schemes of geocodes are two small tables in data/. What an alert says in codes is
kept as it was said; where several info blocks differ, the worst live one leads. Pure: no ORM, no clock.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path

from babel.core import get_global

from safeconduct.alerts import tsunami
from safeconduct.alerts.endings import awareness, says_over
from safeconduct.alerts.formats.nws_events import NwsEvent, is_nws, nws_event
from safeconduct.alerts.formats.text import instant
from safeconduct.alerts.parsed import UNKNOWN, Info, ParsedAlert

DATA = Path(__file__).parent / "data"
SEVERITY_RANK = {"Extreme": 4, "Severe": 3, "Moderate": 2, UNKNOWN: 1, "Minor": 0}
"""Unknown may be anything: it ranks above what is known to be minor."""
CERTAINTY_RANK = {"Observed": 4, "Likely": 3, "Possible": 2, UNKNOWN: 1, "Unlikely": 0}
URGENCY_RANK = {"Immediate": 4, "Expected": 3, "Future": 2, UNKNOWN: 1, "Past": 0}
_AWARENESS_SEVERITY = {"red": "Extreme", "orange": "Severe", "yellow": "Moderate", "green": "Minor"}
_PREFIX_ALIASES = {"EI": "IE", "UK": "GB", "EL": "GR"}
_US_AREAS = {
    "60": "AS", "64": "FM", "66": "GU", "68": "MH", "69": "MP", "70": "PW", "72": "PR", "78": "VI",
}  # fmt: skip
"""FIPS state codes of what the NWS warns and ISO 3166-1 counts as countries of their own; UGC has their letters."""
_WMO_OID = re.compile(r"^(?:urn:oid:)?2\.49\.0\.[0-3]\.(\d{1,3})\.")
_EMERGENCIES = ("tornadoDamageThreat", "flashFloodDamageThreat")
"""NWS: CATASTROPHIC in one of these is a tornado emergency or a flash flood emergency."""


@dataclass(frozen=True)
class EventType:
    """One row of the event types table."""

    code: str
    category: str
    same: frozenset[str]
    awareness: frozenset[str]
    gdacs: str
    pattern: re.Pattern[str] | None


@dataclass(frozen=True)
class Normal:
    """The common reading of one alert."""

    event_type: str
    urgency: str
    severity: str
    certainty: str
    effective_at: datetime | None
    onset_at: datetime | None
    expires_at: datetime | None
    stops_mattering_at: datetime | None
    """The last block's named end of the event, or its expiry where it names none; None without either."""
    countries: tuple[str, ...]
    """Countries that identifier and geocodes name, ISO 3166-1 alpha-2."""
    area_names: tuple[str, ...]
    is_over: bool
    live: tuple[Info, ...]
    """The blocks that do not say that their part is over."""


def normalise(alert: ParsedAlert) -> Normal:
    """The common reading of a parsed alert."""
    live = live_infos(alert)
    infos = live or alert.infos
    rows = {info.event: nws_event(info.event) for info in infos} if is_nws(alert) else {}
    lead = infos[0] if len(infos) == 1 else _lead(infos, rows)
    row = rows.get(lead.event) if lead else None
    read = tsunami.as_read(lead) if lead and tsunami.is_bulletin(alert) else lead
    ends = [end for info in infos if (end := _end(info))]
    return Normal(
        event_type=event_type(alert),
        urgency=read.urgency if read else UNKNOWN,
        severity=severity_of(read, row=row) if read else UNKNOWN,
        certainty=certainty_of(read, row=row) if read else UNKNOWN,
        effective_at=min((info.effective for info in infos if info.effective), default=None),
        onset_at=min((info.onset for info in infos if info.onset), default=None),
        expires_at=max((info.expires for info in infos if info.expires), default=None),
        stops_mattering_at=max(ends, default=None),
        countries=named_countries(alert),
        area_names=tuple(
            dict.fromkeys(area.description for info in infos for area in info.areas if area.description)
        ),
        is_over=bool(alert.infos) and not live,
        live=live,
    )


def _lead(infos: Sequence[Info], rows: Mapping[str, NwsEvent | None]) -> Info | None:
    """The worst block."""
    return max(infos, key=lambda info: _weight(info, rows.get(info.event)), default=None)


def _end(info: Info) -> datetime | None:
    """The named end of the event; the expiry of a text that names one only tells when the text is renewed."""
    named = instant(info.parameter("eventEndingTime"))
    return named.at if named else info.expires


def live_infos(alert: ParsedAlert) -> tuple[Info, ...]:
    """The info blocks that do not say that their part is over."""
    return tuple(info for info in alert.infos if not says_over(info, msg_type=alert.msg_type))


def severity_of(info: Info, *, row: NwsEvent | None = None) -> str:
    """MeteoAlarm's awareness level and the NWS's emergencies first, then as given; for Unknown the NWS's `row`."""
    if info.parameters:
        if found := _AWARENESS_SEVERITY.get(awareness(info)):
            return found
        if any(info.parameter(name).upper() == "CATASTROPHIC" for name in _EMERGENCIES):
            return "Extreme"
    return row.severity if row and info.severity == UNKNOWN else info.severity


def certainty_of(info: Info, *, row: NwsEvent | None = None) -> str:
    """As given; for Unknown the NWS's `row`."""
    return row.certainty if row and info.certainty == UNKNOWN else info.certainty


def _weight(info: Info, row: NwsEvent | None) -> tuple[int, int, int]:
    return (
        SEVERITY_RANK[severity_of(info, row=row)],
        CERTAINTY_RANK.get(certainty_of(info, row=row), 1),
        URGENCY_RANK.get(info.urgency, 1),
    )


@cache
def event_types() -> tuple[EventType, ...]:
    """The table, in order of preference."""
    with (DATA / "event_types.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            EventType(
                code=row["code"],
                category=row["category"],
                same=frozenset(row["same"].split()),
                awareness=frozenset(row["awareness"].split()),
                gdacs=row["gdacs"],
                pattern=_pattern(row["words"]),
            )
            for row in csv.DictReader(file)
        )


def _pattern(words: str) -> re.Pattern[str] | None:
    """Whole words; a star at the end takes every ending."""
    if not words:
        return None
    parts = [
        re.escape(word[:-1]) if word.endswith("*") else re.escape(word) + r"(?!\w)"
        for word in words.split("|")
    ]
    return re.compile(r"(?i)(?<!\w)(?:" + "|".join(parts) + ")")


def event_type(alert: ParsedAlert) -> str:
    """Our code of the event: by the NWS's name, by a code, by words of event and headline, by category."""
    infos = alert.infos
    if is_nws(alert):
        rows = [row for info in infos if (row := nws_event(info.event))]
        if rows:
            return rows[0].type
    same = {
        value.strip().upper() for info in infos for key, value in info.event_codes if key.upper() == "SAME"
    }
    awareness = {info.parameter("awareness_type").partition(";")[0].strip() for info in infos} - {""}
    gdacs = {info.parameter("eventtype").strip().upper() for info in infos} - {""}
    return (
        (same and _by_code(lambda kind: bool(kind.same & same)))
        or (awareness and _by_code(lambda kind: bool(kind.awareness & awareness)))
        or (gdacs and _by_code(lambda kind: kind.gdacs in gdacs))
        or _by_words(_joined(info.event for info in infos))
        or _by_words(_joined(info.headline for info in infos))
        or _by_category(category for info in infos for category in info.categories)
        or "other"
    )


def _by_code(is_meant: Callable[[EventType], bool]) -> str:
    return next((kind.code for kind in event_types() if is_meant(kind)), "")


def _joined(texts: Iterable[str]) -> str:
    return " \n ".join(dict.fromkeys(texts)).replace("_", " ")


@lru_cache(maxsize=1024)
def _by_words(text: str) -> str:
    """The first type whose words a text has; empty for none. Thousands of messages name their event alike."""
    return _by_code(lambda kind: kind.pattern is not None and kind.pattern.search(text) is not None)


_CATEGORY_TYPES = {
    "Geo": "geological", "Met": "weather", "Safety": "safety", "Security": "security", "Rescue": "rescue",
    "Fire": "fire", "Health": "health", "Env": "environment", "Transport": "transport",
    "Infra": "infrastructure", "CBRNE": "hazmat",
}  # fmt: skip


def _by_category(categories: Iterable[str]) -> str:
    """Only an unmistakable category decides: MoWaS names all of them at once."""
    named = {category for category in categories if category != "Other"}
    wanted = _CATEGORY_TYPES.get(next(iter(named))) if len(named) == 1 else None
    return _by_code(lambda kind: kind.code == wanted)


@cache
def _schemes() -> dict[str, tuple[str, str]]:
    with (DATA / "geocode_countries.csv").open(encoding="utf-8", newline="") as file:
        return {row["scheme"].casefold(): (row["rule"], row["country"]) for row in csv.DictReader(file)}


def named_countries(alert: ParsedAlert) -> tuple[str, ...]:
    """ISO 3166-1 alpha-2 codes that geocodes name, else the WMO object identifier's country."""
    found: dict[str, None] = {}
    for info in alert.infos:
        for area in info.areas:
            for scheme, value in area.geocodes:
                if country := geocode_country(scheme, value):
                    found[country] = None
    if not found and (match := _WMO_OID.match(alert.identifier)):
        codes = get_global("territory_aliases").get(match[1].zfill(3), [])
        found.update(dict.fromkeys(code for code in codes[:1] if len(code) == 2))
    return tuple(found)


@lru_cache(maxsize=8192)
def geocode_country(scheme: str, value: str) -> str:
    """The country that a geocode lies in by its scheme alone; empty when the scheme does not tell."""
    key = scheme.casefold()
    rule, country = _schemes().get(key) or _schemes().get(key.rpartition(":")[0]) or ("", "")
    if not rule:
        key = next((known for known in _schemes() if key.startswith(known + ":")), "")
        rule, country = _schemes().get(key, ("", ""))
    if rule == "fixed":
        return country
    prefix = value.strip()[:2].upper()
    if rule == "ugc":
        return prefix if prefix in _US_AREAS.values() else country
    if rule == "fips":
        return _US_AREAS.get(value.strip()[-5:-3], country)
    if rule == "prefix" and len(prefix) == 2 and prefix.isascii() and prefix.isalpha():
        return _PREFIX_ALIASES.get(prefix, prefix)
    return ""
