"""What differs between two texts, line by line and, in a changed line, word by word. Pure.

It is for people who read: long stretches without a difference are folded to a count. Texts that have nothing in common
are not taken apart further than lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

KEPT_AROUND: Final = 2
# So few lines are shown rather than counted.
SHORT_STRETCH: Final = 3
# More than a person reads.
MOST_SHOWN: Final = 1500
# Beyond this the exact search takes too long: frequent lines are no anchors then.
EXACT_LINES: Final = 300
MOST_WORDS: Final = 400
# Products of words compared, for a whole text; later lines are shown as a whole.
BUDGET: Final = 1_000_000
# Two lines that share less are two lines, not one that changed.
LEAST_ALIKE: Final = 0.35
_WORD = re.compile(r"\S+\s*|\s+")

Kind = Literal["same", "gone", "new", "changed", "fold"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line: kept, taken out or put in."""

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the comparison. `fold`: `count` lines are left out."""

    kind: Kind
    pieces: tuple[Piece, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Differences:
    """The comparison of two texts."""

    lines: tuple[Line, ...]
    taken_out: int
    put_in: int

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.taken_out or self.put_in)


def differences(before: str, after: str) -> Differences:
    """Compare two texts; spaces at the ends of lines do not count."""
    old, new = _lines(before), _lines(after)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle = _Middle().compared(old[start : len(old) - end], new[start : len(new) - end])
    whole = [*_same(old[:start]), *middle, *_same(old[len(old) - end :])]
    taken_out = sum(line.kind in ("gone", "changed") for line in whole)
    put_in = sum(line.kind in ("new", "changed") for line in whole)
    shown = _folded(whole)
    if len(shown) > MOST_SHOWN:
        shown = [*shown[:MOST_SHOWN], Line("fold", count=len(shown) - MOST_SHOWN)]
    return Differences(tuple(shown), taken_out, put_in)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()] if text.strip() else []


def _same(lines: Sequence[str]) -> list[Line]:
    return [Line("same", (Piece("same", line),)) for line in lines]


class _Middle:
    """Compares what is between the common beginning and end, with a budget."""

    def __init__(self) -> None:
        self.left = BUDGET

    def compared(self, old: list[str], new: list[str]) -> list[Line]:
        is_long = max(len(old), len(new)) > EXACT_LINES
        found: list[Line] = []
        for code, a, b, c, d in SequenceMatcher(None, old, new, autojunk=is_long).get_opcodes():
            if code == "equal":
                found += _same(old[a:b])
            else:
                found += self._replaced(old[a:b], new[c:d])
        return found

    def _replaced(self, old: list[str], new: list[str]) -> list[Line]:
        """Lines in the same place: pairs that are alike as changed lines, the others gone and new."""
        found: list[Line] = []
        for before, after in zip(old, new, strict=False):
            pieces = self._words(before, after)
            if pieces:
                found.append(Line("changed", pieces))
            else:
                found += [Line("gone", (Piece("gone", before),)), Line("new", (Piece("new", after),))]
        found += [Line("gone", (Piece("gone", line),)) for line in old[len(new) :]]
        found += [Line("new", (Piece("new", line),)) for line in new[len(old) :]]
        return found

    def _words(self, before: str, after: str) -> tuple[Piece, ...]:
        """The words of two lines; nothing when they are not alike or there is too much to compare."""
        old, new = _WORD.findall(before), _WORD.findall(after)
        cost = len(old) * len(new)
        if not cost or max(len(old), len(new)) > MOST_WORDS or cost > self.left:
            return ()
        self.left -= cost
        matcher = SequenceMatcher(None, [w.rstrip() for w in old], [w.rstrip() for w in new], autojunk=False)
        if matcher.ratio() < LEAST_ALIKE:
            return ()
        pieces: list[Piece] = []
        for code, a, b, c, d in matcher.get_opcodes():
            if code == "equal":
                pieces.append(Piece("same", "".join(new[c:d])))
                continue
            if a < b:
                pieces.append(Piece("gone", "".join(old[a:b])))
            if c < d:
                pieces.append(Piece("new", "".join(new[c:d])))
        return tuple(pieces)


def _folded(lines: Sequence[Line]) -> list[Line]:
    """Without the lines that stand far from any difference."""
    near: set[int] = set()
    for number, line in enumerate(lines):
        if line.kind != "same":
            near.update(range(number - KEPT_AROUND, number + KEPT_AROUND + 1))
    found: list[Line] = []
    far: list[Line] = []
    for number, line in enumerate(lines):
        if number in near:
            found += [*_left_out(far), line]
            far = []
        else:
            far.append(line)
    return found + _left_out(far)


def _left_out(far: list[Line]) -> list[Line]:
    """A count in place of many lines; a few are shown."""
    return [Line("fold", count=len(far))] if len(far) > SHORT_STRETCH else far
