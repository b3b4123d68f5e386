"""What editors and organisations write, as HTML that is safe to show, and as plain lines for citations.

Markdown without raw HTML, cleaned once more; headings begin below those of the page. It refuses what is too long to
read on a phone: a table of thousands of rows is cut off with a word about it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from safeconduct.guides.document import Citation
from safeconduct.guides.models import LONGEST_TEXT
from safeconduct.lib import markdown as markdown_reader

MOST_TABLE_ROWS = 200
# Page and part have headings above those of a text.
HEADINGS_BELOW = 2
_ADDRESS = re.compile(r"https?://\S+")
_ROW = re.compile(r"^\s*\|")


@lru_cache(maxsize=512)
def html_of(markdown: str) -> str:
    """Markdown as cleaned HTML."""
    return str(markdown_reader.html(trimmed(markdown), below=HEADINGS_BELOW))


def preview_of(markdown: str) -> str:
    """The same for a text that is being written: not remembered, it changes with every key."""
    return html_of.__wrapped__(markdown[:LONGEST_TEXT])


def trimmed(markdown: str) -> str:
    """The text with each table cut to the rows that a page can bear; the cut is marked with an ellipsis row."""
    lines: list[str] = []
    rows = 0
    for line in markdown.splitlines():
        rows = rows + 1 if _ROW.match(line) else 0
        if rows <= MOST_TABLE_ROWS:
            lines.append(line)
        elif rows == MOST_TABLE_ROWS + 1:
            lines.append("| … |")
    return "\n".join(lines)


def citations_of(lines: str) -> tuple[Citation, ...]:
    """One citation a line: a title, and an address where there is one."""
    found = []
    for line in lines.splitlines():
        match = _ADDRESS.search(line)
        url = match.group().rstrip(".,;)") if match else ""
        title = _ADDRESS.sub("", line).strip(" \t-–—,;:()") or url
        if title:
            found.append(Citation(title[:300], url[:500]))
    return tuple(found)
