"""US travel advisories: the JSON of cadataapi, the RSS feed, and copies of the feed as JSON Feed.

The level stands in the title, or in the category “Threat-Level” of the RSS. Codes of countries are FIPS 10-4, never ISO;
the title's name is preferred, because a joint advisory names several territories under one code. An entry's identifier
comes from the countries that it means, so the two generations of links are one entry. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from safeconduct.advisories.countrynames import FIPS, TITLE, codes_of, part_of
from safeconduct.advisories.formats.reading import (
    PLAUSIBLE,
    BadEntry,
    address,
    blocks,
    document,
    html_of,
    is_xml,
    iso_instant,
    items_of,
    line,
    listed,
    mapping,
    read_each,
    require_any,
    rfc_instant,
    string,
)
from safeconduct.advisories.parsed import ParsedAdvisory, ParsedArea, ParsedRegister, Problem
from safeconduct.lib import xml
from safeconduct.lib.errors import Refused
from safeconduct.lib.xml import Element
from safeconduct.places.folding import fold

_LEVEL = re.compile(r"(?i)\blevel\s*(?P<code>[1-4])\b")
_SUMMARIES = re.compile(r"(?i)^see\b.*\bsummaries$")
_NO_PLACE = re.compile(r"(?i)^(?:see\b.*\bsummaries|level\s*\d.*|travel advisory|caution)$")
_DASH = re.compile(r"\s+[-–—]+\s*|\s*[–—]\s+|\s*[-–—]+$")
_ADVISORY = re.compile(r"(?i)\s+travel\s+advisory\s*$")
_SLUG_ENDS = re.compile(r"(?i)[-_]?(?:travel)?[-_]?(?:advisory)?(?:\.html?)?$")
_HEADING = re.compile(
    r"(?i)^(?P<words>do not travel|reconsider travel|exercise increased caution|exercise normal precautions)"
    r"(?:\s+when)?(?:\s+travell?ing)?(?:\s+travel)?\s+to\s*:?\s*$"
)
_NAMED = re.compile(
    r"(?i)^(?P<name>[^–—-][^–—]{1,120}?)\s*(?:[–—]|\s-)\s*(?:level\s*[1-4]\s*[-–—:]?\s*)?"
    r"(?P<words>do not travel|reconsider travel|exercise increased caution|exercise normal precautions)"
)
_DUE = re.compile(r"(?i)\s+(?:due\s+to|because\s+of)\b.*$")
_CODE = re.compile(r"^[A-Z]{2}$")


def read(raw: bytes, address: str) -> ParsedRegister:
    """Read one of the three shapes. Refused for anything else, and for the empty list that unnamed agents get."""
    if is_xml(raw):
        entries = [_of_item(item) for item in items_of(raw)]
    else:
        found = document(raw)
        if isinstance(found, list):
            entries = [_of_json(mapping(one)) for one in found]
        elif isinstance(found, dict) and isinstance(found.get("items"), list):
            entries = [_of_json_feed(mapping(one)) for one in found["items"]]
        else:
            raise Refused("shape", "This is neither a list of travel advisories nor a JSON Feed of them.")
    advisories, problems = read_each(
        ((line(one["title"], 120) or f"entry {n}", one) for n, one in enumerate(entries, start=1)), _advisory
    )
    require_any(advisories, problems)
    kept, doubted = _one_each(_told_apart(advisories))
    names = frozenset(advisory.identifier for advisory in kept)
    return ParsedRegister(
        tuple(kept),
        (*problems, *_contradictions(entries), *doubted),
        is_register=len(kept) >= PLAUSIBLE and not problems,
        listed=names,
    )


def _of_json(entry: dict[str, Any]) -> dict[str, Any]:
    codes = [line(code, 10).upper() for code in listed(entry.get("Category"))] or [
        line(entry.get("Category"), 10).upper()
    ]
    return {
        "title": line(entry.get("Title")),
        "level": "",
        "link": address(entry.get("Link")) or address(entry.get("id")),
        "fips": " ".join(code for code in codes if _CODE.match(code)),
        "html": html_of(entry.get("Summary")),
        "changed_at": iso_instant(entry.get("Updated")) or iso_instant(entry.get("Published")),
    }


def _of_json_feed(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": line(entry.get("title")),
        "level": "",
        "link": address(entry.get("url")),
        "fips": "",
        "html": html_of(entry.get("content_html")) or html_of(entry.get("summary")),
        "changed_at": iso_instant(entry.get("date_modified")) or iso_instant(entry.get("date_published")),
    }


def _of_item(item: Element) -> dict[str, Any]:
    categories = {
        str(child.get("domain", "")).casefold(): line(xml.text_of(child), 60)
        for child in xml.children(item, "category")
    }
    tag = categories.get("country-tag", "").partition(",")[0].strip().upper()
    return {
        "title": line(xml.child_text(item, "title")),
        "level": categories.get("threat-level", ""),
        "link": address(xml.child_text(item, "link")),
        "fips": tag if _CODE.match(tag) else "",
        "html": html_of(xml.child_text(item, "description")),
        "changed_at": rfc_instant(xml.child_text(item, "pubDate")),
    }


def _advisory(entry: dict[str, Any]) -> ParsedAdvisory:
    title = string(entry["title"])
    if not title:
        raise BadEntry("no title: neither place nor level is known")
    name = _place(title) or _of_slug(entry["link"])
    if not name and not entry["fips"]:
        raise BadEntry(f"“{title[:80]}” names no place")
    is_known = codes_of(name, TITLE) is not None
    place, scheme = (name, TITLE) if is_known or not entry["fips"] else (entry["fips"], FIPS)
    wording, code = _level(title, entry["level"])
    return ParsedAdvisory(
        identifier=_identifier(name, place, scheme),
        place=place[:200],
        scheme=scheme,
        title=title,
        url=entry["link"],
        original_level=wording,
        original_code=code,
        areas=_areas(entry["html"]),
        changed_at=entry["changed_at"],
        note=_note(entry["html"]),
        summary_html=entry["html"],
        # On some days the feed came without texts: that is no statement about parts.
        is_partial_entry=not entry["html"],
        names_areas=bool(entry["html"]),
    )


def _place(title: str) -> str:
    """“Japan - Level 1: …”, “Mexico - See State Summaries - Level 3: …”, “Iran Travel Advisory” → the name."""
    for part in _DASH.split(title):
        name = _ADVISORY.sub("", re.sub(r"(?i)\s*[:,]?\s*\blevel\s*\d\b.*$", "", part)).strip(" -–—:")
        if name and not _NO_PLACE.match(name):
            return name
    return ""


def _of_slug(link: str) -> str:
    """The place in an address; used where the title names none (“See Individual Summaries -”)."""
    slug = _SLUG_ENDS.sub("", link.rpartition("/")[2])
    return slug.replace("-", " ").strip() if re.match(r"^[A-Za-z-]{3,80}$", slug) else ""


def _level(title: str, category: str) -> tuple[str, str]:
    """Wording as written, and its number. The title stands above the category; “Summaries” in it are part of the words."""
    parts = [part.strip(" -–—:") for part in _DASH.split(title)]
    words = list(dict.fromkeys(part for part in parts if _LEVEL.search(part) or _SUMMARIES.match(part)))
    if not any(_LEVEL.search(part) for part in words) and category:
        words.append(category)
    wording = " - ".join(words)[:300]
    found = _LEVEL.search(wording)
    return wording, found["code"] if found else ""


def _identifier(name: str, place: str, scheme: str) -> str:
    """The countries that are meant; with the name where it is a part of one; the name alone where nothing is known."""
    codes = codes_of(place, scheme)
    folded = fold(name or place).replace(" ", "-")
    if codes is None:
        return f"name:{folded}"[:200]
    if part_of(place, scheme):
        return f"{'-'.join(codes).lower()}:{folded}"[:200]
    if codes == ("",):
        return f"worldwide:{folded}"[:200]
    return "-".join(codes).lower()[:200] or f"none:{folded}"[:200]


def _areas(html: str) -> tuple[ParsedArea, ...]:
    """Parts with words of their own: lists under “Do Not Travel To:”, and headings “Colima state – Do Not Travel”."""
    found: dict[str, ParsedArea] = {}
    words = ""
    for tag, text in blocks(html):
        if heading := _HEADING.match(text):
            words = heading["words"]
        elif tag == "li":
            name = _DUE.sub("", text).strip(" .,:;")[:200]
            if words and name:
                found.setdefault(fold(name), ParsedArea(name, words))
        else:
            words = ""
            named = _NAMED.match(text)
            if named and len(text) <= 200:
                name = named["name"].strip(" .,:;")
                found.setdefault(fold(name), ParsedArea(name, named["words"]))
    return tuple(found.values())


def _note(html: str) -> str:
    """The first sentence when it says why the advisory was issued again."""
    text = next((text for _, text in blocks(html[:4000])), "")
    is_note = re.match(r"(?i)^(?:last update:|reissued|updated|advisory summary|there (?:was|were) )", text)
    return text[:1000] if is_note else ""


def _told_apart(advisories: list[ParsedAdvisory]) -> list[ParsedAdvisory]:
    """An unknown name whose code is that of a country with an entry of its own stays unknown: the code may be wrong."""
    named = {advisory.identifier for advisory in advisories if advisory.scheme == TITLE}
    return [
        replace(advisory, place=name, scheme=TITLE, identifier=_identifier(name, name, TITLE))
        if advisory.scheme == FIPS and advisory.identifier in named and (name := _place(advisory.title))
        else advisory
        for advisory in advisories
    ]


def _contradictions(entries: list[dict[str, Any]]) -> list[Problem]:
    """Where title and categories of an entry say different things. The title is believed."""
    found = []
    for entry in entries:
        title = string(entry["title"])
        written, tagged = _LEVEL.search(title), _LEVEL.search(entry["level"])
        if written and tagged and written["code"] != tagged["code"]:
            found.append(
                Problem(title[:120], f"its category says “{entry['level'][:60]}”; the title is believed")
            )
        named, coded = codes_of(_place(title), TITLE), codes_of(entry["fips"], FIPS)
        if named and coded and not set(named) & set(coded):
            found.append(
                Problem(title[:120], f"its code {entry['fips']} is another country's; the title is believed")
            )
    return found


def _one_each(advisories: list[ParsedAdvisory]) -> tuple[list[ParsedAdvisory], list[Problem]]:
    """One entry for each identifier: the newer; on the same date the higher level, which is doubted aloud."""
    kept: dict[str, ParsedAdvisory] = {}
    problems: list[Problem] = []
    for advisory in advisories:
        other = kept.get(advisory.identifier)
        if other is None:
            kept[advisory.identifier] = advisory
            continue
        mine, its = advisory.changed_at or _NEVER, other.changed_at or _NEVER
        differ = (advisory.original_code or "0") != (other.original_code or "0")
        if mine == its and differ:
            problems.append(
                Problem(
                    advisory.identifier,
                    f"two entries of one date have different levels: “{other.title[:80]}” and “{advisory.title[:80]}”; "
                    "the higher one is taken",
                )
            )
        is_newer = mine > its or (mine == its and advisory.original_code > other.original_code)
        winner, loser = (advisory, other) if is_newer else (other, advisory)
        kept[advisory.identifier] = replace(
            winner,
            summary_html=winner.summary_html or loser.summary_html,
            areas=winner.areas or (loser.areas if not winner.summary_html else ()),
        )
    return list(kept.values()), problems


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
