"""The common level 1–4 of what a publisher wrote. The mapping is `data/levels.csv`, row by row; nothing is guessed here.

Pure. A wording that no row knows has no level and is named in `unknown`, so that it is counted and shown; parts of a
country are judged by the same rows as the country. Governments do not mean the same by their words: 1–4 is our reading.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safeconduct.advisories.parsed import ParsedArea

TABLE = Path(__file__).parent / "data" / "levels.csv"


@dataclass(frozen=True, slots=True)
class Level:
    """What a wording means on the common scale. `level` None: the country as a whole has none that is known."""

    level: int | None
    level_max: int | None
    """Of the worst part. None: no part is known, or the publisher does not say here how bad its parts are."""
    is_partial: bool
    area_levels: tuple[int | None, ...] = ()
    """One for each area that was handed in, in their order."""
    unknown: tuple[str, ...] = ()
    """Wordings and codes that the table does not know."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. `field`: wording, code, or also (a wording that only adds that parts differ)."""

    field: str
    is_pattern: bool
    text: str
    level: int | None
    level_max: int | None
    is_partial: bool

    def knows(self, written: str) -> bool:
        """Whether the row is about this wording or code."""
        if self.is_pattern:
            return re.search(self.text, written) is not None
        return self.text == written


def level_of(format: str, original_level: str, original_code: str, areas: Iterable[ParsedArea] = ()) -> Level:
    """What the table makes of an entry. The wording decides; the code where the table reads codes or knows no wording."""
    rows = _table().get(format, ())
    level, level_max, is_partial, unknown = _read(rows, original_level, original_code)
    area_levels: list[int | None] = []
    for area in areas:
        found = _read(rows, area.wording, area.code)
        area_levels.append(found[1] if found[1] is not None else found[0])
        unknown += found[3]
    known = [one for one in area_levels if one is not None]
    worst = max([one for one in (level, level_max, *known) if one is not None], default=None)
    if known or level_max is not None:
        differs = is_partial or worst != level or any(one != level for one in area_levels)
        return Level(level, worst, differs, tuple(area_levels), tuple(dict.fromkeys(unknown)))
    if is_partial or area_levels:
        # That parts differ is known, how bad they are is not; nothing is worse than 4.
        return Level(
            level, 4 if level == 4 else None, True, tuple(area_levels), tuple(dict.fromkeys(unknown))
        )
    return Level(level, level, False, (), tuple(dict.fromkeys(unknown)))


def _read(rows: tuple[Row, ...], wording: str, code: str) -> tuple[int | None, int | None, bool, list[str]]:
    """Level, level of the worst part where a row states it, whether parts differ, what no row knows."""
    said = " ".join(wording.replace("’", "'").lower().split())
    unknown: list[str] = []
    is_partial = bool(said) and any(row.field == "also" and row.knows(said) for row in rows)
    by_wording = [row for row in rows if row.field == "wording"]
    if said and by_wording:
        found = next((row for row in by_wording if row.knows(said)), None)
        if found is not None:
            return found.level, found.level_max, is_partial or found.is_partial, unknown
        unknown.append(wording)
    tokens = code.split()
    hits = [
        (token, next((r for r in rows if r.field == "code" and r.knows(token)), None)) for token in tokens
    ]
    if any(row.field == "code" for row in rows):
        unknown += [token for token, row in hits if row is None]
    known = [row for _, row in hits if row is not None]
    level = max([row.level for row in known if row.level is not None], default=None)
    level_max = max([row.level_max for row in known if row.level_max is not None], default=None)
    return (
        level,
        level_max,
        is_partial or (any(row.is_partial for row in known) and level_max != level),
        unknown,
    )


@cache
def _table() -> dict[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["format"], []).append(
                Row(
                    field=row["field"],
                    is_pattern=row["match"] == "pattern",
                    text=row["text"],
                    level=int(row["level"]) if row["level"] else None,
                    level_max=int(row["level_max"]) if row["level_max"] else None,
                    is_partial=row["is_partial"] == "1",
                )
            )
    return {format: tuple(rows) for format, rows in found.items()}
