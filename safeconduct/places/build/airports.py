"""The main airports of each country: large ones with scheduled flights, else the two longest mediums, else one.

OurAirports tells which they are and in which country; airportsdata gives name, coordinates and zone.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from safeconduct.places.build.inputs import Inputs
from safeconduct.places.files import read_rows, write_rows

FEET = 0.3048
# Two sources that differ by more than this (degrees) do not describe one airport: left out.
FARTHEST = 0.5
HEAD = ["iata", "icao", "name", "city", "iso2", "lat", "lon", "elev_m", "zone", "rank", "src", "src2"]


def build_airports(inputs: Inputs, codes: list[str], out: Path) -> None:
    """Write airport.csv; rank 1 = large, 2 = medium, 3 = small."""
    details = {row["iata"]: row for row in read_rows(inputs.airportsdata()) if row["iata"]}
    by_country: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for airport in inputs.airports():
        about = details.get(airport["iata"])
        if about is not None and airport["scheduled_service"] == "TRUE" and _is_same(airport, about):
            by_country[airport["country_code"]].append(airport)
    rows = []
    for code in codes:
        for rank, airport in _main(by_country.get(code, [])):
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
                    "airportsdata",
                    "ourairports",
                )
            )
    write_rows(out / "airport.csv", HEAD, sorted(rows))


def _is_same(airport: dict[str, Any], about: dict[str, str]) -> bool:
    lat, lon = float(airport["latitude"]), float(airport["longitude"])
    apart = abs(lon - float(about["lon"]))
    return abs(lat - float(about["lat"])) <= FARTHEST and min(apart, 360 - apart) <= FARTHEST


def _main(airports: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    for rank, kind, most in ((1, "large_airport", None), (2, "medium_airport", 2), (3, "small_airport", 1)):
        found = [airport for airport in airports if airport["type"] == kind]
        if found:
            found.sort(key=lambda airport: (-_feet(airport["runway_length"]), airport["iata"]))
            return [(rank, airport) for airport in found[:most]]
    return []


def _feet(length: int | str | None) -> int:
    """A runway's length as written: 13507, "4,100" or nothing."""
    return int(str(length or 0).replace(",", "") or 0)
