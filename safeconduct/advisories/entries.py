"""An entry as we keep it: its countries, its level by our table, its words cleaned, and a digest of what it says.

Reads no rows but the names that people decided, and writes none. What no table knows is told to the caller.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from safeconduct.advisories.cleaning import LONGEST_SUMMARY, clean, plain, web_address
from safeconduct.advisories.countrynames import codes_of, part_of
from safeconduct.advisories.levels import level_of
from safeconduct.advisories.models import Category, Section
from safeconduct.advisories.parsed import ParsedAdvisory, ParsedArea, ParsedSection
from safeconduct.feeds.models import Source

MOST_AREAS: Final = 200
MOST_SECTIONS: Final = 60
NO_DESTINATION: Final = "-"
Decided = Mapping[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Part:
    """A section, cleaned."""

    key: str
    heading: str
    lang: str
    html: str
    digest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What one entry says. None: the document does not carry it, what is known stays."""

    identifier: str
    place: str
    scheme: str
    countries: tuple[str, ...] | None
    """None: no table knows the place. Empty: known to be no destination."""
    title: str
    url: str
    lang: str
    category: str
    original_level: str
    original_code: str
    level: int | None
    level_max: int | None
    is_partial: bool
    areas: list[dict[str, Any]]
    states_level: bool
    """The document carries the columns of the level, be it that there is none."""
    names_areas: bool
    """False: it says at most that parts differ; those that another document named stay."""
    unknown: tuple[str, ...]
    """Wordings and codes that the table of levels does not know."""
    note: str
    is_editorial: bool
    changed_at: datetime | None
    reviewed_at: datetime | None
    summary: str | None
    parts: tuple[Part, ...] | None
    remarks: tuple[str, ...] = ()
    """What was cut or left out."""


def entry_of(parsed: ParsedAdvisory, source: Source, decided: Decided) -> Entry:
    """Return a parsed entry as it is kept for this source: no more of its words than its licence lets us show."""
    words = level_of(source.format, parsed.original_level, parsed.original_code, parsed.areas)
    areas = [
        {"name": area.name[:200], "wording": area.wording[:300], "code": area.code[:60], "level": level}
        for area, level in zip(parsed.areas, words.area_levels, strict=False)
    ][:MOST_AREAS]
    level, level_max, is_partial = words.level, words.level_max, words.is_partial
    is_part = bool(part_of(parsed.place, parsed.scheme))
    if is_part:
        # An entry of its own for a part: it says nothing of the country as a whole.
        areas = [
            {"name": plain(parsed.title)[:200], "wording": parsed.original_level[:300], "code": parsed.original_code[:60], "level": level},
            *areas,
        ]  # fmt: skip
        level_max = max((one for one in (level, level_max) if one is not None), default=None)
        level, is_partial = None, True
    shows_words = source.display != Source.Display.LINK
    summary, parts, remarks = _texts(parsed, source) if shows_words else ("", (), ())
    lacks = parsed.is_partial_entry
    return Entry(
        identifier=parsed.identifier[:200],
        place=parsed.place[:200],
        scheme=parsed.scheme[:10],
        countries=codes_of(parsed.place, parsed.scheme, decided=decided),
        title=plain(parsed.title)[:300],
        url=web_address(parsed.url),
        lang=parsed.lang[:12],
        category=parsed.category if parsed.category in Category.values else Category.SECURITY,
        original_level=" ".join(parsed.original_level.split())[:300],
        original_code=parsed.original_code[:200],
        level=level,
        level_max=level_max,
        is_partial=is_partial,
        areas=areas,
        states_level=not lacks or bool(parsed.original_level or parsed.original_code or parsed.areas),
        names_areas=parsed.names_areas or is_part,
        unknown=words.unknown,
        note=plain(parsed.note)[:1000] if shows_words else "",
        is_editorial=parsed.is_editorial,
        changed_at=parsed.changed_at,
        reviewed_at=parsed.reviewed_at,
        summary=None if lacks and not parsed.summary_html else summary,
        parts=None if lacks and not parsed.sections else parts,
        remarks=remarks,
    )


def with_areas(entry: Entry, areas: Sequence[Mapping[str, Any]], source: Source) -> Entry:
    """Return an entry that does not say which parts differ, with the parts that are known of it."""
    known = [ParsedArea(str(area["name"]), str(area["wording"]), str(area.get("code", ""))) for area in areas]
    words = level_of(source.format, entry.original_level, entry.original_code, known)
    return replace(
        entry,
        level=words.level,
        level_max=words.level_max,
        is_partial=words.is_partial,
        areas=[dict(one) for one in areas],
    )


def _texts(parsed: ParsedAdvisory, source: Source) -> tuple[str, tuple[Part, ...], tuple[str, ...]]:
    """Summary and sections, cleaned; what may not be shortened is left out when it is too long."""
    base = web_address(parsed.url)
    is_whole_or_none = source.display == Source.Display.WHOLE
    remarks = []
    summary, is_cut = clean(parsed.summary_html, base=base, longest=LONGEST_SUMMARY)
    if is_cut:
        summary = "" if is_whole_or_none else summary
        remarks.append("its summary is too long to be kept whole")
    parts = []
    for section in parsed.sections[:MOST_SECTIONS]:
        html, is_cut = clean(section.html, base=base)
        if is_cut:
            remarks.append(f"“{plain(section.heading)[:60]}” is too long to be kept whole")
        if html or plain(section.heading):
            parts.append(_part(section, html))
        if is_cut and is_whole_or_none:
            return summary, (), tuple(remarks)
    if len(parsed.sections) > MOST_SECTIONS:
        remarks.append(f"only {MOST_SECTIONS} of {len(parsed.sections)} sections are kept")
        parts = [] if is_whole_or_none else parts
    return summary, tuple(parts), tuple(remarks)


def _part(section: ParsedSection, html: str) -> Part:
    key = section.key if section.key in Section.Key.values else Section.Key.OTHER
    heading = plain(section.heading)[:200]
    digest = hashlib.sha256("\0".join((key, heading, section.lang, html)).encode()).hexdigest()
    return Part(key, heading, section.lang[:12], html, digest)


def digest_of(values: Mapping[str, Any], part_digests: list[str]) -> str:
    """Return the digest of what an entry says: words, level and our reading of it. Dates and addresses say nothing, and
    a title only where no level is stated: it is then all that there is."""
    is_titled = not (values["original_level"] or values["original_code"])
    said = [
        values["title"] if is_titled else "", values["original_level"], values["original_code"], values["level"], values["level_max"],
        values["is_partial"], values["areas"], values["summary"], values["category"], part_digests,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
