"""Alerts of the Swiss Confederation and the cantons as alert.swiss lists them; a format of its own, not CAP.

One alert, or `{"alerts": [...]}`; a test message always stands among them. What CAP would call it:

- `identifier` is POA-<event>-<revision>: the event is a second key, so that revisions follow each other.
- `sent` and `publishDate` are local time of Switzerland without zone. The doubled hour in autumn is told by the
  time in `reference`, which is the message's own; else the earlier instant is taken and noted.
- `allClear` is responseType AllClear. Without expiry an alert ends by that or by leaving the list.
- `…GtransOrigin` are the words before machine translation: they become a block in their own language, first.
- testAlert is an Exercise, technicalTestAlert a Test. Urgency and certainty are not told.

Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_day_names

from safeconduct.alerts.formats import cap
from safeconduct.alerts.formats.capjson import LONGEST, Message, each, line, names_of, read_list, said, text
from safeconduct.alerts.formats.geojson import BadEntry
from safeconduct.alerts.formats.text import instant, plain_text
from safeconduct.alerts.parsed import UNKNOWN, Area, Circle, Info, Pair, Parsed, ParsedAlert, Reference
from safeconduct.lib import geo, jsontext
from safeconduct.lib.xml import Unreadable

ZONE = ZoneInfo("Europe/Zurich")
CANTONS = {
    "AG", "AI", "AR", "BE", "BL", "BS", "FR", "GE", "GL", "GR", "JU", "LU", "NE", "NW", "OW", "SG", "SH", "SO",
    "SZ", "TG", "TI", "UR", "VD", "VS", "ZG", "ZH",
}  # fmt: skip
"""ISO 3166-2:CH."""

_REVISION = re.compile(r"^(POA-\d+)-(\d{1,6})$")
_LOCAL = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*$")
_TRANSLATED = re.compile(r"^([a-z]{2,3})-x-mtfrom-([a-z]{2,3})$")
_BREAK = "\u2758"
"""A light vertical bar stands for a line break in its texts."""


def parse(data: bytes) -> Parsed:
    """Read a document. Unreadable when nothing in it could be read."""
    found = jsontext.read(data)
    if isinstance(found, dict) and isinstance(found.get("alerts"), list):
        entries, is_list = found["alerts"], True
    elif isinstance(found, dict) and "identifier" in found:
        entries, is_list = [found], False
    else:
        raise Unreadable("shape", "this is neither a list of alerts of alert.swiss nor one of them")
    parsed = read_list(entries, _alert, format="alertswiss", is_list=is_list)
    counted = Counter(key for alert in parsed.alerts for key in alert.keys)
    parsed.alerts[:] = [
        replace(alert, keys=tuple(key for key in alert.keys if counted[key] == 1 or key == alert.identifier))
        for alert in parsed.alerts
    ]
    return parsed


def _alert(entry: Any, message: Message) -> ParsedAlert:
    if not isinstance(entry, dict):
        raise BadEntry("this is no object")
    identifier = next(iter(names_of({"identifier": entry.get("identifier")})), "")
    if not identifier:
        raise BadEntry("no identifier: the alert cannot be told from others")
    message.where = identifier
    references = cap.references(text(entry.get("reference")))
    sent_at = _sent(entry, identifier, references, message)
    revision = _REVISION.match(identifier)
    is_later = bool(revision and int(revision[2]) > 1)
    all_clear = _is_true(entry.get("allClear"))
    return ParsedAlert(
        format="alertswiss",
        identifier=identifier,
        sender=line(entry.get("sender"))[:LONGEST],
        sent_at=sent_at,
        msg_type="Update" if is_later or all_clear else "Alert",
        status=_status(entry),
        scope="Public",
        references=tuple(item for item in references if item.identifier != identifier),
        keys=(identifier, revision[1]) if revision else (identifier,),
        infos=_infos(entry, message, all_clear=all_clear),
        notes=tuple(message.notes),
    )


def _status(entry: dict[str, Any]) -> str:
    if _is_true(entry.get("technicalTestAlert")):
        return "Test"
    return "Exercise" if _is_true(entry.get("testAlert")) else "Actual"


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def _sent(
    entry: dict[str, Any], identifier: str, references: tuple[Reference, ...], message: Message
) -> datetime | None:
    """`sent`, else `publishDate`, else the time in the reference to itself."""
    own = next(
        (found for item in references if item.identifier == identifier if (found := instant(item.sent))), None
    )
    for name in ("sent", "publishDate"):
        written = text(entry.get(name)).strip()
        if not written:
            continue
        meant = _local(written)
        if meant:
            return _told(meant, own.at if own else None, written, message)
        message.problem(name, f"“{written[:60]}” is no date and time; left out")
    if own:
        message.notes.append("sent missing: the time of the reference to itself stands in")
        return own.at
    message.notes.append("sent missing: the time of receipt stands in")
    return None


def _local(written: str) -> list[datetime] | None:
    """The instants that a local time can mean: one, in the doubled hour two, in the skipped hour the one after."""
    match = _LOCAL.search(written)
    if not match:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=ZONE)
        found = sorted({local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)})
    except (ValueError, OverflowError):
        return None
    is_skipped = local.astimezone(UTC).astimezone(ZONE).replace(tzinfo=None) != local.replace(tzinfo=None)
    return found[-1:] if is_skipped else found


def _told(found: list[datetime], own: datetime | None, written: str, message: Message) -> datetime:
    """Of the instants that a local time can mean, the one that the message's own reference tells."""
    if len(found) == 1:
        return found[0]
    if own:
        for at in found:
            if abs(own - at) < timedelta(minutes=5):
                return at
    message.notes.append(f"sent: “{written[:60]}” was twice that day; the earlier one is taken")
    return found[0]


def _infos(entry: dict[str, Any], message: Message, *, all_clear: bool) -> tuple[Info, ...]:
    """One block in the list's language; before it, where that is a machine translation, the words as written."""
    translated = _TRANSLATED.match(text(entry.get("gtransOrigin")).strip().lower())
    shown = _info(entry, message, translated[1] if translated else _language(entry), all_clear=all_clear)
    if not translated:
        return (shown,)
    message.notes.append(f"{translated[1]}: machine translation from {translated[2]}")
    shown = replace(shown, parameters=(*shown.parameters, ("machineTranslatedFrom", translated[2])))
    title = line(_wrapped(entry.get("title"), "title", origin=True))
    description = _words(_wrapped(entry.get("description"), "description", origin=True))
    if not title and not description:
        return (shown,)
    original = replace(
        shown,
        language=translated[2],
        headline=title,
        description=description,
        instruction=_instruction(entry, origin=True),
        contact=line(_wrapped(entry.get("contact"), "contact", origin=True))[:500],
        parameters=shown.parameters[:-1],
        areas=tuple(
            replace(area, description=name or area.description)
            for area, name in zip(shown.areas, _names(entry), strict=False)
        ),
    )
    return original, replace(
        shown, areas=tuple(replace(area, polygons=(), circles=()) for area in shown.areas)
    )


def _info(entry: dict[str, Any], message: Message, language: str, *, all_clear: bool) -> Info:
    links = [text(item.get("href")) for item in each(entry.get("links")) if isinstance(item, dict)]
    web = (cap.web_address(link) for link in (*links, text(entry.get("link"))))
    return Info(
        language=language,
        event=line(entry.get("event"))[:LONGEST],
        response_types=("AllClear",) if all_clear else (),
        severity=message.code("severity", entry, cap.SEVERITIES, UNKNOWN),
        sender_name=line(entry.get("publisherName"))[:LONGEST],
        headline=line(_wrapped(entry.get("title"), "title")),
        description=_words(_wrapped(entry.get("description"), "description")),
        instruction=_instruction(entry),
        web=next((address for address in web if address), ""),
        contact=line(_wrapped(entry.get("contact"), "contact"))[:500],
        areas=_areas(entry, message),
    )


def _instruction(entry: dict[str, Any], *, origin: bool = False) -> str:
    steps = (_words(_wrapped(item, "text", origin=origin)) for item in each(entry.get("instructions")))
    return said("\n".join(step for step in steps if step))


def _wrapped(value: Any, name: str, *, origin: bool = False) -> str:
    """Most texts are wrapped in an object, with the words before translation beside them."""
    if not isinstance(value, dict):
        return "" if origin else text(value)
    if not origin:
        return text(value.get(name))
    return text(value.get(f"{name}GtransOrigin")) or text(value.get(f"{name}Origin"))


def _words(raw: str) -> str:
    return plain_text(raw.replace(_BREAK, "\n"))


@cache
def _weekdays() -> dict[str, str]:
    """Abbreviated weekdays as CLDR has them for Switzerland, and the language they tell."""
    found: dict[str, str] = {}
    for locale in ("en", "de_CH", "fr_CH", "it_CH"):
        for name in get_day_names("abbreviated", locale=locale).values():
            found.setdefault(name.casefold(), locale[:2])
    return found


def _language(entry: dict[str, Any]) -> str:
    """The list does not name its language; the weekday of its dates tells it. Unknown: und."""
    word = text(entry.get("sent")).strip().partition(",")[0].strip().casefold()
    return _weekdays().get(word, "und")


def _names(entry: dict[str, Any]) -> list[str]:
    """The areas' names before translation."""
    return [
        line(_wrapped(area.get("description"), "description", origin=True))
        for area in each(entry.get("areas"))
        if isinstance(area, dict)
    ] + [""]


def _areas(entry: dict[str, Any], message: Message) -> tuple[Area, ...]:
    areas = [
        _area(area, f"area {number}", message)
        for number, area in enumerate(each(entry.get("areas")), start=1)
        if isinstance(area, dict)
    ]
    if _is_true(entry.get("nationWide")) and not any(area.polygons or area.circles for area in areas):
        areas.append(Area(description="Switzerland", geocodes=(("ISO 3166-1", "CH"),)))
    return tuple(areas)


def _area(area: dict[str, Any], where: str, message: Message) -> Area:
    polygons = []
    for number, found in enumerate(each(area.get("polygons")), start=1):
        try:
            polygons.append(geo.polygon_from_cap(" ".join(_pair(point) for point in _points(found))))
        except geo.BadShape as error:
            message.problem(f"{where}, polygon {number}", str(error))
        if isinstance(found, dict) and found.get("excludes"):
            message.notes.append(
                f"{where}, polygon {number}: what it leaves out is not read; the area is larger"
            )
    circles = []
    for number, found in enumerate(each(area.get("circles")), start=1):
        try:
            circles.append(_circle(found))
        except geo.BadShape as error:
            message.problem(f"{where}, circle {number}", str(error))
    return Area(
        description=line(_wrapped(area.get("description"), "description")),
        polygons=tuple(polygons),
        circles=tuple(circles),
        geocodes=tuple(
            _region(code)
            for item in each(area.get("regions"))
            if (code := line(item.get("region") if isinstance(item, dict) else item)[:LONGEST])
        ),
    )


def _region(code: str) -> Pair:
    return ("ISO 3166-2", f"CH-{code.upper()}") if code.upper() in CANTONS else ("Alertswiss region", code)


def _points(found: Any) -> list[Any]:
    points = found.get("coordinates") if isinstance(found, dict) else found
    if not isinstance(points, list):
        raise geo.BadShape("a polygon without a list of coordinates")
    return points


def _pair(point: Any) -> str:
    """Latitude and longitude, written as texts."""
    if not isinstance(point, list) or len(point) < 2:
        raise geo.BadShape(f"“{str(point)[:40]}” is not a pair of latitude and longitude")
    return f"{text(point[0]).strip()},{text(point[1]).strip()}"


def _circle(found: Any) -> Circle:
    if not isinstance(found, dict):
        raise geo.BadShape("a circle that is no object")
    return Circle(
        *geo.cap_circle(f"{_pair(found.get('centerPosition'))} {text(found.get('radius')).strip()}")
    )
