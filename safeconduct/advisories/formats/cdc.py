"""CDC travel health notices: RSS. Level, disease and places stand in the title and nowhere else.

An entry's identifier is its link's last part: the part before it holds the level and changes with it. Places stay as they
are written; `countrynames` knows “Global …” and regions. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re

from safeconduct.advisories.countrynames import TITLE
from safeconduct.advisories.formats.reading import (
    BadEntry,
    address,
    html_of,
    items_of,
    line,
    read_each,
    require_any,
    rfc_instant,
)
from safeconduct.advisories.parsed import ParsedAdvisory, ParsedRegister
from safeconduct.lib import xml
from safeconduct.lib.xml import Element

PLAUSIBLE = 5
"""Fewer notices than this: an excerpt, whose gaps end nothing."""

_LEVEL = re.compile(r"(?i)\blevel\s*([1-4])\b")
_FRONT = re.compile(r"(?i)^\s*(?:(?:watch|alert|warning)\s*[-–—,:]?\s*)?level\s*\d\b\s*[-–—,:]*\s*")
_LINK = re.compile(r"/travel/notices/(?:(?:level\s*|)?(\d|watch|alert|warning)/)?([A-Za-z0-9%._-]{2,150})/?$")


def read(raw: bytes, address: str) -> ParsedRegister:
    """Read the feed. Refused for a page, or a feed without entries."""
    entries = [(line(xml.child_text(item, "title"), 120), item) for item in items_of(raw)]
    advisories, problems = read_each(
        ((title or f"entry {n}", item) for n, (title, item) in enumerate(entries, start=1)), _notice
    )
    require_any(advisories, problems)
    kept = list({advisory.identifier: advisory for advisory in reversed(advisories)}.values())[::-1]
    return ParsedRegister(
        tuple(kept),
        tuple(problems),
        is_register=len(kept) >= PLAUSIBLE and not problems,
        listed=frozenset(advisory.identifier for advisory in kept),
    )


def _notice(item: Element) -> ParsedAdvisory:
    title = line(xml.child_text(item, "title"))
    link = address(xml.child_text(item, "link")) or address(xml.child_text(item, "guid"))
    path = _LINK.search(link)
    if not title or not path:
        raise BadEntry("no title, or no link to a notice: it cannot be told from others")
    level = _LEVEL.search(title)
    code = level[1] if level else (path[1] if path[1] and path[1].isdigit() else "")
    return ParsedAdvisory(
        identifier=path[2].lower(),
        place=_FRONT.sub("", title).strip()[:200] or title[:200],
        scheme=TITLE,
        title=title,
        url=link,
        original_level=level[0] if level else "",
        original_code=code,
        category="health",
        changed_at=rfc_instant(xml.child_text(item, "pubDate")),
        summary_html=html_of(xml.child_text(item, "description")),
    )
