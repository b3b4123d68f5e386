"""A visa matrix in its long form, `Passport,Destination,Requirement`: each row becomes what our rules can say. Pure.

Written for the Passport Index dataset and what its page says of the words. The numbers of its edition of 2019 mean
something else than the numbers of later ones (days of a stay): they are read only when somebody says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.advice import countries
from safeconduct.advice.kinds import NOT_REQUIRED, REFUSED, REQUIRED
from safeconduct.lib.csvtable import Row
from safeconduct.lib.errors import Refused

MOST_ROWS: Final = 70_000
DAYS: Final = "days"
OLD: Final = "2019"
CODINGS: Final = (DAYS, OLD)
NEEDED: Final = ("passport", "destination")
COLUMNS: Final = ("requirement", "code")
SHORTEST_STAY, LONGEST_STAY = 4, 366
"""Less than four days is nobody's stay, and may be a number of the coding of 2019."""
OLD_NUMBERS: Final = frozenset({"-1", "0", "1", "2", "3"})

Says = tuple[tuple[str, str, str, int | None], ...]
"""(kind, answer, how it is got, days of a stay), one or two of one cell."""

_ETA: Final[Says] = (("visa", NOT_REQUIRED, "", None), ("authorisation", REQUIRED, "online", None))
WORDS: Final[Mapping[str, Says]] = {
    "visa required": (("visa", REQUIRED, "before", None),),
    "e-visa": (("visa", REQUIRED, "online", None),),
    "evisa": (("visa", REQUIRED, "online", None),),
    "visa on arrival": (("visa", REQUIRED, "on_arrival", None),),
    "eta": _ETA,
    "visa free": (("visa", NOT_REQUIRED, "", None),),
    "no admission": (("visa", REFUSED, "", None),),
    "covid ban": (("visa", REFUSED, "", None),),
    "-1": (("visa", NOT_REQUIRED, "", None),),
}
"""“-1”: the passport of the destination itself."""
NUMBERS_OF_2019: Final[Mapping[str, Says]] = {
    "3": WORDS["visa free"],
    "2": _ETA,
    "1": WORDS["visa on arrival"],
    "0": (("visa", REQUIRED, "", None),),
    "-1": WORDS["-1"],
}
"""0 does not tell an e-visa from another one."""


@dataclass(slots=True)
class Cells:
    """What the rows say, column by column, and what of them could not be read: (row, column, why)."""

    destinations: list[str] = field(default_factory=list)
    passports: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    obtained: list[str] = field(default_factory=list)
    stays: list[int | None] = field(default_factory=list)
    rows: int = 0
    refused: list[tuple[Row, str, str]] = field(default_factory=list)


def is_matrix(head: Sequence[str]) -> bool:
    """Whether the columns are those of a matrix in its long form."""
    return set(NEEDED) <= set(head) and any(name in head for name in COLUMNS)


def cells_of(rows: Sequence[Row], *, coding: str = "") -> Cells:
    """Read every row. Raises Refused when the numbers are those of 2019 and nobody said so, or the other way round."""
    column = next((name for name in COLUMNS if rows and name in rows[0].values), COLUMNS[0])
    written = {row.values.get(column, "").strip() for row in rows}
    is_old = bool(written) and written <= OLD_NUMBERS
    if is_old and coding != OLD:
        raise Refused(
            "matrix.coding",
            _("Every requirement is a number from -1 to 3: that is the coding of 2019, where 3 is visa free and 0 a visa. Say so to have it converted."),
        )  # fmt: skip
    if coding == OLD and not is_old:
        raise Refused("matrix.coding", _("This is not the coding of 2019: there are other words than the numbers from -1 to 3."))
    found = Cells()
    seen: dict[tuple[str, str], int] = {}
    read = _of_2019 if is_old else _of_words
    for row in rows:
        passport = countries.code_of(row.values.get("passport", ""))
        destination = countries.code_of(row.values.get("destination", ""))
        text = row.values.get(column, "").strip()
        says = read(text)
        problem = _problem(row, passport, destination, text, says, column, seen)
        if problem is not None:
            found.refused.append((row, *problem))
            continue
        seen[passport, destination] = row.number
        found.rows += 1
        for kind, answer, obtained, stay in says:
            found.destinations.append(destination)
            found.passports.append(passport)
            found.kinds.append(kind)
            found.answers.append(answer)
            found.obtained.append(obtained)
            found.stays.append(stay)
    return found


def _problem(
    row: Row, passport: str, destination: str, text: str, says: Says, column: str, seen: Mapping[tuple[str, str], int]
) -> tuple[str, str] | None:
    for name, code in (("passport", passport), ("destination", destination)):
        if not code:
            return name, _("There is no one country “%(text)s”.") % {"text": row.values.get(name, "")[:40] or "–"}
    if (text == "-1") != (passport == destination):
        return column, _("“-1” stands where passport and destination are one country, and nowhere else.")
    if not says:
        return column, _("Not known: %(wrong)s. One of: %(words)s.") % {
            "wrong": text[:40] or "–",
            "words": ", ".join([f"{SHORTEST_STAY}–{LONGEST_STAY}", *WORDS]),
        }
    if (passport, destination) in seen:
        return "destination", _("Row %(number)d is about the same passport and destination.") % {
            "number": seen[passport, destination]
        }
    return None


def _of_2019(text: str) -> Says:
    return NUMBERS_OF_2019.get(text, ())


@lru_cache(maxsize=1000)
def _of_words(text: str) -> Says:
    if text.isascii() and text.isdigit() and len(text) <= 3:
        days = int(text)
        return (("visa", NOT_REQUIRED, "", days),) if SHORTEST_STAY <= days <= LONGEST_STAY else ()
    return WORDS.get(" ".join(text.lower().split()), ())
