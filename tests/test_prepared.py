"""What is kept of the test database is used whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import prepared
from tests.conftest import PLACES

NAME = "file:tests_of_prepared?mode=memory&cache=shared"


@pytest.fixture
def kept(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], prepared.Store]:
    """Return a function: a state → a store whose folder holds a database and an index of the state “a”."""
    monkeypatch.setattr(prepared, "_indexes", {})
    settings.SAFECONDUCT_HOME = tmp_path / "home"
    folder = tmp_path / "kept"
    folder.mkdir()
    (tmp_path / "places-1.index").write_bytes(b"index" * 1000)
    with closing(sqlite3.connect(":memory:")) as whole:
        whole.executescript("create table place (name); insert into place values ('Lisbon');")
        prepared.Store(folder, "a").keep(whole, tmp_path / "places-1.index")
    return lambda state: prepared.Store(folder, state)


def test_a_whole_one_is_copied(kept: Callable[[str], prepared.Store], tmp_path: Path) -> None:
    filled = kept("a").fill(NAME)
    assert filled is not None
    with closing(filled), closing(sqlite3.connect(NAME, uri=True)) as other:
        assert other.execute("select name from place").fetchall() == [("Lisbon",)]
    index = tmp_path / "home/cache/places-1.index"
    assert index.read_bytes() == b"index" * 1000
    index.unlink()
    prepared.put_index_back()
    assert index.read_bytes() == b"index" * 1000


def test_another_state_is_not_taken(kept: Callable[[str], prepared.Store]) -> None:
    assert kept("b").fill(NAME) is None


@pytest.mark.parametrize("name", [prepared.DATABASE, prepared.INDEX, prepared.CONTENTS])
@pytest.mark.parametrize("harm", ["cut", "a byte changed", "gone"])
def test_a_damaged_one_is_not_taken(kept: Callable[[str], prepared.Store], name: str, harm: str) -> None:
    path = kept("a").folder / name
    raw = path.read_bytes()
    middle = len(raw) // 2
    path.unlink()
    if harm == "cut":
        path.write_bytes(raw[:middle])
    elif harm == "a byte changed":
        path.write_bytes(raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :])
    assert kept("a").fill(NAME) is None


def test_the_state_follows_what_it_is_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert prepared.state_of(PLACES) == prepared.state_of(sorted(PLACES))
    assert prepared.state_of(PLACES) != prepared.state_of(PLACES - {"KE"})
    monkeypatch.setattr(prepared, "PACKAGE", tmp_path)
    empty = prepared.state_of(PLACES)
    (tmp_path / "trips/migrations").mkdir(parents=True)
    (tmp_path / "trips/migrations/0001_initial.py").write_text("")
    assert prepared.state_of(PLACES) != empty
