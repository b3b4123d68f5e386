"""What a destination page shows, put together from places and alerts.

It states nothing of its own: every fact has a source and a date, what nobody states is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.models import AlertVersion
from safeconduct.alerts.queries import active_for_place, texts
from safeconduct.lib import clock
from safeconduct.lib.geo import disc
from safeconduct.places.drawing import Spot, country_view, locator_svg
from safeconduct.places.factwords import Emergency, FactLine, emergency_of, facts_of
from safeconduct.places.models import Fact, Place
from safeconduct.places.queries import country_names, localised_name, zone_of

# How far around a city or airport the map looks.
CITY_VIEW_KM = 120.0
MOST_DRAWN = 12
MOST_MARKS = 9
CSS = {"Extreme": "s-5", "Severe": "s-4", "Moderate": "s-3", "Minor": "s-2"}


@dataclass(frozen=True)
class ActiveAlert:
    """An alert as the page lists it."""

    public_id: str
    url: str
    headline: str
    event: str
    severity: str
    sent_at: datetime
    expires_at: datetime | None
    sender: str
    is_exercise: bool
    css: str


@dataclass(frozen=True)
class Guide:
    """One page."""

    place: Place
    name: str
    native_name: str
    kind_name: str
    country_key: str
    country_name: str
    is_listed: bool
    now: datetime
    zone: str
    zone_place: str
    alerts: tuple[ActiveAlert, ...]
    map: SafeString
    facts: tuple[FactLine, ...]
    emergency: Emergency


def guide_of(place: Place, lang: str) -> Guide:
    """Everything for the page of a place in the reader's language."""
    country = country_names({place.country_code}, lang).get(place.country_code, place.country_code)
    name = localised_name(place, lang)
    versions = active_for_place(place)
    zone = zone_of(place)
    return Guide(
        place=place,
        name=name,
        native_name=place.native_name if place.native_name != name else "",
        kind_name=str(Place.Kind(place.kind).label),
        country_key="" if place.is_country else f"iso:{place.country_code}",
        country_name=country,
        is_listed=place.state == Place.State.ACTIVE,
        now=clock.now(),
        zone=zone.key,
        zone_place=_zone_place(place, name, lang),
        alerts=tuple(_active(version, lang) for version in versions),
        map=_map(place, name, versions, lang),
        facts=tuple(facts_of(place.country_code, lang)),
        emergency=emergency_of(place.country_code),
    )


def _zone_place(place: Place, name: str, lang: str) -> str:
    """Whose clock is shown: the place's own, a country's is its capital's."""
    if not place.is_country:
        return name
    capital = _capital(place.country_code)
    return localised_name(capital, lang) if capital is not None else name


def _capital(iso2: str) -> Place | None:
    fact = Fact.objects.filter(country_code=iso2, field="capital").first()
    seats = fact.value if fact is not None else []
    return Place.objects.filter(key__in=[seat["key"] for seat in seats[:1]], state=Place.State.ACTIVE).first()


def _active(version: AlertVersion, lang: str) -> ActiveAlert:
    words = texts(version, lang)
    return ActiveAlert(
        public_id=version.public_id,
        url=reverse("alerts:version", args=[version.public_id]),
        headline=words.headline,
        event=words.event,
        severity=version.severity,
        sent_at=version.sent_at,
        expires_at=version.expires_at,
        sender=words.sender_name,
        is_exercise=version.status == "Exercise",
        css=CSS.get(version.severity, "s-0"),
    )


def _map(place: Place, name: str, versions: list[AlertVersion], lang: str) -> SafeString:
    """The country with its capital, or the surroundings of a city or airport; with the areas of alerts."""
    if place.is_country:
        view: BaseGeometry = country_view(place.country_code, place.lon, place.lat)
        capital = _capital(place.country_code)
        points: list[Spot] = (
            [(capital.lon, capital.lat, localised_name(capital, lang))] if capital is not None else []
        )
    else:
        view = disc(place.lon, place.lat, CITY_VIEW_KM)
        points = [(place.lon, place.lat, name)]
    areas = []
    for version in versions[:MOST_DRAWN]:
        shape = version.geometry()
        if shape is not None:
            areas.append((shape, CSS.get(version.severity, "s-0"), texts(version, lang).headline))
    title = _("Map of %(place)s") % {"place": name}
    marks = [(city.lon, city.lat, city.name) for city in _large_cities(place)]
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
    return list(cities.order_by("-rank", "pk")[:MOST_MARKS])
