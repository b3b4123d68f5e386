"""Limits hold across processes: two that try at once get ten tries together, not twenty."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

# A database of one table, without the migrations of the whole house.
PREPARE = """
import django; django.setup()
from django.db import connection
from safeconduct.accounts.models import Tries
with connection.schema_editor() as editor:
    editor.create_model(Tries)
"""
TRY = """
import django; django.setup()
from safeconduct.accounts import limits
print("ready", flush=True)
input()
print(sum(limits.take(limits.MEMBERSHIP_NUMBER, "198.51.100.7").is_allowed for _ in range(10)))
"""


def process(program: str, home: Path) -> subprocess.Popen[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "SAFECONDUCT_HOME": str(home), "DJANGO_SETTINGS_MODULE": "safeconduct.config.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parents[2],
    )


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the embedded database is the one of one folder")
def test_two_processes_share_the_ten_tries(tmp_path: Path) -> None:
    (tmp_path / "folder.json").write_text('{"kind": "test"}\n')
    assert process(PREPARE, tmp_path).wait(60) == 0
    both = [process(TRY, tmp_path) for _process in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    allowed = [int(one.communicate(timeout=60)[0]) for one in both]
    assert sum(allowed) == 10, allowed
