"""Answers that cannot be a document of any format, told in words that an operator can act on."""

from __future__ import annotations

import re
from html import unescape

_PAGE = re.compile(rb"(?i)<!doctype\s+html|<(html|head|body)[\s>]")
_NO_BLANK = re.compile(rb"\s*")
_SKIPPED = ((b"<!--", b"-->"), (b"<?", b"?>"))
_TITLE = re.compile(rb"(?is)<title[^>]*>(.*?)</title")


def no_feed(body: bytes) -> str:
    """Why an answer cannot be a document of any format: empty, or a web page. Empty text: it may be one."""
    start = body[:20_000].removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        return f"the answer is empty ({len(body):,} bytes)"
    if not _PAGE.match(_without_prologue(start)):
        return ""
    title = _TITLE.search(start)
    words = unescape(title[1].decode("utf-8", "replace")).split() if title else []
    # What a database cannot store or a page cannot show is no part of a title.
    name = "".join(letter for letter in " ".join(words) if letter.isprintable())[:80]
    named = f", titled “{name}”" if name else ""
    return f"the answer is a web page (HTML{named}), not a feed: a log-in or an error page?"


def _without_prologue(start: bytes) -> bytes:
    """What follows declarations and comments. Step by step: one pattern for many of them may take for ever."""
    position = 0
    while True:
        position = _NO_BLANK.match(start, position).end()  # type: ignore[union-attr]  # it always matches
        ending = next((end for begin, end in _SKIPPED if start.startswith(begin, position)), b"")
        found = start.find(ending, position) if ending else -1
        if found < 0:
            return start[position:]
        position = found + len(ending)
