"""How far the clocks of a place are ahead of those at home, now and after the next change. Pure: `now` is an argument.

It follows the zones' rules in the Time Zone Database as they stand; it refuses to foresee what a government has not
yet announced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import get_timezone_location
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from safeconduct.lib.timewords import day_words

LOOK_AHEAD = timedelta(days=366)
DAY = timedelta(days=1)
MOST_NAMED = 2


@dataclass(frozen=True, slots=True)
class ClockChange:
    """From this day at the place on, its clocks are `minutes` ahead of home (negative: behind)."""

    on: date
    minutes: int


@dataclass(frozen=True, slots=True)
class ClockDifference:
    """Zones of a place whose clocks agree for the next year. `changes`: every change in it, the first one first."""

    zones: tuple[str, ...]
    minutes: int
    changes: tuple[ClockChange, ...]
    words: str
    """A whole sentence part: "3 hours ahead of London now; 2 hours ahead from Sun 28 Mar 2027"."""
    places: str
    """Names of the zones' cities, for a country that has several; empty for one zone."""


def clock_differences(home: str, zones: Sequence[str], *, now: datetime) -> tuple[ClockDifference, ...]:
    """One entry for the zones that agree, in the order in which the zones are given; empty when none is.

    `home` and `zones` are names of the Time Zone Database. Words are in the active language.
    """
    groups: dict[tuple[int, tuple[ClockChange, ...]], list[str]] = {}
    for zone in zones:
        groups.setdefault(_course(home, zone, now), []).append(zone)
    language = get_language() or "en"
    return tuple(
        ClockDifference(
            zones=tuple(names),
            minutes=minutes,
            changes=changes,
            words=_words(minutes, changes, city_of(home, language), now.year),
            places=_cities(names, language) if len(groups) > 1 else "",
        )
        for (minutes, changes), names in groups.items()
    )


def _course(home: str, zone: str, now: datetime) -> tuple[int, tuple[ClockChange, ...]]:
    """The difference now, and its changes within a year."""
    start = now.astimezone(UTC)
    first = last = _minutes(home, zone, start)
    changes = []
    for day in _days(start):
        minutes = _minutes(home, zone, day)
        if minutes != last:
            at = _change_between(home, zone, day - DAY, day)
            changes.append(ClockChange(at.astimezone(ZoneInfo(zone)).date(), minutes))
            last = minutes
    return first, tuple(changes)


def _days(start: datetime) -> Iterator[datetime]:
    return (start + DAY * step for step in range(1, LOOK_AHEAD.days + 1))


def _minutes(home: str, zone: str, at: datetime) -> int:
    there = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    here = at.astimezone(ZoneInfo(home)).utcoffset() or timedelta()
    return round((there - here).total_seconds() / 60)


def _change_between(home: str, zone: str, before: datetime, after: datetime) -> datetime:
    """The first minute with the new difference."""
    new = _minutes(home, zone, after)
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) / 2
        before, after = (before, middle) if _minutes(home, zone, middle) == new else (middle, after)
    return after


def _words(minutes: int, changes: tuple[ClockChange, ...], home: str, this_year: int) -> str:
    now = _now_words(minutes, home)
    if not changes:
        return now
    day = day_words(changes[0].on, this_year=this_year)
    later = _("%(difference)s from %(day)s") % {"difference": _later_words(changes[0].minutes), "day": day}
    return _("%(now)s; %(later)s") % {"now": now, "later": later}


def _now_words(minutes: int, home: str) -> str:
    if minutes == 0:
        return _("the same time as in %(city)s now") % {"city": home}
    values = {"span": _span(abs(minutes)), "city": home}
    if minutes > 0:
        return _("%(span)s ahead of %(city)s now") % values
    return _("%(span)s behind %(city)s now") % values


def _later_words(minutes: int) -> str:
    if minutes == 0:
        return _("the same time")
    values = {"span": _span(abs(minutes))}
    return _("%(span)s ahead") % values if minutes > 0 else _("%(span)s behind") % values


def _span(minutes: int) -> str:
    """“3 hours”, “1 hour”, “5:30 hours”, “30 minutes”."""
    hours, rest = divmod(minutes, 60)
    if hours == 0:
        return ngettext("%(count)d minute", "%(count)d minutes", rest) % {"count": rest}
    if rest:
        return _("%(hours)d:%(minutes)02d hours") % {"hours": hours, "minutes": rest}
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


def _cities(zones: list[str], language: str) -> str:
    """The first cities of a group of zones."""
    names = ", ".join(city_of(zone, language) for zone in zones[:MOST_NAMED])
    return names if len(zones) <= MOST_NAMED else _("%(cities)s and others") % {"cities": names}


@lru_cache(maxsize=1024)
def city_of(zone: str, language: str) -> str:
    """The city that names a zone, in a language: "America/New_York" → "New York", "Нью-Йорк"."""
    if "/" not in zone:
        return zone
    try:
        locale = Locale.parse(language.replace("-", "_"))
        return str(get_timezone_location(ZoneInfo(zone), locale=locale, return_city=True))
    except (UnknownLocaleError, ValueError):
        return zone.rsplit("/", 1)[-1].replace("_", " ")
