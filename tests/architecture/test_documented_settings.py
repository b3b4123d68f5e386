"""docs/configuration.md lists exactly the variables that the product reads."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READS = re.compile(r'environment\.(?:text|boolean|integer|names)\(\s*"([A-Z_]+)"')


def test_configuration_page_lists_what_the_settings_read() -> None:
    read = set(READS.findall((ROOT / "safeconduct/config/settings.py").read_text()))
    read.add("SAFECONDUCT_AT")
    page = (ROOT / "docs/configuration.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", page, flags=re.MULTILINE))
    assert documented == read


def test_no_other_module_reads_the_environment() -> None:
    allowed = {"config/environment.py", "config/settings.py", "config/cli.py", "config/wsgi.py", "lib/clock.py"}
    others = [
        str(path.relative_to(ROOT / "safeconduct"))
        for path in (ROOT / "safeconduct").rglob("*.py")
        if re.search(r"os\.environ\b(?!\.copy\(\)|, )|os\.getenv", path.read_text())
        and str(path.relative_to(ROOT / "safeconduct")) not in allowed
    ]
    assert [path for path in others if not path.startswith(("ops/", "places/build/"))] == []
