"""What we read from the name of an NWS event where its codes say Unknown: data/nws_events.csv.

The type holds for every message of the NWS; severity and certainty only stand in for Unknown and are shown as
our reading. Pure: a table.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safeconduct.alerts.parsed import UNKNOWN, Info, ParsedAlert

SENDER = "w-nws.webmaster@noaa.gov"
_FILE = Path(__file__).parent.parent / "data" / "nws_events.csv"


@dataclass(frozen=True)
class NwsEvent:
    """One row; severity and certainty are Unknown where the name alone tells nothing."""

    type: str
    severity: str
    certainty: str


@cache
def _table() -> dict[str, NwsEvent]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["event"]: NwsEvent(row["type"], row["severity"] or UNKNOWN, row["certainty"] or UNKNOWN)
            for row in csv.DictReader(file)
        }


def is_nws(alert: ParsedAlert) -> bool:
    """Whether a message is the NWS's, in whatever format it came."""
    return alert.format == "nws" or alert.sender.casefold() == SENDER


def nws_event(name: str) -> NwsEvent | None:
    """The row of an event name; None for a name that is not in the table."""
    return _table().get(name.strip().casefold())


def our_readings(info: Info) -> tuple[str, ...]:
    """In words, what was read from the name because the code says Unknown."""
    row = nws_event(info.event)
    if row is None:
        return ()
    found = []
    if info.severity == UNKNOWN != row.severity:
        found.append(f"severity Unknown; {row.severity} is our reading of “{info.event}”")
    if info.certainty == UNKNOWN != row.certainty:
        found.append(f"certainty Unknown; {row.certainty} is our reading of “{info.event}”")
    return tuple(found)
