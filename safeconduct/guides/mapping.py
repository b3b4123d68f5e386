"""The map of a guide, and whose clock is shown."""

from __future__ import annotations

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import texts
from safeconduct.lib.geo import disc
from safeconduct.places.drawing import Spot, country_view, locator_svg
from safeconduct.places.effective import capital_key
from safeconduct.places.models import Place
from safeconduct.places.queries import localised_name, name_in, whole_names

# How far around a city or airport the map looks.
CITY_VIEW_KM = 120.0
MOST_DRAWN = 12
MOST_MARKS = 9
CSS = {"Extreme": "s-5", "Severe": "s-4", "Moderate": "s-3", "Minor": "s-2"}


def zone_place(place: Place, name: str, lang: str) -> str:
    """Whose clock is shown: the place's own, a country's is its capital's."""
    if not place.is_country:
        return name
    capital = _capital(place.country_code)
    return localised_name(capital, lang) if capital is not None else name


def _capital(iso2: str) -> Place | None:
    return Place.objects.filter(key=capital_key(iso2), state=Place.State.ACTIVE).first()


def map_svg(place: Place, name: str, versions: list[AlertVersion], lang: str) -> SafeString:
    """The country with its capital, or the surroundings of a city or airport; with the areas of alerts."""
    if place.is_country:
        view: BaseGeometry = country_view(place.country_code, place.lon, place.lat)
        capital = _capital(place.country_code)
        points: list[Spot] = (
            [(capital.lon, capital.lat, localised_name(capital, lang))] if capital is not None else []
        )
    else:
        view = disc(place.lon, place.lat, CITY_VIEW_KM)
        # The whole name of an airport finds no room beside its point.
        label = place.code if place.kind == Place.Kind.AIRPORT else name
        points = [(place.lon, place.lat, label)]
    areas = []
    for version in versions[:MOST_DRAWN]:
        shape = version.geometry()
        if shape is not None:
            areas.append((shape, CSS.get(version.severity, "s-0"), texts(version, lang).headline))
    title = _("Map of %(place)s") % {"place": name}
    marks = [(city.lon, city.lat, name_in(city, list(city.names.all()), lang)) for city in _large_cities(place)]
    return locator_svg(view, title=title, focus=[place.country_code], areas=areas, points=points, marks=marks)


def _large_cities(place: Place) -> list[Place]:
    """Cities for finding one's way on the map."""
    cities = Place.objects.filter(kind=Place.Kind.CITY, state=Place.State.ACTIVE).exclude(pk=place.pk)
    if place.is_country:
        cities = cities.filter(country_code=place.country_code)
    else:
        cities = cities.filter(
            lat__range=(place.lat - 2, place.lat + 2), lon__range=(place.lon - 4, place.lon + 4)
        )
    return list(cities.order_by("-rank", "pk").prefetch_related(whole_names())[:MOST_MARKS])
