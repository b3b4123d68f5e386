"""Loaded before Django's settings: gives each test process an own, marked, empty data folder.

`DATABASE_URL` is kept, so that the same tests run on PostgreSQL; without it SQLite is used in memory.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

home = Path(tempfile.mkdtemp(prefix="safeconduct-tests-"))
atexit.register(shutil.rmtree, home, ignore_errors=True)
os.environ["SAFECONDUCT_HOME"] = str(home)
(home / "folder.json").write_text('{"kind": "test"}\n')
# Tests start a dozen processes: where Python may leave nothing beside the source, they still compile it only once.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    compiled = Path(__file__).resolve().parent.parent / ".pytest_cache" / "compiled"
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(compiled))
for name in (
    "SAFECONDUCT_AT",
    "SAFECONDUCT_URL",
    "EMAIL_URL",
    "SAFECONDUCT_TRUSTED_PROXIES",
    "SAFECONDUCT_DEBUG",
):
    os.environ.pop(name, None)
os.environ["SAFECONDUCT_LOG_LEVEL"] = "CRITICAL"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "safeconduct.config.settings")
