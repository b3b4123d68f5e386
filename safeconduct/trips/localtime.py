"""Wall-clock time at a place made into an instant, with the two odd hours of the year told apart.

No clock, no ORM. Refuses zones that the IANA data does not know; it never falls back to another zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

Oddity = Literal["", "skipped", "twice"]

EARLIEST_YEAR = 2000
LATEST_YEAR = 2100


class UnknownZone(ValueError):
    """The name is no IANA zone."""


class OutOfRange(ValueError):
    """The year is none that a trip can be in."""


@dataclass(frozen=True)
class Settled:
    """A local time and its instant. `local` is naive and exists on the clocks of `zone`.

    `oddity` is "skipped" when `typed` was in an hour that the clocks leave out: `local` is then as much later as
    the clocks jump. It is "twice" when the hour comes twice; the first is taken unless the second was asked for.
    """

    typed: datetime
    local: datetime
    zone: str
    at: datetime
    oddity: Oddity = ""
    is_second: bool = False


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Return whether the IANA data has a zone of this name."""
    return name in _zones()


def settle(local: datetime, zone: str, *, second: bool = False) -> Settled:
    """Return the instant of a naive local time at an IANA zone.

    Raises UnknownZone, and OutOfRange for years before 2000 or after 2100.
    """
    if not is_zone(zone):
        raise UnknownZone(zone)
    if not EARLIEST_YEAR <= local.year <= LATEST_YEAR:
        raise OutOfRange(str(local.year))
    typed = local.replace(second=0, microsecond=0, tzinfo=None, fold=0)
    here = ZoneInfo(zone)
    first = typed.replace(tzinfo=here, fold=0)
    later = typed.replace(tzinfo=here, fold=1)
    if first.utcoffset() == later.utcoffset():
        return Settled(typed, typed, zone, first.astimezone(UTC))
    # PEP 495: in a gap the offset before it (fold 0) gives the instant that the clocks, once moved, call later.
    back = first.astimezone(UTC).astimezone(here).replace(tzinfo=None, fold=0)
    if back != typed:
        return Settled(typed, back, zone, first.astimezone(UTC), "skipped")
    chosen = later if second else first
    return Settled(typed, typed, zone, chosen.astimezone(UTC), "twice", second)


def local_of(at: datetime, zone: str) -> datetime:
    """Return the naive wall-clock time of an instant at a zone, to the minute."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0, second=0, microsecond=0)


def nights_between(start: datetime, end: datetime, zone: str) -> int:
    """Return how many midnights of the zone lie between two instants."""
    return max(0, (local_of(end, zone).date() - local_of(start, zone).date()).days)


def end_of_day(day: datetime) -> datetime:
    """Return the last minute of a local day."""
    return day.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=23, minutes=59)
