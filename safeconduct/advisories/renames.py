"""Entries that a register calls otherwise than before: one that is gone and one that is new, and both are the same.

The rule is the publisher's own words, never likeness: the same countries, and the same title but for its level, or the
same page. Where two may be meant, none is. What is recognised keeps its history, and nobody is told that it ended.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime

from django.db import transaction

from safeconduct.advisories.cleaning import plain, web_address
from safeconduct.advisories.countrynames import codes_of
from safeconduct.advisories.entries import Decided
from safeconduct.advisories.models import Advisory
from safeconduct.advisories.parsed import ParsedRegister
from safeconduct.advisories.registers import judged_by, listed_in
from safeconduct.feeds.models import Source
from safeconduct.places.folding import fold

_LEVEL = re.compile(r"(?i)\b(?:watch|alert|warning)?\W*level\W*\d\b")

Key = tuple[str, tuple[str, ...], str]
"""(category, countries, title without its level or address)."""


def follow_renames(
    parsed: ParsedRegister, source: Source, decided: Decided, at: datetime, *, is_late: bool
) -> int:
    """Give entries of a whole register that only got another identifier the new one; return how many.

    `at`: when it was received. `is_late`: a later register was read; what is known from after `at` takes no name from
    this one. Call it before the register is written.
    """
    if not parsed.is_register or not source.lists_all:
        return 0
    listed = listed_in(parsed)
    known = set(source.advisories.filter(identifier__in=listed).values_list("identifier", flat=True))
    fresh: dict[Key, set[str]] = defaultdict(set)
    for one in parsed.advisories:
        identifier = one.identifier[:200]
        if identifier not in known:
            codes = codes_of(one.place[:200], one.scheme[:10], decided=decided) or ()
            for key in _keys(one.category, codes, plain(one.title), one.original_level, web_address(one.url)):
                fresh[key].add(identifier)
    if not fresh:
        return 0
    gone: dict[Key, set[str]] = defaultdict(set)
    standing = judged_by(source, at, is_late=is_late).exclude(identifier__in=listed)
    entries: dict[str, list[Advisory]] = defaultdict(list)
    for row in standing.order_by("pk"):
        entries[row.identifier].append(row)
    for identifier, rows in entries.items():
        first, codes = rows[0], tuple(row.country_code for row in rows)
        for key in _keys(first.category, codes, first.title, first.original_level, first.url):
            gone[key].add(identifier)
    return _rename(source, _pairs(gone, fresh))


def _keys(category: str, codes: tuple[str, ...], title: str, wording: str, url: str) -> list[Key]:
    if not codes:
        return []
    bare = fold(_LEVEL.sub(" ", title.replace(wording, " ") if wording else title))
    where = tuple(sorted(codes))
    return [(category, where, one) for one in (bare, url) if one]


def _pairs(gone: dict[Key, set[str]], fresh: dict[Key, set[str]]) -> dict[str, str]:
    """Identifier before → now, each once and without doubt."""
    found: dict[str, set[str]] = defaultdict(set)
    for key, new in fresh.items():
        for old in gone.get(key, ()):
            found[old] |= new
    single = {old: next(iter(new)) for old, new in found.items() if len(new) == 1}
    taken = list(single.values())
    return {old: new for old, new in single.items() if taken.count(new) == 1}


def _rename(source: Source, pairs: dict[str, str]) -> int:
    for old, new in pairs.items():
        with transaction.atomic():
            source.advisories.filter(identifier=old).update(identifier=new)
            source.links.filter(key=old).update(key=new)
    return len(pairs)
