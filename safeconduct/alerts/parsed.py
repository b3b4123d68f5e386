"""What a format reader gives: alerts in CAP's words, and what was wrong with the rest.

Plain data without ORM, network or clock. Every format fills the same shape; normalise.py and impact.py
read it, actions.py stores it. Nothing here judges.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

UNKNOWN = "Unknown"
Pair = tuple[str, str]


@dataclass(frozen=True)
class Problem:
    """Something that was refused, where it stands and why."""

    where: str
    problem: str


@dataclass(frozen=True)
class Reference:
    """One earlier message (CAP 1.2 §3.2.1 references); sender and sent may be empty."""

    sender: str
    identifier: str
    sent: str


@dataclass(frozen=True)
class Circle:
    """A CAP circle; km 0 is a point."""

    lon: float
    lat: float
    km: float


@dataclass(frozen=True)
class Area:
    """One area of an info block."""

    description: str = ""
    polygons: tuple[BaseGeometry, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Pair, ...] = ()
    altitude: str = ""
    ceiling: str = ""


@dataclass(frozen=True)
class Info:
    """One info block: one language, one segment of the event."""

    language: str = "en-US"
    categories: tuple[str, ...] = ()
    event: str = ""
    event_codes: tuple[Pair, ...] = ()
    response_types: tuple[str, ...] = ()
    urgency: str = UNKNOWN
    severity: str = UNKNOWN
    certainty: str = UNKNOWN
    audience: str = ""
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Pair, ...] = ()
    areas: tuple[Area, ...] = ()

    def parameter(self, name: str) -> str:
        """The first parameter of that name, whatever its case; empty when absent."""
        return _by_name(self.parameters).get(name.casefold(), "")


_latest: tuple[tuple[Pair, ...], dict[str, str]] = ((), {})


def _by_name(parameters: tuple[Pair, ...]) -> dict[str, str]:
    """The first value of each name in small letters. One block is asked for several names in a row."""
    global _latest
    known = _latest
    if known[0] is not parameters:
        known = (parameters, {key.casefold(): value for key, value in reversed(parameters)})
        _latest = known
    return known[1]


@dataclass(frozen=True)
class Quake:
    """What an earthquake format knows beyond CAP."""

    magnitude: float | None
    depth_km: float | None
    pager: str
    """PAGER alert level: green, yellow, orange, red or empty."""
    lon: float
    lat: float
    at: datetime | None = None
    """When it happened."""


@dataclass(frozen=True)
class ParsedAlert:
    """One message. `keys` are all names under which its event may be known; `notes` what was read with patience."""

    format: str
    identifier: str
    sender: str
    sent_at: datetime | None
    msg_type: str = "Alert"
    status: str = UNKNOWN
    scope: str = UNKNOWN
    source: str = ""
    references: tuple[Reference, ...] = ()
    keys: tuple[str, ...] = ()
    infos: tuple[Info, ...] = ()
    quake: Quake | None = None
    notes: tuple[str, ...] = ()

    def content_sha(self) -> str:
        """A digest of everything that was read: two messages with the same one say the same."""
        return _digest({name: value for name, value in vars(self).items() if name != "notes"})

    def fingerprint(self) -> str:
        """A digest of what it says, whatever it is called and whenever it was sent; empty where that tells nothing.

        Left out: identifier, references, sending time, links, parameters that repeat the identifier, and times
        that are the sending time. Empty: a cancel, a message without info, earthquakes (their ids are reliable).
        """
        if not self.infos or self.msg_type == "Cancel" or self.quake is not None:
            return ""
        infos = []
        for info in self.infos:
            said: dict[str, Any] = {**vars(info), "web": ""}
            for name in ("effective", "onset"):
                if said[name] == self.sent_at:
                    said[name] = None
            said["parameters"] = [pair for pair in info.parameters if self.identifier not in pair[1]]
            infos.append(said)
        return _digest([self.status, self.scope, self.sender.strip().casefold(), infos])


@dataclass(frozen=True)
class Link:
    """A message that an index names without carrying it. Addresses are as written, relative ones too."""

    url: str
    geometry_url: str = ""
    """Where its shapes are, for formats that serve them apart."""
    updated: str = ""
    """As the index writes it: another value means that the message is to be read again."""
    title: str = ""
    key: str = ""
    """The message's identifier where the index tells it."""


@dataclass(frozen=True)
class Parsed:
    """The outcome of reading one document.

    `present` are the keys of everything that a list names, refused entries, tests and linked messages included:
    what is missing there has left the list. `is_list` says that the document is a list at all.
    """

    alerts: list[ParsedAlert] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    is_list: bool = False
    notes: list[str] = field(default_factory=list)
    """What the operator may know and nobody has to mend: entries that say "all quiet", the same message twice."""


def _digest(value: Any) -> str:
    return hashlib.sha256(_ENCODER.encode(value).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if type(value) in _SAID:
        return vars(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseGeometry):
        return str(value.wkt)
    if is_dataclass(value):
        return vars(value)
    raise TypeError(f"no plain form of {type(value).__name__}")


_SAID = frozenset({Reference, Circle, Area, Info, Quake})
_ENCODER = json.JSONEncoder(check_circular=False, sort_keys=True, ensure_ascii=False, default=_plain)
