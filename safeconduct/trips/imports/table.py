"""A table of trips as agencies, registries and spreadsheets write it: one row a stop, the rows of one id are a trip.

Reads words only: what place and which instant they mean is settled by `trips/importing.py`. Nothing is lost: a row
that does not enter comes back as it was, with its reason (`rejected_csv`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.lib.csvtable import Row, guarded, table, unguarded

NEEDED: Final = ("id", "email", "place", "arrive")
COLUMNS: Final = (
    "id", "email", "given_name", "family_name", "language", "title", "kind", "place", "to_place", "arrive", "depart",
    "address", "tentative", "note", "status",
)  # fmt: skip
KEYS: Final = ("place_key", "to_place_key")
"""Read where our own export gives them: a key is never ambiguous."""
MOST_ROWS: Final = 20_000
ADDRESS = re.compile(r"^[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s,;<>]+$")
YES: Final = frozenset({"yes", "y", "true", "1", "x"})
CANCELLED: Final = frozenset({"cancelled", "canceled"})


@dataclass(frozen=True)
class StopRow:
    """One stop in the words of the file. A journey has `to_place`; `number` is the row in the file."""

    number: int
    kind: str
    place: str
    to_place: str
    arrive: str
    depart: str
    address: str
    is_tentative: bool
    note: str


@dataclass(frozen=True)
class TripRow:
    """One trip in the words of the file, stops in the file's order."""

    source_id: str
    email: str
    given_name: str
    family_name: str
    language: str
    title: str
    is_cancelled: bool
    stops: tuple[StopRow, ...]

    @property
    def numbers(self) -> list[int]:
        """Return the rows of the file that this trip is made of."""
        return [stop.number for stop in self.stops]


@dataclass(frozen=True)
class Problem:
    """Why a row did not enter."""

    number: int
    code: str
    text: str


@dataclass(frozen=True)
class Read:
    """What a file says: trips that can be tried, what cannot, and all ids that it names, bad ones too."""

    rows: tuple[Row, ...]
    trips: tuple[TripRow, ...]
    problems: tuple[Problem, ...]
    ids: frozenset[str]


def trips_in(text: str) -> Read:
    """Return the trips of a CSV table (columns: COLUMNS, of which NEEDED must be there).

    Raises Refused when it is no such table or has more than MOST_ROWS rows.
    """
    rows = table(text, needed=NEEDED, most=MOST_ROWS)
    grouped: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for row in rows:
        source_id = _value(row, "id")
        if not source_id or len(source_id) > 80:
            problems.append(
                Problem(row.number, "trip.id", _("Each row needs the id of its trip, 80 characters at most."))
            )
            continue
        grouped.setdefault(source_id, []).append(row)
    trips: list[TripRow] = []
    for source_id, mine in grouped.items():
        fault = _fault(mine)
        if fault is not None:
            problems += whole(fault, [row.number for row in mine])
            continue
        trips.append(_trip(source_id, mine))
    return Read(tuple(rows), tuple(trips), tuple(problems), frozenset(grouped))


def whole(fault: Problem, numbers: Iterable[int]) -> list[Problem]:
    """Return the fault and, for the other rows of the same trip, that they stayed out with it."""
    text = _("Not entered because of row %(number)d of the same trip.") % {"number": fault.number}
    return [
        fault if number == fault.number else Problem(number, "trip.other_row", text) for number in numbers
    ]


def rejected_csv(rows: Sequence[Row], problems: Iterable[Problem]) -> str:
    """Return the rows that did not enter as a table of the same columns with one more, `problem`.

    Cells that a spreadsheet would run as a formula are made text. Mended, the file can be handed in again.
    """
    reasons = {problem.number: problem.text for problem in problems}
    refused = [row for row in rows if row.number in reasons]
    if not refused:
        return ""
    head = list(dict.fromkeys(name for row in refused for name in row.values if name and name != "problem"))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*head, "problem"])
    for row in refused:
        writer.writerow([*(guarded(row.values.get(name, "")) for name in head), guarded(reasons[row.number])])
    return out.getvalue()


def _value(row: Row, name: str) -> str:
    return " ".join(unguarded(row.values.get(name, "")).split())


def _first(rows: Sequence[Row], name: str) -> str:
    return next((value for row in rows if (value := _value(row, name))), "")


def _fault(rows: Sequence[Row]) -> Problem | None:
    address = _first(rows, "email").lower()
    for row in rows:
        mine = _value(row, "email").lower()
        if mine and mine != address:
            return Problem(
                row.number, "trip.two_people", _("The rows of one trip name two e-mail addresses.")
            )
    if not ADDRESS.match(address) or len(address) > 254:
        return Problem(
            rows[0].number, "trip.email", _("“%(text)s” is no e-mail address.") % {"text": address[:80]}
        )
    for row in rows:
        for name in ("place", "arrive"):
            if not _value(row, name):
                text = _("The column %(name)s is empty.") % {"name": name}
                return Problem(row.number, f"trip.{name}", text)
    return None


def _trip(source_id: str, rows: Sequence[Row]) -> TripRow:
    return TripRow(
        source_id=source_id,
        email=_first(rows, "email").lower(),
        given_name=_first(rows, "given_name")[:150],
        family_name=_first(rows, "family_name")[:150],
        language=_first(rows, "language").lower(),
        title=_first(rows, "title"),
        is_cancelled=all(_value(row, "status").lower() in CANCELLED for row in rows),
        stops=tuple(_stop(row.number, {name: _value(row, name) for name in (*COLUMNS, *KEYS)}) for row in rows),
    )


def _stop(number: int, said: Mapping[str, str]) -> StopRow:
    return StopRow(
        number=number, kind=said["kind"].lower(), place=said["place_key"] or said["place"],
        to_place=said["to_place_key"] or said["to_place"],
        arrive=said["arrive"], depart=said["depart"], address=said["address"],
        is_tentative=said["tentative"].lower() in YES, note=said["note"][:300],
    )  # fmt: skip
