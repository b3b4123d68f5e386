"""Mains, religions, airports, climate, holidays and clocks: what is shipped, what is refused, how it is written."""

from __future__ import annotations

import shutil
import struct
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.utils import translation

from safeconduct.lib import clock
from safeconduct.places.build.climate import bilinear, grey_png
from safeconduct.places.build.religion import shares_in
from safeconduct.places.calendar import SOURCE, holidays_of
from safeconduct.places.climatechart import climate_months, climate_svg, described
from safeconduct.places.clocks import clock_differences
from safeconduct.places.effective import effective_facts
from safeconduct.places.factwords import Words
from safeconduct.places.files import DATA, TYPED, read_rows, write_rows
from safeconduct.places.queries import largest_cities
from safeconduct.places.statements import climate as climate_topic
from safeconduct.places.statements import practical
from safeconduct.places.statements.climate import (
    CLASSES,
    Climate,
    cities_with_climate,
    climate_of,
    nearest_city_with_climate,
)

PARIS, NAIROBI, TOKYO, DELHI, SYDNEY = "2988507", "184745", "1850147", "1273294", "2147714"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = date(2026, 11, 24)
Rows = list[dict[str, str]]
Change = Callable[[Rows], Rows]


@pytest.fixture(scope="module")
def facts() -> dict[tuple[str, str], Any]:
    every = [*practical.statements(DATA), *climate_topic.statements(DATA)]
    return {(fact.country_code, fact.field): fact for fact in every}


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, Change], Path]:
    """Return a function: file, change to its rows → a data folder with that change."""

    def changed(name: str, change: Change) -> Path:
        folder = tmp_path / "data"
        shutil.copytree(DATA, folder, ignore=shutil.ignore_patterns("map"), dirs_exist_ok=True)
        rows = list(read_rows(DATA / name))
        head = list(rows[0])
        write_rows(folder / name, head, [[row[c] for c in head] for row in change(rows)])
        return folder

    return changed


def with_values(match: dict[str, str], **values: str) -> Change:
    """The row that has these values gets those."""

    def change(rows: Rows) -> Rows:
        return [row | values if match.items() <= row.items() else row for row in rows]

    return change


# Mains and sockets


@pytest.mark.parametrize(
    ("code", "mains", "plugs"),
    [
        ("FR", "230 V, 50 Hz", "C (Europlug), E (French)"),
        ("JP", "100 V, 50 or 60 Hz", "A (American, two pins), B (American, three pins)"),
        ("BR", "127 or 220 V, 60 Hz", "C (Europlug), N (Brazilian)"),
        ("KE", "240 V, 50 Hz", "G (British)"),
        ("IN", "230 V, 50 Hz", "C (Europlug), D, M"),
        ("AU", "230 V, 50 Hz", "I (Australian)"),
        ("US", "120 V, 60 Hz", "A (American, two pins), B (American, three pins)"),
        ("CH", "230 V, 50 Hz", "C (Europlug), J (Swiss)"),
        ("SS", "230 V, 50 Hz", "C (Europlug), D"),
        ("AE", "220 to 230 V, 50 Hz", "C (Europlug), D, G (British)"),
    ],
)
def test_mains_and_sockets_of_a_country(
    facts: dict[tuple[str, str], Any], code: str, mains: str, plugs: str
) -> None:
    words = Words("en")
    assert words.text("electricity", facts[code, "electricity"].value) == mains
    assert words.text("plugs", facts[code, "plugs"].value) == plugs


def test_what_two_lists_do_not_agree_on_is_unknown(facts: dict[tuple[str, str], Any]) -> None:
    assert not {"BD", "ET", "UZ", "VN", "AQ"} & {code for code, field in facts if field == "plugs"}
    assert not {"BO", "GY", "KP", "LR"} & {code for code, field in facts if field == "electricity"}
    for (_code, field), fact in facts.items():
        if field in ("plugs", "electricity"):
            assert fact.src and fact.src2
            # Wikipedia's list is made from the IEC's: they are one source.
            assert {fact.src, fact.src2} != {"iec-world-plugs", "wikipedia-mains"}


def test_the_typed_sockets_are_those_of_the_sources_that_they_name() -> None:
    folder = Path(__file__).resolve().parents[3] / "shared" / "samples" / "country-facts"
    if not folder.exists():
        pytest.skip("the recorded lists are not here")
    iec: dict[str, set[str]] = {}
    for row in read_rows(folder / "world-plugs-2017.csv"):
        iec.setdefault(row["country_code"], set()).add(row["plug_type"].removeprefix("Type ").strip())
    wikidata = {
        row["iso2"]: set(row["power_plug_types"].split())
        for row in read_rows(folder / "wikidata-driving-side-plugs.csv")
    }
    seen = 0
    for row in read_rows(TYPED / "plug.csv"):
        for src, listed in (("iec-world-plugs", iec), ("wikidata", wikidata)):
            if src in (row["src"], row["src2"]):
                assert listed[row["iso2"]] == set(row["plugs"].split(";")), row
                seen += 1
    assert seen > 380


# What is refused


def test_the_shipped_files_hold() -> None:
    assert practical.problems(DATA) == []
    assert climate_topic.problems(DATA) == []


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("typed/electricity.csv", with_values({"iso2": "FR"}, volts="235"), "FR has 235 V, 50 Hz"),
        ("typed/electricity.csv", with_values({"iso2": "FR"}, hz="55"), "FR has 230 V, 55 Hz"),
        (
            "typed/electricity.csv",
            with_values({"iso2": "FR"}, src2="iec-world-plugs"),
            "one source twice for FR",
        ),
        ("typed/plug.csv", with_values({"iso2": "FR"}, plugs="E;C"), "FR has sockets E;C"),
        ("typed/plug.csv", with_values({"iso2": "FR"}, plugs="C;X"), "FR has sockets C;X"),
        ("typed/plug.csv", with_values({"iso2": "FR"}, src="hearsay"), "names unknown source hearsay"),
        ("typed/plug.csv", lambda rows: [*rows, rows[0]], "says something twice of"),
        ("typed/plug.csv", with_values({"iso2": "FR"}, iso2="QQ"), "unknown QQ"),
        (
            "religion.csv",
            with_values({"iso2": "KE", "religion": "christian"}, pct="99"),
            "religions of KE make",
        ),
        (
            "religion.csv",
            with_values({"iso2": "KE", "religion": "christian"}, year="1999"),
            "of several years",
        ),
        ("religion.csv", with_values({"iso2": "KE", "religion": "muslim"}, religion="jedi"), "religion jedi"),
        ("typed/religion_name.csv", with_values({"name": "sikh"}, religion="jedi"), "has unknown jedi"),
    ],
)
def test_a_broken_row_is_noticed(
    broken: Callable[[str, Change], Path], name: str, change: Change, problem: str
) -> None:
    found = practical.problems(broken(name, change))
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (with_values({"geonameid": PARIS}, t7="51"), "a month outside -60 to 50 °C"),
        (with_values({"geonameid": PARIS}, r7="-1"), "a month with impossible rain"),
        (with_values({"geonameid": PARIS}, r7=""), "a month without a number"),
        (with_values({"geonameid": PARIS}, koppen="Zz"), "unknown class Zz"),
        (with_values({"geonameid": PARIS}, t_src="hearsay"), "unknown source hearsay"),
        (with_values({"geonameid": PARIS}, iso2="BE"), "no city of BE"),
        (lambda rows: [row for row in rows if row["iso2"] != "FR"], "FR has no city with a climate"),
        (lambda rows: rows[:2000], "only 2000 cities"),
    ],
)
def test_a_broken_climate_is_noticed(
    broken: Callable[[str, Change], Path], change: Change, problem: str
) -> None:
    assert any(problem in found for found in climate_topic.problems(broken("climate.csv.gz", change)))


# Religions


KEYS = {"christian": "christian", "muslim": "muslim", "none": "none", "hindu": "hindu", "other": "other"}


def test_shares_are_read_at_the_first_level() -> None:
    text = (
        "Christian 85.5% (Catholic 20% [of them 1% x], other 65.5%), Muslim 10.9%, none&nbsp;3.6% (2019 est.)"
    )
    assert shares_in(text, KEYS) == [("christian", 85.5, 85.5), ("muslim", 10.9, 10.9), ("none", 3.6, 3.6)]


def test_misprints_that_can_be_read_one_way_are_read() -> None:
    assert shares_in("Muslim, 98% other 2% (2014 est.)", KEYS) == [("muslim", 98, 98), ("other", 2, 2)]
    assert shares_in("Hindu 80-85%, Muslim 14%, other &lt;1%; less than 1%: Jedi", KEYS) == [
        ("hindu", 80, 85),
        ("muslim", 14, 14),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Christian 93/1%, Muslim 7%",
        "Christian, Muslim",
        "Jedi 60%, Muslim 40%",
        "Christian 72%, Muslim 10%",
        "Christian 90%, Muslim 12%",
        "Christian 89.5, Muslim 10.5%",
        "",
    ],
)
def test_a_text_that_is_not_understood_whole_says_nothing(text: str) -> None:
    assert shares_in(text, KEYS) == []


def test_religions_of_a_country_with_their_year(facts: dict[tuple[str, str], Any]) -> None:
    assert Words("en").text("religion", facts["KE", "religion"].value) == (
        "Christian 85.5 %, Muslim 10.9 %, other 1.8 %, none 1.6 % (2019)"
    )
    assert "81 to 90 %" in Words("en").text("religion", facts["GR", "religion"].value)
    assert "85,5" in Words("de").text("religion", facts["KE", "religion"].value)
    assert ("SA", "religion") not in facts


# Airports


def test_main_airports_and_the_nearest_abroad(facts: dict[tuple[str, str], Any]) -> None:
    assert [row["iata"] for row in facts["KE", "airports"].value["own"]] == ["NBO", "MBA", "KIS"]
    # Cities of a million and capitals whose only airport is a medium one.
    assert {"MAR", "VLN"} <= {row["iata"] for row in facts["VE", "airports"].value["own"]}
    assert "NSI" in {row["iata"] for row in facts["CM", "airports"].value["own"]}
    assert facts["US", "airports"].value["own"][0]["iata"] == "JFK"
    assert {"LHR", "LGW", "MAN"} <= {row["iata"] for row in facts["GB", "airports"].value["own"]}
    near = facts["LI", "airports"].value["nearest"]
    assert (near["iata"], near["iso2"]) == ("ZRH", "CH")
    words = Words("de").text("airports", facts["LI", "airports"].value)
    assert "(ZRH)" in words
    assert "Schweiz" in words
    assert Words("en").text("airports", facts["US", "airports"].value).endswith(" more")


def test_every_country_has_an_airport_of_its_own_or_abroad(facts: dict[tuple[str, str], Any]) -> None:
    countries = {row["iso2"] for row in read_rows(DATA / "country.csv")}
    assert {code for code, field in facts if field == "airports"} == countries


# Climate


def test_the_climate_of_cities_is_near_what_is_measured() -> None:
    """January and July as the national weather services publish them, within 2 °C."""
    for city, january, july in (
        (PARIS, 4.9, 20.5),
        (NAIROBI, 19.5, 16.8),
        (TOKYO, 5.4, 25.7),
        (SYDNEY, 23.5, 13.2),
    ):
        known = climate_of(city)
        assert known is not None
        assert abs(known.temperatures[0] - january) <= 2
        assert abs(known.temperatures[6] - july) <= 2
    delhi = climate_of(int(DELHI))
    assert delhi is not None
    assert delhi.rain.index(max(delhi.rain)) in (6, 7)
    assert delhi.temperatures[0] < 20


def test_a_country_shows_its_capital_first() -> None:
    assert cities_with_climate("FR")[0] == PARIS
    assert len(cities_with_climate("FR")) == 5
    assert cities_with_climate("AQ") == ()
    assert all(climate_of(city) is not None for city in cities_with_climate("BR"))


def test_a_place_without_a_climate_finds_the_nearest_city() -> None:
    near = nearest_city_with_climate(48.80, 2.13)
    assert near is not None
    assert near[0] == PARIS
    assert 10 < near[1] < 25
    assert nearest_city_with_climate(-48.0, -120.0) is None
    assert climate_of("1") is None


def test_the_capital_says_its_climate_in_words(facts: dict[tuple[str, str], Any]) -> None:
    fact = facts["FR", "climate"]
    assert fact.value["key"] == f"geonames:{PARIS}"
    assert Words("en").text("climate", fact.value) == "Mild winters, warm summers, rain all year"
    assert {fact.value["koppen"] for (_code, field), fact in facts.items() if field == "climate"} <= set(
        CLASSES
    )


def test_the_drawing_has_a_name_a_description_and_every_figure() -> None:
    year = Climate((-16.4, -14, -6, 2, 10, 17, 19, 16, 9, 2, -7, -0.04), tuple(range(12)), "Dfc", "a", "b")
    with translation.override("en-gb"):
        svg = climate_svg(year, "Ust <Kut>")
        drawn = ET.fromstring(svg)
        rows = climate_months(year, "en-gb")
    space = "{http://www.w3.org/2000/svg}"
    title, described_by = drawn.find(f"{space}title"), drawn.find(f"{space}desc")
    assert title is not None and described_by is not None
    assert drawn.get("role") == "img"
    assert title.get("id") == drawn.get("aria-labelledby")
    assert described_by.get("id") == drawn.get("aria-describedby")
    assert title.text == "Temperature and rain by month in Ust <Kut>"
    assert "coldest in January with −16.4 °C" in (described_by.text or "")
    figures = [text.text for text in drawn.findall(f"{space}text") if text.get("class") == "c-figure"]
    assert figures[:3] == ["−16", "−14", "−6"]
    # No minus before nothing.
    assert figures[11] == "0"
    assert figures[12:] == [str(month) for month in range(12)]
    assert len(drawn.findall(f"{space}rect")) == 12
    assert "style" not in svg
    assert (rows[0].name, rows[0].temperature, rows[11].rain) == ("January", "−16.4 °C", "11 mm")


@pytest.mark.parametrize("lang", ["de", "fr", "ar", "zh-hant", "xx"])
def test_the_drawing_speaks_the_readers_language(lang: str) -> None:
    known = climate_of(PARIS)
    assert known is not None
    ET.fromstring(climate_svg(known, "Paris", lang))
    assert len(climate_months(known, lang)) == 12
    assert described(known, lang)
    if lang == "de":
        assert climate_months(known, lang)[0].name == "Januar"
        assert climate_months(known, lang)[0].temperature == "4 °C"
        assert climate_months(known, lang)[1].temperature == "4,4 °C"


def test_values_between_the_points_of_a_grid() -> None:
    grid = np.array([[0.0, 10.0, 20.0], [100.0, 110.0, 120.0], [200.0, 210.0, 220.0]])
    lat, lon = np.array([-0.5, 0.0, 1.0]), np.array([-0.5, 0.25, 1.0])
    assert bilinear(grid, lat, lon, first=(-1.0, -1.0), step=1.0).tolist() == [55.0, 112.5, 220.0]
    down = bilinear(grid, lat, lon, first=(1.0, -1.0), step=1.0, is_downward=True)
    assert down.tolist() == [155.0, 112.5, 20.0]


def test_a_grey_png_is_read_with_every_filter_that_occurs() -> None:
    """Rows: none, sub, up, Paeth, as ISO/IEC 15948 §9.2 defines them."""
    lines = bytes([0, 1, 2, 3, 1, 5, 250, 1, 2, 1, 1, 1, 4, 3, 0, 255])

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 4, 8, 0, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    assert grey_png(png).tolist() == [[1, 2, 3], [5, 255, 0], [6, 0, 1], [9, 0, 0]]


# Public holidays


def days_of(iso2: str, lang: str = "en", start: date = TODAY) -> dict[date, str]:
    return {day.on: day.name for day in holidays_of(iso2, start, lang).days if day.is_everywhere}


def test_holidays_of_twelve_months_in_the_readers_language() -> None:
    assert len(days_of("FR", "fr")) == 11
    assert days_of("FR", "fr")[date(2027, 7, 14)] == "Fête nationale"
    assert days_of("FR", "de")[date(2027, 7, 14)] == "National Day"
    assert days_of("DE", "de")[date(2027, 10, 3)] == "Tag der Deutschen Einheit"
    assert holidays_of("DE", TODAY, "de").lang == "de"
    assert holidays_of("KE", TODAY, "en-gb").lang == "en-KE"
    every = holidays_of("FR", TODAY, "fr").days
    assert TODAY <= min(day.on for day in every) <= max(day.on for day in every) < TODAY + timedelta(days=365)


def test_a_holiday_of_some_parts_names_them() -> None:
    parts = {day.name: day.parts for day in holidays_of("DE", TODAY, "de").days}
    assert parts["Frauentag"] == ("Berlin", "Mecklenburg-Vorpommern")
    assert parts["Neujahr"] == ()


def test_dates_by_the_moon_are_marked_and_the_mark_is_no_part_of_the_name() -> None:
    kenya = {day.name: day for day in holidays_of("KE", TODAY, "en").days}
    assert kenya["Idd-ul-Fitr"].is_estimated
    assert not kenya["Christmas Day"].is_estimated
    every = [
        day for code in ("ID", "BD", "MA", "XK", "SG", "EG") for day in holidays_of(code, TODAY, "en").days
    ]
    assert any(day.is_estimated for day in every)
    assert not [day for day in every if "estimated" in day.name.lower() or "observed" in day.name.lower()]


def test_what_is_not_published_is_not_known() -> None:
    for code in ("BV", "HM", "IO", "UA", "QQ"):
        known = holidays_of(code, TODAY, "en")
        assert (known.is_known, known.days, known.unknown_from) == (False, (), TODAY)
    lanka = holidays_of("LK", TODAY, "en")
    assert lanka.is_known
    assert lanka.unknown_from == date(2027, 1, 1)
    assert lanka.days
    assert holidays_of("FR", TODAY, "en").unknown_from is None


def test_the_named_version_is_the_installed_one() -> None:
    title = next(source.title for source in practical.SOURCES if source.src == SOURCE)
    assert title == f"holidays {version('holidays')}"


# Clocks


def words_of(home: str, *zones: str) -> list[str]:
    with translation.override("en-gb"):
        return [entry.words for entry in clock_differences(home, zones, now=NOW)]


def test_a_difference_and_its_next_change() -> None:
    assert words_of("Europe/London", "Africa/Nairobi") == [
        "3 hours ahead of London now; 2 hours ahead from Sun 28 Mar 2027"
    ]
    assert words_of("Europe/Berlin", "Europe/Paris") == ["the same time as in Berlin now"]
    assert words_of("Asia/Kolkata", "Asia/Kathmandu") == ["15 minutes ahead of Kolkata now"]
    assert words_of("UTC", "Asia/Kabul") == ["4:30 hours ahead of UTC now"]
    assert words_of("Asia/Tokyo", "America/New_York") == [
        "14 hours behind Tokyo now; 13 hours behind from Sun 14 Mar 2027"
    ]


def test_zones_that_agree_are_one_line_and_the_others_are_not() -> None:
    zones = ["America/New_York", "America/Detroit", "America/Phoenix", "America/Denver"]
    entries = clock_differences("Europe/London", zones, now=NOW)
    assert [entry.zones for entry in entries] == [
        ("America/New_York", "America/Detroit"),
        ("America/Phoenix",),
        ("America/Denver",),
    ]
    assert [entry.minutes for entry in entries] == [-300, -420, -420]
    assert [entry.places for entry in entries] == ["New York, Detroit", "Phoenix", "Denver"]
    assert clock_differences("Europe/London", [], now=NOW) == ()


def test_the_clocks_of_the_most_people_come_first_and_two_cities_name_them() -> None:
    zones = ["Asia/Yekaterinburg", "Europe/Moscow", "Europe/Kirov", "Europe/Volgograd"]
    entries = clock_differences("Europe/London", zones, now=NOW)
    assert [(entry.minutes, len(entry.zones)) for entry in entries] == [(300, 1), (180, 3)]
    with translation.override("en-gb"):
        entries = clock_differences("Europe/London", zones, now=NOW)
    assert entries[1].places == "Moscow, Kirov and others"


@pytest.mark.django_db
def test_a_country_of_many_zones_names_its_largest_cities_by_offset() -> None:
    value = next(fact.value for fact in effective_facts(country_code="US", fields=["timezones"]))
    with clock.held_at(NOW):
        words = Words("en").text("timezones", value)
    offsets = [part.split(" ")[0] for part in words.split("), ")]
    # Each offset once, those of the largest cities first.
    assert len(offsets) == len(set(offsets)) and offsets[0] == "UTC−5"
    # Not the parts of one city.
    assert words.startswith("UTC−5 (New York City, ") and "Brooklyn" not in words
    largest = largest_cities(value)
    assert set(largest) == set(value) and next(iter(largest)) == "America/New_York"
    assert all(len(cities) <= 6 for cities in largest.values())


def test_a_year_without_seasons_has_no_winter() -> None:
    nairobi, paris = climate_of(NAIROBI), climate_of(PARIS)
    assert nairobi is not None and paris is not None
    assert nairobi.koppen == paris.koppen == "Cfb"
    with translation.override("en"):
        assert nairobi.words == "Mild and rainy all year"
        assert paris.words == "Mild winters, warm summers, rain all year"


def test_the_change_is_the_day_on_which_it_happens_there() -> None:
    (kiritimati,) = clock_differences("Europe/London", ["Pacific/Kiritimati"], now=NOW)
    # London moves at 01:00 UTC, which is 15:00 of the same day there.
    assert kiritimati.changes[0].on == date(2027, 3, 28)
    for change in kiritimati.changes:
        noon = datetime(
            change.on.year, change.on.month, change.on.day, 23, tzinfo=ZoneInfo("Pacific/Kiritimati")
        )
        there, here = noon.utcoffset(), noon.astimezone(ZoneInfo("Europe/London")).utcoffset()
        assert there is not None and here is not None
        assert (there - here).total_seconds() / 60 == change.minutes
