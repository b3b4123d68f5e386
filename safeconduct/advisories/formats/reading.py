"""What the readers of advice share: a document or a reason why it is none, plain text, addresses, instants.

Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any, TypeVar

from safeconduct.advisories.parsed import ParsedAdvisory, Problem
from safeconduct.lib import jsontext, xml
from safeconduct.lib.errors import Refused
from safeconduct.lib.xml import Element, Unreadable

Entry = TypeVar("Entry")
Read = TypeVar("Read")

PLAUSIBLE = 100
"""A register of countries with fewer entries than this is an excerpt: what it does not name has not ended."""
LONGEST_READ = 400_000
"""So many characters of mark-up are searched for words; all of it is handed on."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff\ud800-\udfff]")
_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "br", "tr", "td", "th", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
     "section", "blockquote", "dt", "dd"}
)  # fmt: skip
_SILENT = re.compile(r"(?i)<(?:script|style)\b|<!--")
_ENDS = {
    "<script": re.compile(r"(?i)</script\s*+>"),
    "<style": re.compile(r"(?i)</style\s*+>"),
    "<!--": re.compile("-->"),
}
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]*+)[^<>]*+>")
_ADDRESS = re.compile(r"(?i)^https?://[^\s<>\"']+$")
_ZONES = {
    "AEST": 10.0, "AEDT": 11.0, "ACST": 9.5, "ACDT": 10.5, "AWST": 8.0, "GMT": 0.0, "UTC": 0.0, "EST": -5.0, "EDT": -4.0,
}  # fmt: skip
"""Hours from UTC of the abbreviations that the feeds write; the e-mail rules read the Australian ones as UTC."""
_ZONE = re.compile(r"\s+([A-Z]{3,4})$")
_ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")


class BadEntry(ValueError):
    """An entry that cannot be read; the text says why. The others of the document are read."""


def document(raw: bytes) -> Any:
    """The JSON value of a document; Refused when there is none."""
    return _or_refused(jsontext.read, raw)


def _or_refused(read: Callable[[bytes], Read], raw: bytes) -> Read:
    try:
        return read(raw)
    except Unreadable as error:
        raise Refused(error.code, str(error)) from None


def is_xml(raw: bytes) -> bool:
    """Whether a document claims to be XML or a page, not JSON."""
    return raw.lstrip(b"\xef\xbb\xbf\xc3\xaf\xc2\xbb\xc2\xbf \t\r\n")[:1] == b"<"


def xml_root(raw: bytes) -> Element:
    """The root of an XML document; Refused when there is none."""
    return _or_refused(xml.read, raw)


def items_of(raw: bytes) -> list[Element]:
    """The items of an RSS document; Refused when it has no channel or its channel no item."""
    root = xml_root(raw)
    channel = next(xml.children(root, "channel"), None)
    if xml.local_name(root) != "rss" or channel is None:
        raise Refused("shape", "This is no RSS document with a channel.")
    items = list(xml.children(channel, "item"))
    if not items:
        raise Refused("no_entries", "The feed has no entry: that is no register, and no end of anything.")
    return items


def read_each(
    entries: Iterable[tuple[str, Entry]], read: Callable[[Entry], ParsedAdvisory | None]
) -> tuple[list[ParsedAdvisory], list[Problem]]:
    """Every entry that can be read, and for the others where and why not."""
    found: list[ParsedAdvisory] = []
    problems: list[Problem] = []
    for where, entry in entries:
        try:
            advisory = read(entry)
        except BadEntry as error:
            problems.append(Problem(where[:200], str(error)))
        else:
            if advisory is not None:
                found.append(advisory)
    return found, problems


def require_any(found: list[ParsedAdvisory], problems: list[Problem]) -> None:
    """Refused when nothing at all could be read."""
    if found:
        return
    if problems:
        first = problems[0]
        raise Refused(
            "entries", f"None of {len(problems)} entries could be read; {first.where}: {first.text}"
        )
    raise Refused("no_entries", "The document has no entry: that is no register, and no end of anything.")


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def string(value: Any) -> str:
    """A text without control characters; a number as its digits; empty for everything else."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else ""
    return _CONTROL.sub("", value) if isinstance(value, str) else ""


def html_of(value: Any) -> str:
    """Mark-up as published; it is cleaned where it is stored."""
    return string(value).strip()


def line(value: Any, longest: int = 300) -> str:
    """Plain text on one line: mark-up dropped, entities decoded however often they were escaped (twice at most)."""
    text = string(value)
    for _ in range(2):
        if "<" not in text and not _ENTITY.search(text):
            break
        text = " ".join(text for _, text in blocks(text))
    return " ".join(_CONTROL.sub("", text).replace("\xa0", " ").split())[:longest].strip()


def address(value: Any) -> str:
    """A link that a page may show: http or https only."""
    text = string(value).strip()
    return text if len(text) <= 500 and _ADDRESS.match(text) else ""


def blocks(html: str) -> list[tuple[str, str]]:
    """(element, plain text) of each block of mark-up that has text, in order.

    One pass over the text whatever stands in it: parsers of HTML take minutes for a stranger's open comments or nesting.
    """
    source = _without_silent(html[:LONGEST_READ])
    found: list[tuple[str, str]] = []
    name, position = "", 0
    text: list[str] = []
    for tag in _TAG.finditer(source):
        text.append(source[position : tag.start()])
        position = tag.end()
        if tag["name"].lower() in _BLOCKS:
            _add(found, name, text)
            name = tag["name"].lower() if not tag["end"] else ""
    text.append(source[position:])
    _add(found, name, text)
    return found


def _without_silent(html: str) -> str:
    """Without comments, scripts and styles; what is begun and never ended is left out to the end."""
    kept: list[str] = []
    position = 0
    while begun := _SILENT.search(html, position):
        kept.append(html[position : begun.start()])
        end = _ENDS[begun[0].lower()].search(html, begun.end())
        if end is None:
            return "".join(kept)
        position = end.end()
    return "".join([*kept, html[position:]])


def _add(found: list[tuple[str, str]], name: str, text: list[str]) -> None:
    plain = " ".join(unescape("".join(text)).replace("\xa0", " ").split())
    text.clear()
    if plain:
        found.append((name, plain))


def iso_instant(value: Any, zone: timezone | None = None) -> datetime | None:
    """An ISO 8601 instant in UTC; without a zone in the text it needs `zone`. None when the text is none."""
    text = string(value).strip()
    if len(text) < 16 or text[10:11] not in ("T", " "):
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            if zone is None:
                return None
            at = at.replace(tzinfo=zone)
        return _plausible(at.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def epoch_instant(value: Any) -> datetime | None:
    """Seconds since 1970 in UTC; None for anything else, 0 included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return _plausible(datetime.fromtimestamp(value, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def rfc_instant(value: Any) -> datetime | None:
    """A date of RSS in UTC, with or without weekday, time and zone; Australian abbreviations as they are meant."""
    text = " ".join(string(value).split())
    offset = timedelta(0)
    if zone := _ZONE.search(text):
        if zone[1] not in _ZONES:
            return None
        offset = timedelta(hours=_ZONES[zone[1]])
        text = text[: zone.start()]
    if re.fullmatch(r"(?:[A-Za-z]{3,9}, )?\d{1,2} [A-Za-z]{3,9} \d{4}", text):
        text += " 00:00:00"
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=timezone(offset))
        return _plausible(at.astimezone(UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _plausible(at: datetime) -> datetime | None:
    return at if 1990 <= at.year <= 2200 else None
