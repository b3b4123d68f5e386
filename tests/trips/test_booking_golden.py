"""Golden pairs: every document of tests/golden/bookings is read as the file beside it says.

A new case is a new file. `python -m tests.trips.test_booking_golden` writes missing expectations, to be read by a person.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from safeconduct.trips.bookings.asjson import reservation_json
from safeconduct.trips.bookings.containers import read_document
from safeconduct.trips.bookings.model import Findings
from safeconduct.trips.bookings.reading import interpreted
from tests.trips.shipped_atlas import shipped_atlas

GOLDEN = Path(__file__).parent.parent / "golden" / "bookings"
CONTEXT = date(2026, 11, 24)
CASES = sorted(path for path in GOLDEN.iterdir() if not path.name.endswith(".expected.json"))


def outcome(path: Path) -> dict[str, Any]:
    """What is read from a document, in plain values; findings make the way through JSON that they make from a child."""
    findings = read_document(path.read_bytes(), context=CONTEXT)
    findings = Findings.from_json(json.loads(json.dumps(findings.as_json())))
    reading = interpreted(findings, atlas=shipped_atlas(), context=CONTEXT)
    rows = [reservation_json(one, lambda problem: problem.code) for one in reading.reservations]
    for row in rows:
        row["problems"] = [[each["code"], each["field"], each["detail"]] for each in row["problems"]]
    problems = [[problem.code, problem.detail] for problem in reading.problems]
    return {"readers": list(reading.readers), "problems": problems, "reservations": rows}


def expected_path(path: Path) -> Path:
    """The file beside a document."""
    return path.with_name(f"{path.name}.expected.json")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_document_is_read_as_expected(path: Path) -> None:
    assert outcome(path) == json.loads(expected_path(path).read_text(encoding="utf-8"))


def main() -> None:
    """Write what is missing."""
    for path in CASES:
        if not expected_path(path).exists():
            text = json.dumps(outcome(path), ensure_ascii=False, indent=1) + "\n"
            expected_path(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
