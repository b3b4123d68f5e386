"""Facts per country and territory: codes, kind, figures, languages, money, calling, borders, zones, emergency.

250 codes: ISO 3166-1 and XK (Kosovo). What no source states stays empty; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import phonenumbers
from babel import Locale
from babel.localedata import locale_identifiers
from shapely.geometry import Polygon, shape

from safeconduct.places.build.emergency import build_emergency
from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import TYPED, read_json, read_rows, write_rows

# Codes that ISO reserves without assigning them; country-coder has features for them.
RESERVED = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "FX", "IC", "TA", "UN"})
OBSERVERS = frozenset({"PS", "VA"})
NOT_STATES = frozenset({"AQ", "EH"})
PSEUDO_NEIGHBOURS = frozenset({"AN", "CS"})
# GeoNames' neighbours, corrected: no land border, and three that are missing.
NO_BORDER = (("AL", "RS"), ("US", "CU"))
MORE_BORDERS = (("BW", "ZM"), ("CN", "HK"), ("CN", "MO"))
# No public road: country-coder's default of "right" would be a guess.
WITHOUT_ROADS = frozenset({"AQ", "BV", "HM", "TF", "UM"})
OLDEST_CURRENCY = "2015-01-01"
LEAST_PERCENT = 5.0
# CLDR says that 31 % of the Philippines speak Spanish; the country's census counts a few thousand.
DOUBTED_LANGUAGES = frozenset({("PH", "es")})
# A language is complete when it names all but one of the codes.
LEAST_NAMES = 249
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FIELD_SOURCES = (
    ("iso3", "country-coder"),
    ("num", "country-coder"),
    ("wikidata", "country-coder"),
    ("kind", "country-coder"),
    ("parent", "country-coder"),
    ("name", "cldr47"),
    ("area_km2", "geonames"),
    ("population", "cldr"),
    ("drive_side", "country-coder"),
    ("speed_unit", "country-coder"),
    ("week_start", "cldr"),
    ("weekend", "cldr"),
    ("hour_cycle", "cldr"),
    ("measure", "cldr"),
    ("tld", "geonames"),
    ("languages", "cldr"),
    ("currency", "cldr"),
    ("borders", "geonames"),
    ("timezones", "tzdata"),
    ("centre", "natural-earth"),
)


def iso_features(features: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """country-coder's properties of each of the 250 codes."""
    rows = (feature["properties"] for feature in features if feature["properties"].get("iso1A2"))
    return {row["iso1A2"]: row for row in rows if row["iso1A2"] not in RESERVED}


def code_of(properties: dict[str, Any], codes: Iterable[str]) -> str | None:
    """The code that an area counts under: its own, else its group's, else its country's."""
    known = set(codes)
    for code in (properties.get("iso1A2"), *properties.get("groups", ()), properties.get("country")):
        if code in known:
            return str(code)
    return None


def build_countries(inputs: Inputs, out: Path) -> None:
    """Write country.csv and the per-country lists; map/world.json.gz must be there already."""
    features = inputs.borders()
    iso = iso_features(features)
    geonames = {row["iso"]: row for row in inputs.geonames("countries").values()}
    territories = inputs.cldr("territoryInfo")["territoryInfo"]
    roads = _road_rules(features, iso)
    names = _english_names()
    centres = _centres(features, iso, read_json(out / "map" / "world.json.gz"))
    clocks = inputs.cldr("timeData")["timeData"]
    weeks = inputs.cldr("weekData")["weekData"]
    measures = inputs.cldr("measurementData")["measurementData"]["measurementSystem"]
    rows = []
    for code in sorted(iso):
        about, geo, people = iso[code], geonames.get(code, {}), territories.get(code, {})
        rows.append(
            (
                code,
                about.get("iso1A3"),
                about.get("iso1N3"),
                about.get("wikidata"),
                _kind(code, about),
                about.get("country") if _kind(code, about) == "territory" else None,
                names[code],
                geo.get("areakm2") or None,
                people.get("_population") or None,
                *roads[code],
                weeks["firstDay"].get(code, weeks["firstDay"]["001"]),
                _weekend(code, weeks),
                clocks.get(code, clocks["001"])["_preferred"],
                measures.get(code, measures["001"]).lower(),
                geo.get("tld") or None,
                *centres[code],
            )
        )
    head = (
        "iso2 iso3 num wikidata kind parent name area_km2 population drive_side speed_unit week_start weekend"
    )
    write_rows(out / "country.csv", [*head.split(), "hour_cycle", "measure", "tld", "lat", "lon"], rows)
    _build_names(sorted(iso), out)
    write_rows(out / "field_source.csv", ["field", "src"], FIELD_SOURCES)
    _build_languages(territories, sorted(iso), out)
    _build_currencies(inputs, sorted(iso), out)
    _build_calling(inputs, sorted(iso), out)
    _build_borders(geonames, set(iso), out)
    _build_zones(inputs, set(iso), out)
    build_emergency(set(iso), out)


def _kind(code: str, about: dict[str, Any]) -> str:
    if code in OBSERVERS:
        return "observer"
    if code in NOT_STATES:
        return "territory"
    if code in ("XK", "TW"):
        return "other"
    return "territory" if about.get("country") else "member"


def _english_names() -> dict[str, str]:
    names = dict(Locale.parse("en").territories)
    typed = read_rows(TYPED / "country_alias.csv")
    names |= {row["iso2"]: row["name"] for row in typed if row["lang"] == "en" and row["use"] == "name"}
    return names


def _road_rules(features: list[dict[str, Any]], iso: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Side and unit by code: the code's own, else those of its largest part (country-coder's defaults apply).

    A group such as Great Britain or India states them on its parts; the parts are written largest first
    nowhere, so the part with most corners decides.
    """
    parts: dict[str, tuple[int, dict[str, Any]]] = {}
    for feature in features:
        code = code_of(feature["properties"], iso)
        if code is None or not feature["geometry"]:
            continue
        size = len(str(feature["geometry"]["coordinates"]))
        if size > parts.get(code, (0, {}))[0]:
            parts[code] = (size, feature["properties"])
    rules = {}
    for code, about in iso.items():
        if code in WITHOUT_ROADS:
            rules[code] = ("", "")
            continue
        part = parts.get(code, (0, {}))[1]
        side = about.get("driveSide") or part.get("driveSide") or "right"
        unit = about.get("roadSpeedUnit") or part.get("roadSpeedUnit") or "km/h"
        rules[code] = (side, unit)
    return rules


def _centres(features: list[dict[str, Any]], iso: dict[str, Any], drawn: Any) -> dict[str, tuple[str, str]]:
    """(lat, lon) in the middle of each code's largest land; matching areas only where none is drawn."""
    land = {code: [Polygon(rings[0]) for rings in polygons] for code, polygons in drawn.items()}
    for feature in features:
        code = code_of(feature["properties"], iso)
        if code is not None and code not in drawn and feature["geometry"]:
            geometry = shape(feature["geometry"])
            land.setdefault(code, []).extend(getattr(geometry, "geoms", [geometry]))
    centres = {}
    for code, parts in land.items():
        part = max(parts, key=lambda part: part.area)
        middle = part.centroid if part.contains(part.centroid) else part.representative_point()
        centres[code] = (f"{middle.y:.3f}", f"{middle.x:.3f}")
    return centres


def _build_names(codes: list[str], out: Path) -> None:
    """Names in every language that CLDR has complete: (code, languages that use it, name)."""
    wanted = set(codes)
    langs: dict[tuple[str, str], list[str]] = {}
    for identifier in sorted(locale_identifiers()):
        locale = Locale.parse(identifier)
        territories = locale.territories
        if locale.territory or len(wanted & set(territories)) < LEAST_NAMES:
            continue
        for code in codes:
            if code in territories:
                langs.setdefault((code, territories[code]), []).append(identifier.replace("_", "-"))
    for row in read_rows(TYPED / "country_alias.csv"):
        used = langs.setdefault((row["iso2"], row["name"]), [])
        if row["use"] == "alias" and row["lang"] not in used:
            used.append("")
    rows = [(code, " ".join(sorted(filter(None, used))), name) for (code, name), used in langs.items()]
    write_rows(out / "country_name.csv.gz", ["iso2", "langs", "name"], sorted(rows))


def _weekend(code: str, weeks: dict[str, Any]) -> str:
    first = WEEKDAYS.index(weeks["weekendStart"].get(code, weeks["weekendStart"]["001"]))
    last = WEEKDAYS.index(weeks["weekendEnd"].get(code, weeks["weekendEnd"]["001"]))
    return ";".join(WEEKDAYS[(first + step) % 7] for step in range((last - first) % 7 + 1))


def _build_languages(territories: dict[str, Any], codes: list[str], out: Path) -> None:
    rows = []
    for code in codes:
        for lang, about in territories.get(code, {}).get("languagePopulation", {}).items():
            status = about.get("_officialStatus", "").replace("_official", "").replace("official_", "")
            percent = float(about["_populationPercent"])
            if (status or percent >= LEAST_PERCENT) and (code, lang) not in DOUBTED_LANGUAGES:
                rows.append((code, lang.replace("_", "-"), status or "spoken", f"{percent:g}"))
    order = {"official": 0, "de_facto": 1, "regional": 2, "minority": 3, "spoken": 4}
    rows.sort(key=lambda row: (row[0], order.get(row[2], 4), -float(row[3]), row[1]))
    write_rows(out / "language.csv", ["iso2", "lang", "status", "pct"], rows)


def _build_currencies(inputs: Inputs, codes: list[str], out: Path) -> None:
    regions = inputs.cldr("currencyData")["currencyData"]["region"]
    rows = []
    for code in codes:
        for entry in regions.get(code, []):
            for currency, about in entry.items():
                until = about.get("_to", "")
                if about.get("_tender") == "false" or (until and until < OLDEST_CURRENCY):
                    continue
                rows.append((code, currency, about.get("_from", ""), until, "cldr"))
    rows.sort(key=lambda row: (row[0], row[3] or "9999", row[2], row[1]))
    write_rows(out / "currency.csv", ["iso2", "code", "from", "to", "src"], rows)


def _build_calling(inputs: Inputs, codes: list[str], out: Path) -> None:
    listed = inputs.countries_list()
    rows = []
    for code in codes:
        number = phonenumbers.country_code_for_region(code)
        if number:
            rows.append((code, str(number), "libphonenumber"))
        elif listed.get(code, {}).get("phone"):
            rows.append((code, str(listed[code]["phone"][0]), "countries-list"))
    write_rows(out / "calling.csv", ["iso2", "code", "src"], rows)


def _build_borders(geonames: dict[str, Any], codes: set[str], out: Path) -> None:
    pairs = {
        frozenset((code, other))
        for code, row in geonames.items()
        for other in row["neighbours"].split(",")
        if code in codes and other in codes and other not in PSEUDO_NEIGHBOURS
    }
    pairs -= {frozenset(pair) for pair in NO_BORDER}
    pairs |= {frozenset(pair) for pair in MORE_BORDERS}
    rows = sorted((one, other) for pair in pairs for one in pair for other in pair if one != other)
    write_rows(out / "border.csv", ["iso2", "other"], rows)


def _build_zones(inputs: Inputs, codes: set[str], out: Path) -> None:
    rows = [(row[0], row[2], row[3] if len(row) > 3 else "", "tzdata") for row in inputs.zone_tab()]
    rows = [row for row in rows if row[0] in codes]
    rows.append(("XK", "Europe/Belgrade", "", "safeconduct"))
    rows.sort(key=lambda row: row[0])
    write_rows(out / "timezone.csv", ["iso2", "zone", "comment", "src"], rows)

