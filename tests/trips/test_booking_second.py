"""`kitinerary-extractor` as second reader: a program that may be there, may hang, may fail, and is never needed."""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import date
from pathlib import Path

import pytest

from safeconduct.trips.bookings import kitinerary
from safeconduct.trips.bookings.model import Reading
from safeconduct.trips.bookings.reading import DocumentReader
from tests.trips.documents import html_with
from tests.trips.shipped_atlas import shipped_atlas
from tests.trips.test_bookings import flight

TODAY = date(2026, 11, 24)


def program(folder: Path, script: str) -> str:
    """A program of that name which does as the script says."""
    path = folder / kitinerary.NAME
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def read(second: str, data: bytes, wall: float = 10.0) -> Reading:
    reader = DocumentReader(second)
    try:
        return reader.read(data, atlas=shipped_atlas(), context=TODAY, wall_seconds=wall)
    finally:
        reader.close()


def commands() -> list[str]:
    """The command lines of all processes."""
    done = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_what_it_alone_finds_is_never_sure(tmp_path: Path) -> None:
    value = tmp_path / "answer.json"
    value.write_text(json.dumps([flight()]))
    second = program(tmp_path, f'test "$1 $2" = "-c 2026-11-24" || exit 1; cat > /dev/null; cat {value}')
    (one,) = read(second, b"Dear Jane, thank you for booking AF 815").reservations
    assert one.reader == "kitinerary" and [problem.code for problem in one.problems] == ["one.reader"]
    (both,) = read(second, html_with(flight())).reservations
    assert both.reader == "json-ld+kitinerary" and both.is_sure


def test_it_hangs_and_what_we_read_is_there(tmp_path: Path) -> None:
    seconds = f"60{os.getpid()}"
    second = program(tmp_path, f"exec sleep {seconds}")
    began = time.monotonic()
    (one,) = read(second, html_with(flight()), wall=1.0).reservations
    assert one.reader == "json-ld" and time.monotonic() - began < 5
    assert [line for line in commands() if seconds in line] == []


@pytest.mark.parametrize("script", ["exit 3", "echo this is no JSON", "echo '[{\"@type\": 1}]'"])
def test_it_fails_and_what_we_read_is_there(tmp_path: Path, script: str) -> None:
    (one,) = read(program(tmp_path, script), html_with(flight())).reservations
    assert one.reader == "json-ld" and one.is_sure


def test_it_is_found_where_it_is_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kitinerary, "PLACES", (str(tmp_path / "lib*" / kitinerary.NAME),))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kitinerary.installed() == ""
    (tmp_path / "libexec").mkdir()
    elsewhere = program(tmp_path / "libexec", "exit 0")
    assert kitinerary.installed() == elsewhere
    on_the_path = program(tmp_path, "exit 0")
    assert kitinerary.installed() == on_the_path


def test_it_is_gone_and_what_we_read_is_there(tmp_path: Path) -> None:
    (one,) = read(str(tmp_path / "gone"), html_with(flight())).reservations
    assert one.reader == "json-ld" and one.is_sure


@pytest.mark.skipif(not kitinerary.installed(), reason="kitinerary-extractor is not installed")
def test_the_program_itself_works_within_the_limits() -> None:
    (one,) = read(kitinerary.installed(), html_with(flight()), wall=30.0).reservations
    assert one.reader == "json-ld+kitinerary" and one.is_sure
