"""The main airports of each country: large ones with scheduled flights, else the two longest mediums, else one.

Besides them, a medium one counts that is the nearest of a capital or a city of a million that none of them serves:
Yaoundé, Kano and Maracaibo have no other. OurAirports tells which they are and in which country; airportsdata gives
name, coordinates and zone.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from safeconduct.lib.geo import distance_km
from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import read_rows, write_rows
from safeconduct.places.statements.practical import SERVED_KM

FEET = 0.3048
# Two sources that differ by more than this (degrees) do not describe one airport: left out.
FARTHEST = 0.5
# A city of so many people has a main airport when it has one at all.
LARGE_CITY = 1_000_000
HEAD = [
    "iata",
    "icao",
    "name",
    "city",
    "iso2",
    "lat",
    "lon",
    "elev_m",
    "zone",
    "rank",
    "runway_m",
    "src",
    "src2",
]


def build_airports(inputs: Inputs, codes: list[str], out: Path) -> None:
    """Write airport.csv; rank 1 = large, 2 = medium, 3 = small."""
    details = {row["iata"]: row for row in read_rows(inputs.airportsdata()) if row["iata"]}
    by_country: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for airport in inputs.airports():
        about = details.get(airport["iata"])
        if about is not None and airport["scheduled_service"] == "TRUE" and _is_same(airport, about):
            by_country[airport["country_code"]].append(airport)
    cities = _large_cities(out)
    rows = []
    for code in codes:
        for rank, airport in _main(by_country.get(code, []), cities.get(code, [])):
            about = details[airport["iata"]]
            rows.append(
                (
                    airport["iata"],
                    about["icao"] or airport["icao"],
                    about["name"],
                    about["city"],
                    code,
                    f"{float(about['lat']):.4f}",
                    f"{float(about['lon']):.4f}",
                    round(float(about["elevation"]) * FEET),
                    about["tz"],
                    rank,
                    round(_feet(airport["runway_length"]) * FEET) or None,
                    "airportsdata",
                    "ourairports",
                )
            )
    write_rows(out / "airport.csv", HEAD, sorted(rows))


def _is_same(airport: dict[str, Any], about: dict[str, str]) -> bool:
    lat, lon = float(airport["latitude"]), float(airport["longitude"])
    apart = abs(lon - float(about["lon"]))
    return abs(lat - float(about["lat"])) <= FARTHEST and min(apart, 360 - apart) <= FARTHEST


def _large_cities(out: Path) -> dict[str, list[tuple[float, float]]]:
    """(lon, lat) of the capitals and cities of LARGE_CITY, by country, as `build_cities` wrote them."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for city in read_rows(out / "city.csv.gz"):
        if city["capital"] or int(city["population"]) >= LARGE_CITY:
            found[city["iso2"]].append((float(city["lon"]), float(city["lat"])))
    return found


def _main(
    airports: list[dict[str, Any]], cities: list[tuple[float, float]]
) -> list[tuple[int, dict[str, Any]]]:
    for rank, kind, most in ((1, "large_airport", None), (2, "medium_airport", 2), (3, "small_airport", 1)):
        found = [airport for airport in airports if airport["type"] == kind]
        if found:
            found.sort(key=lambda airport: (-_feet(airport["runway_length"]), airport["iata"]))
            main = found[:most]
            medium = [airport for airport in airports if airport["type"] == "medium_airport"]
            return [
                *((rank, airport) for airport in main),
                *((2, one) for one in _for_cities(main, medium, cities)),
            ]
    return []


def _for_cities(
    main: list[dict[str, Any]], medium: list[dict[str, Any]], cities: list[tuple[float, float]]
) -> list[dict[str, Any]]:
    """Of `medium`, the nearest one of each city that none of `main` serves."""
    added = {}
    for city in cities:
        if not _nearest(main, city) and (airport := _nearest(medium, city)):
            added[airport["iata"]] = airport
    return [added[iata] for iata in sorted(added)]


def _nearest(airports: list[dict[str, Any]], city: tuple[float, float]) -> dict[str, Any] | None:
    """The nearest within SERVED_KM."""
    away = [(distance_km(*city, float(a["longitude"]), float(a["latitude"])), a["iata"], a) for a in airports]
    km, _iata, airport = min(away, default=(SERVED_KM + 1, "", None))
    return airport if km <= SERVED_KM else None


def _feet(length: int | str | None) -> int:
    """A runway's length as written: 13507, "4,100" or nothing."""
    return int(str(length or 0).replace(",", "") or 0)
