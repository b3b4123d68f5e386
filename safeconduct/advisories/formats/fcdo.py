"""UK foreign travel advice: the index and the country items of the GOV.UK content API, and the Atom feed of changes.

The index names every country and when its advice changed, without a level; each country item is named in `details`.
The Atom feed only says what to read again. The level is `alert_status`; where that is empty although the text advises
against travel, the code begins with “text:”. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from typing import Any

from safeconduct.advisories.formats.reading import (
    PLAUSIBLE,
    BadEntry,
    address,
    blocks,
    document,
    html_of,
    is_xml,
    iso_instant,
    line,
    listed,
    mapping,
    read_each,
    require_any,
    string,
    xml_root,
)
from safeconduct.advisories.parsed import (
    Detail,
    ParsedAdvisory,
    ParsedArea,
    ParsedRegister,
    ParsedSection,
    Problem,
)
from safeconduct.lib import xml
from safeconduct.lib.errors import Refused

SITE = "https://www.gov.uk"
API = f"{SITE}/api/content/foreign-travel-advice/"
NONE = "none"
"""Code of an item that advises against no travel."""

_STATUS = re.compile(r"^[a-z_]{3,60}$")
_SLUG = re.compile(r"^[a-z0-9][a-z0-9-]{0,80}$")
_AGAINST = re.compile(
    r"(?i)\badvis(?:e|es|ing)\s+(?:british (?:nationals|people)\s+)?against\s+all(?P<but>\s+but\s+essential)?\s+travel"
    r"(?P<to>\s+to)?\s*(?P<rest>[^.]*)"
)
_KEYS = (
    ("warning", "warnings"), ("summary", "warnings"), ("entry", "entry"), ("health", "health"),
    ("coronavirus", "health"), ("security", "security"), ("terrorism", "security"), ("crime", "security"),
    ("regional-risk", "security"), ("law", "laws"), ("natural", "nature"), ("local-travel", "transport"),
    ("transport", "transport"), ("help", "help"), ("contact", "help"), ("support", "help"),
)  # fmt: skip
"""What a part's slug contains → Section.Key, first match."""


def read(raw: bytes, address: str) -> ParsedRegister:
    """Read an index, a country item or an Atom feed. Refused for anything else."""
    if is_xml(raw):
        return _feed(raw)
    found = mapping(document(raw))
    kind = string(found.get("document_type")) or string(found.get("schema_name"))
    kind = kind or string(found.get("format"))
    children = mapping(found.get("links")).get("children")
    if kind == "travel_advice_index" or (not kind and isinstance(children, list)):
        return _index(listed(children))
    if kind == "travel_advice" or isinstance(mapping(found.get("details")).get("country"), dict):
        try:
            advisory = _item(found)
        except BadEntry as error:
            raise Refused("entry", f"This country item cannot be read: {error}") from None
        return ParsedRegister((advisory,), listed=frozenset({advisory.identifier}))
    raise Refused("shape", "This is neither the index nor a country item of foreign travel advice.")


def _index(children: list[Any]) -> ParsedRegister:
    standing = [child for child in children if mapping(child).get("withdrawn") is not True]
    names = [_identifier(mapping(child)) for child in standing]
    advisories, problems = read_each(((name or f"entry {n}", mapping(child)) for n, (name, child) in
                                      enumerate(zip(names, standing, strict=True), start=1)), _listed)  # fmt: skip
    require_any(advisories, problems)
    details = []
    for child in standing:
        entry = mapping(child)
        slug, changed = _slug(entry), line(entry.get("public_updated_at"), 60)
        if slug and _identifier(entry):
            details.append(Detail(API + slug, _identifier(entry), changed))
    return ParsedRegister(
        tuple(advisories),
        tuple(problems),
        is_register=len(advisories) >= PLAUSIBLE and all(names),
        listed=frozenset(name for name in names if name),
        details=tuple(details),
    )


def _identifier(entry: dict[str, Any]) -> str:
    return line(entry.get("content_id"), 200)


def _country(entry: dict[str, Any]) -> dict[str, Any]:
    """The country block: within `details` since 2018, beside it before."""
    return mapping(mapping(entry.get("details")).get("country")) or mapping(entry.get("country"))


def _slug(entry: dict[str, Any]) -> str:
    slug = line(_country(entry).get("slug"), 90) or line(entry.get("base_path"), 200).rpartition("/")[2]
    return slug if _SLUG.match(slug) else ""


def _listed(entry: dict[str, Any]) -> ParsedAdvisory:
    identifier, slug = _identifier(entry), _slug(entry)
    if not identifier or not slug:
        raise BadEntry("no content id or no slug: the country cannot be told from others")
    note = mapping(entry.get("details")).get("change_description") or entry.get("change_description")
    return ParsedAdvisory(
        identifier=identifier,
        place=slug,
        scheme="slug",
        title=line(entry.get("title")) or line(_country(entry).get("name")),
        url=address(entry.get("web_url")) or f"{SITE}/foreign-travel-advice/{slug}",
        original_level="",
        lang=_language(entry),
        changed_at=iso_instant(entry.get("public_updated_at")),
        note=line(note, 1000),
        is_partial_entry=True,
        names_areas=False,
    )


def _language(entry: dict[str, Any]) -> str:
    return line(entry.get("locale"), 12) or "en"


def _item(entry: dict[str, Any]) -> ParsedAdvisory:
    identifier, slug = _identifier(entry), _slug(entry)
    if not identifier or not slug:
        raise BadEntry("no content id or no slug")
    details = mapping(entry.get("details"))
    lang = _language(entry)
    name = line(_country(entry).get("name"), 100)
    summary = html_of(details.get("summary"))
    sections = _sections(details, summary, lang)
    statuses = [one for item in listed(details.get("alert_status")) if _STATUS.match(one := line(item, 80))]
    said = [(text, area) for key, html in _warning_texts(details, summary) if key for text, area in
            _advice(html, name)]  # fmt: skip
    has_status = isinstance(details.get("alert_status"), list)
    code = " ".join(dict.fromkeys(statuses)) or " ".join(
        dict.fromkeys(f"text:{area.code}" for _, area in said)
    )
    return ParsedAdvisory(
        identifier=identifier,
        place=slug,
        scheme="slug",
        title=line(entry.get("title")) or name,
        url=f"{SITE}/foreign-travel-advice/{slug}",
        # The words for the country as a whole, where there are any.
        original_level=next((text for text, area in said if not area.name), said[0][0] if said else ""),
        original_code=(code or (NONE if has_status else ""))[:200],
        areas=tuple(dict.fromkeys(area for _, area in said if area.name)),
        lang=lang,
        changed_at=iso_instant(entry.get("public_updated_at")),
        reviewed_at=iso_instant(details.get("reviewed_at")),
        note=line(details.get("change_description"), 1000),
        summary_html=summary,
        sections=sections,
        # Without a status and without advice in the text it is half an item, and no all-clear.
        is_partial_entry=not has_status and not said,
    )


def _sections(details: dict[str, Any], summary: str, lang: str) -> tuple[ParsedSection, ...]:
    found = [ParsedSection("warnings", "Summary", summary, lang)] if summary else []
    for item in listed(details.get("parts")):
        part = mapping(item)
        html = html_of(part.get("body"))
        if html:
            slug = line(part.get("slug"), 100)
            heading = line(part.get("title"), 200) or slug.replace("-", " ").capitalize()
            found.append(ParsedSection(_key(slug), heading, html, lang))
    return tuple(found)


def _key(slug: str) -> str:
    return next((key for word, key in _KEYS if word in slug), "other")


def _warning_texts(details: dict[str, Any], summary: str) -> list[tuple[str, str]]:
    """The texts that state the advice: the summary, and the part of warnings."""
    found = [("summary", summary)] if summary else []
    for item in listed(details.get("parts")):
        slug = line(mapping(item).get("slug"), 100)
        if "warning" in slug or "regional-risk" in slug:
            found.append((slug, html_of(mapping(item).get("body"))))
    return found


def _advice(html: str, country: str) -> list[tuple[str, ParsedArea]]:
    """Each sentence that advises against travel, with the part that it names; no name: the whole country."""
    found: list[tuple[str, ParsedArea]] = []
    heading: tuple[str, str] | None = None
    for tag, text in blocks(html):
        if heading is not None and tag == "li":
            found.append((heading[0], ParsedArea(text[:200], heading[0], heading[1])))
            continue
        heading = None
        for match in _AGAINST.finditer(text):
            if text[: match.start()].lower().endswith("no longer "):
                continue
            degree = "avoid_all_but_essential_travel" if match["but"] else "avoid_all_travel"
            sentence = text[text.rfind(". ", 0, match.start()) + 1 : match.end()].strip()[:300]
            rest = match["rest"].strip(" :;,")
            if _is_whole(rest, country) and match["to"]:
                found.append((sentence, ParsedArea("", sentence, f"{degree}_to_whole_country")))
            elif not rest and text.rstrip().endswith(":"):
                heading = (sentence, f"{degree}_to_parts")
            elif rest and match["to"]:
                found.append((sentence, ParsedArea(rest[:200], sentence, f"{degree}_to_parts")))
    return found


def _is_whole(rest: str, country: str) -> bool:
    if not country:
        return False
    name = re.escape(country.removeprefix("The "))
    return re.match(rf"(?i)(?:the\s+)?(?:whole\s+of\s+)?(?:the\s+)?{name}\s*(?:$|[,;:(–-]|\b(?:due|because|based|as|and)\b)", rest) is not None  # fmt: skip


def _feed(raw: bytes) -> ParsedRegister:
    """What the Atom feed names as changed, to be read from the content API. It holds only the latest changes."""
    root = xml_root(raw)
    if xml.local_name(root) != "feed":
        raise Refused("shape", "This is XML, but no Atom feed of foreign travel advice.")
    details: list[Detail] = []
    problems: list[Problem] = []
    for number, entry in enumerate(xml.children(root, "entry"), start=1):
        page = line(xml.child_text(entry, "id"), 300)
        slug = page.rpartition("/foreign-travel-advice/")[2].partition("#")[0]
        changed = line(xml.child_text(entry, "updated"), 60)
        if page == slug or not _SLUG.match(slug):
            problems.append(Problem(page[:200] or f"entry {number}", "the entry names no country's page"))
            continue
        details.append(Detail(API + slug, slug, changed))
    if not details:
        raise Refused("no_entries", "The feed names no country: that is no register, and no end of anything.")
    return ParsedRegister((), tuple(problems), details=tuple(details))
