"""What the two U.S. tsunami centres' CAP says besides its codes: the kind of bulletin, the event, the reach.

Their circle is the epicentre and not the threatened coast, their codes are poor, and each bulletin of an event is a
message of its own without references. The kind of bulletin (Warning, Threat, Watch, Advisory, Information) stands in
the event's name. Refuses to read it from the description: that names the other kinds to explain them. Pure: no ORM,
network or clock.
"""

from __future__ import annotations

import re
from dataclasses import replace

from safeconduct.alerts.parsed import UNKNOWN, Info, ParsedAlert

SENDERS = ("ntwc@noaa.gov", "ptwc@noaa.gov")
FARTHEST_KM = 3000
"""Beyond this a distance in words is no reach of a warning."""

_SEVERITY = {
    "warning": "Extreme", "threat": "Extreme", "advisory": "Severe", "watch": "Severe", "information": "Minor",
}  # fmt: skip
_CERTAINTY = {
    "warning": "Likely", "threat": "Likely", "advisory": "Likely", "watch": "Possible", "information": "Unlikely",
}  # fmt: skip
_URGENCY = {"warning": "Immediate", "threat": "Immediate", "advisory": "Expected", "watch": "Expected"}
_RANK = (UNKNOWN, "Minor", "Moderate", "Severe", "Extreme")
_KIND = re.compile(r"(?i)\btsunami\s+(warning|threat|advisory|watch|information)\b")
_IDENTIFIER = re.compile(r"^(PAAQ|PHEB)-\d{1,3}-([A-Za-z0-9]+)$")
_REACH = re.compile(r"(?i)\bwithin\s+(\d{2,4})\s*km\s+of\s+the\s+(?:earthquake\s+)?epicent")


def is_bulletin(alert: ParsedAlert) -> bool:
    """Whether a message is one of the centres'."""
    return alert.sender.casefold() in SENDERS or _IDENTIFIER.match(alert.identifier) is not None


def kind(info: Info) -> str:
    """The kind of bulletin in small letters, by event name, else by headline; empty when neither tells."""
    found = _KIND.search(info.event) or _KIND.search(info.headline)
    return found[1].lower() if found else ""


def event_key(identifier: str) -> str:
    """The name of the event that a bulletin's identifier carries: its centre and event without the bulletin's number."""
    found = _IDENTIFIER.match(identifier)
    return f"{found[1]}-{found[2]}" if found else ""


def as_read(info: Info) -> Info:
    """The block with the codes that the kind of bulletin stands for: never a lesser severity, nothing Unknown."""
    name = kind(info)
    return replace(
        info,
        severity=max(info.severity, _SEVERITY.get(name, UNKNOWN), key=_RANK.index),
        certainty=info.certainty if info.certainty != UNKNOWN else _CERTAINTY.get(name, UNKNOWN),
        urgency=info.urgency if info.urgency != UNKNOWN else _URGENCY.get(name, UNKNOWN),
    )


def reach_km(info: Info) -> float | None:
    """How far from the epicentre coasts are threatened, where the words say so (“within 1000 km of the epicenter”)."""
    found = _REACH.search(info.description) or _REACH.search(info.instruction)
    return float(found[1]) if found and int(found[1]) <= FARTHEST_KM else None
