"""The shipped data holds what it promises."""

import shutil
import tomllib
from pathlib import Path

import pytest

from safeconduct.places.build.checks import problems_of
from safeconduct.places.build.inputs import PYTHON_PACKAGES
from safeconduct.places.build.sources import KNOWN, notice
from safeconduct.places.files import DATA, TYPED, read_rows, write_rows
from safeconduct.places.shapes import country_shape

ROOT = Path(__file__).resolve().parents[2]


def test_all_invariants_hold() -> None:
    assert problems_of(DATA) == []


def test_a_broken_file_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "data")
    rows = list(read_rows(DATA / "capital.csv"))
    head = list(rows[0])
    broken = [
        row | {"lat": "80", "src": "hearsay"} if row["iso2"] == "KE" else row
        for row in rows
        if row["iso2"] != "FR"
    ]
    write_rows(tmp_path / "data" / "capital.csv", head, [[row[c] for c in head] for row in broken])
    problems = problems_of(tmp_path / "data")
    assert "capital Nairobi lies outside KE" in problems
    assert "FR has no capital" in problems
    assert "capital.csv names unknown source hearsay" in problems


def test_spot_checks() -> None:
    """Things that change and that other lists have wrong."""
    today = "2026-11-24"
    money: dict[str, set[str]] = {}
    for row in read_rows(DATA / "currency.csv"):
        if row["from"] <= today and (not row["to"] or row["to"] >= today):
            money.setdefault(row["iso2"], set()).add(row["code"])
    for code, currency in {
        "BG": "EUR",
        "HR": "EUR",
        "CW": "XCG",
        "SL": "SLE",
        "ZW": "ZWG",
        "KE": "KES",
    }.items():
        assert currency in money[code]
    assert money["BG"] == {"EUR"}
    capitals = {row["iso2"]: row["name"] for row in read_rows(DATA / "capital.csv") if row["seq"] == "1"}
    assert (capitals["KZ"], capitals["FR"], capitals["US"]) == ("Astana", "Paris", "Washington D.C.")
    side = {row["iso2"]: row["drive_side"] for row in read_rows(DATA / "country.csv")}
    assert [side[code] for code in ("CN", "GB", "US", "JP", "KE", "FR", "IN", "AU")] == (
        ["right", "left", "right", "left", "left", "right", "left", "left"]
    )
    # What is nobody's road is not guessed.
    assert side["AQ"] == ""


def test_doubtful_emergency_numbers_are_left_out() -> None:
    shipped = {(row["iso2"], row["service"], row["number"]) for row in read_rows(DATA / "emergency.csv")}
    assert ("FR", "ambulance", "15") in shipped
    assert ("IN", "ambulance", "100") not in shipped
    assert ("CH", "police", "911") not in shipped


def test_pinned_packages_are_those_of_the_requirements_file() -> None:
    lines = (ROOT / "requirements" / "facts.in").read_text("utf-8").splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == set(PYTHON_PACKAGES)


def test_notice_names_every_source() -> None:
    text = (ROOT / "NOTICE").read_text("utf-8")
    assert notice() in text
    assert {row["src"] for row in read_rows(DATA / "sources.csv")} == KNOWN


def test_package_ships_the_data() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "data/**/*" in project["tool"]["setuptools"]["package-data"]["*"]


@pytest.mark.parametrize("row", list(read_rows(TYPED / "map_override.csv")), ids=lambda row: row["region"])
def test_disputed_areas_name_known_codes(row: dict[str, str]) -> None:
    codes = row["codes"].split(";")
    assert codes
    assert all(not country_shape(code).is_empty for code in codes)
