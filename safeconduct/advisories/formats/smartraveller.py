"""Smartraveller, Australia: the RSS feed of all destinations, and its files for one level.

The wording decides. `ta:level` is kept as the code and never read: “2/5” is normal in one record, a bare “4” is “Do not
travel” in another. A warning whose coverage is not the country is a part of it. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re

from safeconduct.advisories.countrynames import TITLE
from safeconduct.advisories.formats.reading import (
    PLAUSIBLE,
    BadEntry,
    address,
    html_of,
    items_of,
    line,
    read_each,
    require_any,
    rfc_instant,
)
from safeconduct.advisories.parsed import ParsedAdvisory, ParsedArea, ParsedRegister
from safeconduct.lib import xml
from safeconduct.lib.xml import Element
from safeconduct.places.folding import fold

_PATH = re.compile(r"/destinations/(?:[a-z-]+/)?([a-z0-9-]{2,90})/?$")
_OVERALL = re.compile(r"(?i)^(?:overall|whole country|.+\boverall)$")
_STATED = re.compile(
    r"(?i)\b(?:exercise normal safety precautions|exercise a high degree of caution|reconsider your need to travel|"
    r"do not travel)\b"
)


def read(raw: bytes, address: str) -> ParsedRegister:
    """Read the feed. Refused for a page, or a feed without entries."""
    entries = [(line(xml.child_text(item, "title"), 120), item) for item in items_of(raw)]
    advisories, problems = read_each(
        ((title or f"entry {n}", item) for n, (title, item) in enumerate(entries, start=1)), _advisory
    )
    require_any(advisories, problems)
    kept = list({advisory.identifier: advisory for advisory in reversed(advisories)}.values())[::-1]
    # The files for one level have the same shape: only the feed of all destinations can end an entry.
    levels = {advisory.original_level for advisory in kept}
    return ParsedRegister(
        tuple(kept),
        tuple(problems),
        is_register=len(kept) >= PLAUSIBLE and len(levels) > 1 and not problems,
        listed=frozenset(advisory.identifier for advisory in kept),
    )


def _advisory(item: Element) -> ParsedAdvisory:
    title = line(xml.child_text(item, "title"))
    link = address(xml.child_text(item, "link"))
    path = _PATH.search(link)
    if not title:
        raise BadEntry("no title: the destination is not known")
    own: ParsedArea | None = None
    areas: list[ParsedArea] = []
    for warning in _warnings(item):
        if own is None and (
            not warning.name or fold(warning.name) == fold(title) or _OVERALL.match(warning.name)
        ):
            own = warning
        else:
            areas.append(warning)
    description = html_of(xml.child_text(item, "description"))
    wording = own.wording if own else ""
    if not wording and not areas:
        stated = _STATED.findall(line(description, 4000))
        # Several wordings in one text are those of parts: which is the country's is not said.
        wording = stated[0] if len({one.lower() for one in stated}) == 1 else ""
    return ParsedAdvisory(
        identifier=path[1] if path else f"name:{fold(title).replace(' ', '-')}"[:200],
        place=title[:200],
        scheme=TITLE,
        title=title,
        url=link,
        original_level=wording,
        original_code=own.code if own else "",
        areas=tuple(dict.fromkeys(areas)),
        changed_at=rfc_instant(xml.child_text(item, "pubDate")),
        summary_html=description,
    )


def _warnings(item: Element) -> list[ParsedArea]:
    """Coverage, wording and code of each warning; one `warnings` may hold several, one after another."""
    found: list[ParsedArea] = []
    for block in xml.children(item, "warnings"):
        name = wording = code = ""
        for child in block:
            tag, text = xml.local_name(child), line(xml.text_of(child))
            if tag == "warning":
                found.append(
                    ParsedArea(
                        line(xml.child_text(child, "coverage"), 200),
                        line(xml.child_text(child, "description")),
                        line(xml.child_text(child, "level"), 20),
                    )
                )
            elif tag == "coverage":
                if name or wording or code:
                    found.append(ParsedArea(name, wording, code))
                name, wording, code = text[:200], "", ""
            elif tag == "level":
                code = text[:20]
            elif tag == "description":
                wording = text
        if name or wording or code:
            found.append(ParsedArea(name, wording, code))
    return found
