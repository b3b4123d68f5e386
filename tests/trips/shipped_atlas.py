"""What the shipped files say of places, for tests of the readers of bookings: no database, no clock."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from safeconduct.places.files import DATA, read_rows
from safeconduct.places.folding import fold
from safeconduct.trips.bookings.model import Airport


class ShippedAtlas:
    """Airports, countries, zones and cities as shipped; a country has one zone when it has one line."""

    def __init__(self) -> None:
        self._airports = {
            row["iata"]: Airport(row["iata"], row["name"], row["iso2"], row["zone"])
            for row in read_rows(DATA / "airport.csv")
        }
        rows = list(read_rows(DATA / "country.csv"))
        self._countries = {row["iso3"]: row["iso2"] for row in rows} | {
            row["iso2"]: row["iso2"] for row in rows
        }
        self._countries |= {fold(row["name"]): row["iso2"] for row in rows}
        self._zones: dict[str, set[str]] = defaultdict(set)
        for row in read_rows(DATA / "timezone.csv"):
            self._zones[row["iso2"]].add(row["zone"])
        self._cities: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in read_rows(DATA / "city.csv.gz"):
            self._cities[row["iso2"], fold(row["name"])].add(row["zone"])

    def airport(self, iata: str) -> Airport | None:
        """As in the product."""
        return self._airports.get(iata)

    def country(self, text: str) -> str:
        """As in the product, by code and English name."""
        return self._countries.get(text.strip().upper()) or self._countries.get(fold(text), "")

    def zones(self, country: str, city: str) -> frozenset[str]:
        """As in the product."""
        return frozenset(self._cities.get((country, fold(city))) or self._zones.get(country, ()))


@lru_cache(maxsize=1)
def shipped_atlas() -> ShippedAtlas:
    """The one of this process."""
    return ShippedAtlas()
