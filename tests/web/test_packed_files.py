"""Packed copies of static files: made, kept up to date, taken away."""

from __future__ import annotations

import gzip
import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

ASSETS = Path(__file__).resolve().parent.parent.parent / "frontend" / "assets.py"


@pytest.fixture
def assets(tmp_path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("assets_under_test", ASSETS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PACKAGE = tmp_path  # type: ignore[attr-defined]
    (tmp_path / "web" / "static").mkdir(parents=True)
    return module


def test_copies_follow_their_files(assets: ModuleType, tmp_path: Path) -> None:
    static = tmp_path / "web" / "static"
    sheet, small, picture = static / "a.css", static / "b.css", static / "c.png"
    sheet.write_text("a{color:red}" * 200)
    small.write_text("b{}")
    picture.write_bytes(b"x" * 4000)
    assets.packed_files()
    copy = static / "a.css.gz"
    assert gzip.decompress(copy.read_bytes()) == sheet.read_bytes()
    assert sorted(path.name for path in static.iterdir()) == ["a.css", "a.css.gz", "b.css", "c.png"]
    # Another text, a newer file: another copy.
    sheet.write_text("a{color:blue}" * 200)
    os.utime(sheet, (copy.stat().st_mtime + 5, copy.stat().st_mtime + 5))
    assets.packed_files()
    assert gzip.decompress(copy.read_bytes()) == sheet.read_bytes()
    sheet.unlink()
    assets.packed_files()
    assert not copy.exists()
