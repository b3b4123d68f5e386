"""Lists of messages: Atom, RSS 2.0 and RSS 1.0. Messages carried whole are read, the others become links.

One entry gives one message or one link: the CAP document among the addresses that it names. Entries are read one by
one, so that a list of 40,000 needs the memory of its links. Refused: an RSS without channel, and addresses that are
no web address. Whether a linked message is worth reading is not judged here: what a list says about it (status,
severity, expiry) is the list's, not the message's. Pure: no ORM, network or clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from safeconduct.alerts.formats.text import one_line
from safeconduct.alerts.parsed import Link, Parsed, Problem
from safeconduct.lib import xml
from safeconduct.lib.xml import Element, Unreadable

NAMES = {"feed": "Atom", "rss": "RSS", "RDF": "RSS 1.0"}
"""Root elements of lists, and what they are called."""
MOST_LINKS = 50_000
MOST_PROBLEMS = 200
"""Entries without a message that are reported one by one; the rest is counted."""
LONGEST_ADDRESS = 1000

_ENTRIES = ("entry", "item")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
_NO_MESSAGE = (".htm", ".html", ".pdf", ".txt", ".jpg", ".jpeg", ".png", ".gif", ".kml", ".kmz", ".zip")
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_NO_LINK = {
    "edit", "hub", "icon", "license", "next", "prev", "previous", "first", "last", "replies", "search", "stylesheet",
}  # fmt: skip
_UPDATED = ("updated", "pubDate", "date", "published", "sent")
CAP, DOCUMENT, PLAIN, WEAK, LAST = range(5)
"""How likely an address is the message: named as CAP; named as or ending like XML; a plain link; and less."""


def read(
    data: bytes,
    *,
    is_message: Callable[[Element], bool],
    read_message: Callable[[Element, int, Parsed], None],
) -> Parsed:
    """Read a list. `read_message(element, its number, outcome)` reads one that is carried whole."""
    parsed = Parsed(is_list=True)
    links: dict[str, Link] = {}
    missing = messages = number = feeds = 0
    root: Element | None = None
    for element in xml.stream(data, _ENTRIES):
        root = element
        is_entry = xml.local_name(element) in _ENTRIES
        number += is_entry
        carried = [item for item in element.iter("{*}alert") if is_message(item)]
        for item in carried:
            messages += 1
            read_message(item, messages, parsed)
        if carried or not is_entry:
            continue
        if next(xml.children(element, "capAlertFeed"), None) is not None:
            feeds += 1
        found = _entry(element)
        if isinstance(found, Link):
            links.setdefault(found.url, found)
        elif (missing := missing + 1) <= MOST_PROBLEMS:
            parsed.problems.append(Problem(f"entry {number}", found))
    if root is None or (xml.local_name(root) == "rss" and next(xml.children(root, "channel"), None) is None):
        raise Unreadable("no_channel", "this RSS document has no channel: half an answer is no empty list")
    if feeds and not parsed.alerts:
        raise Unreadable("register", f"a register of {feeds:,} authorities’ feeds, not a list of messages")
    _report_too_many(parsed, missing - MOST_PROBLEMS, len(links) - MOST_LINKS)
    parsed.links.extend(_without_build_time(list(links.values())[:MOST_LINKS], root))
    parsed.present.update(key for alert in parsed.alerts for key in alert.keys)
    # Those beyond the limit are not followed, but they are listed: what they stand for has not left.
    parsed.present.update(name for link in links.values() for name in (link.key, link.url) if name)
    return parsed


def _report_too_many(parsed: Parsed, missing: int, links: int) -> None:
    if missing > 0:
        parsed.problems.append(Problem("entries", f"{missing:,} more entries name no message"))
    if links > 0:
        parsed.problems.append(
            Problem("entries", f"{links:,} messages beyond {MOST_LINKS:,} are not followed")
        )


def _without_build_time(links: list[Link], root: Element) -> list[Link]:
    """Some lists write the moment at which they were made into every entry: that says nothing of a message.

    Believed, it would have every message fetched again at every poll.
    """
    if len(links) < 3 or len({link.updated for link in links}) > 1:
        return links
    channel = next(xml.children(root, "channel"), root)
    made = {" ".join(xml.child_text(channel, name).split()) for name in (*_UPDATED, "lastBuildDate")}
    return [replace(link, updated="") for link in links] if links[0].updated in made else links


def _entry(entry: Element) -> Link | str:
    """The message that an entry names, or why it names none."""
    parts: dict[str, list[Element]] = {}
    for child in entry:
        parts.setdefault(xml.local_name(child), []).append(child)
    if "capAlertFeed" in parts:
        return "names an authority’s feed, not a message"
    refused = ""
    chosen: tuple[int, str] | None = None
    for rank, address in _addresses(entry, parts):
        if problem := no_address(address):
            refused = refused or problem
        elif chosen is None or rank < chosen[0]:
            chosen = (rank, address)
    if chosen is None:
        return refused or "names no message: neither carried nor linked as CAP"
    return Link(
        url=chosen[1],
        updated=next((text for name in _UPDATED if (text := _text(parts, name))), "")[:100],
        title=one_line(_text(parts, "title"))[:200],
        # The entry's own id is often the message's, and often not: only what is called so is believed.
        key=_text(parts, "identifier")[:400],
    )


def _text(parts: dict[str, list[Element]], name: str) -> str:
    elements = parts.get(name)
    return " ".join(xml.text_of(elements[0]).split()) if elements else ""


def no_address(address: str) -> str:
    """Why an address, relative ones included, is not followed; empty when it may be."""
    scheme = _SCHEME.match(address)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        return f"“{address[:60]}” is no web address"
    if len(address) > LONGEST_ADDRESS:
        return f"an address of {len(address):,} characters is not followed"
    try:
        urlsplit(address)
    except ValueError:
        return f"“{address[:60]}” is no web address"
    return ""


def _addresses(entry: Element, parts: dict[str, list[Element]]) -> Iterator[tuple[int, str]]:
    """Every address of an entry that may be the message, with its rank."""
    for link in parts.get("link", ()):
        href = link.get("href")
        if href is None:
            yield from _ranked(xml.text_of(link), "", PLAIN)
        else:
            yield from _atom_link(link, href)
    for name, attribute in (("enclosure", "url"), ("content", "src")):
        for item in parts.get(name, ()):
            if item.get(attribute):
                yield from _ranked(_based(item, item.get(attribute, "")), item.get("type", ""), WEAK)
    for name in ("guid", "id"):
        for item in parts.get(name, ()):
            text = xml.text_of(item)
            if text.lower().startswith(("http://", "https://")):
                yield from _ranked(text, "", LAST if item.get("isPermaLink") == "false" else WEAK)
    yield from _ranked(entry.get(_ABOUT, ""), "", LAST)


def _atom_link(link: Element, href: str) -> Iterator[tuple[int, str]]:
    """RFC 4287 §4.2.7: without `rel` it is an alternate. `self` is the entry, not always the message."""
    relation = link.get("rel", "alternate").lower()
    if relation in _NO_LINK:
        return
    rank = {"alternate": PLAIN, "self": LAST}.get(relation, WEAK)
    yield from _ranked(_based(link, href), link.get("type", ""), rank)


def _based(element: Element, href: str) -> str:
    return urljoin(element.base, href) if element.base else href


def _ranked(address: str, media_type: str, rank: int) -> Iterator[tuple[int, str]]:
    address = re.sub(r"[\t\r\n]+", "", address.strip())
    media_type = media_type.partition(";")[0].strip().lower()
    path = address.partition("#")[0].partition("?")[0].lower()
    if not address or (path.endswith(_NO_MESSAGE) and "cap+xml" not in media_type):
        return
    if "cap+xml" in media_type:
        yield CAP, address
    elif media_type in ("application/xml", "text/xml", "application/octet-stream"):
        yield DOCUMENT, address
    elif not media_type and path.endswith((".cap", ".xml")):
        yield min(rank, DOCUMENT) if rank != LAST else WEAK, address
    elif not media_type or "atom" in media_type:
        yield rank, address
