"""Golden pairs: every document of tests/golden/<format> is read as the file beside it says.

A new case is a new file. `python -m tests.alerts.test_golden` writes missing expectations, to be read by a person.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from safeconduct.alerts.formats import READERS
from safeconduct.alerts.impact import impact_area
from safeconduct.alerts.normalise import normalise
from safeconduct.alerts.parsed import ParsedAlert
from safeconduct.lib.xml import Unreadable

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(
    path
    for format in READERS
    if (GOLDEN / format).is_dir()
    for path in (GOLDEN / format).iterdir()
    if not path.name.endswith(".expected.json")
)


def outcome(path: Path) -> dict[str, Any]:
    """Return what is read from a document, in plain values."""
    try:
        parsed = READERS[path.parent.name](path.read_bytes())
    except Unreadable as refusal:
        return {"refused": refusal.code, "why": str(refusal)}
    found: dict[str, Any] = {
        "alerts": [_alert(alert) for alert in parsed.alerts],
        "problems": [[item.where, item.problem] for item in parsed.problems],
    }
    if parsed.links:
        found["links"] = [
            {name: value for name, value in vars(link).items() if value} for link in parsed.links
        ]
    return found


def _alert(alert: ParsedAlert) -> dict[str, Any]:
    normal, impact = normalise(alert), impact_area(alert)
    return {
        "identifier": alert.identifier,
        "sender": alert.sender,
        "sent": _iso(alert.sent_at),
        "msg_type": alert.msg_type,
        "status": alert.status,
        "scope": alert.scope,
        "keys": list(alert.keys),
        "references": [[item.sender, item.identifier, item.sent] for item in alert.references],
        "infos": [
            {
                "language": info.language,
                "event": info.event,
                "headline": info.headline,
                "description": info.description,
                "instruction": info.instruction,
                "web": info.web,
                "codes": [info.urgency, info.severity, info.certainty],
                "areas": [
                    [
                        area.description,
                        len(area.polygons),
                        len(area.circles),
                        [list(g) for g in area.geocodes],
                    ]
                    for area in info.areas
                ],
            }
            for info in alert.infos
        ],
        "normal": {
            "event_type": normal.event_type,
            "codes": [normal.urgency, normal.severity, normal.certainty],
            "onset": _iso(normal.onset_at),
            "expires": _iso(normal.expires_at),
            "countries": list(normal.countries),
            "is_over": normal.is_over,
        },
        "impact": {
            "origin": impact.origin,
            "note": impact.note,
            "box": [round(value, 2) for value in impact.geometry.bounds] if impact.geometry else None,
            "kind": impact.geometry.geom_type if impact.geometry else None,
        },
        "notes": list(alert.notes),
    }


def _iso(at: Any) -> str | None:
    return at.isoformat() if at else None


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_document_is_read_as_written_down(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))
    assert outcome(path) == expected


if __name__ == "__main__":
    for case in CASES:
        target = case.with_suffix(".expected.json")
        if not target.exists():
            text = json.dumps(outcome(case), ensure_ascii=False, indent=1)
            target.write_text(text + "\n", encoding="utf-8")
