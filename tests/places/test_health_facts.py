"""Yellow fever, malaria and tap water: only what two sources say, and in the reader's words."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from django.utils import translation

from safeconduct.places.factwords import Words
from safeconduct.places.files import DATA, read_rows, write_rows
from safeconduct.places.statements import health

# What the typed tables say of how many countries.
KNOWN = {"yellow_fever": 244, "yellow_fever_certificate": 24, "malaria": 232, "tap_water": 125}


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str, str, dict[str, str]], Path]:
    """Change one row of a copy of the typed tables."""

    def changed(name: str, iso2: str, cells: dict[str, str]) -> Path:
        (tmp_path / "typed").mkdir(exist_ok=True)
        shutil.copy(DATA / "country.csv", tmp_path / "country.csv")
        for table in ("yellow_fever.csv", "malaria.csv", "tap_water.csv"):
            rows = list(read_rows(DATA / "typed" / table))
            if table == name:
                rows = [row | cells if row["iso2"] == iso2 else row for row in rows]
            head = list(rows[0])
            write_rows(tmp_path / "typed" / table, head, [[row[column] for column in head] for row in rows])
        return tmp_path

    return changed


def said(data: Path, field: str, iso2: str) -> dict[str, object] | None:
    """What is stated of a country; None when nothing is."""
    found = [f for f in health.statements(data) if (f.field, f.country_code) == (field, iso2)]
    return found[0].value if found else None


def test_the_shipped_tables_hold() -> None:
    assert health.problems(DATA) == []


def test_how_much_is_known() -> None:
    counts = dict.fromkeys(KNOWN, 0)
    for fact in health.statements(DATA):
        counts[fact.field] += 1
    assert all(counts[field] >= least for field, least in KNOWN.items()), counts


def test_each_statement_names_two_different_known_sources_and_a_day() -> None:
    known = {source.src for source in health.SOURCES}
    for fact in health.statements(DATA):
        assert {fact.src, fact.src2} <= known and fact.src != fact.src2 and fact.checked, fact


def test_every_source_is_cited_and_has_an_address() -> None:
    cited = {
        row[c]
        for name in ("yellow_fever", "malaria", "tap_water")
        for row in read_rows(DATA / "typed" / f"{name}.csv")
        for c in row
        if c.endswith(("src", "src2"))
    }
    assert {source.src for source in health.SOURCES} == cited - {""} | health.VALIDITY
    assert all(source.url.startswith("http") and source.licence for source in health.SOURCES)


def test_spot_checks() -> None:
    assert said(DATA, "yellow_fever", "GH") == {"risk": "all"}
    assert said(DATA, "yellow_fever", "PE") == {"risk": "part"}
    assert said(DATA, "yellow_fever", "FR") == {"risk": "none"}
    assert said(DATA, "yellow_fever", "RW") is None
    certificate = said(DATA, "yellow_fever_certificate", "ML")
    assert certificate == {"cert": "all_arrivals", "min_age_months": 12, "transit_hours": None}
    kenya = said(DATA, "malaria", "KE")
    assert kenya == {"level": "all", "altitude_m": 2500, "months": [], "species": ["falciparum"]}
    assert said(DATA, "malaria", "SY") is None
    assert said(DATA, "tap_water", "DE") == {"level": "safe"}
    assert said(DATA, "tap_water", "ZA") is None


@pytest.mark.parametrize(
    ("name", "field", "second"),
    [
        ("yellow_fever.csv", "yellow_fever", "src2"),
        ("yellow_fever.csv", "yellow_fever_certificate", "cert_src2"),
        ("malaria.csv", "malaria", "src2"),
        ("tap_water.csv", "tap_water", "src2"),
    ],
)
def test_a_row_without_a_second_source_is_refused_and_not_stated(
    change: Callable[[str, str, dict[str, str]], Path], name: str, field: str, second: str
) -> None:
    assert said(DATA, field, "ML") is not None
    data = change(name, "ML", {second: ""})
    assert said(data, field, "ML") is None
    assert health.problems(data) == [f"{name}, ML, {field}: has a value and not two sources"]


def test_one_source_named_twice_is_one_source(change: Callable[[str, str, dict[str, str]], Path]) -> None:
    data = change("malaria.csv", "GH", {"src": "cdc-malaria-2018", "src2": "cdc-malaria-2018"})
    assert said(data, "malaria", "GH") is None
    assert health.problems(data) == ["malaria.csv, GH, malaria: names one source twice"]


@pytest.mark.parametrize(
    ("name", "iso2", "cells", "problem"),
    [
        ("malaria.csv", "GH", {"level": "high"}, "malaria.csv, GH: level is high"),
        ("malaria.csv", "GH", {"months": "0;13"}, "malaria.csv, GH: months are 0;13"),
        ("malaria.csv", "GH", {"species": "virus"}, "malaria.csv, GH: species are virus"),
        ("malaria.csv", "KE", {"altitude_m": "25000"}, "malaria.csv, KE: altitude_m is 25000"),
        ("malaria.csv", "FR", {"species": "vivax"}, "malaria.csv, FR: details without a risk"),
        ("malaria.csv", "FR", {"src2": "hearsay"}, "malaria.csv, FR, malaria: unknown source hearsay"),
        ("malaria.csv", "FR", {"checked": "2999-01-01"}, "malaria.csv, FR: was checked in the future"),
        ("malaria.csv", "FR", {"checked": "soon"}, "malaria.csv, FR: checked is no date: soon"),
        ("malaria.csv", "FR", {"checked": ""}, "malaria.csv, FR: cites a source and was never checked"),
        ("malaria.csv", "FR", {"iso2": "ZZ"}, "malaria.csv has 250 rows, not one for each of 250 codes"),
        ("tap_water.csv", "DE", {"level": "fine"}, "tap_water.csv, DE: level is fine"),
        ("yellow_fever.csv", "ML", {"cert": "maybe"}, "yellow_fever.csv, ML: cert is maybe"),
        ("yellow_fever.csv", "ML", {"min_age_months": "7"}, "yellow_fever.csv, ML: min_age_months is 7"),
        (
            "yellow_fever.csv",
            "ML",
            {"transit_hours": "12"},
            "yellow_fever.csv, ML: transit_hours does not go with cert",
        ),
        (
            "yellow_fever.csv",
            "GH",
            {"risk": "none"},
            "yellow fever: GH is on the WHO's list and has no risk here",
        ),
        ("yellow_fever.csv", "FR", {"risk": "all"}, "yellow fever: FR has a risk and is not on the list"),
    ],
)
def test_what_does_not_hold_is_named(
    change: Callable[[str, str, dict[str, str]], Path],
    name: str,
    iso2: str,
    cells: dict[str, str],
    problem: str,
) -> None:
    assert problem in health.problems(change(name, iso2, cells))


def words(field: str, value: Mapping[str, object], lang: str) -> str:
    """A value in the words of a language."""
    with translation.override(lang):
        return health.WRITERS[field](Words(lang), value)


def test_words_in_english() -> None:
    assert words("yellow_fever", {"risk": "part"}, "en") == "Risk in parts of the country"
    certificate = {"cert": "from_risk_or_transit12h", "min_age_months": 9, "transit_hours": 12}
    assert words("yellow_fever_certificate", certificate, "en") == (
        "Required when arriving from a country with risk of yellow fever, and after more than 12 hours in transit "
        "at one of its airports. From the age of 9 months. "
        "It counts from the 10th day after the vaccination, and for life."
    )
    everybody = {"cert": "all_arrivals", "min_age_months": 12, "transit_hours": None}
    assert "From the age of 1 year." in words("yellow_fever_certificate", everybody, "en")
    season = {"level": "part", "altitude_m": 1500, "months": [3, 4, 5, 6, 7, 8, 9, 10, 11], "species": ["falciparum", "vivax"]}
    assert words("malaria", season, "en") == (
        "Risk in parts of the country below 1,500 m. Season: March – November. Species: P. falciparum, P. vivax."
    )
    assert words("tap_water", {"level": "not_safe"}, "en") == "Not to be drunk without boiling or treating it"


def test_numbers_and_months_are_those_of_the_reader() -> None:
    season = {"level": "all", "altitude_m": 2500, "months": [3, 11], "species": ["falciparum"]}
    german, french = words("malaria", season, "de"), words("malaria", season, "fr")
    assert "2.500" in german and "März" in german
    assert "2\u202f500" in french and "mars" in french


@pytest.mark.parametrize(
    ("months", "said"),
    [
        ([11, 12, 1, 2, 3, 4], "November – April"),
        ([1, 2, 3, 4, 11, 12], "November – April"),
        ([12, 1], "December – January"),
        ([10], "October"),
        ([3, 4, 5, 10, 11, 12], "March – May, October – December"),
        ([1, 6, 7], "January, June – July"),
        (list(range(1, 13)), "the whole year"),
    ],
)
def test_a_season_runs_over_new_year_and_may_be_two(months: list[int], said: str) -> None:
    value = {"level": "all", "altitude_m": None, "months": months, "species": []}
    assert words("malaria", value, "en") == f"Risk in the whole country. Season: {said}."


@pytest.mark.parametrize("field", sorted(health.WRITERS))
def test_a_value_that_nobody_knows_has_no_words(field: str) -> None:
    empty = {"risk": "", "cert": "", "level": "", "min_age_months": None, "transit_hours": None}
    assert words(field, empty | {"altitude_m": None, "months": [], "species": []}, "en") == ""


def test_no_risk_is_said_plainly() -> None:
    none: dict[str, object] = {"level": "none", "altitude_m": None, "months": [], "species": []}
    assert words("malaria", none, "en") == words("yellow_fever", {"risk": "none"}, "en") == "No risk"
    assert words("yellow_fever_certificate", {"cert": "none"}, "en") == "No certificate is asked for"
