"""Cities of 15,000 people and more, all capitals, and their names by language.

GeoNames gives the names; CLDR and libgweather only tell which language a name is in. Romanised guesses
("mu ni hei") are left out: nobody types them.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import UnknownLocaleError

from safeconduct.lib.errors import Permanent
from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import TYPED, read_rows, write_rows
from safeconduct.places.folding import fold

City = dict[str, Any]
# Languages that city names are labelled in; the others are found by their unlabelled names.
LABELLED = [
    "ar",
    "az",
    "be",
    "bg",
    "bn",
    "bs",
    "ca",
    "cs",
    "cy",
    "da",
    "de",
    "el",
    "en",
    "es",
    "et",
    "eu",
    "fa",
    "fi",
    "fr",
    "ga",
    "gl",
    "gu",
    "he",
    "hi",
    "hr",
    "hu",
    "hy",
    "id",
    "is",
    "it",
    "ja",
    "ka",
    "kk",
    "km",
    "kn",
    "ko",
    "ky",
    "lo",
    "lt",
    "lv",
    "mk",
    "ml",
    "mn",
    "mr",
    "ms",
    "my",
    "nb",
    "ne",
    "nl",
    "pa",
    "pl",
    "pt",
    "ro",
    "ru",
    "sk",
    "sl",
    "sq",
    "sr",
    "sv",
    "sw",
    "ta",
    "te",
    "th",
    "tr",
    "uk",
    "ur",
    "uz",
    "vi",
    "zh",
    "zh_Hant",
]
_CATALOGUES = {"zh_CN": "zh", "zh_TW": "zh_Hant", "pt_BR": "pt"}
LONGEST_NAME = 60


def build_cities(inputs: Inputs, codes: list[str], out: Path) -> None:
    """Write city.csv.gz, city_name.csv.gz and capital.csv."""
    cities = dict(inputs.geonames("cities15000"))
    small = inputs.geonames("cities500")
    capitals = _capitals(inputs, codes, small)
    roles: dict[str, str] = {}
    rows = []
    for code, seq, name, role, checked, src, note, city in capitals:
        if city:
            cities.setdefault(str(city["geonameid"]), city)
            roles.setdefault(str(city["geonameid"]), role)
        where = (city["geonameid"], city["latitude"], city["longitude"]) if city else ("", "", "")
        rows.append((code, seq, name, *where, role, src, checked, note))
    head = ["iso2", "seq", "name", "geonameid", "lat", "lon", "role", "src", "checked", "note"]
    write_rows(out / "capital.csv", head, rows)

    known = set(codes)
    kept = {key: city for key, city in cities.items() if city["countrycode"] in known}
    ordered = sorted(kept.values(), key=lambda city: int(city["geonameid"]))
    write_rows(
        out / "city.csv.gz",
        ["geonameid", "name", "iso2", "admin1", "lat", "lon", "population", "zone", "capital"],
        [
            (
                city["geonameid"],
                city["name"].strip(),
                city["countrycode"],
                city["admin1code"],
                f"{city['latitude']:.4f}",
                f"{city['longitude']:.4f}",
                city["population"],
                city["timezone"],
                roles.get(str(city["geonameid"]), ""),
            )
            for city in ordered
        ],
    )
    write_rows(out / "city_name.csv.gz", ["geonameid", "langs", "name"], _names(inputs, ordered))


def _capitals(inputs: Inputs, codes: list[str], cities: dict[str, City]) -> list[tuple[Any, ...]]:
    """(code, seq, name, role, checked, src, note, city) of every capital, decided ones before listed ones."""
    decided: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_rows(TYPED / "capital_decision.csv"):
        decided[row["iso2"]].append(row)
    by_name: dict[tuple[str, str], City] = {}
    for city in sorted(cities.values(), key=lambda city: city["population"]):
        for name in city["alternatenames"]:
            by_name[city["countrycode"], fold(name)] = city
    for city in sorted(cities.values(), key=lambda city: city["population"]):
        by_name[city["countrycode"], fold(city["name"])] = city
    listed = inputs.countries_list()
    rows: list[tuple[Any, ...]] = []
    for code in codes:
        for row in decided.get(code, ()):
            typed = (row["seq"], row["name"], row["role"], row["checked"], "safeconduct", row["note"])
            rows.append((code, *typed, _city_named(by_name, code, row["name"])))
        if code not in decided:
            name = listed[code]["capital"]
            found = _city_named(by_name, code, name)
            rows.append((code, 1, name, "official", "", "countries-list", "", found))
    return rows


def _city_named(by_name: dict[tuple[str, str], City], code: str, name: str) -> City | None:
    folded = fold(name)
    for form in (folded, folded.replace("st ", "saint "), folded.replace("saint ", "st ")):
        if (code, form) in by_name:
            return by_name[code, form]
    return None


def _names(inputs: Inputs, cities: list[City]) -> list[tuple[int, str, str]]:
    """(id, languages that use it or "", name): one row a name, labelled ones first within a city."""
    labels = _labels(inputs, cities)
    rows: list[tuple[int, str, str]] = []
    for city in cities:
        number = int(city["geonameid"])
        langs: dict[str, list[str]] = defaultdict(list)
        for lang, name in sorted(labels.get(number, {}).items()):
            langs[name].append(lang.replace("_", "-"))
        rows += [(number, " ".join(langs[name]), name) for name in sorted(langs)]
        seen = {fold(name) for name in langs} | {fold(city["name"])}
        for name in city["alternatenames"]:
            folded = fold(name)
            if folded and folded not in seen and _is_typed_by_people(name):
                seen.add(folded)
                rows.append((number, "", name))
    return rows


def _is_typed_by_people(name: str) -> bool:
    return (
        len(name) <= LONGEST_NAME
        and not name[0].isdigit()
        and not ("a" <= name[0] <= "z")
        and "," not in name
    )


def _labels(inputs: Inputs, cities: list[City]) -> dict[int, dict[str, str]]:
    labels: dict[int, dict[str, str]] = defaultdict(dict)
    by_name: dict[str, list[City]] = defaultdict(list)
    for city in cities:
        by_name[fold(city["name"])].append(city)
    for catalogue, names in inputs.place_translations():
        lang = _CATALOGUES.get(catalogue, catalogue)
        if lang not in LABELLED:
            continue
        for english, name in names.items():
            for city in by_name.get(fold(english), ()):
                if name == city["name"] or name in city["alternatenames"]:
                    labels[int(city["geonameid"])].setdefault(lang, name)
    for lang, zone, name, english in _zone_cities():
        for city in by_name.get(fold(english), ()):
            if city["timezone"] == zone:
                labels[int(city["geonameid"])][lang] = name
    return labels


def _zone_cities() -> list[tuple[str, str, str, str]]:
    """(language, zone, city name, English city name) of CLDR's exemplar cities."""
    english = _exemplars("en")
    rows = []
    for lang in LABELLED:
        for zone, name in _exemplars(lang).items():
            plain = english.get(zone) or zone.rsplit("/", 1)[-1].replace("_", " ")
            rows.append((lang, zone, name, plain))
    return rows


def _exemplars(lang: str) -> dict[str, str]:
    try:
        zones = Locale.parse(lang).time_zones
    except UnknownLocaleError as error:
        raise Permanent(f"Babel does not know {lang}") from error
    return {zone: about["city"] for zone, about in zones.items() if about.get("city")}
