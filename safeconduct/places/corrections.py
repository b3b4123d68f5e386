"""Corrections of facts as a CSV file: read with a plan of what would change, applied whole or not at all, written out.

Columns: country, field, value, source, url, checked_on, reason. The value is written like a form's entries in one line
(`entering.Shape.as_line`); the word "unknown" takes a fact away. A file with one refused row changes nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import models, transaction
from django.utils.translation import gettext as _

from safeconduct.lib import csvtable
from safeconduct.lib.errors import Refused
from safeconduct.places.entering.entries import BadEntries
from safeconduct.places.entering.fields import SHAPES
from safeconduct.places.models import Fact, FactOverride
from safeconduct.places.overrides import (
    correct_fact,
    current_corrections,
    is_country,
    source_fault,
)

COLUMNS: Final = ("country", "field", "value", "source", "url", "checked_on", "reason")
NEEDED: Final = ("country", "field", "value", "source", "checked_on", "reason")
UNKNOWN: Final = "unknown"
MOST_ROWS: Final = 2000
MOST_BYTES: Final = 500_000
_COLUMN_OF: Final = {"source_title": "source", "source_url": "url"}


@dataclass(frozen=True, slots=True)
class Planned:
    """One row that can be applied. `was` and `becomes` are values in one line; `number` counts the head as row 1."""

    number: int
    country_code: str
    field: str
    value: Any
    source_title: str
    source_url: str
    reason: str
    checked_on: date
    was: str
    becomes: str
    is_same: bool
    """Whether the very same correction holds already: nothing would be done."""
    loses: tuple[tuple[str, str], ...] = ()
    """Entries (label, text) that are said now and that the row does not repeat: they would be gone."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that is refused, and why."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would do."""

    rows: tuple[Planned, ...]
    refused: tuple[BadRow, ...]

    @property
    def changes(self) -> tuple[Planned, ...]:
        """The rows that would do something."""
        return tuple(row for row in self.rows if not row.is_same)

    @property
    def losing(self) -> tuple[Planned, ...]:
        """The rows that take something away by not repeating it."""
        return tuple(row for row in self.rows if row.loses)

    @property
    def can_apply(self) -> bool:
        """Whether there is something to do and nothing was refused."""
        return bool(self.changes) and not self.refused


def decoded(data: bytes) -> str:
    """The text of a file. Raises Refused when it is neither UTF-8 nor UTF-16, or too large."""
    if len(data) > MOST_BYTES:
        raise Refused("csv.long", _("At most %(most)d kB at once.") % {"most": MOST_BYTES // 1000})
    return csvtable.decoded(data)


def plan_of(text: str) -> Plan:
    """What a file would change and what of it is refused. Raises Refused for what is no such table."""
    planned: list[Planned] = []
    refused: list[BadRow] = []
    seen: dict[tuple[str, str], int] = {}
    shipped = {(row.country_code, row.field): row for row in Fact.objects.all()}
    held = {(row.country_code, row.field): row for row in current_corrections()}
    for number, cells in _table(text):
        try:
            row = _planned(number, cells, shipped, held)
        except Refused as refusal:
            refused.append(BadRow(number, refusal.text))
            continue
        key = (row.country_code, row.field)
        if key in seen:
            refused.append(
                BadRow(number, _("Row %(number)d is about the same field.") % {"number": seen[key]})
            )
            continue
        seen[key] = number
        planned.append(row)
    return Plan(tuple(planned), tuple(refused))


def apply_plan(plan: Plan, *, by: models.Model) -> int:
    """Make every correction of a plan in one transaction; return how many. Raises Refused, and nothing is done."""
    if plan.refused:
        raise Refused("csv.rows", _("Rows are refused: nothing was changed."))
    with transaction.atomic():
        for row in plan.changes:
            correct_fact(
                row.country_code,
                row.field,
                by=by,
                value=row.value,
                source_title=row.source_title,
                source_url=row.source_url,
                reason=row.reason,
                checked_on=row.checked_on,
            )
    return len(plan.changes)


def as_csv(rows: Iterable[FactOverride]) -> str:
    """Corrections as a file that can be read in again."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (
            row.country_code, row.field, line_of(row.field, row.value), row.source_title, row.source_url,
            row.checked_on.isoformat(), row.reason,
        )  # fmt: skip
        writer.writerow([csvtable.guarded(cell) for cell in cells])
    return out.getvalue()


def line_of(field: str, value: Any) -> str:
    """A value in one line; "unknown" for none, empty for a field that cannot be corrected."""
    if value is None:
        return UNKNOWN
    return SHAPES[field].as_line(value) if field in SHAPES else ""


def _table(text: str) -> list[tuple[int, dict[str, str]]]:
    """(row number, column → cell). Raises Refused for what is no such table."""
    rows = csvtable.table(text, needed=NEEDED, most=MOST_ROWS)
    return [(row.number, {name: csvtable.unguarded(cell) for name, cell in row.values.items()}) for row in rows]


def _planned(
    number: int,
    cells: Mapping[str, str],
    shipped: Mapping[tuple[str, str], Fact],
    held: Mapping[tuple[str, str], FactOverride],
) -> Planned:
    """A row as it would be applied. Raises Refused with what is wrong, the column first."""
    code, field = cells.get("country", "").upper(), cells.get("field", "").lower()
    if not is_country(code):
        raise Refused("row.country", _("country: there is no country %(code)s.") % {"code": code[:20] or "–"})
    if field not in SHAPES:
        raise Refused(
            "row.field", _("field: there is no field %(field)s to correct.") % {"field": field[:40] or "–"}
        )
    line = cells.get("value", "")
    try:
        value = None if line.casefold() == UNKNOWN else SHAPES[field].from_line(code, line)
    except BadEntries as error:
        said = "; ".join(
            f"{key}: {text}" if key and key != "value" else text for key, text in error.faults.items()
        )
        raise Refused("row.value", f"value: {said}") from error
    title, url, reason = cells.get("source", ""), cells.get("url", ""), cells.get("reason", "")
    try:
        checked_on = date.fromisoformat(cells.get("checked_on", ""))
    except ValueError:
        raise Refused("row.checked_on", _("checked_on: write the day like 2026-11-24.")) from None
    fault = source_fault(title, url, reason, checked_on)
    if fault is not None:
        raise Refused("row.source", f"{_COLUMN_OF.get(fault[0], fault[0])}: {fault[1]}")
    fact, correction = shipped.get((code, field)), held.get((code, field))
    before = correction.value if correction is not None else fact.value if fact is not None else None
    # A fact that is said to be unknown goes whole, and the row says so itself.
    loses = SHAPES[field].lost(before, value) if before is not None and value is not None else []
    said_now = (value, title, url, reason, checked_on)
    is_same = correction is not None and said_now == (
        correction.value, correction.source_title, correction.source_url, correction.reason, correction.checked_on,
    )  # fmt: skip
    return Planned(
        number=number, country_code=code, field=field, value=value, source_title=title, source_url=url, reason=reason,
        checked_on=checked_on, was=line_of(field, before), becomes=line_of(field, value), is_same=is_same, loses=tuple(loses),
    )  # fmt: skip
