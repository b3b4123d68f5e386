"""The weekly volcanic activity report of the Smithsonian's Global Volcanism Program: RSS, one entry a volcano.

The event is a volcano in a week (its number and the period of the title); a report of “continuing” activity
refers to the week before, so that an eruption of months is one event. Severity only where the prose names an
alert level together with its scale; everything else is Unknown. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from safeconduct.alerts.formats.cap import web_address
from safeconduct.alerts.formats.geojson import BadEntry, figure, longitude
from safeconduct.alerts.formats.text import one_line, plain_text
from safeconduct.alerts.parsed import (
    UNKNOWN,
    Area,
    Circle,
    Info,
    Parsed,
    ParsedAlert,
    Problem,
    Reference,
)  # fmt: skip
from safeconduct.lib import xml
from safeconduct.lib.xml import Element, Unreadable

SENDER = "volcano.si.edu"
WEEK = timedelta(days=7)

_MONTHS = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8,
    "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip
_TITLE = re.compile(
    r"^(?P<name>.+?)\s*\((?P<country>[^()]+)\)\s*[-–—]\s*Report for\s+"
    r"(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]+)(?:\s+(?P<year>\d{4}))?\s*[-–—]\s*"
    r"(?P<to_day>\d{1,2})\s+(?P<to_month>[A-Za-z]+)\s+(?P<to_year>\d{4})\s*(?:[-–—]\s*(?P<kind>.+))?$"
)
_NUMBER = re.compile(r"vn_(\d{4,8})\b")
_LEVEL = re.compile(
    r"(?i)\balert level\b(?! for aviation)[^.()]{0,80}?\b(?:at|to)\s+(?:level\s+)?"
    r"(?P<level>[0-9]|[IVX]{1,3}|[A-Za-z]+)\s*\((?P<scale>[^()]{3,90})\)"
)
_RANGE = re.compile(r"(?i)scale (?:of|from) (?P<low>[0-9]|I)\s*(?:-|–|to)\s*(?P<high>[0-9]|[IVX]{1,3})\b")
_ORDINAL = re.compile(
    r"(?i)\bthe (?P<which>lowest|highest|(?:first|second|third|fourth|fifth)(?:[- ](?P<end>highest|lowest))?)\b"
    r".{0,24}?\b(?:on|of) an? (?P<count>three|four|five|six|[3-6])[- ](?:level|colou?r|step|stage)"
)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6}
_ORDER = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_COUNT = {"three": 3, "four": 4, "five": 5, "six": 6}


def parse(data: bytes) -> Parsed:
    """Read a report. Unreadable when it is none or nothing in it could be read."""
    root = xml.read(data)
    channel = next(xml.children(root, "channel"), None)
    if xml.local_name(root) != "rss" or channel is None:
        raise Unreadable("root", "this is not an RSS document with a channel")
    parsed = Parsed(is_list=True)
    items = list(xml.children(channel, "item"))
    for place, item in enumerate(items, start=1):
        title = one_line(xml.child_text(item, "title"))
        try:
            alert = _alert(item, title)
        except BadEntry as error:
            parsed.problems.append(Problem(title[:100] or f"entry {place}", str(error)))
            continue
        parsed.alerts.append(alert)
        parsed.present.update(alert.keys)
    if items and not parsed.alerts:
        first = parsed.problems[0]
        raise Unreadable(
            "items", f"none of {len(items)} entries could be read; {first.where}: {first.problem}"
        )
    return parsed


def _alert(item: Element, title: str) -> ParsedAlert:
    found = _TITLE.match(title)
    if not found:
        raise BadEntry("the title names no volcano, country and period: not an entry of the weekly report")
    guid = xml.child_text(item, "guid")
    number = _NUMBER.search(guid) or _NUMBER.search(xml.child_text(item, "link"))
    if not number:
        raise BadEntry("no volcano number: the volcano cannot be told from others")
    begin, end = _period(found)
    notes: list[str] = []
    sent_at = _rfc822(xml.child_text(item, "pubDate"))
    if sent_at is None:
        notes.append("pubDate missing or unreadable: the end of the period stands in")
    continues = "continuing" in (found["kind"] or "").lower()
    before = Reference(SENDER, _key(number[1], begin - WEEK, end - WEEK), "")
    key = _key(number[1], begin, end)
    return ParsedAlert(
        format="gvp",
        identifier=key,
        sender=SENDER,
        sent_at=sent_at or end,
        msg_type="Update" if continues else "Alert",
        status="Actual",
        scope="Public",
        source="Smithsonian Institution",
        references=(before,) if continues else (),
        keys=(key,),
        infos=(_info(item, found, title, begin, end, guid),),
        notes=tuple(notes),
    )


def _key(number: str, begin: datetime, end: datetime) -> str:
    return f"vn_{number}/{begin:%Y-%m-%d}/{end:%Y-%m-%d}"


def _info(item: Element, found: re.Match[str], title: str, begin: datetime, end: datetime, guid: str) -> Info:
    prose = plain_text(xml.child_text(item, "description"))
    name, country = found["name"].strip()[:120], found["country"].strip()[:120]
    point = _point(xml.child_text(item, "point"))
    return Info(
        language="en",
        categories=("Geo",),
        event="Volcanic activity",
        urgency="Expected",
        severity=severity(prose),
        certainty="Observed",
        effective=begin,
        onset=begin,
        sender_name="Smithsonian Institution / US Geological Survey",
        headline=title[:300],
        description=prose,
        web=web_address(guid) or web_address(xml.child_text(item, "link")),
        parameters=(
            ("VolcanoName", name),
            ("VolcanoCountry", country),
            ("kind", (found["kind"] or "").strip()[:100]),
            ("todate", end.isoformat()),
        ),
        areas=(Area(description=f"{name} ({country})", circles=(point,)),),
    )


def _point(written: str) -> Circle:
    """GeoRSS: “lat lon”."""
    parts = written.replace(",", " ").split()
    lat, lon = (figure(parts[0]), figure(parts[1])) if len(parts) == 2 else (None, None)
    if lat is None or lon is None:
        raise BadEntry("no georss:point: the volcano cannot be placed")
    if abs(lat) > 90 or abs(lon) > 360:
        raise BadEntry(f"“{written[:40]}” is no place on earth")
    return Circle(longitude(lon), lat, 0.0)


def _period(found: re.Match[str]) -> tuple[datetime, datetime]:
    """The first and the last day; the first may be written without its year."""
    to_year, to_month = int(found["to_year"]), _MONTHS.get(found["to_month"].lower(), 0)
    month = _MONTHS.get(found["month"].lower(), 0)
    year = int(found["year"] or (to_year - 1 if month > to_month else to_year))
    try:
        begin = datetime(year, month, int(found["day"]), tzinfo=UTC)
        end = datetime(to_year, to_month, int(found["to_day"]), tzinfo=UTC)
    except ValueError:
        raise BadEntry("the period of the title cannot be read") from None
    if not timedelta(0) <= end - begin <= timedelta(days=31) or not 1970 <= to_year <= 9000:
        raise BadEntry("the period of the title is no week")
    return begin, end


def _rfc822(written: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(written)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def severity(prose: str) -> str:
    """The alert level named last with its scale, as a part of that scale; Unknown without one.

    Highest: Extreme; from six tenths up Severe; from three tenths Moderate; else Minor. A four-level scale gives
    exactly the four words, as USGS's NORMAL, ADVISORY, WATCH and WARNING.
    """
    parts = [part for found in _LEVEL.finditer(prose) if (part := _part(found)) is not None]
    if not parts:
        return UNKNOWN
    part = parts[-1]
    if part >= 1:
        return "Extreme"
    if part >= 0.6:
        return "Severe"
    return "Moderate" if part >= 0.3 else "Minor"


def _part(found: re.Match[str]) -> float | None:
    """Where a level stands on its scale, 0 lowest to 1 highest; None when that is not said unmistakably."""
    level = _level(found["level"])
    if (scale := _RANGE.search(found["scale"])) and level is not None:
        low, high = _level(scale["low"]), _level(scale["high"])
        if low is None or high is None or not low <= level <= high or low == high:
            return None
        return (level - low) / (high - low)
    if ordinal := _ORDINAL.search(found["scale"]):
        count = _COUNT.get(ordinal["count"].lower()) or int(ordinal["count"])
        which, counted_from = ordinal["which"].lower(), (ordinal["end"] or "").lower()
        if which in ("highest", "lowest"):
            return 1.0 if which == "highest" else 0.0
        place = _ORDER[which.split()[0].split("-")[0]]
        place = count + 1 - place if counted_from == "highest" else place
        return (place - 1) / (count - 1) if 1 <= place <= count else None
    return None


def _level(written: str) -> int | None:
    return int(written) if written.isdigit() else _ROMAN.get(written.upper())
