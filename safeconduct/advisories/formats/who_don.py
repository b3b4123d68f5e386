"""WHO disease outbreak news: the OData list. A list of news without order, not a register: nothing ends by leaving it.

Disease and countries stand in the title only, and there is no level. The licence is non-commercial: title, date and link
are read, and none of the texts. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from typing import Any

from safeconduct.advisories.countrynames import TITLE
from safeconduct.advisories.formats.reading import (
    BadEntry,
    document,
    iso_instant,
    line,
    mapping,
    read_each,
    require_any,
)
from safeconduct.advisories.parsed import ParsedAdvisory, ParsedRegister
from safeconduct.lib.errors import Refused

PAGES = "https://www.who.int/emergencies/disease-outbreak-news/item/"

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,190}$")


def read(raw: bytes, address: str) -> ParsedRegister:
    """Read a page of the list. Refused for anything else."""
    found = document(raw)
    entries = found.get("value") if isinstance(found, dict) else found
    if not isinstance(entries, list):
        raise Refused("shape", "This is no list of disease outbreak news.")
    advisories, problems = read_each(
        (
            (line(mapping(one).get("Title"), 120) or f"entry {n}", mapping(one))
            for n, one in enumerate(entries, start=1)
        ),
        _news,
    )
    require_any(advisories, problems)
    # The page is unsorted: newest first, so that whoever shows a few shows the latest.
    advisories.sort(key=lambda one: one.changed_at.timestamp() if one.changed_at else 0, reverse=True)
    return ParsedRegister(
        tuple(advisories), tuple(problems), listed=frozenset(advisory.identifier for advisory in advisories)
    )


def _news(entry: dict[str, Any]) -> ParsedAdvisory:
    title = line(entry.get("Title"))
    if entry.get("UseOverrideTitle") is True:
        title = line(entry.get("OverrideTitle")) or title
    name = line(entry.get("UrlName"), 200)
    identifier = line(entry.get("Id"), 200) or name
    if not title or not identifier:
        raise BadEntry("no title or no identifier")
    return ParsedAdvisory(
        identifier=identifier,
        place=title[:200],
        scheme=TITLE,
        title=title,
        url=PAGES + name if _NAME.match(name) else "",
        original_level="",
        original_code="",
        category="health",
        changed_at=iso_instant(entry.get("PublicationDateAndTime"))
        or iso_instant(entry.get("PublicationDate")),
    )
