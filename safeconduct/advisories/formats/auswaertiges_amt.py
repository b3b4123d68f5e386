"""Auswärtiges Amt, Germany: the list of travel advice, and the item of one country.

The level is in four flags; without one there is no formal warning, which is not the same as safe. The list has no words
for the flags, so ours stand there, and no texts: these are in the item that `details` names. The list's own date has been
standing still for years and is not read. The terms ask for the text whole and current: it is not shortened. Pure.
"""

from __future__ import annotations

import re
from typing import Any

from safeconduct.advisories.countrynames import ISO2
from safeconduct.advisories.formats.reading import (
    PLAUSIBLE,
    BadEntry,
    blocks,
    document,
    epoch_instant,
    html_of,
    line,
    listed,
    mapping,
    read_each,
    require_any,
)
from safeconduct.advisories.parsed import (
    Detail,
    ParsedAdvisory,
    ParsedRegister,
    ParsedSection,
    Problem,
)
from safeconduct.lib.errors import Refused

API = "https://www.auswaertiges-amt.de/opendata/travelwarning/"
PAGE = "https://www.auswaertiges-amt.de/de/service/laender/reise-und-sicherheitshinweise"
FLAGS = ("warning", "partialWarning", "situationWarning", "situationPartWarning")
WORDS = {
    "warning": "Reisewarnung",
    "partialWarning": "Teilreisewarnung",
    "situationWarning": "Reisewarnung (Lage)",
    "situationPartWarning": "Teilreisewarnung (Lage)",
    "": "Reise- und Sicherheitshinweise ohne Reisewarnung",
}
"""Ours: the document states flags only."""

_NUMBER = re.compile(r"^\d{1,12}$")
_SPLIT = re.compile(r"(?i)(?=<h2[\s>])")
_KEYS = (
    ("aktuell", "warnings"), ("reisewarnung", "warnings"), ("sicherheit", "security"), ("natur", "nature"),
    ("klima", "nature"), ("reiseinfo", "transport"), ("einreise", "entry"), ("zoll", "entry"),
    ("gesundheit", "health"), ("recht", "laws"), ("länderinfo", "help"), ("vertretung", "help"),
)  # fmt: skip
"""What a heading contains → Section.Key, first match."""


def read(raw: bytes, address: str) -> ParsedRegister:
    """Read the list or the item of a country. Refused for anything else."""
    response = mapping(mapping(document(raw)).get("response"))
    entries = {
        key: value for key, value in response.items() if _NUMBER.match(key) and isinstance(value, dict)
    }
    if not entries and "contentList" not in response:
        raise Refused("shape", "This is neither the list of travel advice nor the item of a country.")
    named = [line(one, 12) for one in listed(response.get("contentList"))]
    advisories, problems = read_each(((key, (key, entry)) for key, entry in entries.items()), _advisory)
    missing = [one for one in named if one not in entries]
    require_any(advisories, problems)
    problems += [Problem(one, "contentList names it, but there is no entry") for one in missing[:50]]
    return ParsedRegister(
        tuple(advisories),
        tuple(problems),
        is_register=len(advisories) >= PLAUSIBLE and bool(named),
        listed=frozenset({*entries, *(one for one in named if one)}),
        details=tuple(
            Detail(
                API + advisory.identifier,
                advisory.identifier,
                line(entries[advisory.identifier].get("lastModified"), 40),
            )
            for advisory in advisories
            if advisory.is_partial_entry
        ),
    )


def _advisory(pair: tuple[str, dict[str, Any]]) -> ParsedAdvisory:
    key, entry = pair
    code = line(entry.get("countryCode") or entry.get("CountryCode"), 10).upper()
    if not re.match(r"^[A-Z]{2}$", code):
        raise BadEntry("no ISO 3166 code: the country is not known")
    flags = []
    for flag in FLAGS:
        value = entry.get(flag, False if flag.startswith("situation") else None)
        if not isinstance(value, bool):
            raise BadEntry(f"the flag {flag} is missing or neither true nor false")
        if value:
            flags.append(flag)
    content = html_of(entry.get("content"))
    return ParsedAdvisory(
        identifier=key,
        place=code,
        scheme=ISO2,
        title=line(entry.get("title")) or line(entry.get("countryName")),
        url=PAGE,
        original_level=WORDS[flags[0] if flags else ""],
        original_code=" ".join(flags) or "none",
        lang="de",
        changed_at=epoch_instant(entry.get("lastModified")) or epoch_instant(entry.get("effective")),
        note=line(entry.get("lastChanges"), 1000),
        sections=_sections(content),
        is_partial_entry="content" not in entry,
    )


def _sections(content: str) -> tuple[ParsedSection, ...]:
    """The text at its second headings, each part whole; what stands before the first is the current state."""
    found = []
    for part in _SPLIT.split(content):
        texts = blocks(part)
        if not texts:
            continue
        heading = texts[0][1][:200] if part[:3].lower() == "<h2" else ""
        key = (
            next((key for word, key in _KEYS if word in heading.lower()), "other") if heading else "warnings"
        )
        found.append(ParsedSection(key, heading or "Aktuelles", part.strip(), "de"))
    return tuple(found)
