"""Instants and days in words: weekday, day, month, 24-hour clock and the zone at the place.

Used alike by pages and mails. It refuses relative words ("in an hour") and never prints a time without its zone.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext


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
    if on.year == this_year:
        return date_format(on, pgettext("date format", "D j M"))
    return date_format(on, pgettext("date format", "D j M Y"))


def moment_words(at: datetime, zone: str | None = None, *, this_year: int, with_zone: bool = True) -> str:
    """`Tue 24 Nov, 04:00 (UTC+8)` at the zone of the place."""
    local = in_zone(at, zone)
    clock = date_format(local, "H:i")
    text = _("%(day)s, %(time)s") % {"day": day_words(local.date(), this_year=this_year), "time": clock}
    return f"{text} ({offset_words(local)})" if with_zone else text


def span_words(start: datetime, end: datetime, zone: str | None = None, *, this_year: int) -> str:
    """`Tue 24 Nov, 04:00 to Wed 25 Nov, 12:00 (UTC+8)`; one day is named once; two offsets are both shown."""
    first, last = in_zone(start, zone), in_zone(end, zone)
    same_offset = first.utcoffset() == last.utcoffset()
    begin = moment_words(start, zone, this_year=this_year, with_zone=not same_offset)
    finish = (
        f"{date_format(last, 'H:i')} ({offset_words(last)})"
        if first.date() == last.date() and same_offset
        else moment_words(end, zone, this_year=this_year)
    )
    return _("%(start)s to %(end)s") % {"start": begin, "end": finish}
