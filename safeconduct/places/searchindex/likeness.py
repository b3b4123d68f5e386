"""Words that look like another one: typing errors, by two bit patterns a word and an exact count of the edits.

A word's letters and its pairs of neighbouring letters are each folded into 64 bits. One typing error changes at most
two letters and three pairs on either side, so a few hundred words of 250,000 remain after one pass over two columns
of numbers, and rapidfuzz counts the edits of those (optimal string alignment: two letters swapped are one edit).
Pure: no ORM, no file. It refuses to say which of the words is meant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Patterns = npt.NDArray[np.uint64]
# Letters of different scripts that share a bit cost some candidates, never an answer.
_LETTER, _PAIR = 31, 131
BLOCK = 8192


def patterns(words: Sequence[str]) -> tuple[Patterns, Patterns]:
    """The letters and the pairs of every word; the beginning and the end count as letters of pairs."""
    letters, pairs = np.zeros(len(words), np.uint64), np.zeros(len(words), np.uint64)
    for number, word in enumerate(words):
        letters[number], pairs[number] = pattern(word)
    return letters, pairs


def pattern(word: str, *, is_whole: bool = True) -> tuple[int, int]:
    """The letters and the pairs of one word; without `is_whole` its end is open."""
    letters = pairs = 0
    before = 0
    for char in word:
        code = ord(char)
        letters |= 1 << (code * _LETTER & 63)
        pairs |= 1 << ((before * _PAIR + code * 7) & 63)
        before = code
    if is_whole:
        pairs |= 1 << ((before * _PAIR) & 63)
    return letters, pairs


def edits_allowed(word: str) -> int:
    """How many errors are forgiven: none in three letters, one in four, two in more."""
    return 0 if len(word) < 4 else 1 if len(word) < 5 else 2


def cost(edits: int, length: int) -> int:
    """What errors cost, in thousandths of a score: two in a short word make it hardly the same word."""
    return 0 if not edits else 120 if edits == 1 else 300 if length > 7 else 450


def having(own: Patterns, wanted: int, most: int) -> npt.NDArray[np.intp]:
    """Where at most `most` bits of the wanted pattern are missing. In blocks: what is in between stays in the cache."""
    least = wanted.bit_count() - most
    pattern_ = np.uint64(wanted)
    found = [
        np.flatnonzero(np.bitwise_count(own[at : at + BLOCK] & pattern_) >= least) + at
        for at in range(0, len(own), BLOCK)
    ]
    return np.concatenate(found) if found else np.zeros(0, np.intp)
