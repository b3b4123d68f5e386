"""From what somebody typed to a place: taken when there is one clear answer, offered as a choice when there are several.

It never picks between places that a person could confuse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.lib.errors import NotFound
from safeconduct.lib.geo import distance_km
from safeconduct.places import shapes
from safeconduct.places.folding import fold
from safeconduct.places.models import Place
from safeconduct.places.queries import PlaceHit, country_names, localised_name, place_by_key, search

MOST_CHOICES = 8
LOOKED_AT = 30
DOMINANT = 10
"""A city with this many times the people of every other of its name is the one that is meant."""

NEAREST_KM = 150.0
COUNTRY_KINDS = ("country", "territory")


@dataclass(frozen=True)
class Answer:
    """A place, or the places to choose from, or neither: nothing is called that."""

    place: Place | None = None
    choices: list[PlaceHit] = field(default_factory=list)


def placed(text: str, *, key: str = "", lang: str = "en", dominant: int = DOMINANT) -> Answer:
    """Return the place of a text. `key` is that of a suggestion chosen before; it counts while the text still
    names its place. `dominant`: how many times the people of its namesakes make a city the one that is meant."""
    words = " ".join(text.split())
    if not words:
        return Answer()
    chosen = _by_key(key) if key else None
    if chosen is not None and names_it(words, chosen, lang):
        return Answer(chosen)
    if ":" in words:
        return Answer(_by_key(words))
    if len(words) == 2 and words.isupper() and (country := _by_key(f"iso:{words}")) is not None:
        return Answer(country)
    hits = _hits(words, lang)
    clear = _clear(words, hits, dominant)
    if clear is not None:
        return Answer(_by_key(clear.key))
    return Answer(choices=hits[:MOST_CHOICES])


def names_it(text: str, place: Place, lang: str = "en") -> bool:
    """Return whether a text is one of the place's names or its label."""
    folded = fold(text)
    if folded in (fold(place.name), fold(place.native_name), fold(place_label(place, lang)), fold(place_label(place))):
        return True
    return place.names.filter(folded=folded).exists()


def place_label(place: Place, lang: str = "en") -> str:
    """Return a place in words that find it again: "Nairobi, Kenya"."""
    name = localised_name(place, lang)
    if place.kind == Place.Kind.AIRPORT:
        name = f"{name} ({place.code})"
    if place.is_country:
        return name
    country = country_names({place.country_code}, lang).get(place.country_code, "")
    return f"{name}, {country}" if country else name


def hit_label(hit: PlaceHit) -> str:
    """Return a search's answer in words."""
    name = f"{hit.name} ({hit.code})" if hit.kind == "airport" else hit.name
    if hit.kind in COUNTRY_KINDS or not hit.country_name:
        return name
    return f"{name}, {hit.country_name}"


def told_apart(hits: Sequence[PlaceHit]) -> list[tuple[str, str]]:
    """Return key and label of each hit; hits with the same label get their people, airport and position beside it."""
    labels = [hit_label(hit) for hit in hits]
    return [
        (hit.key, f"{label} ({_details(hit.key)})" if labels.count(label) > 1 else label)
        for hit, label in zip(hits, labels, strict=True)
    ]


def _details(key: str) -> str:
    place = place_by_key(key)
    north_south, east_west = "N" if place.lat >= 0 else "S", "E" if place.lon >= 0 else "W"
    parts = [f"{abs(place.lat):.1f}° {north_south}, {abs(place.lon):.1f}° {east_west}"]
    span = NEAREST_KM / 110.0
    airports = Place.objects.filter(
        kind=Place.Kind.AIRPORT, state=Place.State.ACTIVE, country_code=place.country_code,
        lat__range=(place.lat - span, place.lat + span), lon__range=(place.lon - 2 * span, place.lon + 2 * span),
    )  # fmt: skip
    near = min(airports, key=lambda one: distance_km(one.lon, one.lat, place.lon, place.lat), default=None)
    if near is not None:
        km = round(distance_km(near.lon, near.lat, place.lon, place.lat))
        parts.insert(0, _("%(km)d km from %(airport)s") % {"km": km, "airport": f"{near.name} {near.code}"})
    if place.population:
        people = ngettext("%(count)s person", "%(count)s people", place.population)
        parts.insert(0, people % {"count": f"{place.population:,}"})
    return ", ".join(parts)


def nearest_place(lat: float, lon: float) -> Place | None:
    """Return the nearest city within 150 km of a position, else the country it lies in; None at sea."""
    span = NEAREST_KM / 110.0
    wide = span / max(0.05, math.cos(math.radians(min(89.0, abs(lat)))))
    near = Place.objects.filter(kind=Place.Kind.CITY, state=Place.State.ACTIVE, lat__range=(lat - span, lat + span))
    if lon - wide >= -180 and lon + wide <= 180:
        near = near.filter(lon__range=(lon - wide, lon + wide))
    best = min(near, key=lambda place: distance_km(lon, lat, place.lon, place.lat), default=None)
    if best is not None and distance_km(lon, lat, best.lon, best.lat) <= NEAREST_KM:
        return best
    return next((found for code in shapes.countries_at(lon, lat) if (found := _by_key(f"iso:{code}"))), None)


def _by_key(key: str) -> Place | None:
    try:
        return place_by_key(key)
    except NotFound:
        return None


def _hits(words: str, lang: str) -> list[PlaceHit]:
    """Answers to the text as it stands; without any, to its part before the last comma, in the country after it."""
    hits = search(words, lang=lang, limit=LOOKED_AT)
    name, comma, country = words.rpartition(",")
    if not comma or (hits and _exact(words, hits)):
        return hits
    inside = {hit.code for hit in search(country, lang=lang, limit=5) if hit.kind in COUNTRY_KINDS}
    within = [hit for hit in search(name, lang=lang, limit=LOOKED_AT) if hit.country in inside]
    exact = _exact(name, within)
    return exact or within or hits


def _exact(text: str, hits: Sequence[PlaceHit]) -> list[PlaceHit]:
    folded = fold(text)
    return [
        hit
        for hit in hits
        if folded in {fold(name) for name in (hit.name, *hit.names)}
        or (hit.kind == "airport" and hit.code == text.strip().upper())
    ]


def _clear(words: str, hits: Sequence[PlaceHit], dominant: int) -> PlaceHit | None:
    """The one hit that is meant, None when it is not clear."""
    if len(hits) == 1:
        return hits[0]
    if len(words) == 3 and words.isupper() and (coded := _coded(words, hits)) is not None:
        return coded
    name = words.rpartition(",")[0] or words
    exact = _exact(words, hits) or _exact(name, hits)
    # A name in its own right before one that is only a spelling in some language.
    main = [hit for hit in exact if fold(hit.name) in (fold(words), fold(name))] or exact
    cities = [hit for hit in main if hit.kind == "city"]
    others = [hit for hit in main if hit.kind in COUNTRY_KINDS]
    if len(others) == 1 and not cities:
        return None if _is_part_of_another(name, others[0], hits) else others[0]
    if others or not cities:
        return main[0] if len(main) == 1 else None
    return cities[0] if len(cities) == 1 else _dominant(cities, dominant)


def _coded(words: str, hits: Sequence[PlaceHit]) -> PlaceHit | None:
    """The airport of a code typed in capitals, else the country of three letters: NBO, USA."""
    airports = [hit for hit in hits if hit.kind == "airport" and hit.code == words]
    countries = [hit for hit in _exact(words, hits) if hit.kind in COUNTRY_KINDS]
    found = airports or countries
    return found[0] if len(found) == 1 else None


def _is_part_of_another(name: str, country: PlaceHit, hits: Sequence[PlaceHit]) -> bool:
    """A by-name of one country that begins the name of another: Congo."""
    folded = fold(name)
    if fold(country.name) == folded or len(folded) <= 3:
        return False
    return any(
        hit.kind in COUNTRY_KINDS and hit.key != country.key
        and any(fold(one).startswith(f"{folded} ") for one in (hit.name, *hit.names))
        for hit in hits
    )  # fmt: skip


def _dominant(cities: Sequence[PlaceHit], times: int) -> PlaceHit | None:
    people = dict(Place.objects.filter(key__in=[hit.key for hit in cities]).values_list("key", "population"))
    ordered = sorted(cities, key=lambda hit: people.get(hit.key) or 0, reverse=True)
    first, second = (people.get(hit.key) or 0 for hit in ordered[:2])
    return ordered[0] if first >= times * max(second, 1) else None
