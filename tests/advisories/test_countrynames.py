"""Names of countries as the registers write them: every recorded one is known, or listed here with the reason."""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.advisories import countrynames
from safeconduct.advisories.countrynames import codes_of, part_of

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"

recorded = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no recorded samples beside the repository")

KNOWN_UNKNOWN = {
    "Middle East respiratory syndrome coronavirus (MERS-CoV) - update": "names no place",
    "Middle East respiratory syndrome coronavirus (MERS-CoV) – update": "names no place",
    "Human infection with avian influenza A(H7N9) virus – update": "names no place",
    "2001 - Meningococcal disease, serogroup W135 - Update": "names no place",
    "Influenza A(H1N1) - update 55": "names no place",
    "Avian Influenza A(H3N8)": "names no place",
    "Update 65 - Situation in Toronto": "names a city",
    "2001 - Meningococcal disease in the African Meningitis Belt": "a belt that no register of regions defines",
    "2000 - Meningococcal disease in Francen(Update), United Kingdom (Update), Oman, Saudi ARabia, Netherlands":
        "a slip of the pen (“Francen”); the rest alone would be half an answer",
}  # fmt: skip
"""Places of the recorded documents that no table knows, and why that is right."""


@pytest.mark.parametrize(
    ("place", "scheme", "codes"),
    [
        ("JP", "iso2", "JP"), ("jp", "iso2", "JP"), ("XK", "iso2", "XK"), ("PT-20", "iso2", "PT"), ("IC", "iso2", "ES"),
        ("JA", "iso2", None), ("UK", "iso2", None), ("JPN", "iso2", None), ("QZ-1", "iso2", None),
        ("JA", "fips", "JP"), ("SZ", "fips", "CH"), ("CH", "fips", "CN"), ("GZ", "fips", "PS"), ("IS GZ WE", "fips", "IL PS"),
        ("JP", "fips", None), ("JA ZZ", "fips", None), ("JA", "name", None), ("SZ", "title", None), ("JA", "slug", None),
        ("cote-d-ivoire", "slug", "CI"), ("usa", "slug", "US"), ("congo", "slug", "CG"), ("st-maarten", "slug", "SX"),
        ("cook-islands-tokelau-and-niue", "slug", "CK TK NU"), ("bonaire-st-eustatius-saba", "slug", "BQ"),
        ("antarctica-british-antarctic-territory", "slug", "AQ"), ("st-martin-and-st-barthelemy", "slug", "MF BL"),
        ("guinea-bissau", "slug", "GW"), ("atlantis", "slug", None),
        ("Türkei", "name", "TR"), ("Palästinensische Gebiete*", "name", "PS"), ("Corée, Nord (RPDC)", "name", "KP"),
        ("Gambia, The", "name", "GM"), ("Burma (Myanmar)", "name", "MM"), ("Georgia (USA)", "name", None),
        ("Bosnia & Herzegovina", "name", "BA"), ("Trinidad and Tobago and Guyana", "name", "TT GY"),
        ("Antigua and Barbuda, Saint Kitts and Nevis and Dominica", "name", "AG KN DM"),
        ("Israel, the West Bank, and Gaza", "title", "IL PS"), ("Saba and Sint Eustatius", "title", "BQ"),
        ("French West Indies", "title", "GP MQ MF BL"), ("Kingdom of Denmark", "title", "DK FO GL"),
        ("Japan - Level 1: Exercise Normal Precautions", "title", "JP"), ("Switzerland  - Level 1: X", "title", "CH"),
        ("Mexico\xa0Travel Advisory - Level 2", "title", "MX"), ("Iran Travel Advisory", "title", "IR"),
        ("Mexico - See State Summaries - Level 3: Reconsider Travel", "title", "MX"),
        ("China, Hong Kong, and Macau - Level 3: Reconsider Travel - See Individual Summaries", "title", "CN HK MO"),
        ("Ebola in Democratic Republic of the Congo and Uganda", "title", "CD UG"),
        ("Sudan virus disease – Uganda", "title", "UG"), ("Sudan virus disease –Uganda", "title", "UG"),
        ("HIV cases–Pakistan", "title", "PK"), ("Avian influenza - situation in Egypt - update 4", "title", "EG"),
        ("Fever in Guinea and Atlantis", "title", None), ("Fever", "title", None), ("See Individual Summaries -", "title", None),
        ("Oropouche in Central Asia", "title", "KG KZ TJ TM UZ"), ("Polio in Melanesia", "title", "FJ NC PG SB VU"),
        ("Worldwide Caution", "title", "*"), ("Global Measles", "title", "*"), ("Measles in Globe", "title", "*"),
        ("Worldwide Caution: Avoid something", "title", "*"), ("No travel advice", "title", "-"),
        ("", "iso2", None), ("", "title", None), ("France", "unheard-of", None), ("x" * 500, "name", None),
    ],
)  # fmt: skip
def test_places(place: str, scheme: str, codes: str | None) -> None:
    found = codes_of(place, scheme)
    assert found == {None: None, "*": ("",), "-": ()}.get(codes, tuple((codes or "").split()))


def test_the_americas_are_every_country_of_the_region() -> None:
    found = codes_of("Oropouche in the Americas", "title")
    assert found is not None
    assert {"US", "CA", "MX", "BR", "CU", "GL", "FK"} <= set(found)
    assert not {"ES", "", "GB", "AQ"} & set(found)


def test_what_people_decided_stands_above_the_tables() -> None:
    decided = {("title", "Atlantis"): ("GR",), ("title", "Japan"): (), ("slug", "france"): ("DE",)}
    assert codes_of("Atlantis", "title", decided=decided) == ("GR",)
    assert codes_of("Atlantis", "name", decided=decided) is None
    assert codes_of("Japan", "title", decided=decided) == ()
    assert codes_of("france", "name", decided=decided) == ("FR",)


def test_a_part_of_a_country_is_told_from_the_country() -> None:
    assert part_of("PT-20", "iso2") == "PT"
    assert part_of("IC", "iso2") == "ES"
    assert part_of("Saba - Level 1: Exercise Normal Precautions", "title") == "BQ"
    assert part_of("West Bank", "title") == "PS"
    for whole, scheme in (
        ("PT", "iso2"),
        ("Bonaire, Sint Eustatius and Saba", "title"),
        ("WE", "fips"),
        ("palestine", "slug"),
    ):
        assert part_of(whole, scheme) == ""


def _table(name: str) -> list[dict[str, str]]:
    with (countrynames.DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_are_sound() -> None:
    countries = countrynames._countries()
    assert len(countries) == 250
    keys = [countrynames._key(row["name"]) for row in _table("country_names.csv")]
    for row in _table("country_names.csv"):
        assert row["kind"] in {"country", "joint", "part", "worldwide", "none"}
        assert set(row["codes"].split()) <= countries | {"*", "-"}
        assert (row["kind"] == "joint") == (len(row["codes"].split()) > 1)
    doubled = {key for key in keys if keys.count(key) > 1}
    for key in doubled:
        assert (
            len(
                {row["codes"] for row in _table("country_names.csv") if countrynames._key(row["name"]) == key}
            )
            == 1
        )
    fips = {row["fips"]: row["iso2"] for row in _table("fips.csv")}
    assert len(fips) == len(_table("fips.csv")) == 248
    assert set(fips.values()) <= countries
    assert countries - set(fips.values()) == {"AX", "BQ", "UM"}
    for row in _table("regions.csv"):
        assert countrynames._of_regions(row["m49"].split()), row


def test_no_name_means_two_things() -> None:
    """Of the names of three languages none is another country's; where the registers' use differs, it is listed."""
    seen: dict[str, set[str]] = {}
    for language in countrynames.LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in countrynames._countries():
                seen.setdefault(countrynames._key(name), set()).add(code)
    assert {key: codes for key, codes in seen.items() if len(codes) > 1} == {}
    typed = {countrynames._key(row["name"]): row["codes"] for row in _table("country_names.csv")}
    regions = {countrynames._key(row["name"]) for row in _table("regions.csv")}
    assert {key for key, codes in seen.items() if key in typed and {typed[key]} != codes} == set()
    assert not regions & (set(seen) | set(typed))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["iso2", "fips", "slug", "name", "title"]))
def test_no_text_makes_it_fail(place: str, scheme: str) -> None:
    found = codes_of(place, scheme)
    assert found is None or set(found) <= countrynames._countries() | {""}
    part_of(place, scheme)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([", ", " and ", "/", " - ", "(", ")", "in ", "Guinea", "Level 1", "update"]),
        max_size=60,
    )
)
def test_no_pile_of_joints_takes_long(parts: list[str]) -> None:
    codes_of("".join(parts), "title")


def _json(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


def _places() -> Iterator[tuple[str, str, str]]:
    """Every place of every recorded document: (place, scheme, the code that it must mean or nothing)."""
    for path in (SAMPLES / "uk-fcdo").glob("index-*.json"):
        for child in json.loads(path.read_text())["links"]["children"]:
            country = child["details"].get("country") or child["country"]
            yield country["slug"], "slug", ""
            yield country["name"], "name", " ".join(codes_of(country["slug"], "slug") or ())
    for key, entry in _json("ca-gac/index-alpha-eng-2014-10.json")["data"].items():
        yield key, "iso2", ""
        for block in ("eng", "fra"):
            yield (
                html.unescape(entry[block]["name"]),
                "name",
                "" if key == "IL" else " ".join(codes_of(key, "iso2") or ()),
            )
    for path in (SAMPLES / "de-auswaertiges-amt").glob("*.json"):
        for key, entry in json.loads(path.read_text())["response"].items():
            if key.isdigit():
                yield entry["countryCode"], "iso2", entry["countryCode"]
                yield entry["countryName"], "name", entry["countryCode"]
    for entry in _json("au-smartraveller/advisories-2025-02-05.json")["advisories"]:
        yield entry["country"]["name"], "name", entry["country"]["alpha_2"]
    for entry in _json("au-smartraveller/australia_summary-2025-08-15.json"):
        yield entry["destination"], "title", ""
        yield entry["url"].rpartition("/")[2], "slug", ""
    for name in ("us-state/unitedstates_summary-2025-08-14.json", "ca-gac/canada_summary-2026-08-22.json",
                 "uk-fcdo/unitedkingdom_summary-2026-08-22.json"):  # fmt: skip
        for entry in _json(name):
            yield entry["destination"], "title", ""
    for entry in _json("us-state/cadataapi-TravelAdvisories-2026-07-17.json"):
        yield entry["Title"], "title", " ".join(codes_of(entry["Category"][0], "fips") or ())
    for entry in _json("who-don/diseaseoutbreaknews-first-30-of-50.json")["value"]:
        yield entry["Title"], "title", ""


@recorded
def test_every_recorded_place_is_known_or_known_to_be_unknown() -> None:
    unknown, wrong, count = set(), set(), 0
    for place, scheme, expected in _places():
        codes = codes_of(place, scheme)
        count += 1
        if codes is None:
            unknown.add(place)
        elif expected and " ".join(codes) != expected:
            wrong.add((place, scheme, codes, expected))
    assert unknown == set(KNOWN_UNKNOWN)
    assert wrong == set()
    assert count > 6000


@recorded
def test_all_226_slugs_of_the_index_are_known() -> None:
    children = _json("uk-fcdo/index-2026-05-03.json")["links"]["children"]
    found = {codes_of(child["details"]["country"]["slug"], "slug") for child in children}
    assert None not in found
    assert len(found) == 226
