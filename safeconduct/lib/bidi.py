"""Left-to-right pieces in text that runs from right to left: set apart by the isolates of Unicode (UAX #9). Pure.

A number with a sign or with gaps, a code, a name in Latin letters falls apart between Arabic words: "+254 20" is drawn
as "20 254+", and the bracket that ends a title stands at its beginning. What is set apart keeps its own order. The same
characters serve HTML, PDF and plain text.
"""

from __future__ import annotations

import re
from typing import Final

LRI, PDI = "\u2066", "\u2069"
# Letters, figures and punctuation of scripts that run from right to left.
_RTL: Final = r"\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_HAS_RTL: Final = re.compile(f"[{_RTL}]")
_STRETCH: Final = re.compile(f"[^{_RTL}\n]+")
_WORD: Final = re.compile(r"\S+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_FIGURE: Final = re.compile(r"\d")
_SIGNED: Final = re.compile(r"^\W*[+−-]\d")
_ENDS: Final = ",;:.!?…"
_PAIRS: Final = {"(": ")", "[": "]", "“": "”", "«": "»", '"': '"'}


def isolated(text: str) -> str:
    """The text for a place that runs from right to left, its left-to-right pieces between LRI and PDI, line by line."""
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    if _HAS_RTL.search(line):
        return _STRETCH.sub(lambda found: _stretch(found[0]), line)
    words = list(_WORD.finditer(line))
    return _apart(line, words[0].start(), words[-1].end()) if words and _needs(words) else line


def _stretch(text: str) -> str:
    """What stands between two right-to-left letters: each run of words that belong together is set apart."""
    out, done = [], 0
    for run in _runs(list(_WORD.finditer(text))):
        if _needs(run):
            out.append(_apart(text[done : run[-1].end()], run[0].start() - done, run[-1].end() - done))
            done = run[-1].end()
    return "".join(out) + text[done:]


def _runs(words: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """Words that are read in one go. A figure at the edge with a comma between is its neighbour's: “24, CLDR 48”."""
    first, last = 0, len(words)
    if len(words) > 1 and not _is_latin(words[0]) and words[0][0][-1] in _ENDS:
        first = 1
    if last - first > 1 and not _is_latin(words[-1]) and words[-2][0][-1] in _ENDS:
        last -= 1
    runs = [words[:first], *_figures(words[first:last]), words[last:]]
    return [run for run in runs if run]


def _figures(run: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """Figures without letters: the groups of one number stay together; a per cent sign or a year in brackets ends it."""
    if any(map(_is_latin, run)):
        return [run]
    runs: list[list[re.Match[str]]] = [[]]
    for word in run:
        is_aside = word[0][0] in _PAIRS and not (runs[-1] and _SIGNED.match(runs[-1][0][0]))
        if is_aside or not _FIGURE.search(word[0]):
            runs.append([])
        runs[-1].append(word)
    return runs


def _is_latin(word: re.Match[str]) -> bool:
    return _LETTER.search(word[0]) is not None


def _needs(run: list[re.Match[str]]) -> bool:
    """A figure alone is drawn rightly anywhere; letters, a sign in front, or several groups of figures are not."""
    figures = [word for word in run if _FIGURE.search(word[0])]
    return any(map(_is_latin, run)) or len(figures) > 1 or any(_SIGNED.match(word[0]) for word in figures)


def _apart(text: str, start: int, end: int) -> str:
    """The text with the part from `start` to `end` set apart; commas and brackets around it stay outside."""
    while True:
        while start < end and text[end - 1] in _ENDS:
            end -= 1
        first, last = text[start], text[end - 1]
        core = text[start:end]
        if first in _PAIRS and last == _PAIRS[first] and _closes(core):
            start, end = start + 1, end - 1
        elif last in _PAIRS.values() and last not in _PAIRS and _depth(core, last) < 0:
            end -= 1
        elif first in _PAIRS and first not in _PAIRS.values() and _depth(core, _PAIRS[first]) > 0:
            start += 1
        elif last in _PAIRS and last not in _PAIRS.values():
            end -= 1
        elif first.isspace() or (first in _ENDS and text[start + 1 : start + 2].isspace()):
            # A point without a space belongs to what follows: “.ke”.
            start += 1
        elif last.isspace():
            end -= 1
        else:
            return f"{text[:start]}{LRI}{core}{PDI}{text[end:]}"
        if start >= end:
            return text


def _depth(text: str, closing: str) -> int:
    """How many more of a bracket are opened than closed."""
    opening = next(first for first, last in _PAIRS.items() if last == closing)
    return text.count(opening) - text.count(closing)


def _closes(text: str) -> bool:
    """Whether the bracket that a text begins with is closed by its last character and not before."""
    opening, closing = text[0], text[-1]
    if opening == closing:
        return text.count(opening) == 2
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == opening) - (letter == closing)
        if depth == 0:
            return at == len(text) - 1
    return False
