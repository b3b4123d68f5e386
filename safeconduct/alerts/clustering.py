"""Which events are one incident, and which of them leads. Pure: no ORM, no clock, no network.

The rule is one table, data/clustering.csv. It would rather leave one thing in two incidents than make two things
one: a wrong merge silences a warning, a missed one only repeats it. So it refuses to join by area what is known
only by country or roughly, what no row of the table speaks of (an attack and another attack in one town are two),
two events that one source tells apart, and a test with anything actual.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Final, Literal

import shapely
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.normalise import DATA
from safeconduct.lib import geo

Link = Literal["message", "language", "glide", "quake", "storm", "place", "area"]
"""How two events are known to be one."""

HARD: Final[frozenset[Link]] = frozenset({"message", "language", "glide"})
"""Links by a name. They hold through any member of an incident; the others only through its lead, so that areas
which overlap one after the other do not become one chain across a continent."""

MEMORY: Final = timedelta(hours=48)
"""How long after its end an event is still joined by others."""

MOST_MEMBERS: Final = 40
"""More is no longer one thing. NWS tells one storm in dozens of warnings; each keeps its own area and office."""

MAGNITUDE_STEP: Final = 1.0
TIME_SHARE: Final = 0.5
SURE_NAME: Final = 20
"""Identifiers this long are unmistakable whoever relays them; shorter ones need the same sender."""

STEPS: Final = {"Minor": 1, "Moderate": 2, "Severe": 3, "Extreme": 4}
"""Unknown severity is no step: it is near nothing but itself."""

LONGEST_NAME: Final = 100
"""Signs of a storm's name that are read."""

TRUST: Final = ("official", "relay", "other")
ORIGINS: Final = ("given", "codes", "derived", "country", "none")
PLACED: Final = frozenset({"given", "codes"})

_GLIDE = re.compile(r"\b([A-Z]{2}-\d{4}-\d{6})(?:-[A-Z]{3})?\b")
_YEAR = re.compile(r"[\s_-]+(?:19|20)?\d\d$")
_STORM = re.compile(
    r"\b(?:Super Typhoon|Typhoon|Hurricane|Tropical Storm|Tropical Cyclone|Tropical Depression|Cyclone|"
    r"Severe Tropical Storm)\s+([A-Z][\w'’-]{2,})"
)
_NO_NAMES: Final = frozenset(
    [
        "warning",
        "watch",
        "advisory",
        "statement",
        "local",
        "force",
        "wind",
        "winds",
        "outlook",
        "conditions",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
        "invest",
        "unnamed",
        "noname",
        "tropical",
        "storm",
        "cyclone",
        "hurricane",
        "typhoon",
        "depression",
        "remnants",
        "potential",
    ]
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. `seconds` between beginnings, `km` between places."""

    rule: str
    seconds: float
    km: float
    area_share: float
    size_share: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one source tells of an event, as far as the rule reads it. `key` is the event's own."""

    key: int
    source: str
    event_type: str
    status: str
    begins_at: datetime
    ends_at: datetime
    severity: str = "Unknown"
    origin: str = "none"
    trust: str = "official"
    source_country: str = ""
    countries: frozenset[str] = frozenset()
    is_active: bool = True
    ended_at: datetime | None = None
    names: frozenset[tuple[str, str]] = frozenset()
    """(identifier, sender) of its messages and of those they refer to, as the event keys hold them."""
    sender: str = ""
    identifier: str = ""
    sent_at: datetime | None = None
    languages: frozenset[str] = frozenset()
    codes: tuple[str, ...] = ()
    """Urgency, severity, certainty and kind of message: equal in every language of one warning."""
    lon: float | None = None
    lat: float | None = None
    magnitude: float | None = None
    glide: str = ""
    storm: str = ""
    geometry: BaseGeometry | None = field(default=None, compare=False)

    @property
    def step(self) -> int | None:
        """The severity as a step, None when unknown."""
        return STEPS.get(self.severity)


@cache
def table() -> dict[str, Rule]:
    """The rule of each event type; a type without a row is never joined by what it looks like."""
    with (DATA / "clustering.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["event_type"]: Rule(
                rule=row["rule"],
                seconds=float(row["seconds"]),
                km=float(row["km"] or 0),
                area_share=float(row["area_share"] or 1),
                size_share=float(row["size_share"] or 0),
            )
            for row in csv.DictReader(file)
        }


def link(one: Sighting, other: Sighting, *, now: datetime) -> Link | None:
    """Return how two events are one, or None. The order of the two does not matter."""
    if one.key == other.key or one.status != other.status:
        return None
    if not (is_recent(one, now) and is_recent(other, now)):
        return None
    if one.source == other.source:
        return "language" if _is_translation(one, other) else None
    if _is_one_message(one, other):
        return "message"
    if one.glide and one.glide == other.glide:
        return "glide"
    if one.event_type != other.event_type or _are_told_apart(one, other):
        return None
    rule = table().get(one.event_type)
    if rule is None:
        return None
    if rule.rule == "quake":
        return "quake" if _is_one_quake(one, other, rule) else None
    if rule.rule == "place":
        return "place" if _is_one_place(one, other, rule) else None
    if rule.rule == "storm":
        return "storm" if _is_one_storm(one, other, rule) else None
    return "area" if _is_one_area(one, other, rule) else None


def is_recent(one: Sighting, now: datetime) -> bool:
    """Return whether an event is active, or ended so lately that others may still join it."""
    return one.is_active or (one.ended_at is not None and now - one.ended_at < MEMORY)


def _is_one_message(one: Sighting, other: Sighting) -> bool:
    """Same identifier and sender (CAP 1.2 §3.2.1), or an unmistakable identifier that one of them relays."""
    common = one.names & other.names
    if any(sender for _identifier, sender in common):
        return True
    if "relay" not in (one.trust, other.trust):
        return False
    mine = {identifier for identifier, _sender in one.names if len(identifier) >= SURE_NAME}
    return any(identifier in mine for identifier, _sender in other.names)


def _are_told_apart(one: Sighting, other: Sighting) -> bool:
    """One sender gives two identifiers without a name in common: it knows that they are two."""
    return bool(one.sender) and one.sender == other.sender


def _is_translation(one: Sighting, other: Sighting) -> bool:
    """One message for each language (Kazakhstan): everything but the language is equal, identifiers to the suffix."""
    if not one.languages or not other.languages or one.languages & other.languages:
        return False
    return (
        stem(one.identifier, one.languages) == stem(other.identifier, other.languages)
        and one.sender == other.sender
        and one.codes == other.codes
        and (one.begins_at, one.ends_at) == (other.begins_at, other.ends_at)
        and one.countries == other.countries
        and _same_shape(one.geometry, other.geometry)
    )


def stem(identifier: str, languages: Iterable[str]) -> str:
    """Return an identifier without the language at its end: `KZ123-RU` → `KZ123`."""
    head, mark, tail = identifier.rpartition("-") if "-" in identifier else identifier.rpartition("_")
    tags = {tag.casefold() for tag in languages} | {tag.partition("-")[0].casefold() for tag in languages}
    return head if mark and tail.casefold() in tags | {"kz" if "kk" in tags else ""} - {""} else identifier


def _same_shape(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(shapely.equals(one, other))


def _is_one_quake(one: Sighting, other: Sighting, rule: Rule) -> bool:
    """Origin times within a minute and epicentres within 100 km, as EMSC and USGS are commonly merged."""
    if abs((one.begins_at - other.begins_at).total_seconds()) > rule.seconds or not _within(
        one, other, rule.km
    ):
        return False
    if one.magnitude is None or other.magnitude is None:
        return True
    return abs(one.magnitude - other.magnitude) <= MAGNITUDE_STEP


def _is_one_place(one: Sighting, other: Sighting, rule: Rule) -> bool:
    return _overlap(one, other, rule.seconds) and _within(one, other, rule.km)


def _is_one_storm(one: Sighting, other: Sighting, rule: Rule) -> bool:
    if not one.storm or one.storm != other.storm or not _overlap(one, other, rule.seconds):
        return False
    is_placed = None not in (one.lon, other.lon)
    return _within(one, other, rule.km) if is_placed else bool(one.countries & other.countries)


def _is_one_area(one: Sighting, other: Sighting, rule: Rule) -> bool:
    if one.step is None or other.step is None:
        if one.severity != other.severity:
            return False
    elif abs(one.step - other.step) > 1:
        return False
    if not {one.origin, other.origin} <= PLACED or one.geometry is None or other.geometry is None:
        return False
    return _share_time(one, other, rule) and _share_area(one.geometry, other.geometry, rule)


def _within(one: Sighting, other: Sighting, km: float) -> bool:
    if one.lon is None or one.lat is None or other.lon is None or other.lat is None:
        return False
    return geo.distance_km(one.lon, one.lat, other.lon, other.lat) < km


def _overlap(one: Sighting, other: Sighting, seconds: float) -> bool:
    """Whether two spans meet, with so much patience."""
    patience = timedelta(seconds=seconds)
    return one.begins_at <= other.ends_at + patience and other.begins_at <= one.ends_at + patience


def _share_time(one: Sighting, other: Sighting, rule: Rule) -> bool:
    """They begin at about the same time, or share half of the shorter one's time."""
    shared = min(one.ends_at, other.ends_at) - max(one.begins_at, other.begins_at)
    if shared <= timedelta(0):
        return False
    if abs((one.begins_at - other.begins_at).total_seconds()) <= rule.seconds:
        return True
    shorter = min(one.ends_at - one.begins_at, other.ends_at - other.begins_at)
    return shared >= TIME_SHARE * shorter


def _share_area(one: BaseGeometry, other: BaseGeometry, rule: Rule) -> bool:
    """They share half of the smaller one, and the smaller one is not a mere speck of the larger."""
    smaller, larger = sorted((one, other), key=lambda shape: float(shape.area))
    if smaller.area <= 0 or smaller.area < rule.size_share * larger.area:
        return False
    return bool(shapely.intersection(one, other).area >= rule.area_share * smaller.area)


def contradicts(one: Sighting, other: Sighting) -> bool:
    """Return whether two members of an incident cannot be one any more: twice the rule's distance or time, or areas
    without a point in common. Less than that leaves them together: each revision moves a little."""
    if (one.glide and one.glide == other.glide) or _is_one_message(one, other) or one.source == other.source:
        return False
    rule = table().get(one.event_type)
    if rule is None or one.event_type != other.event_type:
        return True
    if rule.rule == "storm":
        return bool(one.storm and other.storm and one.storm != other.storm)
    if rule.rule == "area":
        if one.geometry is None or other.geometry is None:
            return True
        return not _overlap(one, other, 0) or not shapely.intersects(one.geometry, other.geometry)
    if None in (one.lon, other.lon):
        return False
    is_far = not _within(one, other, 2 * rule.km)
    if rule.rule == "quake":
        return is_far or abs((one.begins_at - other.begins_at).total_seconds()) > 2 * rule.seconds
    return is_far


def leading(members: Sequence[Sighting]) -> Sighting:
    """Return the member that is shown first.

    Active before ended; official before relay before other; a given area before one by codes, before our estimate,
    before a country; the worse severity; a source of a country that is concerned; the one that began earlier.
    """
    concerned = {code for member in members for code in member.countries}
    return min(members, key=lambda member: _rank(member, concerned))


def _rank(member: Sighting, concerned: set[str]) -> tuple[bool, int, int, int, bool, datetime, int]:
    return (
        not member.is_active,
        TRUST.index(member.trust) if member.trust in TRUST else len(TRUST),
        ORIGINS.index(member.origin) if member.origin in ORIGINS else len(ORIGINS),
        -(member.step or 0),
        not (member.source_country and member.source_country in concerned),
        member.begins_at,
        member.key,
    )


def glide_of(text: str) -> str:
    """Return the GLIDE number in a text, without its country; empty when there is none."""
    found = _GLIDE.search(text.upper())
    return found[1] if found else ""


def storm_name(name: str) -> str:
    """Return the name of a storm in one form: `MAYSAK-20` → `maysak`; numbers and kinds are no names."""
    plain = unicodedata.normalize("NFKD", _YEAR.sub("", name.strip()[:LONGEST_NAME]))
    words = re.findall(
        r"[a-z]+", "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
    )
    named = [word for word in words if word not in _NO_NAMES and len(word) > 2]
    return named[-1] if len(named) == 1 else ""


def storm_in(text: str) -> str:
    """Return the name of the storm that a headline speaks of; empty without one, or with several."""
    found = {storm_name(name) for name in _STORM.findall(text)} - {""}
    return found.pop() if len(found) == 1 else ""
