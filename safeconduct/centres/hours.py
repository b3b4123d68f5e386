"""Opening hours as text: `Mon-Fri 08:00-18:00; Sat 09:00-12:00`. Pure: no clock, no ORM.

Reads days in English or as 1 to 7, ranges that pass midnight, and nothing else: what it cannot read it
refuses, so that "open now" is never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIMES = re.compile(r"^(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})$")
_RULE = re.compile(r"^(?P<days>.*?)\s*(?P<times>\d{1,2}:\d{2}.*)$")


@dataclass(frozen=True)
class Opening:
    """Open on these weekdays (0 is Monday) from `start` to `end`; an end not after the start is next day's."""

    days: frozenset[int]
    start: time
    end: time


def _day(text: str) -> int:
    word = text.strip().lower().rstrip(".")
    if word.isdigit() and 1 <= int(word) <= 7:
        return int(word) - 1
    for number, day in enumerate(DAYS):
        if len(word) >= 2 and (word.startswith(day) or day.startswith(word)):
            return number
    raise ValueError(text)


def _days(text: str) -> frozenset[int]:
    if not text.strip() or text.strip().lower() in ("daily", "every day"):
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        ends = re.split(r"[-–]", part)
        if len(ends) > 2:
            raise ValueError(part)
        first, last = _day(ends[0]), _day(ends[-1])
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(found)


def _time(hour: str, minute: str) -> time:
    # 24:00 is how timetables write the end of a day.
    return time(0, 0) if (hour, minute) == ("24", "00") else time(int(hour), int(minute))


def openings(text: str) -> list[Opening]:
    """Return the rules of the text. Raises ValueError with the part that cannot be read."""
    rules: list[Opening] = []
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        rule = _RULE.match(part)
        if rule is None:
            raise ValueError(part)
        try:
            days = _days(rule["days"])
            for span in rule["times"].split(","):
                times = _TIMES.match(span.strip())
                if times is None:
                    raise ValueError(part)
                rules.append(Opening(days, _time(times[1], times[2]), _time(times[3], times[4])))
        except ValueError:
            raise ValueError(part) from None
    return rules


def is_open(rules: list[Opening], local: datetime) -> bool:
    """Return whether the rules say open at the local time of the centre."""
    today, yesterday, at = local.weekday(), (local - timedelta(days=1)).weekday(), local.time()
    for rule in rules:
        over_night = rule.end <= rule.start
        if today in rule.days and at >= rule.start and (over_night or at < rule.end):
            return True
        if over_night and yesterday in rule.days and at < rule.end:
            return True
    return False
