"""The climate that a guide shows: of a country's capital and largest cities, of a city, of the nearest one.

What an operator corrected of a capital comes before what was shipped of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from safeconduct.guides.citing import citation_of
from safeconduct.guides.document import Citation, MonthlyClimate
from safeconduct.places.climatechart import climate_months, climate_svg
from safeconduct.places.effective import capital_key, correction_of
from safeconduct.places.models import FactOverride, FactSource, Place
from safeconduct.places.queries import localised_name
from safeconduct.places.statements.climate import (
    Climate,
    cities_with_climate,
    climate_of,
    corrected,
    nearest_city_with_climate,
)


def climates_for(place: Place, language: str) -> tuple[MonthlyClimate, ...]:
    """Up to five cities of a country; one for any other place, none when nothing near is known."""
    correction = correction_of(place.country_code, "climate")
    capital = capital_key(place.country_code).removeprefix("geonames:") if correction is not None else ""
    wanted: list[tuple[str, int | None]] = []
    if place.is_country:
        shown = cities_with_climate(place.country_code)
        wanted = [(key, None) for key in dict.fromkeys((*([capital] if capital else []), *shown))]
    elif place.kind == Place.Kind.CITY and (climate_of(place.code) is not None or place.code == capital):
        wanted = [(place.code, None)]
    else:
        near = nearest_city_with_climate(place.lat, place.lon)
        wanted = [(near[0], round(near[1]))] if near is not None else []
    rows = {row.code: row for row in Place.objects.filter(key__in=[f"geonames:{key}" for key, _km in wanted])}
    known: dict[str, Climate] = {}
    for key, _km in wanted:
        climate = climate_of(key)
        if correction is not None and key == capital:
            climate = corrected(climate, correction.value)
        if climate is not None and key in rows:
            known[key] = climate
    cited = {src for climate in known.values() for src in (climate.temperature_src, climate.rain_src)}
    sources = {row.src: row for row in FactSource.objects.filter(src__in=cited)}
    return tuple(
        _shown(rows[key], known[key], sources, language, away_km, correction if key == capital else None)
        for key, away_km in wanted
        if key in known
    )


def _shown(
    place: Place,
    climate: Climate,
    sources: dict[str, FactSource],
    language: str,
    away_km: int | None,
    correction: FactOverride | None,
) -> MonthlyClimate:
    name = localised_name(place, language)
    return MonthlyClimate(
        city=name,
        temperatures=climate.temperatures,
        rains=tuple(float(rain) for rain in climate.rain),
        koppen=climate.words,
        svg=str(climate_svg(climate, name, language)),
        months=tuple(
            (month.name, month.temperature, month.rain) for month in climate_months(climate, language)
        ),
        citations=tuple(_cited(climate, sources, correction)),
        away_km=away_km,
        reason=correction.reason if correction is not None else "",
    )


def _cited(
    climate: Climate, sources: dict[str, FactSource], correction: FactOverride | None
) -> Iterable[Citation]:
    if correction is not None:
        yield Citation(correction.source_title, correction.source_url, on=correction.checked_on)
    for src in dict.fromkeys((climate.temperature_src, climate.rain_src)):
        if src in sources:
            yield citation_of(sources[src], sources[src].retrieved)
