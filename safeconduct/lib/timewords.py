"""Instants and days in words: weekday, day, month, 24-hour clock and the zone at the place.

Used alike by pages and mails. It refuses relative words ("in an hour") and never prints a time without its zone.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_skeleton
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _


def in_zone(at: datetime, zone: str | None = None) -> datetime:
    """The aware instant in an IANA zone; without one, in the zone that is active for the reader."""
    return timezone.localtime(at, ZoneInfo(zone) if zone else timezone.get_current_timezone())


def offset_words(at: datetime) -> str:
    """The offset of a local time as `UTC`, `UTC+8`, `UTC−3:30`; with a true minus sign."""
    offset = at.utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


def day_words(on: date, *, this_year: int) -> str:
    """`Tue 24 Nov`, with the year when it is not `this_year`."""
    return _day_words(on, this_year, get_language())


@lru_cache(maxsize=2048)
def _day_words(on: date, this_year: int, _language: str | None) -> str:
    """Remembered: a map of 1,500 alerts names some forty days 3,000 times."""
    if on.year == this_year:
        return date_format(on, pgettext("date format", "D j M"))
    return date_format(on, pgettext("date format", "D j M Y"))


def period_words(iso: str) -> str:
    """`2024`, `December 2023` for 2023-12, `3 May 2026` for 2026-05-03, in the active language. ValueError for others."""
    year, month, day = (*(int(part) for part in iso.split("-")), 0, 0)[:3]
    on = date(year, month or 1, day or 1)
    if not month:
        return str(year)
    language = get_language() or "en"
    try:
        locale = Locale.parse("en_GB" if language == "en" else language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse("en_GB")
    return str(format_date(on, "long", locale=locale) if day else format_skeleton("yMMMM", on, locale=locale))


def _clock_words(local: datetime) -> str:
    return f"{local.hour:02d}:{local.minute:02d}"


def moment_words(at: datetime, zone: str | None = None, *, this_year: int, with_zone: bool = True) -> str:
    """`Tue 24 Nov, 04:00 (UTC+8)` at the zone of the place."""
    local = in_zone(at, zone)
    day = day_words(local.date(), this_year=this_year)
    text = _("%(day)s, %(time)s") % {"day": day, "time": _clock_words(local)}
    return f"{text} ({offset_words(local)})" if with_zone else text


def span_words(start: datetime, end: datetime, zone: str | None = None, *, this_year: int) -> str:
    """`Tue 24 Nov, 04:00 to Wed 25 Nov, 12:00 (UTC+8)`; one day is named once; two offsets are both shown."""
    first, last = in_zone(start, zone), in_zone(end, zone)
    same_offset = first.utcoffset() == last.utcoffset()
    begin = moment_words(start, zone, this_year=this_year, with_zone=not same_offset)
    finish = (
        f"{_clock_words(last)} ({offset_words(last)})"
        if first.date() == last.date() and same_offset
        else moment_words(end, zone, this_year=this_year)
    )
    return _("%(start)s to %(end)s") % {"start": begin, "end": finish}
