"""Dates and times as documents write them: every reading that a text allows, never a chosen one.

ISO 8601 in the forms that senders use, figures in either order of day and month, English month names, and KItinerary's
and JSON-LD's typed values. A text without a year has no reading here; what makes a year of it is the caller's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any, Final

from safeconduct.trips.bookings.ends import line

_ZONE = r"\s*(?P<zone>Z|[+-]\d{1,2}(?::?\d{2})?)?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
_ISO: Final = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?:[T\s]\s*{_CLOCK}{_ZONE})?Z?",
    re.I,
)
_BASIC: Final = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?"
    r"(?P<zone>Z|[+-]\d{4})?)?"
)
_HALF = r"\s*(?P<half>[ap]\.?m\.?)?"
_FIGURES: Final = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<mark>[-/.])(?P<two>\d{{1,2}})(?P=mark)(?P<year>\d{{4}})(?:[T,\s]+{_CLOCK}{_HALF}{_ZONE})?",
    re.I,
)
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        [
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ],
        start=1,
    )
    for name in names.split()
}
_DAY_FIRST = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s.-]*(?P<name>[A-Za-z]{3,9})"
_MONTH_FIRST = r"(?P<name2>[A-Za-z]{3,9})[\s.]*(?P<day2>\d{1,2})(?:st|nd|rd|th)?"
_NAMED: Final = re.compile(
    rf"(?:[A-Za-z]{{3,9}}[.,]*\s+)?(?:{_DAY_FIRST}|{_MONTH_FIRST})(?:[\s.,-]*(?P<year>\d{{4}}|\d{{2}}(?![\d:])))?"
    rf"(?:[,\s]+(?:at\s+)?{_CLOCK}{_HALF}{_ZONE})?",
    re.I,
)
_TIME: Final = re.compile(rf"T?{_CLOCK}{_HALF}{_ZONE}", re.I)


@dataclass(frozen=True, slots=True)
class Written:
    """What a text says. `days` are all dates that it can mean, empty when it names none; `without_year` is (month, day)
    where the year is missing; `offset` are minutes east of UTC; `zone` is named only by typed values."""

    text: str
    days: tuple[date, ...] = ()
    at: time | None = None
    offset: int | None = None
    zone: str = ""
    without_year: tuple[int, int] | None = None
    is_instant: bool = False
    """That the value is said to be an instant, to be shown in the clock of the place, and no local time."""

    @property
    def is_read(self) -> bool:
        """Whether anything could be read."""
        return bool(self.days or self.at or self.without_year)


def written(value: Any) -> Written | None:
    """What a value of a schema.org property says; None for nothing. A text that cannot be read has no days."""
    if isinstance(value, list):
        return next((found for each in value if (found := written(each)) is not None), None)
    zone, is_instant = "", False
    if isinstance(value, dict):
        zone, is_instant = line(value.get("timezone"), 120), value.get("@type") == "Instant"
        value = value.get("@value", value.get("value"))
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = line(value, 120)
    if not text:
        return None
    read = _read(text)
    return replace(read, zone=zone, is_instant=is_instant and read.offset is not None)


def _read(text: str) -> Written:
    for shape in (_ISO, _BASIC):
        if match := shape.fullmatch(text):
            return _made(text, match, [(match["month"], match["day"])])
    if match := _FIGURES.fullmatch(text):
        # Day first in most of the world, month first in the United States: either may be meant.
        return _made(text, match, [(match["two"], match["one"]), (match["one"], match["two"])])
    if match := _NAMED.fullmatch(text):
        name = (match["name"] or match["name2"]).lower()
        month, day = _MONTHS.get(name), int(match["day"] or match["day2"])
        if month is None:
            return Written(text)
        if match["year"] is None:
            return Written(text, (), _clock(match), _offset(match), "", (month, day))
        return _made(text, match, [(str(month), str(day))])
    if match := _TIME.fullmatch(text):
        return Written(text, (), _clock(match), _offset(match))
    return Written(text)


def _made(text: str, match: re.Match[str], orders: list[tuple[str, str]]) -> Written:
    year = int(match["year"])
    days = []
    for month, day in orders:
        try:
            found = date(year if year >= 100 else 2000 + year, int(month), int(day))
        except ValueError:
            continue
        if found not in days:
            days.append(found)
    at = _clock(match)
    if match["hour"] and at is None:
        if (int(match["hour"]), int(match["minute"])) != (24, 0):
            return Written(text)
        # ISO 8601: 24:00 is the midnight that ends the day.
        days, at = [on + timedelta(days=1) for on in days], time()
    return Written(text, tuple(days), at, _offset(match))


def _clock(match: re.Match[str]) -> time | None:
    groups = match.groupdict()
    if not groups.get("hour"):
        return None
    hour, half = int(groups["hour"]), (groups.get("half") or "")[:1].lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(groups["minute"]))
    except ValueError:
        return None


def _offset(match: re.Match[str]) -> int | None:
    text = match.groupdict().get("zone")
    if not text:
        return None
    if text.upper() == "Z":
        return 0
    hours, colon, minutes = text[1:].partition(":")
    if not colon and len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    total = int(hours) * 60 + int(minutes or 0)
    if total > 14 * 60:
        return None
    return -total if text[0] == "-" else total
