"""CAP written as JSON, as MeteoAlarm and NINA serve it and as NWS features can be laid out.

The same patience as for CAP in XML: a single value may stand where a list belongs, a number where a text
belongs; missing or unknown codes become Unknown; a shape or date that cannot be read is left out and reported,
the alert is kept. Refused: an entry that is no object, has no identifier, or is an answer between systems.
Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.formats import cap
from safeconduct.alerts.formats.geojson import BadEntry
from safeconduct.alerts.formats.text import judged_instant, language_tag, one_line, plain_text
from safeconduct.alerts.parsed import (
    UNKNOWN,
    Area,
    Circle,
    Info,
    Pair,
    Parsed,
    ParsedAlert,
    Problem,
    Reference,
)
from safeconduct.lib import geo
from safeconduct.lib.xml import Unreadable

LONGEST = 200
LONGEST_IDENTIFIER = 400

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LOOKUP: dict[tuple[str, ...], dict[str, str]] = {
    known: {word.lower(): word for word in known}
    for known in (
        cap.STATUSES, cap.MSG_TYPES, cap.SCOPES, cap.URGENCIES, cap.SEVERITIES, cap.CERTAINTIES,
        cap.RESPONSES, cap.CATEGORIES,
    )
}  # fmt: skip


def is_xml(data: bytes) -> bool:
    """Whether a document begins like XML or a page rather than like JSON."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" or data[:2] in (b"\xff\xfe", b"\xfe\xff")


def text(value: Any) -> str:
    """What a field says; nothing for null, booleans, lists and objects."""
    if isinstance(value, str):
        found = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = str(value) if abs(value) < 1e300 else ""
    else:
        return ""
    return found if found.isascii() and "\x00" not in found else _UNSTORABLE.sub("", found)


def line(value: Any) -> str:
    """A field as plain text on one line. Most are that already."""
    found = text(value)
    if found.isascii() and found.isprintable() and "&" not in found and "<" not in found:
        return " ".join(found.split())
    return one_line(found)


def each(value: Any) -> list[Any]:
    """The values of a field that may be repeated, be single, or be absent."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def texts(value: Any) -> list[str]:
    """The texts of a field that may be repeated."""
    return [found for item in each(value) if (found := text(item).strip())]


def pairs(value: Any) -> tuple[Pair, ...]:
    """valueName/value pairs: a list of them, or an object of names with one or several values."""
    found: list[Pair] = []
    if isinstance(value, dict) and "valueName" not in value:
        for name, values in value.items():
            found += [(line(name)[:LONGEST], item[:4000]) for item in texts(values)]
    else:
        for item in each(value):
            if isinstance(item, dict):
                found.append((line(item.get("valueName"))[:LONGEST], text(item.get("value")).strip()[:4000]))
    return tuple(dict.fromkeys(pair for pair in found if pair[0]))


@dataclass
class Message:
    """Reads one message and collects what is wrong with it."""

    format: str
    where: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, entry: Any, *, shapes: Iterable[BaseGeometry] = ()) -> ParsedAlert:
        """The alert of an entry; `shapes` belong to its first area. BadEntry when it is refused."""
        if not isinstance(entry, dict):
            raise BadEntry("this is no object")
        identifier = line(entry.get("identifier"))
        if not identifier:
            raise BadEntry("no identifier: the message cannot be told from others")
        if len(identifier) > LONGEST_IDENTIFIER:
            raise BadEntry(f"an identifier of {len(identifier)} characters is refused")
        self.where = identifier
        msg_type = self.code("msgType", entry, cap.MSG_TYPES, "Alert")
        if msg_type in ("Ack", "Error"):
            raise BadEntry(f"{msg_type} is an answer between systems, not an alert")
        sender = line(entry.get("sender"))[:LONGEST]
        if not sender:
            self.notes.append("no sender")
        blocks = [block for block in each(entry.get("info")) if isinstance(block, dict)]
        if len(blocks) < len(each(entry.get("info"))):
            self.problem("info", "an info block that is no object is left out")
        infos = [self.info(block, number) for number, block in enumerate(blocks, start=1)]
        if shapes and infos:
            infos[0] = with_shapes(infos[0], 0, shapes)
        if not infos:
            self.notes.append("no info block")
        sent_at = self.instant("sent", entry, "sent")
        return ParsedAlert(
            format=self.format,
            identifier=identifier,
            sender=sender,
            sent_at=sent_at,
            msg_type=msg_type,
            status=self.code("status", entry, cap.STATUSES, UNKNOWN),
            scope=self.code("scope", entry, cap.SCOPES, UNKNOWN),
            source=line(entry.get("source"))[:LONGEST],
            references=references(entry.get("references")),
            keys=(identifier,),
            infos=tuple(infos),
            notes=tuple(self.notes),
        )

    def problem(self, where: str, words: str) -> None:
        self.problems.append(Problem(f"{self.where}, {where}" if where else self.where, words))

    def info(self, block: dict[str, Any], number: int) -> Info:
        where = f"info {number}"
        return Info(
            language=language_tag(text(block.get("language"))),
            categories=_known(block.get("category"), cap.CATEGORIES),
            event=line(block.get("event"))[:LONGEST],
            event_codes=pairs(block.get("eventCode")),
            response_types=_known(block.get("responseType"), cap.RESPONSES),
            urgency=self.code("urgency", block, cap.URGENCIES, UNKNOWN, where),
            severity=self.code("severity", block, cap.SEVERITIES, UNKNOWN, where),
            certainty=self.code("certainty", block, cap.CERTAINTIES, UNKNOWN, where),
            audience=line(block.get("audience"))[:LONGEST],
            effective=self.instant("effective", block, f"{where}, effective"),
            onset=self.instant("onset", block, f"{where}, onset"),
            expires=self.instant("expires", block, f"{where}, expires"),
            sender_name=line(block.get("senderName"))[:LONGEST],
            headline=line(block.get("headline")),
            description=plain_text(text(block.get("description"))),
            instruction=said(plain_text(text(block.get("instruction")))),
            web=cap.web_address(text(block.get("web"))),
            contact=line(block.get("contact"))[:500],
            parameters=pairs(block.get("parameter")),
            areas=tuple(
                self.area(area, f"{where}, area {place}")
                for place, area in enumerate(each(block.get("area")), start=1)
                if isinstance(area, dict)
            ),
        )

    def area(self, area: dict[str, Any], where: str) -> Area:
        polygons = []
        for number, found in enumerate(texts(area.get("polygon")), start=1):
            try:
                polygons.append(geo.polygon_from_cap(found))
            except geo.BadShape as error:
                self.problem(f"{where}, polygon {number}", str(error))
        circles = []
        for number, found in enumerate(texts(area.get("circle")), start=1):
            try:
                circles.append(Circle(*geo.cap_circle(found)))
            except geo.BadShape as error:
                self.problem(f"{where}, circle {number}", str(error))
        return Area(
            description=line(area.get("areaDesc")),
            polygons=tuple(polygons),
            circles=tuple(circles),
            geocodes=pairs(area.get("geocode")),
            altitude=text(area.get("altitude"))[:40],
            ceiling=text(area.get("ceiling"))[:40],
        )

    def code(
        self, name: str, item: dict[str, Any], known: tuple[str, ...], fallback: str, where: str = ""
    ) -> str:
        """A code of CAP; what is missing or unknown is read as `fallback` and noted."""
        found = text(item.get(name)).strip()
        if (word := _LOOKUP[known].get(found.lower())) is not None:
            return word
        place = f"{where}, {name}" if where else name
        self.notes.append(f"{place}: “{found[:40]}” read as {fallback}" if found else f"{place} missing")
        return fallback

    def instant(self, name: str, item: dict[str, Any], where: str) -> datetime | None:
        written = text(item.get(name)).strip()
        if not written:
            if name == "sent":
                self.notes.append("sent missing: the time of receipt stands in")
            return None
        at, problem = judged_instant(written)
        if problem:
            self.problem(where, problem)
        return at


def said(words: str) -> str:
    """Some write “None” where nothing is advised."""
    return "" if len(words) < 6 and words.strip(". ").lower() in ("none", "null", "n/a") else words


def references(value: Any) -> tuple[Reference, ...]:
    """CAP's text of triples, or a list of objects with identifier, sender and sent."""
    found: list[Reference] = []
    for item in each(value):
        if isinstance(item, dict):
            found.append(
                Reference(
                    line(item.get("sender"))[:LONGEST],
                    line(item.get("identifier"))[:LONGEST_IDENTIFIER],
                    text(item.get("sent")).strip()[:40],
                )
            )
        else:
            found += cap.references(text(item))
    return tuple(dict.fromkeys(item for item in found if item.identifier))


def with_shapes(info: Info, number: int, shapes: Iterable[BaseGeometry]) -> Info:
    """An info block whose area of that number (from 0) has further polygons; a missing area is made."""
    areas = list(info.areas) or [Area()]
    area = areas[number]
    areas[number] = replace(area, polygons=(*area.polygons, *shapes))
    return replace(info, areas=tuple(areas))


def _known(value: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    words = (_LOOKUP[known].get(item.lower()) for item in texts(value))
    return tuple(dict.fromkeys(word for word in words if word))


def read_list(
    entries: list[Any], read_one: Callable[[Any, Message], ParsedAlert | None], *, format: str, is_list: bool
) -> Parsed:
    """Read entry by entry; None from `read_one` means that it was left out on purpose.

    The same message twice is read once. Another one under the same identifier is refused: in one list neither
    can replace the other, and taken in turn they would be told again at every poll. Unreadable when there were
    entries and each of them was refused.
    """
    parsed = Parsed(is_list=is_list)
    by_name: dict[str, ParsedAlert] = {}
    repeated = left_out = 0
    for number, entry in enumerate(entries, start=1):
        message = Message(format, f"entry {number}")
        try:
            alert = read_one(entry, message)
        except BadEntry as error:
            parsed.present.update(names_of(entry))
            parsed.problems.append(Problem(message.where, str(error)))
            continue
        if alert is None:
            left_out += 1
            parsed.present.update(names_of(entry))
            continue
        first = by_name.setdefault(alert.identifier, alert)
        if first is not alert:
            if first.content_sha() == alert.content_sha():
                repeated += 1
            else:
                parsed.problems.append(
                    Problem(
                        alert.identifier, "the list names another message by the same identifier; not read"
                    )
                )
            continue
        parsed.problems.extend(message.problems)
        parsed.present.update(alert.keys)
        parsed.alerts.append(alert)
    if repeated:
        parsed.notes.append(f"{repeated} entries stand twice in the list; read once")
    if entries and not parsed.alerts and not left_out:
        first_problem = parsed.problems[0]
        raise Unreadable(
            "entries",
            f"none of {len(entries)} entries could be read; {first_problem.where}: {first_problem.problem}",
        )
    return parsed


def names_of(entry: Any) -> list[str]:
    """Identifiers in an entry, also in one that is refused or left out."""
    if not isinstance(entry, dict):
        return []
    inner = [entry.get(name) for name in ("alert", "properties")]
    found = [
        line(item.get(name))[:LONGEST_IDENTIFIER]
        for item in [entry, *inner]
        if isinstance(item, dict)
        for name in ("identifier", "id")
    ]
    return [name for name in found if name]
