"""The short form of the proof in kill9.py; docs/evidence/kill9.md holds the long one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_killed_workers_lose_nobody_and_repeat_at_most_the_window() -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SAFECONDUCT_HOME")
    }
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.crash.kill9",
            "--kills",
            "5",
            "--mails",
            "200",
            "--lease",
            "0.4",
            "--no-report",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    shown = json.loads(run.stdout)
    assert shown["problems"] == []
    assert shown["kills"] == 5
    assert shown["distinct_recipients"] == 200
    assert 1 <= shown["in_flight"] <= 5 * 20
    assert shown["repeated"] <= shown["in_flight"]
