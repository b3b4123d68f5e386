"""Levels: the table is the mapping. Judged against what others read from the same words, where records of that exist."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from safeconduct.advisories.countrynames import codes_of, part_of
from safeconduct.advisories.formats import READERS
from safeconduct.advisories.levels import TABLE, level_of
from safeconduct.advisories.parsed import ParsedArea
from safeconduct.feeds.models import Source

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
COUNTRIES = Path(__file__).resolve().parents[2] / "safeconduct" / "places" / "data" / "country.csv"

recorded = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no recorded samples beside the repository")


def _rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_is_sound() -> None:
    seen = set()
    for row in _rows():
        assert row["format"] in {str(format) for format in Source.ADVICE}
        assert row["field"] in {"wording", "code", "also"}
        assert row["match"] in {"exact", "pattern"}
        assert row["is_partial"] in {"", "1"}
        assert row["level"] in {"", "1", "2", "3", "4"}
        assert row["level_max"] in {"", "1", "2", "3", "4"}
        assert not row["level_max"] or int(row["level_max"]) >= int(row["level"])
        if row["match"] == "pattern":
            re.compile(row["text"])
        assert row["text"] == row["text"].lower() or row["field"] == "code"
        key = (row["format"], row["field"], row["text"])
        assert key not in seen
        seen.add(key)
    assert {row["format"] for row in _rows()} == {str(format) for format in Source.ADVICE} - {"who-don"}


@pytest.mark.parametrize(
    ("format", "wording", "code", "expected"),
    [
        ("auswaertiges-amt", "Reisewarnung", "warning", (4, 4, False)),
        ("auswaertiges-amt", "", "partialWarning", (2, 4, True)),
        ("auswaertiges-amt", "", "situationWarning", (3, 3, False)),
        ("auswaertiges-amt", "", "situationPartWarning", (2, 3, True)),
        ("auswaertiges-amt", "", "partialWarning situationWarning", (3, 4, True)),
        ("auswaertiges-amt", "", "warning partialWarning", (4, 4, False)),
        ("auswaertiges-amt", "", "none", (1, 1, False)),
        ("fcdo", "", "avoid_all_travel_to_whole_country", (4, 4, False)),
        ("fcdo", "", "avoid_all_but_essential_travel_to_whole_country avoid_all_travel_to_parts", (3, 4, True)),
        ("fcdo", "", "avoid_all_but_essential_travel_to_parts", (2, 3, True)),
        ("fcdo", "", "text:avoid_all_travel_to_parts", (2, 4, True)),
        ("fcdo", "", "none", (1, 1, False)),
        ("fcdo", "", "", (None, None, False)),
        ("canada", "Take normal security precautions", "", (1, 1, False)),
        ("canada", "Exercise a high degree of caution (with regional advisories)", "1 regional", (2, None, True)),
        ("canada", "AVOID ALL TRAVEL; see also regional advisories.", "3 regional", (4, 4, True)),
        ("canada", "AVOID NON-ESSENTIAL TRAVEL", "", (3, 3, False)),
        ("canada", "Faites preuve d’une grande prudence ; consultez aussi les avertissements régionaux.", "", (2, None, True)),
        ("canada", "ÉVITEZ TOUT VOYAGE NON ESSENTIEL", "", (3, 3, False)),
        ("canada", "ÉVITEZ TOUT VOYAGE", "", (4, 4, False)),
        ("us-state", "Level 3: Reconsider Travel", "3", (3, 3, False)),
        ("us-state", "Level 3: Reconsider Travel - See Individual Summaries", "3", (3, None, True)),
        ("us-state", "See Individual Summaries", "", (None, None, True)),
        ("us-state", "Other", "", (None, None, True)),
        ("us-state", "", "", (None, None, False)),
        ("smartraveller", "Exercise a high degree of caution", "3/5", (2, 2, False)),
        ("smartraveller", "Reconsider your need to travel", "4/5", (3, 3, False)),
        ("smartraveller", "", "4", (None, None, False)),
        ("cdc", "Level 2", "2", (2, 2, False)),
        ("cdc", "Alert - Level 2, Practice Enhanced Precautions", "", (2, 2, False)),
        ("who-don", "", "", (None, None, False)),
    ],
)  # fmt: skip
def test_levels(format: str, wording: str, code: str, expected: tuple[int | None, int | None, bool]) -> None:
    found = level_of(format, wording, code)
    assert (found.level, found.level_max, found.is_partial) == expected
    assert found.unknown == ()


def test_a_wording_that_no_row_knows_has_no_level_and_is_named() -> None:
    found = level_of("smartraveller", "Stay on the beach", "2/5", [ParsedArea("North", "Swim")])
    assert (found.level, found.level_max, found.area_levels) == (None, None, (None,))
    assert found.unknown == ("Stay on the beach", "Swim")
    assert level_of("fcdo", "", "avoid_something_new").unknown == ("avoid_something_new",)
    assert level_of("canada", "Nothing known", "2").level == 3
    assert level_of("canada", "Nothing known", "2").unknown == ("Nothing known",)
    assert level_of("who-don", "Level 4", "4") == level_of("who-don", "", "")


def test_parts_are_judged_by_the_same_rows() -> None:
    areas = [
        ParsedArea("A", "Do not travel"),
        ParsedArea("B", "Reconsider your need to travel"),
        ParsedArea("C", "?"),
    ]
    found = level_of("smartraveller", "Exercise a high degree of caution", "", areas)
    assert (found.level, found.level_max, found.is_partial, found.area_levels) == (2, 4, True, (4, 3, None))
    better = level_of(
        "smartraveller", "Do not travel", "", [ParsedArea("A", "Exercise normal safety precautions")]
    )
    assert (better.level, better.level_max, better.is_partial) == (4, 4, True)
    alone = level_of("us-state", "See Individual Summaries", "", [ParsedArea("Gaza", "Do not travel")])
    assert (alone.level, alone.level_max, alone.is_partial) == (None, 4, True)


def _json(name: str) -> object:
    return json.loads((SAMPLES / name).read_text())


@recorded
def test_the_words_mean_to_others_what_they_mean_here() -> None:
    """Each of these projects read the publisher's own words into 1–4; the UK's words there are theirs, so not compared."""
    derived = _json("multi-advisory-derived/levels-us-uk-ca-au-2026-05-03.json")
    assert isinstance(derived, dict)
    compared = 0
    for key, format in (("us", "us-state"), ("ca", "canada"), ("au", "smartraveller")):
        for states in derived.values():
            if stated := states.get(key):
                assert level_of(format, stated["text"], "").level == stated["level"], stated
                compared += 1
    scraped = _json("us-state/unitedstates_summary-2025-08-14.json")
    assert isinstance(scraped, list)
    for entry in scraped:
        number = entry["risk_level_number"] or -1
        assert level_of("us-state", entry["risk_level"] or "", "").level == (number if number > 0 else None)
        compared += 1
    listed = _json("au-smartraveller/advisories-2025-02-05.json")
    assert isinstance(listed, dict)
    for entry in listed["advisories"]:
        assert level_of("smartraveller", entry["advisory"], "").level == entry["level"]
        compared += 1
    assert compared == 198 + 210 + 168 + 237 + 177


@recorded
def test_every_wording_of_the_summaries_is_known() -> None:
    for name, format in (
        ("ca-gac/canada_summary-2026-08-22.json", "canada"),
        ("au-smartraveller/australia_summary-2025-08-15.json", "smartraveller"),
        ("us-state/unitedstates_summary-2025-08-14.json", "us-state"),
    ):
        entries = _json(name)
        assert isinstance(entries, list)
        assert [entry for entry in entries if level_of(format, entry["risk_level"] or "", "").unknown] == []


@recorded
def test_levels_of_canada_differ_from_those_of_may_where_they_were_changed_since() -> None:
    """The later record is of 22 August, the derived one of 3 May 2026: the differences are these and no others."""
    with COUNTRIES.open(encoding="utf-8", newline="") as file:
        iso3 = {row["iso2"]: row["iso3"] for row in csv.DictReader(file)}
    derived, later = (
        _json("multi-advisory-derived/levels-us-uk-ca-au-2026-05-03.json"),
        _json("ca-gac/canada_summary-2026-08-22.json"),
    )
    assert isinstance(derived, dict)
    assert isinstance(later, list)
    differences = {}
    for entry in later:
        level = level_of("canada", entry["risk_level"], "").level
        if part_of(entry["destination"], "name"):
            continue
        for code in codes_of(entry["destination"], "name") or ():
            before = derived.get(iso3.get(code, ""), {}).get("ca")
            if before and before["level"] != level:
                differences[code] = (before["level"], level)
    assert differences == {"BH": (4, 3), "CY": (2, 1), "KW": (4, 3), "QA": (4, 3), "UG": (2, 3), "AE": (4, 3)}


@recorded
def test_entries_of_recorded_feeds_have_the_levels_that_others_read_two_months_before() -> None:
    derived = _json("multi-advisory-derived/levels-us-uk-ca-au-2026-05-03.json")
    assert isinstance(derived, dict)
    expected = {"JP": "JPN", "MX": "MEX", "CH": "CHE", "FR": "FRA", "IR": "IRN"}
    compared = 0
    for key, format, name in (
        ("us", "us-state", "us-state/cadataapi-TravelAdvisories-2026-07-17.json"),
        ("ca", "canada", "ca-gac/index-alpha-eng-2026-07-17.json"),
        ("au", "smartraveller", "au-smartraveller/index-2026-07-21.rss.xml"),
    ):
        for advisory in READERS[format]((SAMPLES / name).read_bytes(), "").advisories:
            for code in codes_of(advisory.place, advisory.scheme) or ():
                level = level_of(format, advisory.original_level, advisory.original_code).level
                assert derived[expected[code]][key]["level"] == level
                compared += 1
    assert compared == 7
