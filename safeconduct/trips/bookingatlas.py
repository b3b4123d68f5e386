"""What this deployment knows of places, for reading bookings (`bookings/model.py`, Atlas). One per document or run.

It refuses to guess: a city of that name in several zones has all of them, an airport that the places do not have is
unknown.
"""

from __future__ import annotations

from functools import lru_cache

from safeconduct.places.effective import effective_facts
from safeconduct.places.files import DATA, read_rows
from safeconduct.places.folding import fold
from safeconduct.places.models import Place, PlaceName
from safeconduct.places.queries import only_zone
from safeconduct.trips.bookings.model import Airport

COUNTRIES = (Place.Kind.COUNTRY, Place.Kind.TERRITORY)


class PlacesAtlas:
    """Asks the places, each question once."""

    def __init__(self) -> None:
        self._airports: dict[str, Airport | None] = {}
        self._countries: dict[str, str] = {}
        self._zones: dict[tuple[str, str], frozenset[str]] = {}

    def airport(self, iata: str) -> Airport | None:
        """The airport of this code, None when there is none that is known."""
        if iata not in self._airports:
            place = Place.objects.filter(kind=Place.Kind.AIRPORT, code=iata, state=Place.State.ACTIVE).first()
            known = place is not None and place.zone
            self._airports[iata] = (
                Airport(iata, place.name, place.country_code, place.zone) if place and known else None
            )
        return self._airports[iata]

    def country(self, text: str) -> str:
        """The ISO 3166-1 alpha-2 code of a country written as code or name, empty when it is not known."""
        if text not in self._countries:
            self._countries[text] = self._country(text)
        return self._countries[text]

    def zones(self, country: str, city: str) -> frozenset[str]:
        """The IANA zones that a place of this country and name can lie in."""
        if (country, city) not in self._zones:
            self._zones[country, city] = self._zones_of(country, city)
        return self._zones[country, city]

    @staticmethod
    def _country(text: str) -> str:
        code = _codes().get(text.strip().upper())
        if code:
            return code
        names = PlaceName.objects.filter(
            folded=fold(text), is_whole=True, place__kind__in=COUNTRIES, place__state=Place.State.ACTIVE
        )
        codes = set(names.values_list("place__code", flat=True))
        return codes.pop() if len(codes) == 1 else ""

    @staticmethod
    def _zones_of(country: str, city: str) -> frozenset[str]:
        if zone := only_zone(country):
            return frozenset((zone,))
        if city:
            named = PlaceName.objects.filter(
                folded=fold(city), is_whole=True, place__kind=Place.Kind.CITY, place__country_code=country,
                place__state=Place.State.ACTIVE,
            )  # fmt: skip
            if zones := frozenset(filter(None, named.values_list("place__zone", flat=True))):
                return zones
        facts = effective_facts(country_code=country, fields=["timezones"])
        return frozenset(name for fact in facts for name in fact.value)


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """ISO 3166-1 codes of two and three letters → the two letters."""
    rows = list(read_rows(DATA / "country.csv"))
    return {row["iso3"]: row["iso2"] for row in rows if row["iso3"]} | {
        row["iso2"]: row["iso2"] for row in rows
    }
