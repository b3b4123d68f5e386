"""How much of a source's own words may stand beside its level: the one place where that is decided.

Title, level word and address are shown of every source. Whatever else the publisher wrote on a change (its note, the
names of parts and what it says of them) is full text, an excerpt, or nothing: a source that may only be linked, or
only be shown complete, is never quoted in part. Complete sections are held together in `queries.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from safeconduct.advisories.cleaning import plain
from safeconduct.feeds.models import Source

EXCERPT_LETTERS: Final = 300
LONGEST_LEVEL_WORD: Final = 80
"""“Avoid non-essential travel (with regional advisories)” is a level word; what is longer is a sentence of the text."""
_PARTLY: Final = frozenset({Source.Display.FULL, Source.Display.EXCERPT})


@dataclass(frozen=True, slots=True)
class Quoted:
    """What of an entry or of one of its versions may be shown anywhere."""

    wording: str
    note: str
    areas: tuple[Mapping[str, Any], ...]


def quoted(source: Source, *, wording: str, areas: Sequence[Mapping[str, Any]], note: str = "") -> Quoted:
    """Return what may be shown of a level's words, its parts and the note on its change."""
    if source.display in _PARTLY:
        shown = excerpt(note) if source.display == Source.Display.EXCERPT else note
        return Quoted(wording, shown, tuple(areas))
    names = [str(area.get("name", "")) for area in areas]
    is_word = len(wording) <= LONGEST_LEVEL_WORD and not any(name and name in wording for name in names)
    return Quoted(wording if is_word else "", "", ())


def excerpt(html: str) -> str:
    """Return the first words of a text, marked where it goes on."""
    words = plain(html)
    return words if len(words) <= EXCERPT_LETTERS else words[:EXCERPT_LETTERS].rsplit(None, 1)[0] + " …"
