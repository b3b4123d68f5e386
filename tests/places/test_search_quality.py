"""The first answer is the one that is meant: 338 queries, written before the search was made to answer them, to which
its scores were then adjusted, and 299 that were written and committed before any of them was asked.

Of the second list 94.3 % were right when it was asked first. What it showed to be faults (ties of countries broken by
their code, names in languages that nobody nearby speaks, airports called so behind others near by) was mended for all
names alike: 97.0 % since, of which that list is no proof any more.

The index is made from the shipped files, all of them: the tests' tables hold a few countries only.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from safeconduct.places import queries
from safeconduct.places.files import DATA
from safeconduct.places.loading import wanted_from
from safeconduct.places.searchindex.building import assembled, likeliest_first
from safeconduct.places.searchindex.reading import SearchIndex
from safeconduct.places.searchindex.sections import unpacked

LISTS = ("search_queries.csv", "search_held_out.csv")
GOAL = 0.95
LEAST_OF_A_KIND = 0.85


@pytest.fixture(scope="module")
def every_place() -> SearchIndex:
    """All shipped places."""
    wanted = wanted_from(DATA)
    places = likeliest_first(wanted.places.values())
    names = (
        (number, (name.name, name.langs, name.folded, name.is_whole, name.weight))
        for number, place in enumerate(places)
        for name in wanted.names[place.key]
    )
    return SearchIndex(*unpacked(assembled("files", places, names)))


@pytest.fixture
def first_names(every_place: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Return a function: what is typed → the names of the first three answers."""
    monkeypatch.setattr(queries, "index", lambda: every_place)
    return lambda typed: [hit.name for hit in queries.find(typed, limit=3).hits]


@pytest.mark.parametrize("name", LISTS)
def test_first_answers(name: str, every_place: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "index", lambda: every_place)
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 299
    asked, right, wrong = Counter[str](), Counter[str](), []
    for row in rows:
        hits = queries.find(row["query"], lang=row["lang"], limit=5).hits
        asked[row["kind"]] += 1
        if hits and hits[0].key == row["key"]:
            right[row["kind"]] += 1
        else:
            got = hits[0].key if hits else "nothing"
            wrong.append(f"{row['query']!r} ({row['lang']}, {row['kind']}): {got} instead of {row['key']}")
    told = "\n".join(wrong)
    assert sum(right.values()) >= GOAL * len(rows), told
    assert all(right[kind] >= LEAST_OF_A_KIND * asked[kind] for kind in asked), told


def test_a_large_place_one_error_away_from_a_small_one(first_names: Callable[[str], list[str]]) -> None:
    # What is spelt so stays first.
    assert first_names("Frankfort")[0] == "Frankfort" and "Frankfurt am Main" in first_names("Frankfort")
    assert first_names("Chilee")[0] == "Chile"
    # What only begins so does not, least of all in a language of which the reader says nothing.
    assert first_names("Lindon")[0] == "London"
    assert first_names("Oerlin")[0] == "Berlin"
    # A name that is still being typed is no error in another, nor is a large place's.
    assert first_names("Islamg")[0].startswith("Islamg")
    assert first_names("Manche")[0] == "Manchester"
    found = queries.find("Oerlin", limit=1)
    assert found.understood == "Berlin"
    assert queries.find("Frankfort", limit=1).understood == ""


def test_fewer_errors_in_the_name_of_a_place_that_many_know(first_names: Callable[[str], list[str]]) -> None:
    assert first_names("Gatwik")[0] == "London Gatwick Airport"
    assert first_names("heatrow")[0] == "London Heathrow Airport"
    # Not Togo, which is “Toko” in Maori.
    assert first_names("Toyko")[0] == "Tokyo"


def test_of_two_that_fit_alike_the_one_with_more_people(first_names: Callable[[str], list[str]]) -> None:
    assert first_names("Korea")[:2] == ["South Korea", "North Korea"]


def test_an_airport_of_that_name_comes_before_one_near_by(first_names: Callable[[str], list[str]]) -> None:
    assert first_names("Incheon airport")[0] == "Incheon International Airport"
