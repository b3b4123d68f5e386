"""What a format reader gives: alerts in CAP's words, and what was wrong with the rest.

Plain data without ORM, network or clock. Every format fills the same shape; normalise.py and impact.py
read it, actions.py stores it. Nothing here judges.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
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
        wanted = name.casefold()
        return next((value for key, value in self.parameters if key.casefold() == wanted), "")


@dataclass(frozen=True)
class Quake:
    """What an earthquake format knows beyond CAP."""

    magnitude: float | None
    depth_km: float | None
    pager: str
    """PAGER alert level: green, yellow, orange, red or empty."""
    lon: float
    lat: float


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
        plain = asdict(self)
        plain.pop("notes")
        text = json.dumps(plain, sort_keys=True, ensure_ascii=False, default=_plain)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Parsed:
    """The outcome of reading one document."""

    alerts: list[ParsedAlert] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _plain(value: Any) -> str:
    if isinstance(value, BaseGeometry):
        return str(value.wkt)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no plain form of {type(value).__name__}")
