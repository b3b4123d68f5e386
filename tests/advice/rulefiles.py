"""Small files of entry rules, for tests."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

from safeconduct.advice.actions import import_file
from safeconduct.advice.details import RuleDetails, read_details
from safeconduct.advice.models import EntryRule, RuleImport

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
AS_OF = date(2026, 11, 1)
ROW = {"destination": "KE", "kind": "visa", "answer": "required", "source": "Embassy of Kenya", "source_date": "2026-11-20"}


def rule_details(**more: str) -> RuleDetails:
    """Return what a rule says: ROW with changes."""
    found = read_details({**ROW, **more}, today=TODAY)
    assert found.details is not None, found.problems
    return found.details


def own(*rows: dict[str, str]) -> bytes:
    """Return a file of our columns; a row is ROW with changes."""
    full = [{**ROW, **row} for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for row in full for name in row)))
    writer.writeheader()
    writer.writerows(full)
    return out.getvalue().encode()


def matrix(*rows: tuple[str, str, str], head: str = "Passport,Destination,Requirement") -> bytes:
    """Return a visa matrix in its long form."""
    return "\n".join([head, *(",".join(row) for row in rows)]).encode()


def read(data: bytes, **more: Any) -> RuleImport:
    """Read a file as the command does."""
    return import_file(data, file_name=more.pop("name", "rules.csv"), by=None, **more)


def read_matrix(*rows: tuple[str, str, str], as_of: date = AS_OF, **more: Any) -> RuleImport:
    """Read a matrix of the source “Matrix”."""
    return read(matrix(*rows), as_of=as_of, source=more.pop("source", "Matrix"), **more)


def counts(done: RuleImport) -> tuple[int, int, int, int, int]:
    """Return added, changed, unchanged, ended, refused."""
    return done.added, done.changed, done.unchanged, done.ended, done.refused


def holding() -> set[tuple[str, str, str, str, int | None]]:
    """Return (destination, kind, passports, answer, days) of every rule that holds."""
    rows = EntryRule.objects.holding()
    return set(rows.values_list("destination", "kind", "passports", "answer", "stay_days"))
