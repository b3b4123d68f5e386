"""Schema.org mark-up in HTML: JSON-LD blocks and microdata (HTML Living Standard §5), as broken as mails have it.

Mail programs and senders cut, nest and repeat; browsers repair by rules that pull apart what belongs together (a `div`
in a `p` ends the `p`). Elements are therefore nested as they are written: nothing closes what its author left open.
It refuses to know reservations (`schema`).
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any, Final

from safeconduct.lib.htmltags import VOID

MOST_DEPTH: Final = 300
MOST_ITEMS: Final = 2000
_SOURCES: Final = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("audio", "embed", "iframe", "img", "source", "track", "video"), "src"),
    "object": "data",
    "data": "value",
    "meter": "value",
    "meta": "content",
}
# Marked sections that are no CDATA: conditions for one mail program.
_SECTION: Final = re.compile(r"<!\[(?!CDATA\[)[^>]*>")
_WRAPPED: Final = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$")
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s"\[\]{},:]+', re.DOTALL)
_CLOSING, _OPENING = "}]", "{["


class Broken(ValueError):
    """A block says that it is JSON and is not, even after the usual slips are mended."""


def marked_up(html: str) -> tuple[list[Any], list[dict[str, Any]], int]:
    """JSON-LD values, microdata items, and how many JSON-LD blocks could not be read."""
    if "ld+json" not in html and "itemscope" not in html.lower():
        return [], [], 0
    page, values, broken = _Page(), [], 0
    try:
        page.feed(_SECTION.sub("", html))
        page.close()
    except AssertionError:
        # How the standard library's parser says that it is lost; what came before stands.
        broken = 1
    page.finish()
    for block in page.blocks:
        if not block.strip():
            continue
        try:
            values.append(lenient_json(block))
        except Broken:
            broken += 1
    return values, page.items, broken


def lenient_json(text: str) -> Any:
    """The value of a JSON text with commas too many or too few, and line ends in strings. Raises Broken."""
    text = _WRAPPED.sub("", _WRAPPED.sub("", text)).strip().lstrip("\ufeff").rstrip(";")
    for candidate in (text, _mended(text)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    raise Broken("not JSON")


def _mended(text: str) -> str:
    """Without commas before an end, and with commas between values that follow each other."""
    tokens = _TOKENS.findall(text)
    kept: list[str] = []
    for number, part in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else ""
        if part == "," and (following in (*_CLOSING, ",") or not kept or kept[-1] in (*_OPENING, ",")):
            continue
        begins = part not in (*_CLOSING, ",", ":")
        if begins and kept and kept[-1] not in (*_OPENING, ",", ":"):
            kept.append(",")
        kept.append(part)
    return " ".join(kept)


class _Open:
    """An element that is open: its item and the property that it is, or the text that it collects for one."""

    __slots__ = ("collects", "item", "name", "owner", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.item: dict[str, Any] | None = None
        self.owner: dict[str, Any] | None = None
        self.collects: tuple[str, ...] = ()
        self.text: list[str] = []


class _Page(HTMLParser):
    """Collects items and blocks while elements open and close."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.items: list[dict[str, Any]] = []
        self.blocks: list[str] = []
        self._open: list[_Open] = []
        self._collecting: list[_Open] = []
        self._count = 0
        self._block: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        given = {name: value or "" for name, value in attrs}
        if tag == "script":
            self._block = (
                [] if given.get("type", "").split(";")[0].strip().lower() == "application/ld+json" else None
            )
        element = _Open(tag)
        properties = tuple(given.get("itemprop", "").split())
        owner = self._owner()
        if "itemscope" in given and self._count < MOST_ITEMS:
            self._count += 1
            element.item = {"@type": given.get("itemtype", "").split() or [""]}
            self._set(owner, properties, element.item)
            if not properties or owner is None:
                self.items.append(element.item)
        elif properties and owner is not None:
            value = self._attribute(tag, given)
            if value is not None:
                self._set(owner, properties, value)
            elif tag not in VOID:
                element.owner, element.collects = owner, properties
        if tag not in VOID and len(self._open) < MOST_DEPTH:
            self._open.append(element)
            if element.collects:
                self._collecting.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Treat `<x/>` as void for void elements, and as an empty element for others."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the nearest open element of that name, and what was left open in it."""
        if tag == "script" and self._block is not None:
            self.blocks.append("".join(self._block))
            self._block = None
        for back in range(len(self._open) - 1, -1, -1):
            if self._open[back].name == tag:
                while len(self._open) > back:
                    self._close(self._open.pop())
                return

    def handle_data(self, data: str) -> None:
        """Give text to the block or to whatever collects it."""
        if self._block is not None:
            self._block.append(data)
            return
        for element in self._collecting:
            element.text.append(data)

    def finish(self) -> None:
        """Close what is open at the end of the document."""
        if self._block is not None:
            self.blocks.append("".join(self._block))
        while self._open:
            self._close(self._open.pop())

    def _owner(self) -> dict[str, Any] | None:
        return next((element.item for element in reversed(self._open) if element.item is not None), None)

    def _close(self, element: _Open) -> None:
        if element.collects:
            self._collecting.remove(element)
            self._set(element.owner, element.collects, " ".join("".join(element.text).split()))

    @staticmethod
    def _attribute(tag: str, given: dict[str, str]) -> str | None:
        if tag == "time":
            return given.get("datetime")
        name = _SOURCES.get(tag)
        return given.get(name, "").strip() if name else None

    @staticmethod
    def _set(owner: dict[str, Any] | None, properties: tuple[str, ...], value: Any) -> None:
        if owner is None:
            return
        for each in properties:
            name = each.rstrip("/#").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
            if name not in owner:
                owner[name] = value
            elif isinstance(owner[name], list):
                owner[name].append(value)
            else:
                owner[name] = [owner[name], value]
