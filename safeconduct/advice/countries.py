"""Countries as people and files write them: two letters, three letters, or a name. Pure.

A name that means several countries, or a part of one, is refused: a rule is about one destination.
"""

from __future__ import annotations

from functools import cache, lru_cache

from safeconduct.advisories.countrynames import NAME, codes_of
from safeconduct.places.files import DATA, read_rows


@cache
def codes() -> frozenset[str]:
    """Every country and territory that there is a place for: ISO 3166-1 alpha-2, and XK."""
    return frozenset(_by_three().values())


@cache
def _by_three() -> dict[str, str]:
    return {row["iso3"]: row["iso2"] for row in read_rows(DATA / "country.csv")}


@lru_cache(maxsize=4000)
def code_of(text: str) -> str:
    """Return the code of two letters; empty when no country or more than one is meant."""
    written = text.strip()
    upper = written.upper()
    if len(upper) == 2:
        return upper if upper in codes() else ""
    if len(upper) == 3 and upper in _by_three():
        return _by_three()[upper]
    found = codes_of(written, NAME) if written else None
    return found[0] if found is not None and len(found) == 1 and found[0] in codes() else ""


def listed(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (codes in order, what is none) of a list with spaces, commas or semicolons; only codes, no names."""
    known: dict[str, None] = {}
    wrong = []
    for word in text.replace(",", " ").replace(";", " ").split():
        code = code_of(word) if len(word) <= 3 else ""
        if code:
            known[code] = None
        else:
            wrong.append(word[:20])
    return tuple(sorted(known)), tuple(wrong)
