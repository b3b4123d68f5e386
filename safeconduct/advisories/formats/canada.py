"""Canada's travel advice: the index of all destinations, and the file of one destination.

The index states the level and when and how the advice was changed, and names the file of each destination in `details`;
the file adds the texts. The index's shape is that of recordings of 2014 and 2026. The file is built to the shape that
programs which read it declare (blocks security, entry-exit, health, laws-culture, disasters-climate); no recording of one
was at hand. English is read, French where there is no English. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from safeconduct.advisories.countrynames import ISO2, NAME, codes_of
from safeconduct.advisories.formats.reading import (
    PLAUSIBLE,
    BadEntry,
    blocks,
    document,
    epoch_instant,
    html_of,
    iso_instant,
    line,
    mapping,
    read_each,
    require_any,
    string,
)
from safeconduct.advisories.parsed import Detail, ParsedAdvisory, ParsedArea, ParsedRegister, ParsedSection
from safeconduct.lib.errors import Refused
from safeconduct.places.folding import fold

DATA = "https://data.international.gc.ca/travel-voyage/"
PAGES = {"en": "https://travel.gc.ca/destinations/", "fr": "https://voyage.gc.ca/destinations/"}
ZONE = ZoneInfo("America/Toronto")
"""Where its dates without zone are meant: they agree with the seconds beside them, and “EDT” with both."""

_KEY = re.compile(r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
_EDITORIAL = re.compile(r"(?i)\beditorial\b|\bréda(?:ction|ctionnel)")
_REGIONS = re.compile(r"(?i)\bregional advisories|avertissements régionaux")
_PARTS = (
    ("advisories", "warnings", "Risk levels", "Niveaux de risque"),
    ("security", "security", "Safety and security", "Sécurité"),
    ("entry-exit", "entry", "Entry and exit requirements", "Exigences d’entrée et de sortie"),
    ("health", "health", "Health", "Santé"),
    ("laws-culture", "laws", "Laws and culture", "Lois et culture"),
    ("laws", "laws", "Laws and culture", "Lois et culture"),
    ("disasters-climate", "nature", "Natural disasters and climate", "Catastrophes naturelles et climat"),
    ("disasters", "nature", "Natural disasters and climate", "Catastrophes naturelles et climat"),
    ("offices-html", "help", "Need help?", "Besoin d’aide?"),
)
"""Block of the file, Section.Key, our heading in English and French: the file has none."""
_WORDS = (
    r"(?:take|exercise) normal security precautions|exercise a high degree of caution|avoid non-essential travel|"
    r"avoid all travel|prenez (?:les|des) mesures de sécurité normales|faites preuve d['’]une grande prudence|"
    r"évitez tout voyage non essentiel|évitez tout voyage"
)
_REGIONAL = re.compile(rf"(?i)^(?P<name>.{{2,150}}?)\s*[-–—:]\s*(?P<words>{_WORDS})\b.*$")


def read(raw: bytes, address: str) -> ParsedRegister:
    """Read the index or the file of a destination. Refused for anything else."""
    found = mapping(document(raw))
    data = mapping(found.get("data"))
    if "eng" in data or "fra" in data:
        try:
            advisory = _advisory(_key_of_file(data, address), data, is_file=True)
        except BadEntry as error:
            raise Refused("entry", f"This file of a destination cannot be read: {error}") from None
        return ParsedRegister((advisory,), listed=frozenset({advisory.identifier}))
    if not isinstance(found.get("data"), dict):
        raise Refused("shape", "This is neither the index of travel advice nor the file of a destination.")
    advisories, problems = read_each(
        ((line(key, 40), (key, mapping(entry))) for key, entry in data.items()),
        lambda pair: _advisory(pair[0], pair[1], is_file=False),
    )
    require_any(advisories, problems)
    return ParsedRegister(
        tuple(advisories),
        tuple(problems),
        is_register=len(advisories) >= PLAUSIBLE,
        listed=frozenset(string(key)[:200] for key in data),
        details=tuple(
            Detail(f"{DATA}cta-cap-{key}.json", key, _changed(mapping(entry)))
            for key, entry in data.items()
            if _KEY.match(key)
        ),
    )


def _key_of_file(data: dict[str, Any], address: str) -> str:
    named = re.search(r"(?i)cta-cap-([a-z]{2}(?:-[a-z0-9]{1,3})?)\.json", address)
    return line(data.get("country-iso"), 6).upper() or (named[1].upper() if named else "")


def _changed(entry: dict[str, Any]) -> str:
    """The date as the index writes it, whichever of its three forms there is."""
    dates = mapping(entry.get("date-published"))
    return line(dates.get("asp"), 60) or line(dates.get("timestamp"), 60) or line(dates.get("date"), 60)


def _changed_at(entry: dict[str, Any]) -> datetime | None:
    dates = mapping(entry.get("date-published"))
    asp, date = string(dates.get("asp")), string(dates.get("date"))
    return iso_instant(asp) or epoch_instant(dates.get("timestamp")) or _local(asp) or _local(date)


def _local(text: str) -> datetime | None:
    at = iso_instant(text, UTC)
    return at.replace(tzinfo=ZONE).astimezone(UTC) if at else None


def _advisory(key: str, entry: dict[str, Any], *, is_file: bool) -> ParsedAdvisory:
    key = string(key).strip()
    if not _KEY.match(key):
        raise BadEntry(f"“{key[:40]}” is no code of a country or of a part of one")
    lang = "en" if mapping(entry.get("eng")) else "fr"
    words = mapping(entry.get("eng")) or mapping(entry.get("fra"))
    name = line(words.get("name"), 200)
    if not name:
        raise BadEntry("neither the English nor the French block names the destination")
    wording = line(words.get("advisory-text"))
    state = line(entry.get("advisory-state"), 4)
    code = " ".join(
        part for part in (state, "regional" if _is_set(entry.get("has-regional-advisory")) else "") if part
    )
    html = html_of(words.get("advisories"))
    place, scheme = _place(key, name)
    slug = line(words.get("url-slug"), 100)
    change = line(entry.get("recent-updates-type"), 100)
    return ParsedAdvisory(
        identifier=key,
        place=place,
        scheme=scheme,
        title=name,
        url=PAGES[lang] + slug if re.match(r"^[a-z0-9-]+$", slug) else "",
        original_level=wording,
        original_code=code,
        areas=_areas(html, name),
        lang=lang,
        changed_at=_changed_at(entry),
        note=line(words.get("recent-updates"), 1000),
        is_editorial=_EDITORIAL.search(change or line(words.get("recent-updates"), 1000)) is not None,
        summary_html=html,
        sections=_sections(words, lang) if is_file else (),
        is_partial_entry=not is_file,
        # The index says whether parts differ, not which.
        names_areas=is_file or not ("regional" in code or _REGIONS.search(wording)),
    )


def _is_set(value: Any) -> bool:
    return value in (1, "1", True)


def _place(key: str, name: str) -> tuple[str, str]:
    """The key, but the name where that means more: “IL” is “Israel, the West Bank and the Gaza Strip”."""
    by_key, by_name = codes_of(key, ISO2), codes_of(name, NAME)
    if by_key and by_name and set(by_key) < set(by_name):
        return name, NAME
    return key, ISO2


def _areas(html: str, country: str) -> tuple[ParsedArea, ...]:
    """Regional advisories: headings “Border with X - Avoid all travel”. The country's own heading is none."""
    found: dict[str, ParsedArea] = {}
    for _, text in blocks(html):
        match = _REGIONAL.match(text) if len(text) <= 250 else None
        if match and fold(match["name"]) != fold(country):
            found.setdefault(fold(match["name"]), ParsedArea(match["name"].strip()[:200], match["words"]))
    return tuple(found.values())


def _sections(words: dict[str, Any], lang: str) -> tuple[ParsedSection, ...]:
    return tuple(
        ParsedSection(key, french if lang == "fr" else english, html, lang)
        for block, key, english, french in _PARTS
        if (html := html_of(words.get(block)))
    )
