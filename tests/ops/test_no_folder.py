"""A command in a place where nothing was set up says so, and leaves the place as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from safeconduct.lib import folder

ROOT = Path(__file__).resolve().parents[2]


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SAFECONDUCT_HOME": str(home)}
    environment.pop("DATABASE_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "safeconduct.config.cli", *arguments],
        env=environment, cwd=ROOT, text=True, capture_output=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("is_there", [True, False])
def test_one_line_and_no_file(tmp_path: Path, is_there: bool) -> None:
    home = tmp_path / "data"
    if is_there:
        home.mkdir()
    done = run(home, "alerts", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"nothing was set up in {home} (SAFECONDUCT_HOME)")
    assert len(done.stderr.splitlines()) == 1
    # A database left there would make it somebody's folder, and no place for a demonstration any more.
    assert home.exists() == is_there
    assert not any(tmp_path.rglob("*.*"))


def test_help_wants_no_folder(tmp_path: Path) -> None:
    assert run(tmp_path / "data", "alerts", "--help").returncode == 0


def test_a_folder_that_was_set_up_is_worked_in(tmp_path: Path) -> None:
    folder.mark(tmp_path, "test")
    assert "nothing was set up" not in run(tmp_path, "alerts").stderr
