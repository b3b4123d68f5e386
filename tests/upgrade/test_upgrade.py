"""Each folder of an earlier version is opened by today's: migrated, nothing lost, the same answers."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.upgrade.build import AT, CLI, ask, command_environment, counts

HERE = Path(__file__).resolve().parent
FOLDERS = sorted(HERE.glob("*.sqlite3.gz"))
# What a later version may add to or take out of: rows that can be made again from what is kept.
REBUILT = ("places_factload", "trips_staycell", "trips_roll")


def test_there_is_a_folder() -> None:
    assert FOLDERS


@pytest.mark.parametrize("packed", FOLDERS, ids=lambda path: path.name)
def test_an_earlier_folder_loses_nothing(packed: Path, tmp_path: Path) -> None:
    kept = json.loads((HERE / packed.name.replace(".sqlite3.gz", ".json")).read_text(encoding="utf-8"))
    (tmp_path / "folder.json").write_text('{"kind": "test"}\n')
    database = tmp_path / "safeconduct.sqlite3"
    with gzip.open(packed) as source, database.open("wb") as target:
        shutil.copyfileobj(source, target)

    migrated = ask_plain(tmp_path, "migrate")
    assert "Traceback" not in migrated
    now = counts(database)
    lost = {table: (rows, now.get(table, 0)) for table, rows in kept["rows"].items()
            if table not in REBUILT and now.get(table, 0) < rows}  # fmt: skip
    assert lost == {}
    today = ask(tmp_path, kept["answers"])
    for name, answers in kept["answers"].items():
        before, after = ([one] if isinstance(one, dict) else one for one in (answers, today[name]))
        for old, new in zip((righted(row) for row in before), after, strict=True):
            assert {key: new.get(key) for key in old} == old, name


def righted(row: dict[str, Any]) -> dict[str, Any]:
    """What an earlier version said of an alert whose time had passed, before the job that ends it ran: “active”."""
    has_passed = row.get("state") == "active" and str(row.get("expires") or "9") < AT
    return row | {"state": "ended"} if has_passed else row


def ask_plain(home: Path, command: str) -> str:
    """Run a command that prints no JSON; its failure fails the test."""
    run = subprocess.run(
        [CLI, command], env=command_environment(home), capture_output=True, text=True, check=True
    )
    return run.stdout + run.stderr
