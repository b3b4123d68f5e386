"""Populations that the countries count otherwise than CLDR: what is shipped, and what is refused."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from safeconduct.places.facts import facts_from
from safeconduct.places.files import DATA, read_rows, write_rows
from safeconduct.places.statements import people


def test_a_countrys_own_figure_stands_in_place_of_cldrs() -> None:
    facts = [fact for fact in facts_from(DATA) if fact.field == "population"]
    found = {fact.country_code: fact for fact in facts}
    assert found["SC"].value == 119_878
    assert found["SC"].src == "east-africa-today"
    assert found["FR"].src == "cldr"
    assert max(Counter(fact.country_code for fact in facts).values()) == 1


def test_the_shipped_rows_hold_and_each_source_is_cited() -> None:
    assert people.problems(DATA) == []
    cited = {row[column] for row in read_rows(DATA / people.TABLE) for column in ("src", "src2")}
    assert {source.src for source in people.SOURCES} == cited - {"", "geonames"}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (["SC", "98200", "2022", "east-africa-today", "", "2026-11-24"], "CLDR says about the same"),
        (["SC", "many", "2022", "east-africa-today", "", "2026-11-24"], "no number of people"),
        (["SC", "119878", "2022", "hearsay", "", "2026-11-24"], "unknown source"),
        (["SC", "119878", "2022", "east-africa-today", "east-africa-today", "2026-11-24"], "unknown source"),
        (["SC", "119878", "2022", "east-africa-today", "", "2999-01-01"], "in the future"),
        (["XX", "119878", "2022", "east-africa-today", "", "2026-11-24"], "no country"),
    ],
)
def test_a_row_that_does_not_hold_is_named(
    row: list[str], problem: str, ships: Callable[[list[list[str]]], Path]
) -> None:
    assert any(problem in said for said in people.problems(ships([row])))


def test_one_country_has_one_row(ships: Callable[[list[list[str]]], Path]) -> None:
    row = ["SC", "119878", "2022", "east-africa-today", "", "2026-11-24"]
    assert "population.csv says something twice of one country" in people.problems(ships([row, row]))


@pytest.fixture
def ships(tmp_path: Path) -> Callable[[list[list[str]]], Path]:
    """Return a function: rows of the table → a data folder with them."""

    def shipped(rows: list[list[str]]) -> Path:
        (tmp_path / "typed").mkdir()
        for name in ("sources.csv", "country.csv"):
            shutil.copy(DATA / name, tmp_path / name)
        write_rows(tmp_path / people.TABLE, ["iso2", "people", "year", "src", "src2", "checked"], rows)
        return tmp_path

    return shipped
