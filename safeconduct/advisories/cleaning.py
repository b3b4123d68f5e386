"""Publishers' HTML made harmless: a few tags, links to the web, nothing that loads or styles anything. Pure.

What is quoted is quoted whole or cut with a mark that says so; it is never re-worded.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

import nh3

from safeconduct.lib.htmltags import VOID

TAGS: Final = {
    "a", "abbr", "b", "blockquote", "br", "dd", "dl", "dt", "em", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p",
    "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES: Final = {
    "a": {"href"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
DROPPED_WHOLE: Final = {
    "script",
    "style",
    "template",
    "iframe",
    "object",
    "noscript",
    "svg",
    "math",
    "select",
}
LONGEST_RAW: Final = 400_000
"""What comes after is not even cleaned: twice what is kept of a section at most."""
LONGEST_SECTION: Final = 200_000
LONGEST_SUMMARY: Final = 20_000
DEEPEST: Final = 150
"""Elements open at once. Readers of HTML look at every open one for each that begins: 80,000 in each other took 99 s."""
_CLOSED_BY_THE_NEXT: Final = VOID | frozenset(
    ["p", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "html", "head", "body"]
)
"""They end by themselves (HTML, 13.1.2.4) or hold nothing: writers leave them open."""
_SIBLINGS: Final = {"li": frozenset({"li"}), "dd": frozenset({"dd", "dt"}), "dt": frozenset({"dd", "dt"})}
"""Each ends the one before it, when nothing else is open in that."""
_REACHING: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "button",
        "center",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "header",
        "hgroup",
        "listing",
        "main",
        "menu",
        "nav",
        "ol",
        "pre",
        "search",
        "section",
        "summary",
        "table",
        "ul",
    ]
)
"""Their end tag ends what is open in them; that of any other element ends nothing of these (HTML, 13.2.6.4.7)."""
_FENCES: Final = frozenset(["table", "caption", "marquee", "object", "applet", "template", "svg", "math"])
"""What an end tag does not reach through (HTML, 13.2.4.2)."""
_NAME = re.compile(r"<(/?)([A-Za-z][^\s/>]{0,30})[^>]*")
# No tag reaches over the next "<": looked for to the end from each one, 400,000 of them took minutes.
_HEADING = re.compile(r"<(/?)h[12]\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"(?i)<(?:br|/p|/li|/h[1-6]|/td|/tr)\b[^<>]*>")
_EMPTY = re.compile(r"<(p|li|h[3-6]|strong|em|b|i)>(?:\s|&nbsp;)*</\1>")


def clean(html: str, *, base: str = "", longest: int = LONGEST_SECTION) -> tuple[str, bool]:
    """Return the HTML with nothing but `TAGS`, and whether it was cut.

    Links keep their address only when it is http or https, and never say where the reader came from; relative ones
    are relative to `base`, and without one they lose it.
    """
    kept = _not_too_deep(html[:LONGEST_RAW])
    is_cut = len(kept) < len(html)
    # The page has the headings above: a quoted one stands below them.
    cleaned = _cleaned(_HEADING.sub(r"<\1h3>", kept), base)
    if len(cleaned) > longest:
        is_cut = True
        # A tag cut in two is dropped, an open one is closed.
        cleaned = _cleaned(cleaned[:longest].rpartition("<")[0], base) + "<p>[…]</p>"
    return _EMPTY.sub("", cleaned).strip(), is_cut


def _not_too_deep(html: str) -> str:
    """The HTML as far as no more than `DEEPEST` elements are open. When in doubt an element counts as open still."""
    opened: list[str] = []
    for tag in _NAME.finditer(html):
        name = tag[2].lower()
        if name in _CLOSED_BY_THE_NEXT:
            continue
        if tag[1]:
            _end(opened, name)
            continue
        if opened and opened[-1] in _SIBLINGS.get(name, ()):
            opened.pop()
        if len(opened) == DEEPEST:
            return html[: tag.start()]
        opened.append(name)
    return html


def _end(opened: list[str], name: str) -> None:
    """Take an element from the list, with what is open in it."""
    for place in range(len(opened) - 1, -1, -1):
        if opened[place] == name:
            del opened[place:]
            return
        if opened[place] in _FENCES or (opened[place] in _REACHING and name not in _REACHING):
            return


def _cleaned(html: str, base: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags=DROPPED_WHOLE,
        url_schemes={"http", "https"},
        url_relative=("rewrite_with_base", base) if base else "deny",
        link_rel="noopener noreferrer",
        strip_comments=True,
    )


def plain(html: str) -> str:
    """Return the words alone, in one line."""
    return " ".join(unescape(_TAG.sub("", _BREAK.sub(" ", html))).split())


def web_address(url: str) -> str:
    """Return an address that may stand in a link, else nothing."""
    url = url.strip()
    is_web = url.lower().startswith(("http://", "https://")) and len(url) <= 500 and not re.search(r"\s", url)
    return url if is_web else ""
