"""One reading of every alert: event type, leading codes, times, countries named, and whether it says "over".

The event types and the schemes of geocodes are two small tables in data/. What an alert says in codes is
kept as it was said; where several info blocks differ, the worst live one leads. Pure: no ORM, no clock.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from babel.core import get_global

from safeconduct.alerts.formats.text import instant
from safeconduct.alerts.parsed import UNKNOWN, Info, ParsedAlert

DATA = Path(__file__).parent / "data"
SEVERITY_RANK = {"Extreme": 4, "Severe": 3, "Moderate": 2, UNKNOWN: 1, "Minor": 0}
"""Unknown may be anything: it ranks above what is known to be minor."""
CERTAINTY_RANK = {"Observed": 4, "Likely": 3, "Possible": 2, UNKNOWN: 1, "Unlikely": 0}
URGENCY_RANK = {"Immediate": 4, "Expected": 3, "Future": 2, UNKNOWN: 1, "Past": 0}
_AWARENESS_SEVERITY = {"red": "Extreme", "orange": "Severe", "yellow": "Moderate", "green": "Minor"}
_PREFIX_ALIASES = {"EI": "IE", "UK": "GB", "EL": "GR"}
_WMO_OID = re.compile(r"^(?:urn:oid:)?2\.49\.0\.[0-3]\.(\d{1,3})\.")
_VTEC = re.compile(r"/[OTEX]\.(NEW|CON|EXT|EXA|EXB|UPG|CAN|EXP|COR|ROU)\.")
_VTEC_OVER = {"CAN", "EXP", "UPG"}


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
    """The last of expiry and the named end of the event; None when the message names neither."""
    countries: tuple[str, ...]
    """Countries that identifier and geocodes name, ISO 3166-1 alpha-2."""
    area_names: tuple[str, ...]
    is_over: bool


def normalise(alert: ParsedAlert) -> Normal:
    """The common reading of a parsed alert."""
    live = live_infos(alert)
    infos = live or alert.infos
    lead = max(infos, key=_weight, default=None)
    expiries = [info.expires for info in infos if info.expires]
    ends = [*expiries, *(end.at for info in infos if (end := instant(info.parameter("eventEndingTime"))))]
    return Normal(
        event_type=event_type(alert),
        urgency=lead.urgency if lead else UNKNOWN,
        severity=severity_of(lead) if lead else UNKNOWN,
        certainty=lead.certainty if lead else UNKNOWN,
        effective_at=min((info.effective for info in infos if info.effective), default=None),
        onset_at=min((info.onset for info in infos if info.onset), default=None),
        expires_at=max(expiries, default=None),
        stops_mattering_at=max(ends, default=None),
        countries=named_countries(alert),
        area_names=tuple(
            dict.fromkeys(area.description for info in infos for area in info.areas if area.description)
        ),
        is_over=bool(alert.infos) and not live,
    )


def live_infos(alert: ParsedAlert) -> tuple[Info, ...]:
    """The info blocks that do not say that their part is over."""
    return tuple(info for info in alert.infos if not says_over(info, msg_type=alert.msg_type))


def says_over(info: Info, *, msg_type: str) -> bool:
    """Whether a block ends its part: AllClear, Past in an Update, every VTEC action an end, ECCC “ended”."""
    if "AllClear" in info.response_types:
        return True
    if info.urgency == "Past" and msg_type == "Update":
        return True
    actions = _VTEC.findall(" ".join(value for key, value in info.parameters if key.upper() == "VTEC"))
    if actions and all(action in _VTEC_OVER for action in actions):
        return True
    return any(
        key.endswith("Alert_Location_Status") and value.strip().lower() == "ended"
        for key, value in info.parameters
    )


def severity_of(info: Info) -> str:
    """As given; where it is Unknown, MeteoAlarm's awareness level stands in."""
    if info.severity != UNKNOWN:
        return info.severity
    parts = [part.strip().lower() for part in info.parameter("awareness_level").split(";")]
    return next((_AWARENESS_SEVERITY[part] for part in parts if part in _AWARENESS_SEVERITY), UNKNOWN)


def _weight(info: Info) -> tuple[int, int, int]:
    return (
        SEVERITY_RANK[severity_of(info)],
        CERTAINTY_RANK.get(info.certainty, 1),
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
    """Our code of the event: by code where one is given, by words of event and headline, by category."""
    types = event_types()
    infos = alert.infos
    same = {
        value.strip().upper() for info in infos for key, value in info.event_codes if key.upper() == "SAME"
    }
    awareness = {info.parameter("awareness_type").partition(";")[0].strip() for info in infos} - {""}
    gdacs = {info.parameter("eventtype").strip().upper() for info in infos} - {""}
    for found in (
        (kind for kind in types if kind.same & same),
        (kind for kind in types if kind.awareness & awareness),
        (kind for kind in types if kind.gdacs and kind.gdacs in gdacs),
        _by_words(types, (info.event for info in infos)),
        _by_words(types, (info.headline for info in infos)),
        _by_category(types, (category for info in infos for category in info.categories)),
    ):
        if kind := next(iter(found), None):
            return kind.code
    return "other"


def _by_words(types: Iterable[EventType], texts: Iterable[str]) -> Iterable[EventType]:
    joined = " \n ".join(dict.fromkeys(texts)).replace("_", " ")
    return (kind for kind in types if kind.pattern and kind.pattern.search(joined))


_CATEGORY_TYPES = {
    "Geo": "geological", "Met": "weather", "Safety": "safety", "Security": "security", "Rescue": "rescue",
    "Fire": "fire", "Health": "health", "Env": "environment", "Transport": "transport",
    "Infra": "infrastructure", "CBRNE": "hazmat",
}  # fmt: skip


def _by_category(types: Iterable[EventType], categories: Iterable[str]) -> Iterable[EventType]:
    """Only an unmistakable category decides: MoWaS names all of them at once."""
    named = {category for category in categories if category != "Other"}
    wanted = _CATEGORY_TYPES.get(next(iter(named))) if len(named) == 1 else None
    return (kind for kind in types if kind.code == wanted)


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
    if rule == "prefix" and len(prefix) == 2 and prefix.isascii() and prefix.isalpha():
        return _PREFIX_ALIASES.get(prefix, prefix)
    return ""
