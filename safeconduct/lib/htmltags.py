"""Names of HTML's elements that more than one reader must know."""

from __future__ import annotations

from typing import Final

VOID: Final = frozenset(
    [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    ]
)  # fmt: skip
"""They hold nothing and have no end tag (HTML, 13.1.2); `param` was one and is still read as such."""
