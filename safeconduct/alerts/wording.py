"""The words of an alert as one folded text, for searching alike on both databases. Pure: no ORM, no clock.

Both sides of a comparison go through `folded`. Unlike places/folding.py it keeps punctuation and is fast: an alert
in ten languages has thousands of letters and is folded once, when it is stored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 30_000
_MARKS = re.compile("[\u0300-\u036f]+")
_BLANKS = re.compile(r"\s+")
_PARTS = ("headline", "event", "description", "instruction", "sender_name")


def folded(text: str) -> str:
    """Lower case, without Latin, Greek and Cyrillic accents, blanks as one space."""
    if text.isascii():
        return " ".join(text.lower().split())
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", bare)).strip()


def search_text(infos: Iterable[Mapping[str, Any]], area_names: Iterable[str]) -> str:
    """Headlines, texts and areas of every language, folded; what comes after LONGEST letters is left out."""
    parts = [str(info.get(part) or "") for part in _PARTS for info in infos]
    return folded("\n".join(dict.fromkeys([*parts, *area_names]))[:LONGEST])
