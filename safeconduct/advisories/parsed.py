"""What a reader of a register gives: entries as they were published, and what could not be read. Pure.

It keeps the publisher's words; which level they mean and which country a name means is decided in `levels.py` and
`countrynames.py`, from tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ParsedArea:
    """A part of a country for which other words hold. `name` and `wording` as published, plain text."""

    name: str
    wording: str
    code: str = ""
    """The publisher's own level of the area, when it gives one."""


@dataclass(frozen=True, slots=True)
class ParsedSection:
    """A part of the advice, quoted whole. `key` is one of `models.Section.Key`; `html` as published, not yet cleaned."""

    key: str
    heading: str
    html: str
    lang: str


@dataclass(frozen=True, slots=True)
class ParsedAdvisory:
    """One entry of a register."""

    identifier: str
    """Stable for as long as the entry lives: content id, slug without the level, or the country's key."""
    place: str
    """The country or countries as the publisher writes them."""
    scheme: str
    """How `place` is written: iso2, fips, slug, name or title."""
    title: str
    url: str
    original_level: str
    """The wording, verbatim; empty when the entry states none."""
    original_code: str = ""
    """The publisher's code or flags: "3", "warning", "avoid_all_travel_to_parts"."""
    areas: tuple[ParsedArea, ...] = ()
    category: str = "security"
    """security or health."""
    lang: str = "en"
    changed_at: datetime | None = None
    """When the publisher says that the advice changed. Aware."""
    reviewed_at: datetime | None = None
    note: str = ""
    """The publisher's note on the change, plain text."""
    is_editorial: bool = False
    """The publisher calls the change editorial."""
    summary_html: str = ""
    sections: tuple[ParsedSection, ...] = ()
    is_partial_entry: bool = False
    """The document carries only some columns of the entry (an index without levels): the rest keeps."""
    names_areas: bool = True
    """False: the document says at most that parts differ, not which; the parts that another document named stay."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read, and where."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Detail:
    """An address that holds the rest of an entry. `changed` as the register writes it: another text means, read again."""

    url: str
    identifier: str
    changed: str


@dataclass(frozen=True, slots=True)
class ParsedRegister:
    """A whole document."""

    advisories: tuple[ParsedAdvisory, ...]
    problems: tuple[Problem, ...] = ()
    is_register: bool = False
    """Names every standing entry: what is missing from a complete one has ended."""
    listed: frozenset[str] = field(default_factory=frozenset)
    """Identifiers of every entry that the document names, read or not."""
    details: tuple[Detail, ...] = ()


Reader = Callable[[bytes, str], ParsedRegister]
"""(document, address it came from) → what stands in it. Raises `lib.errors.Refused` for a document that is none."""
