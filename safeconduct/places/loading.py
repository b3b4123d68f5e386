"""The shipped files as the places, names and facts that the tables should hold. Pure: no ORM, no clock.

Keys are texts that outlive a new build of the data: `iso:KE`, `geonames:184745`, `iata:NBO`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from safeconduct.places.files import read_rows
from safeconduct.places.folding import fold, word_starts

COUNTRY_RANK = 100
AIRPORT_RANK = {"1": 58, "2": 48, "3": 40}
CAPITAL_BONUS = 8
# Thousandths of a score: how much of it is the place's rank, and what the beginning of a name adds.
RANK_SHARE = 5.0
PREFIX_NEAR, PREFIX_FAR, WORD_NEAR, WORD_FAR = 250, 80, 100, 20
LONGEST = 160


@dataclass(frozen=True, slots=True)
class WantedPlace:
    """What a row of Place should say; the order of the fields is the order of `values`."""

    key: str
    kind: str
    code: str
    name: str
    native_name: str
    country_code: str
    region: str
    lat: float
    lon: float
    population: int | None
    zone: str
    rank: int


@dataclass(frozen=True, slots=True)
class WantedName:
    """What a row of PlaceName should say."""

    name: str
    langs: str
    folded: str
    is_whole: bool
    weight: int


@dataclass(slots=True)
class Wanted:
    """Everything that the tables should hold."""

    places: dict[str, WantedPlace] = field(default_factory=dict)
    names: dict[str, list[WantedName]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)  # key → key, typed by hand


def wanted_from(data: Path, only: frozenset[str] | None = None) -> Wanted:
    """Read the data files; `only` limits to countries by code."""
    wanted = Wanted()
    native = _native_languages(data)
    zones = _first_zones(data)
    names = _city_names(data)
    country_names = _country_names(data)
    for row in _rows(data / "country.csv", only):
        _add_country(
            wanted, row, country_names[row["iso2"]], native.get(row["iso2"], ""), zones.get(row["iso2"], "")
        )
    regions = {
        (row["iso2"], row["admin1"]): row["region"] for row in read_rows(data / "typed" / "region.csv")
    }
    for row in _rows(data / "city.csv.gz", only):
        region = regions.get((row["iso2"], row["admin1"]), "")
        _add_city(wanted, row, names.get(row["geonameid"], []), native.get(row["iso2"], ""), region)
    for row in _rows(data / "airport.csv", only):
        _add_airport(wanted, row)
    moved = data / "typed" / "city_merged.csv"
    if moved.exists():
        wanted.merged = {f"geonames:{r['geonameid']}": f"geonames:{r['into']}" for r in read_rows(moved)}
    return wanted


def _rows(path: Path, only: frozenset[str] | None) -> Iterator[dict[str, str]]:
    return (row for row in read_rows(path) if only is None or row["iso2"] in only)


def _add_country(
    wanted: Wanted, row: dict[str, str], names: list[tuple[str, str]], native: str, zone: str
) -> None:
    key, code = f"iso:{row['iso2']}", row["iso2"]
    population = int(row["population"]) if row["population"] else None
    is_territory = row["kind"] == "territory"
    rank = _people_rank(population, base=15) if is_territory else COUNTRY_RANK
    wanted.places[key] = WantedPlace(
        key=key,
        kind="territory" if is_territory else "country",
        code=code,
        name=row["name"],
        native_name=_labelled(names, native),
        country_code=code,
        region="",
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        population=population,
        zone=zone,
        rank=rank,
    )
    wanted.names[key] = _search_names(row["name"], [*names, ("", row["iso3"])], rank, native=native)


def _add_city(
    wanted: Wanted, row: dict[str, str], names: list[tuple[str, str]], native: str, region: str
) -> None:
    key = f"geonames:{row['geonameid']}"
    population = int(row["population"])
    rank = _people_rank(population) + (CAPITAL_BONUS if row["capital"] else 0)
    wanted.places[key] = WantedPlace(
        key=key,
        kind="city",
        code=row["geonameid"],
        name=row["name"][:LONGEST],
        native_name=_labelled(names, native) or (row["name"][:LONGEST] if native == "en" else ""),
        country_code=row["iso2"],
        region=region,
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        population=population or None,
        zone=row["zone"],
        rank=rank,
    )
    wanted.names[key] = _search_names(
        row["name"], names, rank, native=native, with_region=f"{row['name']} {region}" if region else ""
    )


def _add_airport(wanted: Wanted, row: dict[str, str]) -> None:
    key, rank = f"iata:{row['iata']}", AIRPORT_RANK[row["rank"]]
    wanted.places[key] = WantedPlace(
        key=key,
        kind="airport",
        code=row["iata"],
        name=row["name"][:LONGEST],
        native_name="",
        country_code=row["iso2"],
        region="",
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        population=None,
        zone=row["zone"],
        rank=rank,
    )
    city = f"{row['city']} {row['iata']}" if row["city"] else ""
    names = [("", row["iata"]), ("", row["icao"]), ("", city)]
    wanted.names[key] = _search_names(row["name"], names, rank, all_near=True)


def _people_rank(population: int | None, base: int = 0) -> int:
    return min(95, base + round(10 * math.log10(max(population or 0, 1))))


def _search_names(
    main: str,
    names: list[tuple[str, str]],
    rank: int,
    *,
    native: str = "",
    all_near: bool = False,
    with_region: str = "",
) -> list[WantedName]:
    """One row a spelling, and one a later word of the names that are known to be in use.

    The weight is the score (thousandths) of a search that types the beginning only: what English and the
    country's own language call the place counts more than what the rest of the world does.
    """
    rows: dict[str, WantedName] = {}
    for langs, name in [*names, ("", main), *([("", with_region)] if with_region else ())]:
        folded = fold(name)[:LONGEST]
        if not folded or (name in rows and not langs):
            continue
        used = langs.split(" ")
        is_near = all_near or name in (main, with_region) or "en" in used or (native and native in used)
        share = RANK_SHARE * rank
        weight = round((PREFIX_NEAR if is_near else PREFIX_FAR) + share)
        rows[name] = WantedName(name[:LONGEST], langs, folded, True, weight)
        if is_near or langs:
            weight = round((WORD_NEAR if is_near else WORD_FAR) + share)
            for ending in word_starts(folded):
                rows.setdefault(f"{ending}\n", WantedName(name[:LONGEST], langs, ending, False, weight))
    return list(rows.values())


def former_weight(rank: int) -> int:
    """A name that the place had before: as good as one that others use."""
    return round(PREFIX_FAR + RANK_SHARE * rank)


def _labelled(names: list[tuple[str, str]], lang: str) -> str:
    return next((name[:LONGEST] for langs, name in names if lang and lang in langs.split(" ")), "")


def _native_languages(data: Path) -> dict[str, str]:
    """The first official language of each country (the list is sorted by standing and speakers)."""
    found: dict[str, str] = {}
    for row in read_rows(data / "language.csv"):
        if row["status"] in ("official", "de_facto"):
            found.setdefault(row["iso2"], {"no": "nb"}.get(row["lang"], row["lang"]))
    return found


def _first_zones(data: Path) -> dict[str, str]:
    """The capital's zone, else the country's first."""
    cities = {row["geonameid"]: row["zone"] for row in read_rows(data / "city.csv.gz") if row["capital"]}
    zones: dict[str, str] = {}
    for row in read_rows(data / "capital.csv"):
        if row["geonameid"] in cities:
            zones.setdefault(row["iso2"], cities[row["geonameid"]])
    for row in read_rows(data / "timezone.csv"):
        zones.setdefault(row["iso2"], row["zone"])
    return zones


def _city_names(data: Path) -> dict[str, list[tuple[str, str]]]:
    names: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in read_rows(data / "city_name.csv.gz"):
        names[row["geonameid"]].append((row["langs"], row["name"]))
    return names


def _country_names(data: Path) -> dict[str, list[tuple[str, str]]]:
    names: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in read_rows(data / "country_name.csv.gz"):
        names[row["iso2"]].append((row["langs"], row["name"]))
    # What a country was called before or calls itself in Latin letters, and the countries within one.
    for row in read_rows(data / "typed" / "country_other_name.csv"):
        names[row["iso2"]].append(("", row["name"]))
    for row in read_rows(data / "typed" / "part_name.csv"):
        if row["iso2"] == "GB":
            names[row["iso2"]].append(("", row["name"]))
    return names
