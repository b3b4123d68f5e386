"""Files of entry rules: which of the two shapes one has, our own columns, the template, the export, refused rows. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from safeconduct.advice import matrix
from safeconduct.advice.details import COLUMNS, NEEDED, RuleDetails
from safeconduct.lib.csvtable import Row, decoded, guarded, table, unguarded

MOST_ROWS: Final = 5000
MOST_BYTES: Final = 5_000_000
TEMPLATE: Final = (
    {
        "destination": "ZZ", "kind": "visa", "answer": "not_required", "passports": "DE FR", "stay_days": "90",
        "text": "An invented example: replace ZZ by a country.", "source": "Embassy of Example",
        "source_url": "https://embassy.example.org/visa", "source_date": "2026-11-24", "review_on": "2027-05-24",
    },
    {
        "destination": "ZZ", "kind": "test", "answer": "required", "disease": "COVID-19", "condition": "not_vaccinated",
        "lead_days": "2", "also_transit": "yes", "otherwise_not": "yes", "valid_from": "2026-12-01",
        "source": "Ministry of Health of Example", "source_url": "https://health.example.org/travel",
        "source_date": "2026-11-24",
    },
)  # fmt: skip
"""ZZ is no country: a template that is sent back as it is enters nothing."""


def rows_of(data: bytes) -> tuple[list[Row], bool]:
    """Return the rows of a file and whether it is a visa matrix. Raises Refused with the reason when it is neither."""
    text = decoded(data)
    head = text.lstrip().splitlines()[0].lower() if text.strip() else ""
    is_matrix = matrix.is_matrix([cell.strip(' "') for cell in head.replace(";", ",").replace("\t", ",").split(",")])
    needed, most = (matrix.NEEDED, matrix.MOST_ROWS) if is_matrix else (NEEDED, MOST_ROWS)
    rows = table(text, needed=needed, most=most)
    return [
        Row(row.number, {name: unguarded(cell) for name, cell in row.values.items()}) for row in rows
    ], is_matrix


def template() -> str:
    """Return a file to fill in, with two examples that are refused until somebody names a country."""
    return written(COLUMNS, TEMPLATE)


def as_csv(rules: Iterable[Mapping[str, Any]]) -> str:
    """Return rules (columns of a row by name) as a file of our own that can be read in again."""
    return written(COLUMNS, (_cells(rule) for rule in rules))


def refused_csv(problems: Sequence[Mapping[str, Any]]) -> str:
    """Return the refused rows of a file as they came, with the row's number and what is wrong behind them."""
    names = list(dict.fromkeys(name for row in problems for name in row["cells"]))
    rows = (
        {**row["cells"], "row": str(row["row"]), "problem": "; ".join(f"{one['field']}: {one['text']}" for one in row["problems"])}
        for row in problems
    )  # fmt: skip
    return written([*names, "row", "problem"], rows)


_RENAMED: Final = {"source": "source_name", "source_date": "source_on"}


def _cells(rule: Mapping[str, Any]) -> dict[str, str]:
    return {name: _cell(rule[_RENAMED.get(name, name)]) for name in COLUMNS}


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


def written(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return a CSV file; what a spreadsheet program would take for a formula is guarded."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([guarded(row.get(name, "")) for name in columns] for row in rows)
    return out.getvalue()


def details_as_row(details: RuleDetails) -> dict[str, str]:
    """Return the texts that a form or a file would have for a rule."""
    return _cells(details.values())
