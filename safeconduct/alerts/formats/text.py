"""Words as strangers write them: mark-up turned into plain text, language tags and instants read.

Feeds escape HTML once, twice or not at all. What leaves this module is plain text; the raw bytes stay in
the document. It refuses to guess: a language that is no tag is `und`, an instant that is none is None.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime

# Nothing here tries the same blanks or the same rest of a text twice: a stranger's megabyte would take for ever.
_DROPPED = re.compile(r"(?i)<(?:(script|style|xml|head)\b|(!--)|(!\[if))")
_DROPPED_TO = {"!--": re.compile("-->"), "![if": re.compile(r"(?i)<!\[endif\]>")}
_DROPPED_TO |= {name: re.compile(rf"(?i)</{name}\s*>") for name in ("script", "style", "xml", "head")}
_BREAK = re.compile(r"(?i)<\s*+(br\s*+/?|/p|/div|/li|/tr|/h[1-6]|/ul|/ol|hr\s*+/?)\s*+>")
_ITEM = re.compile(r"(?i)<\s*li(\s[^<>]*)?>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>")
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2028\u2029\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_TAG_SHAPE = re.compile(
    r"(?i)^[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-[a-z0-9]{4,8})*(-x(-[a-z0-9]{1,8})+)?$"
)
_THREE = {
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "por": "pt", "ita": "it",
    "rus": "ru", "ara": "ar", "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko", "nld": "nl", "dut": "nl",
    "pol": "pl", "tur": "tr", "heb": "he", "hin": "hi", "ind": "id", "tha": "th", "vie": "vi", "ukr": "uk",
    "srp": "sr", "nor": "no", "swe": "sv", "dan": "da", "fin": "fi", "ell": "el", "gre": "el", "kaz": "kk",
}  # fmt: skip
WRAPPED_AT_LEAST, WRAPPED_AT_MOST = 50, 72
_LIST_ITEM = re.compile(r"([*•·–-]|\d{1,2}[.)])\s|\.\.\.|[A-Z ]{3,}\.\.\.")
_FRACTION = re.compile(r"(\.\d{6})\d+")


def plain_text(raw: str) -> str:
    """Plain text of something HTML-ish: entities decoded until stable (two rounds), mark-up dropped."""
    text = raw
    for _ in range(2):
        decoded = html.unescape(text)
        if decoded == text:
            break
        text = decoded
    if "<" in text:
        text = _without_dropped(text)
        text = _BREAK.sub("\n", text)
        text = _ITEM.sub("\n• ", text)
        text = _TAG.sub("", text)
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " "))
    lines = _unwrapped([re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n")])
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without_dropped(text: str) -> str:
    """Without scripts, styles and comments; what is begun and never ended stays, as text that is no mark-up."""
    kept: list[str] = []
    position = 0
    endless: set[str] = set()
    while found := _DROPPED.search(text, position):
        kind = next(part for part in found.groups() if part).lower()
        end = None if kind in endless else _DROPPED_TO[kind].search(text, found.end())
        if end is None:
            endless.add(kind)
        kept.append(text[position : found.start() if end else found.end()])
        position = found.end()
        if end is not None:
            kept.append(" ")
            position = end.end()
    return "".join([*kept, text[position:]])


def _unwrapped(lines: list[str]) -> list[str]:
    """Lines that were wrapped at 69 columns (the weather services' teletype width) made paragraphs again."""
    joined: list[str] = []
    is_wrapped = False
    for line in lines:
        if is_wrapped and line and not _LIST_ITEM.match(line):
            joined[-1] += f" {line}"
        else:
            joined.append(line)
        is_wrapped = WRAPPED_AT_LEAST <= len(line) <= WRAPPED_AT_MOST
    return joined


def one_line(raw: str) -> str:
    """Plain text on one line: for headlines, names and events."""
    return " ".join(plain_text(raw).split())


def language_tag(raw: str) -> str:
    """A BCP 47 tag in its usual case. CAP 1.2 §3.2.2: absent means en-US. No tag: `und`."""
    text = raw.strip().replace("_", "-")
    if not text:
        return "en-US"
    parts = text.split("-")
    parts[0] = _THREE.get(parts[0].lower(), parts[0].lower())
    text = "-".join(parts)
    if not _TAG_SHAPE.match(text):
        return "und"
    cased = [parts[0]]
    for part in parts[1:]:
        if len(part) == 4 and part.isalpha():
            cased.append(part.title())
        elif len(part) == 2:
            cased.append(part.upper())
        else:
            cased.append(part.lower())
    return "-".join(cased)


@dataclass(frozen=True)
class Instant:
    """A read instant in UTC, and whether the text named its zone."""

    at: datetime
    has_zone: bool


def instant(raw: str) -> Instant | None:
    """ISO 8601 as CAP 1.2 §3.3.2 writes it, with patience: `-00:00` and `Z` are UTC, no zone is read as UTC.

    None when the text is no instant (a date alone is none).
    """
    text = raw.strip()
    if len(text) < 12:
        return None
    text = _FRACTION.sub(r"\1", text.replace("Z", "+00:00").replace("z", "+00:00"))
    try:
        at = datetime.fromisoformat(text)
        has_zone = at.tzinfo is not None
        return Instant(at.astimezone(UTC) if has_zone else at.replace(tzinfo=UTC), has_zone)
    except (ValueError, OverflowError):
        return None


def judged_instant(written: str) -> tuple[datetime | None, str]:
    """A written instant in UTC, and what is wrong with it in words (empty: nothing)."""
    found = instant(written)
    if found is None:
        return None, f"“{written[:60]}” is no date and time; left out"
    return found.at, "" if found.has_zone else f"“{written[:60]}” names no time zone; read as UTC"
