"""The index file: shared, made anew for another load, and never a reason for an error page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from safeconduct.places.actions import load_facts
from safeconduct.places.queries import search
from safeconduct.places.searchindex import opening
from safeconduct.places.searchindex.reading import SearchIndex

pytestmark = pytest.mark.django_db


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Let the process open the file again, before and after."""
    opening._opened.clear()
    yield
    opening._opened.clear()


@pytest.fixture
def builds(forgotten: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The states that an index was built for; the bytes are those of the first, building takes seconds."""
    whole = the_file().read_bytes()
    built: list[str] = []

    def build(key: str) -> bytes:
        built.append(key)
        return whole

    monkeypatch.setattr(opening, "build", build)
    return built


def the_file() -> Path:
    search("kenya")
    return opening.path_of(opening._key())


def test_one_file_is_kept_and_mapped(builds: list[str]) -> None:
    path = the_file()
    older = path.with_name("places-older.index")
    older.write_bytes(b"of another load")
    path.unlink()
    opening._opened.clear()
    assert the_file() == path and len(builds) == 1
    assert list(path.parent.glob("places-*.index")) == [path]
    before = path.stat().st_mtime_ns
    opening._opened.clear()
    assert search("kenya")[0].key == "iso:KE"
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("harm", ["cut", "emptied", "a byte changed", "something else", "gone", "a folder"])
def test_a_damaged_file_is_made_again(builds: list[str], harm: str) -> None:
    path = the_file()
    whole = path.read_bytes()
    opening._opened.clear()
    path.unlink()
    if harm == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif harm == "emptied":
        path.write_bytes(b"")
    elif harm == "a byte changed":
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif harm == "something else":
        path.write_bytes(b"no index at all " * 100)
    elif harm == "a folder":
        path.mkdir()
    assert search("kenya")[0].key == "iso:KE"
    assert builds
    if harm == "a folder":
        path.rmdir()
    else:
        assert path.read_bytes() == whole


def test_the_same_tables_make_the_same_bytes(forgotten: None) -> None:
    assert opening.build(opening._key()) == the_file().read_bytes()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can write everywhere")
def test_a_folder_that_cannot_be_written_to(builds: list[str], settings: object, tmp_path: Path) -> None:
    opening._opened.clear()
    tmp_path.chmod(0o500)
    settings.SAFECONDUCT_HOME = tmp_path  # type: ignore[attr-defined]
    assert search("kenya")[0].key == "iso:KE"


def test_a_home_that_is_no_folder(builds: list[str], settings: object, tmp_path: Path) -> None:
    opening._opened.clear()
    (tmp_path / "file").write_text("")
    settings.SAFECONDUCT_HOME = tmp_path / "file"  # type: ignore[attr-defined]
    assert search("kenya")[0].key == "iso:KE"
    assert isinstance(opening.index(), SearchIndex)


def test_another_load_is_another_file(forgotten: None) -> None:
    first = the_file()
    assert search("القاهرة") == []
    load_facts(only={"EG"})
    assert search("القاهرة")[0].name == "Cairo"
    assert opening.path_of(opening._key()) != first


def test_the_page_answers_with_a_damaged_file(builds: list[str], client_of: object, world: object) -> None:
    path = the_file()
    opening._opened.clear()
    path.write_bytes(b"SCPLACES" + bytes(100))
    client: Client = client_of(world.bob)  # type: ignore[operator, attr-defined]
    answer = client.get("/destinations/suggest/", {"q": "nairobi"})
    assert answer.status_code == 200
    assert answer.json()["results"][0]["key"] == "geonames:184745"
    assert builds
