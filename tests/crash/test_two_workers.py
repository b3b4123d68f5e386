"""The short form of the proof in two_workers.py; docs/evidence/two-workers.md holds the long one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(connection.vendor != "postgresql", reason="two workers share one SQLite file by waiting")
def test_two_workers_share_the_work_and_tell_nobody_twice() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SAFECONDUCT_HOME"}
    run = subprocess.run(
        [sys.executable, "-m", "tests.crash.two_workers", "--people", "120", "--lease", "4", "--no-report"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    shown = json.loads(run.stdout)
    assert shown["problems"] == []
    assert (shown["people"], shown["kills"]) == (120, 2)
    assert shown["exposures"] == 240
    assert (shown["told_of_the_storm"], shown["told_of_its_end"]) == (120, 120)
    assert (shown["duplicates"], shown["untold"], shown["unsent"]) == (0, 0, 0)
    assert shown["polls_taken_over"] >= 1
    assert len(shown["shared"]["notify_notice"]) >= 2
    assert len(shown["shared"]["outbox_delivery"]) >= 2
